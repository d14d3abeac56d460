"""What the output layer does: readers of the last hidden layer beside the learned one (thesis section 7.3)."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from experiments.jumps import FIRST, POSITIONS
from experiments.layers_of_detectors.detector_study import FOUR, SHUFFLED, TRAINED, UNTRAINED
from experiments.layers_of_detectors.readers import LEARNED, READERS, last_hidden, read
from experiments.study import mean_and_spread, probabilities
from interp_jax import figures
from interp_jax.methods.filters import center_classes

RANKS = np.array([1, 2, 3, 5, 10, 20, 59])
LAYERS = "input", "last hidden layer", "scores", "probabilities"
PAIRS = np.triu_indices(len(POSITIONS), 1)
NEIGHBORS = 10


class Output(NamedTuple):
    """By kind of network and variant; arrays [networks].

    ``errors`` and ``same``, the share of test signals with the learned layer's answer, by reader; ``ranks`` [ranks,
    networks], the error of the learned layer reduced to so many dimensions; ``order`` by layer; ``regrouped`` of
    networks trained on shuffled labels by layer, and ``fitted``, their accuracy on these labels.
    """

    errors: dict[str, dict[str, dict[str, np.ndarray]]]
    same: dict[str, dict[str, dict[str, np.ndarray]]]
    ranks: dict[str, np.ndarray]
    order: dict[str, dict[str, dict[str, np.ndarray]]]
    regrouped: dict[str, np.ndarray]
    fitted: np.ndarray
    neighbor_rows: int


def measure(study) -> Output:
    """All readers on all networks, the order of positions by layer, and neighbors with the same shuffled label."""
    result = Output({}, {}, {}, {}, {}, np.array([]), study.config.neighbor_rows)
    for name in study.config.read:
        variants = study.variants(name)
        read_all = {kind: [read(study, each, f"{name}, {kind}, {lane}") for lane, each in enumerate(of)]
                    for kind, of in variants.items()}  # fmt: skip
        for field, place in (("errors", 0), ("same", 1)):
            getattr(result, field)[name] = {
                kind: {reader: np.array([each[reader][place] for each in of]) for reader in READERS}
                for kind, of in read_all.items()
            }
        result.ranks[name] = np.transpose([_by_rank(study, each) for each in variants[TRAINED]])
        result.order[name] = {kind: _orders(study, of) for kind, of in variants.items()}
    memorizing = study.variants(FOUR)[SHUFFLED]
    rows, labels = study.train.signals[: result.neighbor_rows], np.asarray(study.shuffled)
    for layer, of in (("last hidden layer", last_hidden), ("probabilities", probabilities)):
        shares = [same_label(of(each, rows), labels[: len(rows)]) for each in memorizing]
        result.regrouped[layer] = np.array(shares)
    fitted = [np.mean(np.argmax(each(study.train.signals), axis=1) == labels) for each in memorizing]
    return result._replace(fitted=np.array(fitted))


def _by_rank(study, network):
    """The mean |error| with the output weights, without their mean over classes, reduced to the largest directions."""
    layer = network.stages[network.stage_names[-1]]
    hidden = last_hidden(network, study.test.signals)
    left, sizes, right = np.linalg.svd(np.asarray(center_classes(layer.kernel[...]), np.float64), full_matrices=False)
    errors = []
    for rank in RANKS:
        kernel = np.float32((left[:, :rank] * sizes[:rank]) @ right[:rank])
        errors.append(study.errors(FIRST + jnp.argmax(hidden @ kernel + layer.bias[...][None], axis=1)).l1)
    return np.array(errors)


def _orders(study, networks):
    inputs = (
        np.asarray(study.balanced.signals).reshape(len(POSITIONS), -1, study.balanced.signals.shape[1]).mean(axis=1)
    )
    orders = []
    for network in networks:
        means, (*_, hidden, scores) = study.averages(network), network.stage_names
        orders.append([order(each) for each in (inputs, means[hidden], means[scores], means["probabilities"])])
    return dict(zip(LAYERS, np.transpose(orders), strict=True))


def order(means) -> float:
    """The rank correlation, over all pairs of positions, of the distance of their mean activities with their own."""
    means = np.asarray(means, np.float64)
    distances = np.linalg.norm(means[:, None] - means[None], axis=-1)[PAIRS]
    return float(stats.spearmanr(distances, PAIRS[1] - PAIRS[0])[0]) if np.ptp(distances) else 0.0


def same_label(activations, labels) -> float:
    """The mean share of a row's ten nearest neighbors that have its label."""
    activations = jnp.asarray(activations) - jnp.mean(activations, axis=0, keepdims=True)
    squares = jnp.sum(activations**2, axis=1)
    distances = squares[None] - 2 * jnp.matmul(activations, activations.T, precision="highest")
    distances = jnp.where(jnp.eye(len(squares), dtype=bool), jnp.inf, distances)
    _, near = jax.lax.top_k(-distances, NEIGHBORS)
    return float(np.mean(labels[np.asarray(near)] == labels[:, None]))


