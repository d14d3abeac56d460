"""Merges one after the other, where rounds would make few at a time: along chains of nearest clusters.

Points with slowly growing gaps are one long chain of nearest neighbors, in which each merge makes the next one
possible. What one merge touches is little, so it is done in plain Python, without a look at all other clusters.
"""

import numpy as np

from interp_jax.kernels.ward._neighbors import NEAREST

_TIED = 4e-12  # relative difference of costs that counts as a tie
_STARTS = 1 << 16  # chains at most, which limits memory
_BLOCK = 256  # slots read at once


def walk(neighbors, merges) -> int:
    """Merges what can be merged without another search; returns the number of merges."""
    chains = _Chains(neighbors, merges)
    merged = chains.run()
    if len(merged):
        chains.finish()
        merges.add(merged[:, 0], merged[:, 1], merged[:, 2], merged[:, 3])
    return len(merged)


class _Chains:
    """Merges as many pairs of each other's nearest as are found without another search."""

    def __init__(self, neighbors, merges):
        self.neighbors = neighbors
        slots = len(neighbors.slots)
        self.slots: list[list[int]] = [[]] * slots
        self.costs: list[list[float]] = [[]] * slots
        self.steps: dict[int, list[int]] = {}  # of the cluster to which a cost belongs; 0 where there is no list
        self.bounds, self.sizes = [0.0] * slots, [0.0] * slots  # a size of 0: not read yet
        self.anchors: list[tuple] = [()] * slots
        self.offsets: list[tuple] = [()] * slots
        self.parents = [-1] * slots  # of slots that are empty now
        self.changed = [0] * slots  # the step of the last merge of a slot
        self.empty: list[int] = []
        self.names: dict[int, int] = {}  # of unions
        self.next = merges.rows + merges.count
        self.merged = []

    def run(self):
        """The names of the pairs, the costs and the sizes of all merges."""
        neighbors, blocked = self.neighbors, set()
        starts = np.flatnonzero(neighbors.certain() & neighbors.clusters.alive)
        # Chains lead to ever smaller costs: those of the smallest stay among themselves.
        starts = starts[np.argsort(neighbors.least[starts], kind="stable")[_STARTS - 1 :: -1]]
        for start in starts.tolist():
            chain, costs = [start], [np.inf]
            while chain:
                slot = chain[-1]
                if slot in blocked or self.parents[slot] >= 0:
                    break
                nearest, least = self._nearest(slot)
                if least == np.inf:
                    break
                if least < costs[-1] * (1 - _TIED):
                    chain.append(nearest)
                    costs.append(least)
                    continue
                self._merge(chain[-2], slot, costs[-1])
                if len(chain) > 2:
                    del chain[-2:], costs[-2:]
                else:
                    del chain[-1:], costs[-1:]
            # The last of the chain needs a search, and all others wait for it.
            blocked.update(chain)
        return np.array(self.merged).reshape(-1, 4)

    def _read(self, slot):
        start = slot // _BLOCK * _BLOCK
        neighbors, clusters, block = self.neighbors, self.neighbors.clusters, slice(start, start + _BLOCK)
        slots, costs = neighbors.slots[block].tolist(), neighbors.costs[block].tolist()
        for place in np.flatnonzero(np.isinf(neighbors.costs[block]).any(1)).tolist():
            listed = [each for each, cost in enumerate(costs[place]) if cost < np.inf]
            slots[place], costs[place] = ([part[place][each] for each in listed] for part in (slots, costs))
        self.slots[block], self.costs[block] = slots, costs
        self.bounds[block], self.sizes[block] = neighbors.bounds[block].tolist(), clusters.sizes[block].tolist()
        self.anchors[block] = map(tuple, clusters.anchors[block].tolist())
        self.offsets[block] = map(tuple, clusters.offsets[block].tolist())

    def _root(self, slot):
        while self.parents[slot] >= 0:
            slot = self.parents[slot]
        return slot

    def _nearest(self, slot):
        """The nearest of a slot and its cost, or infinity if that needs a search.

        Ward is reducible, so a union costs no less than its members did: only a least cost is renewed.
        """
        if not self.sizes[slot]:
            self._read(slot)
        slots, costs = self.slots[slot], self.costs[slot]
        while costs:
            least = min(costs)
            if least > self.bounds[slot]:
                break
            place = costs.index(least)
            other = slots[place]
            changed = self.changed[other]
            if not changed:
                return other, least
            steps = self.steps.setdefault(slot, [0] * len(slots))
            if changed <= steps[place]:
                return other, least
            slots[place] = self._root(other)
            [costs[place]] = self._costs(slot, slots[place : place + 1])
            steps[place] = len(self.merged)
        return slot, np.inf

    def _costs(self, slot, others):
        anchors, offsets, sizes = self.anchors, self.offsets, self.sizes
        anchor, offset, size = anchors[slot], offsets[slot], sizes[slot]
        costs = []
        for other in others:
            if not sizes[other]:
                self._read(other)
            squared, share = 0.0, sizes[other]
            for p, q, u, v in zip(anchor, anchors[other], offset, offsets[other]):  # noqa: B905
                difference = (p - q) + (u - v)
                squared += difference * difference
            costs.append(squared * (size * share / (size + share)))
        return costs

    def _merge(self, left, right, cost):
        """Puts the union into the left slot."""
        a, b, bound, other = self.sizes[left], self.sizes[right], self.bounds[left], self.bounds[right]
        both = bound + other - cost
        bound = min(both, (both + a * bound + b * other) / (a + b + 1))
        share = b / (a + b)
        parts = zip(self.anchors[left], self.anchors[right], self.offsets[left], self.offsets[right], strict=True)
        self.offsets[left] = tuple([u - share * ((p - q) + (u - v)) for p, q, u, v in parts])
        self.sizes[left] = a + b
        others = list({self._root(slot) for slot in self.slots[left] + self.slots[right]} - {left, right})
        costs = self._costs(left, others)
        if len(others) > NEAREST:
            order = sorted(range(len(others)), key=costs.__getitem__)
            bound = min(bound, costs[order[NEAREST]])
            others, costs = [others[place] for place in order[:NEAREST]], [costs[place] for place in order[:NEAREST]]
        self.slots[left], self.costs[left], self.bounds[left] = others, costs, bound
        names = self.neighbors.clusters.names
        first, second = self.names.pop(left, -1), self.names.pop(right, -1)
        first, second = names[left] if first < 0 else first, names[right] if second < 0 else second
        self.merged.append((first, second, cost, a + b))
        self.names[left], self.parents[right] = self.next, left
        self.empty.append(right)
        self.next += 1
        self.changed[left] = self.changed[right] = step = len(self.merged)
        self.steps[left] = [step] * len(others)

    def finish(self):
        """Gives the unions back to the neighbors."""
        slots = np.array(list(self.names))
        empty = np.array(self.empty)
        roots = np.array([self._root(slot) for slot in self.empty])
        names = np.array(list(self.names.values()))
        lists = np.full((len(slots), NEAREST), -1)
        for row, slot in enumerate(self.names):
            lists[row, : len(self.slots[slot])] = self.slots[slot]
        root = np.arange(len(self.neighbors.slots))
        root[empty] = roots
        offsets, sizes, bounds = (
            np.array([part[slot] for slot in self.names]) for part in (self.offsets, self.sizes, self.bounds)
        )
        self.neighbors.clusters.replace(slots, offsets, sizes, names)
        lists = np.where(lists < 0, slots[:, None], root[lists])
        self.neighbors.replace(slots, lists, bounds, empty, roots)
