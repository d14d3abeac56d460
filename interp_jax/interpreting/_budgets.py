"""How much of the rows, classes and restarts each budget spends."""

from dataclasses import dataclass

TRIED = 4  # networks with shuffled weights made for each that is used


@dataclass(frozen=True)
class Budget:
    """The sizes of a run; the page names them.

    Attributes:
        rows: most rows used, of which a quarter is held out from the methods.
        classes: most classes that core units, ascent and controls are computed for.
        core_steps: gradient steps of the gates.
        core_lanes: number of gate costs α tried.
        core_starts: sets that the search for core units starts from.
        search_rows: rows on which sets of units are compared.
        draws: clusterings of activations.
        trees: trees of each forest.
        ascent_steps: most steps of gradient ascent.
        map_rows: rows with attributions.
        nodes: terms of an integrated gradient.
        random_sets: random sets of units, and random orders of inputs, that results are compared with.
        shuffles: networks with shuffled weights.
    """

    rows: int
    classes: int
    core_steps: int
    core_lanes: int
    core_starts: int
    search_rows: int
    draws: int
    trees: int
    ascent_steps: int
    map_rows: int
    nodes: int
    random_sets: int
    shuffles: int


BUDGETS = {
    "seconds": Budget(600, 3, 100, 3, 2, 256, 1, 3, 200, 64, 8, 5, 1),
    "minutes": Budget(4_000, 10, 400, 6, 4, 1024, 3, 10, 1000, 256, 32, 20, 2),
    "hours": Budget(50_000, 100, 1000, 6, 6, 4096, 12, 20, 5000, 2048, 64, 100, 5),
}
