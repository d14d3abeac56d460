"""What the claims of the thesis read from the kept runs: one value for each network, and how they are compared."""

from collections.abc import Mapping

import numpy as np

from experiments.claims.rules import Direction, Estimate, Number, Part, over_networks

SHARE = 0.1  # of a published error: about twice what 6,000 signals and another start change
CLASSICAL = "Gaussian derivative"
RESTRICTED = f"{CLASSICAL} within 21…80"  # to the positions that networks can answer
ONE, TWO, THREE, FOUR = (f"{layers}-layer perceptron" for layers in range(1, 5))
CNN = {1: "CNN, 1 convolution", 2: "CNN, 2 convolutions", 3: "CNN, 3 convolutions"}
DISTANCES = "normalized euclidean", "cosine", "correlation"


def jumps(records) -> Mapping:
    """The metrics of the study of networks that locate a jump."""
    return records["jump_detection"]["metrics"]


def errors(records, network: str, measure: str = "l1") -> np.ndarray:
    """An error of the networks of one kind, in samples."""
    return np.array(jumps(records)["networks"]["networks"][network][measure])


def detector(records, name: str, measure: str = "l1") -> float:
    """An error of a detector without a network, on the same test signals."""
    return jumps(records)["detectors"]["errors"][name][measure]


def detector_error(records, name: str, best: bool = False) -> Estimate:
    """The mean |error| of a detector, with its standard error over test signals, from the root mean square."""
    mean, square = (detector(records, name, f"{measure}_best" if best else measure) for measure in ("l1", "l2"))
    signals = records["jump_detection"]["config"]["test_signals"]
    return Estimate(mean, float(np.sqrt((square**2 - mean**2) / signals)), signals - 1, signals, "signals")


def worst(whole, best) -> np.ndarray:
    """The root mean square error of the worst 1% of the signals, from that of all and that of the other 99%."""
    return np.sqrt((np.square(whole) - 0.99 * np.square(best)) / 0.01)


def bottlenecks(records, kind: str, width: int, measure: str = "l1") -> np.ndarray:
    """A measure of the bottleneck networks of a kind and width."""
    name = f"100-{width}-60" if kind == "shallow" else f"100-25-{width}-25-60"
    return np.array(records["bottleneck"]["metrics"]["widths"]["networks"][name][measure])


def layers(records, data: str, kind: str, field: str = "inner", metric: str = "cosine") -> np.ndarray:
    """A deviation, or the activation level, of the input and every hidden layer: [layers, networks]."""
    stored = "normalized euclidean" if metric == "euclidean" else metric  # the same, divided by the layer's level
    measured = records[f"memorization_{data}"]["metrics"]["deviations"]["deviation"][stored][kind]
    level = np.array(measured["level"]) if metric == "euclidean" and field != "level" else 1
    return np.array(measured[field]) * level


def untrained_layers(records, data: str, field: str = "inner") -> np.ndarray:
    """The deviations by cosine distance and true labels before the training: [layers, networks]."""
    return np.array(records[f"memorization_{data}"]["metrics"]["dynamics"]["deviation"]["fully trained"][field][0])


def change(values, first: int = 0, last: int = -1) -> np.ndarray:
    """The change from one layer to another, as a share of the value of the input."""
    return (values[last] - values[first]) / values[0]


def neighbors(records, kind: str, layer: str, labels: str = "true") -> float:
    """The share of a row's ten nearest neighbors in a layer that have its label; jumps, one network."""
    return records["memorization_jumps"]["metrics"]["embedding"]["neighbors"][kind][layer][labels]


def one(value) -> Estimate:
    """The value of a single network or run, which decides nothing."""
    return over_networks([value])


def apart(first, second) -> Estimate:
    """The difference of the means of networks that are not paired, with the degrees of freedom of Welch."""
    variances = np.array([np.var(each, ddof=1) / len(each) for each in (first, second)])
    counts = np.array([len(first), len(second)])
    total = float(variances.sum())
    freedom = total**2 / float(np.sum(variances**2 / (counts - 1))) if total else float(counts.sum() - 2)
    return Estimate(float(np.mean(first) - np.mean(second)), float(np.sqrt(total)), freedom, int(counts.min()))


def rate(case: Mapping) -> Estimate:
    """A share of random draws, with an error that is not 0 where none or all of them succeeded."""
    trials, near = case["trials"], (case["successes"] + 2) / (case["trials"] + 4)
    return Estimate(case["rate"], float(np.sqrt(near * (1 - near) / trials)), trials - 1, trials, "draws")


def less(first: Estimate, second: Estimate) -> Estimate:
    """The first minus the second of two estimates from different draws."""
    return Estimate(
        first.mean - second.mean,
        float(np.hypot(first.error, second.error)),
        min(first.freedom, second.freedom),
        min(first.networks, second.networks),
        first.repeated,
    )


def wider(records, kind: str, narrow: int, wide: int) -> Estimate:
    """By how much the mean |error| falls from a narrow to a wide bottleneck."""
    return apart(bottlenecks(records, kind, narrow), bottlenecks(records, kind, wide))


def near(what: str, values, published: float) -> Part:
    """A mean error, within 10% of the published one."""
    return Part(what, over_networks(values), Number(published, round(SHARE * published, 2)))


def above(what: str, ours: Estimate, threshold: float = 0.0) -> Part:
    """A quantity that has to be above a threshold."""
    return Part(what, ours, Direction(threshold))


def below(what: str, ours: Estimate, threshold: float = 0.0) -> Part:
    """A quantity that has to be below a threshold."""
    return Part(what, ours, Direction(threshold, upwards=False))