def show(result: Output, page) -> None:
    """Tables of the readers, of the order of positions by layer, and the error by rank."""
    page.text(
        "The output layer computes a score for every position from the last hidden layer. Other readers of the same "
        "layer take its place: the nearest class mean, the same in units of the spread within classes (linear "
        "discriminant), the pseudo-inverse of the class means (thesis, section 4.3), and a fresh layer trained as the "
        "network was, with all other layers fixed. The controls read networks before their training, and networks "
        "trained on shuffled labels."
    )
    page.finding(readers_in_words(result))
    for name, kinds in result.errors.items():
        rows = [(kind, *(mean_and_spread(errors, 2) for errors in of.values())) for kind, of in kinds.items()]
        caption = f"{name}: mean |error| in samples on test signals by reader, mean ± standard deviation over networks."
        page.table(("network", *READERS), rows, caption)
        same = [
            (kind, *(mean_and_spread(100 * share, 1) for reader, share in of.items() if reader != LEARNED))
            for kind, of in result.same[name].items()
        ]
        page.table(("network", *READERS[1:]), same, f"{name}: test signals with the learned layer's answer (%).")
    figure = figures.curves.against(RANKS, result.ranks, "dimensions of the output weights", "mean |error|", log_x=True)
    page.figure(
        "ranks",
        figure,
        "Mean |error| if the output weights keep only their largest singular directions, by their number.",
    )
    page.finding(order_in_words(result))
    rows = [
        (f"{name}, {kind}", *(mean_and_spread(each, 2) for each in of.values()))
        for name, kinds in result.order.items()
        for kind, of in kinds.items()
    ]
    page.table(
        ("network", *LAYERS),
        rows,
        "Order of positions: rank correlation, over all pairs of positions, of the distance of their mean activities "
        "with that of the positions; 1 if distances grow with that of the positions.",
    )
    hidden, output = (100 * each for each in result.regrouped.values())
    page.text(
        f"Of networks of four layers trained on shuffled labels, which place "
        f"{mean_and_spread(100 * result.fitted, 1)}% of their training signals as they were trained to, "
        f"{mean_and_spread(hidden, 1)}% of the {NEIGHBORS} nearest "
        f"neighbors have the same shuffled label in the last hidden layer and {mean_and_spread(output, 1)}% in the "
        f"output ({100 / len(POSITIONS):.1f}% by chance; {result.neighbor_rows:,} training signals)."
    )
    page.metrics({"errors": result.errors, "same": result.same, "ranks": result.ranks, "order": result.order})
    page.metrics({"regrouped": result.regrouped, "fitted": result.fitted})


def readers_in_words(result: Output) -> str:
    """The finding: whether another reader does as well as the learned one, and whether training the layer matters."""
    trained, before = (result.errors[FOUR][kind] for kind in (TRAINED, UNTRAINED))
    means = {reader: float(np.mean(errors)) for reader, errors in trained.items()}
    best = min(READERS[1:], key=means.__getitem__)
    learned, other = means[LEARNED], means[best]
    verb = "hardly more than" if other <= 1.05 * learned else f"{other / learned:.1f} times"
    if round(other, 2) <= round(learned, 2):
        verb = "no more than"
    least = min(READERS[1:], key=lambda reader: float(np.mean(before[reader])))
    return (
        f"In networks of four layers the best other reader of the last hidden layer ({best}) errs by {other:.2f} "
        f"samples, {verb} the learned output layer ({learned:.2f}). The best reader of the same layer before training "
        f"({least}) errs by {np.mean(before[least]):.2f}."
    )


def order_in_words(result: Output) -> str:
    """The finding: from which layer on positions are out of order."""
    of = {layer: float(np.mean(each)) for layer, each in result.order[FOUR][TRAINED].items()}
    start = float(np.mean(result.order[FOUR][UNTRAINED]["last hidden layer"]))
    lost = [layer for layer in LAYERS if of[layer] < 0.9]
    where = f"falls below 0.9 first in the {lost[0]}" if lost else "is above 0.9 in all layers"
    layers = ", ".join(f"{of[layer]:.2f} in the {layer}" for layer in LAYERS[1:])
    return (
        f"In networks of four layers the order of positions, the rank correlation of distances, {where}: {layers}. "
        f"Before training it is {start:.2f} in the last hidden layer."
    )
