"""Tokens that a unit responds to most, found by replacing one token after the other."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int
from numpy.typing import ArrayLike

from interp_jax._checks import (
    Count,
    Given,
    Key,
    as_count,
    as_key,
    as_labels,
    as_mask,
    as_real,
    at_hand,
    check_choice,
    check_number,
    check_shape,
    describe,
)
from interp_jax._readable import readable
from interp_jax.methods._accept import applied, as_rows, callable_pytree
from interp_jax.methods.ascent._objectives import accept_objective

SEARCHES = ("first_order", "greedy", "random")


@readable()
class TokenAscent(NamedTuple):
    """The tokens that each lane ends with, its unit's activation there, and why the lane stopped.

    Attributes:
        tokens: [lanes, length] the last tokens of each lane.
        activation: what is compared with the threshold: the probability, or the objective if "value" or callable.
        objective: its value at the last tokens; never below that of the start.
        trace: [lanes, steps + 1] the objective at the start and after each step; the last one's where a lane stopped.
        changes: the number of tokens that differ from the start.
        steps: number of steps taken, each of which tries some replacements and keeps the best one if it is a gain.
        evaluations: sequences of which the network computed the objective, the start included.
        converged: whether the activation passed the threshold.
        stalled: whether no single replacement, all tried, is a gain; otherwise the lane ran out of steps.
    """

    tokens: Int[Array, "lanes length"]
    activation: Float[Array, " lanes"]
    objective: Float[Array, " lanes"]
    trace: Float[Array, "lanes steps"]
    changes: Int[Array, " lanes"]
    steps: Int[Array, " lanes"]
    evaluations: Int[Array, " lanes"]
    converged: Bool[Array, " lanes"]
    stalled: Bool[Array, " lanes"]

    def _finding(self) -> str | None:
        if np.ndim(self.converged) != 1 or not len(self.converged):
            return None
        lanes, converged, stalled = len(self.converged), int(np.sum(self.converged)), int(np.sum(self.stalled))
        first, last = (np.asarray(self.trace, np.float64)[:, place] for place in (0, -1))
        return (
            f"{converged} of {lanes} lanes passed the threshold, {stalled} stalled, {lanes - converged - stalled} ran "
            f"out of steps\nobjectives {first.min():.4g} to {first.max():.4g} before, {last.min():.4g} to "
            f"{last.max():.4g} after {np.min(self.changes)} to {np.max(self.changes)} changed tokens"
        )


def tokens(
    network: Callable[..., Any],
    start: Given[Array | np.ndarray, "lanes length"],
    units: Any = None,
    *,
    embed: Given[Callable[..., Any] | ArrayLike, "tokens -> embedded, or a table [tokens, width]"] | None = None,
    vocabulary: Given[ArrayLike, "ids"] | None = None,
    search: str = "first_order",
    allowed: Given[ArrayLike, "#lanes length"] | None = None,
    changes: Count | None = None,
    candidates: Count = 64,
    objective: str | Callable[..., Any] = "log_probability",
    scores: str = "logits",
    threshold: float | int = 0.999,
    steps: Count = 100,
    key: Key | None = None,
    batch_size: Count = 256,
) -> TokenAscent:
    """Tokens found by replacing one at a time from each start, until the unit's activation passes a threshold.

        (p, v) ← argmax a(x with x_p = v) over the step's candidates,    x_p ← v if that is a gain

    Traceable. The candidates of a step are, of the replacements not yet tried since the last gain,

    - "first_order": those of the greatest estimate ∂a/∂e_p · (e(v) − e_p) of their gain, e the embedding;
    - "greedy": all of them;
    - "random": drawn uniformly, the baseline at an equal number of evaluations.

    The network decides, not the estimate: the objective never falls. A lane stalls once no replacement is a gain.

    Each step evaluates up to ``candidates`` sequences a lane (positions × vocabulary of them if greedy) until the last
    lane stops, and takes one gradient a lane for first order. Memory: one pass over batch_size sequences, and a few
    numbers for each lane, position and token of the vocabulary. Another ``steps`` or ``candidates`` compiles anew.

    Args:
        network: ``[rows, length, …] -> [rows, …, units]`` behind the embedding, as by ``embed, rest =
            networks.split(model, at="…", inputs=tokens)``; if ``embed`` is None, of the tokens themselves.
        start: [lanes, length] token ids, one sequence per lane.
        units: the unit of each lane, as in `maximize`.
        embed: ``tokens [rows, length] -> [rows, length, …]``, each token on its own, or a table of embeddings. Needed
            for first order.
        vocabulary: [ids] tokens that may be put in; None for all of a table, and needed without one.
        search: "first_order", "greedy" or "random".
        allowed: [length] or [lanes, length] True where a token may be replaced; None for everywhere.
        changes: how many tokens of a lane may differ from its start; None for no limit.
        candidates: replacements tried in a step, unless greedy.
        objective: what is climbed, as in `maximize`.
        scores: "logits", or "probabilities" of a network that ends in a softmax.
        threshold: activation above which a lane has converged; infinity for none.
        steps: maximum steps of a lane.
        key: a JAX random key, needed for the random search; lane i draws by ``fold_in(key, i)``.
        batch_size: sequences that the network is given at a time.

    Returns:
        `TokenAscent`, lanes in the order of ``start``. Ties go to the first candidate, in the order of estimates, of
        positions and then the vocabulary, or of the draw. A replacement whose objective is NaN is no gain.

    Raises:
        TypeError: a network or embedding of the wrong type.
        ValueError: no lanes, tokens that are not whole or outside the table, no vocabulary or no embedding where one is
            needed, allowed positions that do not fit, an unknown search, no key for random, NaN in a setting, counts
            below one, or units and objectives that `maximize` refuses.

    Example:
        >>> table = jnp.array([[0.0, 0.0], [1.0, -1.0], [-1.0, 2.0]])
        >>> found = tokens(lambda x: x.sum(1), jnp.zeros((2, 3), int), jnp.array([0, 1]), embed=table, changes=2)
        >>> found.tokens.tolist(), found.stalled.tolist()
        ([[1, 1, 0], [2, 2, 0]], [True, True])

    Source: first order as in Ebrahimi et al., arXiv:1712.06751 (HotFlip), with the network choosing among several
    candidates as in Zou et al., arXiv:2307.15043, section 2.2.
    """
    check_choice("search", search, SEARCHES)
    start = _whole(start)
    lanes, length = start.shape
    embed, vocabulary = _embedding(embed, vocabulary, start, search)
    pairs = length * len(vocabulary)
    candidates = pairs if search == "greedy" else min(as_count("candidates", candidates), pairs)
    changes = length if changes is None else as_count("changes", changes, most=2**31 - 1)
    allowed = _everywhere(allowed, lanes, length)
    steps = as_count("steps", steps, most=2**31 - 2)
    if not (isinstance(threshold, float) and threshold == math.inf):
        check_number("threshold", threshold)
    if search == "random" and key is None:
        raise ValueError("key: found None, wanted a JAX random key such as jax.random.key(0) for a random search")
    key = jax.random.key(0) if key is None else as_key(key)  # drawn from by the random search alone
    embedded = applied(embed, start, name="embed")
    if search == "first_order":
        check_shape("embed", embedded, [lanes, length, "…"])
        if not jnp.issubdtype(embedded.dtype, jnp.floating):
            raise ValueError(f"embed: found {describe(embedded)}, wanted floating numbers, which have a gradient")
    network, climb, units = accept_objective(network, embedded, units, objective, scores)
    problem = _Problem(network, embed, climb, start, units, vocabulary, allowed, jnp.int32(changes))
    size = min(as_count("batch_size", batch_size), lanes * candidates)
    return _ascend(problem, key, jnp.float32(threshold), search, candidates, steps, size)


def _whole(start):
    start = as_rows("start", start)
    check_shape("start", start, ["lanes", "length"])
    if not jnp.issubdtype(start.dtype, jnp.integer):
        raise ValueError(f"start: found {describe(start)}, wanted token ids, whole numbers [lanes, length]")
    _check_range("start", start, -(2**31), 2**31 - 1)
    return start.astype(jnp.int32)


def _embedding(embed, vocabulary, start, search):
    """The embedding as a function of tokens, and the tokens that may be put in."""
    if embed is None:
        if search == "first_order":
            raise ValueError('embed: found None, wanted an embedding, or search="greedy" or "random"')
        embed = jax.tree_util.Partial(_as_they_are)
    elif callable(embed):
        embed = callable_pytree(embed, name="embed")
    else:
        table = as_real("embed", embed, shape=["tokens", "width", "…"])
        _check_range("start", start, 0, len(table) - 1)
        vocabulary = np.arange(len(table), dtype=np.int32) if vocabulary is None else vocabulary
        embed, rows = jax.tree_util.Partial(_looked_up, table), len(table)
        vocabulary = as_labels("vocabulary", vocabulary, classes=rows)
    if vocabulary is None:
        raise ValueError("vocabulary: found None, wanted token ids, or a table of embeddings as embed")
    vocabulary = as_labels("vocabulary", vocabulary)
    _check_range("vocabulary", vocabulary, 0, 2**31 - 1)
    check_shape("vocabulary", vocabulary, ["ids"])
    return embed, vocabulary


def _check_range(name, values, least, most):
    if at_hand(values) and values.size:
        first, last = int(values.min()), int(values.max())
        if first < least or last > most:
            raise ValueError(f"{name}: found tokens {first} to {last}, wanted {least} to {most}")


def _as_they_are(rows):
    return rows


def _looked_up(table, rows):
    return table[rows]


def _everywhere(allowed, lanes, length):
    if allowed is None:
        return jnp.ones((lanes, length), bool)
    shape = np.shape(allowed)
    return jnp.broadcast_to(
        as_mask("allowed", allowed, (lanes, length) if len(shape) == 2 else (length,)), (lanes, length)
    )


class _Problem(NamedTuple):
    """What is climbed, from where, and which replacements there are: pair p · ids + v puts v at position p."""

    network: Any
    embed: Any
    climb: Any
    start: Any
    units: Any
    vocabulary: Any
    allowed: Any
    changes: Any

    def measured(self, rows, units):
        """Objective and activation of sequences; NaN is below all."""
        objective, activation = self.climb(self.network(self.embed(rows)), units)
        return jnp.where(jnp.isnan(objective), -jnp.inf, objective), activation

    def changed(self, current):
        """[lanes] how many tokens differ from the start."""
        return jnp.sum(current != self.start, axis=1, dtype=jnp.int32)

    def possible(self, current):
        """[lanes, pairs] replacements that change a token within the limits."""
        free = (current != self.start) | (self.changed(current) < self.changes)[:, None]
        other = self.vocabulary[None, None] != current[:, :, None]
        return ((self.allowed & free)[:, :, None] & other).reshape(len(current), -1)

    def replaced(self, rows, pairs):
        """Sequences with one token replaced in each."""
        place, token = pairs // len(self.vocabulary), self.vocabulary[pairs % len(self.vocabulary)]
        return jnp.where(jnp.arange(rows.shape[1])[None] == place[:, None], token[:, None], rows)

    def estimates(self, current, size):
        """[lanes, pairs] the gain of each replacement to first order."""

        def slope(rows, units):
            embedded = self.embed(rows)

            def total(embedded):
                return jnp.sum(self.climb(self.network(embedded), units)[0])

            gradient = jax.grad(total)(embedded)
            return gradient, _dot(gradient, embedded)

        gradient, at_present = _in_parts(slope, size, current, self.units)

        def put_in(token):
            everywhere = self.embed(jnp.full((1, current.shape[1]), token, current.dtype))
            return _dot(gradient, jnp.broadcast_to(everywhere, gradient.shape))

        if isinstance(self.embed, jax.tree_util.Partial) and self.embed.func is _looked_up:
            vectors = self.embed.args[0][self.vocabulary].reshape(len(self.vocabulary), -1)
            flat = gradient.reshape(*current.shape, -1)
            gain = jnp.einsum("lpw,vw->lpv", flat, vectors, precision="highest")
        else:
            gain = jnp.moveaxis(jax.lax.map(put_in, self.vocabulary), 0, -1)
        return (gain - at_present[..., None]).reshape(len(current), -1)


def _dot(first, second):
    wide = jnp.promote_types(first.dtype, jnp.float32)
    return jnp.sum(first.astype(wide) * second.astype(wide), axis=tuple(range(2, first.ndim)))


def _in_parts(function, size, *rows):
    """The function of rows, ``size`` at a time."""
    count = len(jax.tree.leaves(rows)[0])
    size = min(size, count)
    parts = -(-count // size)
    rows = jax.tree.map(lambda leaf: jnp.resize(leaf, (parts, size, *leaf.shape[1:])), rows)
    ends = jax.lax.map(lambda part: function(*part), rows)
    return jax.tree.map(lambda leaf: leaf.reshape(parts * size, *leaf.shape[2:])[:count], ends)


class _Lanes(NamedTuple):
    """Running lanes, and the pairs tried since the last gain."""

    tokens: Any
    objective: Any
    activation: Any
    trace: Any
    tried: Any
    steps: Any
    evaluations: Any
    active: Any
    stalled: Any


@partial(jax.jit, static_argnames=("search", "candidates", "steps", "size"))
def _ascend(problem, key, threshold, search, candidates, steps, size):
    lanes = len(problem.start)
    pairs = problem.start.shape[1] * len(problem.vocabulary)
    keys = jax.vmap(partial(jax.random.fold_in, key))(jnp.arange(lanes))
    lane = jnp.repeat(jnp.arange(lanes), candidates)

    def order(state, number):
        if search == "greedy":
            return jnp.zeros((lanes, pairs))
        if search == "random":
            draw = jax.vmap(partial(jax.random.fold_in, data=number))(keys)
            return jax.vmap(lambda key: jax.random.uniform(key, (pairs,)))(draw)
        estimates = problem.estimates(state.tokens, size)
        return jnp.where(jnp.isnan(estimates), jnp.finfo(estimates.dtype).min, estimates)

    def step(carry):
        number, state = carry
        left = problem.possible(state.tokens) & ~state.tried
        ranked, picks = jax.lax.top_k(jnp.where(left, order(state, number), -jnp.inf), candidates)
        usable = jnp.take_along_axis(left, picks, axis=1)
        del ranked

        def trial(lane, pick):
            units = jax.tree.map(lambda leaf: leaf[lane], problem.units)
            return problem.measured(problem.replaced(state.tokens[lane], pick), units)

        ends = _in_parts(trial, size, lane, picks.reshape(-1))
        objective, activation = (end.reshape(lanes, candidates) for end in ends)
        objective = jnp.where(usable, objective, -jnp.inf)
        best = jnp.argmax(objective, axis=1)
        chosen = tuple(
            jnp.take_along_axis(each, best[:, None], axis=1)[:, 0] for each in (objective, activation, picks)
        )
        gained = state.active & (chosen[0] > state.objective)
        tried = state.tried.at[jnp.arange(lanes)[:, None], picks].set(True) & ~gained[:, None]
        current = jnp.where(gained[:, None], problem.replaced(state.tokens, chosen[2]), state.tokens)
        value = jnp.where(gained, chosen[0], state.objective)
        reached = jnp.where(gained, chosen[1], state.activation)
        stalled = state.active & ~gained & ~jnp.any(left & ~tried, axis=1)
        return number + 1, _Lanes(
            current,
            value,
            reached,
            state.trace.at[:, number + 1].set(value),
            tried,
            state.steps + state.active,
            state.evaluations + jnp.where(state.active, jnp.sum(usable, axis=1, dtype=jnp.int32), 0),
            state.active & ~stalled & ~(reached > threshold),
            state.stalled | stalled,
        )

    objective, activation = _in_parts(problem.measured, size, problem.start, problem.units)
    none = jnp.zeros(lanes, jnp.int32)
    initial = _Lanes(
        problem.start,
        objective,
        activation,
        jnp.broadcast_to(objective[:, None], (lanes, steps + 1)),
        jnp.zeros((lanes, pairs), bool),
        none,
        none + 1,
        ~(activation > threshold),
        jnp.zeros(lanes, bool),
    )
    number, state = jax.lax.while_loop(
        lambda carry: (carry[0] < steps) & jnp.any(carry[1].active), step, (jnp.int32(0), initial)
    )
    trace = jnp.where(jnp.arange(steps + 1)[None] <= number, state.trace, state.objective[:, None])
    converged = state.activation > threshold
    return TokenAscent(
        state.tokens,
        state.activation,
        state.objective,
        trace,
        problem.changed(state.tokens),
        state.steps,
        state.evaluations,
        converged,
        state.stalled & ~converged,
    )
