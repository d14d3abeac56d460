"""The claims of Kubota, Hayashi, Hayase & Uchida, Layer-wise interpretation … using identity initialization, 2021.

Thresholds are round numbers, chances, or halfway between chance and certainty. They were chosen before the rules were
applied, but with the means in experiments/results/README.md in view.
"""

import numpy as np

from experiments.claims.claim import Claim, Paper, Records
from experiments.claims.rules import Control, Direction, Estimate, Number, Part, over_networks

RUNS = {"digits": "identity_layers_digits", "MNIST": "identity_layers_mnist"}
STARTS = ("glorot", "he", "orthogonal")
SURE = 0.9  # the threshold of early exit at which the likelihood is tested

SETTINGS = (
    "Width, depth, optimizer and data of the paper are not known. Ours: Adam, scikit-learn's digits for 25 epochs, "
    "MNIST for one. Networks initialized at the identity differ in the order of the training rows only."
)
READ_DIRECTLY = (
    "A layer is read by its class units, as the method does; another claim is on linear classifiers fitted to a layer."
)


def _metrics(records: Records, data: str):
    return records[RUNS[data]]["metrics"]


def _depth(records, data: str) -> int:
    return records[RUNS[data]]["config"]["depth"]


def difference(values, others) -> Estimate:
    """The difference of the means of two independent groups of networks, with Welch's degrees of freedom."""
    one, two = over_networks(values), over_networks(others)
    mean, networks = one.mean - two.mean, min(one.networks, two.networks)
    if not (one.freedom and two.freedom):
        return Estimate(mean, np.inf, 0, networks)
    squares = np.square([one.error, two.error])
    freedoms = np.array([one.freedom, two.freedom])
    freedom = float(squares.sum() ** 2 / np.sum(squares**2 / freedoms)) if squares.any() else float(freedoms.sum())
    return Estimate(mean, float(np.sqrt(squares.sum())), freedom, networks)


def _accuracy(records, data: str, start: str, column: str) -> np.ndarray:
    """A summary of the accuracy of the layers, for each network of the depth that is examined."""
    return np.asarray(_metrics(records, data)["accuracy"]["accuracy"][f"{start} {_depth(records, data)}"][column])


def _random(records, data: str, column: str) -> np.ndarray:
    """The same of all networks with random initialization."""
    return np.concatenate([_accuracy(records, data, start, column) for start in STARTS])


def _embedded(records):
    parts = []
    for data in RUNS:
        ours = over_networks(_random(records, data, "half_mean"))
        parts.append(Part(f"{data}, mean of the first half", ours, Number(_chance(records, data), 0.05)))
    return parts


def _chance(records, data: str) -> float:
    return _metrics(records, data)["accuracy"]["chance"]


def _likelihood(records):
    parts = []
    for data in RUNS:
        exits = _metrics(records, data)["exits"]
        accuracy = exits["accuracy"][exits["thresholds"].index(SURE)]
        parts.append(Part(f"{data}, accuracy", over_networks(accuracy), Direction(SURE)))
    return parts


def _distances(records, data: str) -> dict[int, np.ndarray]:
    """By depth, the mean distance of all layers but the last from the identity, for each network."""
    by_layer = _metrics(records, data)["distance"]["by_layer"]
    return {int(depth): np.asarray(values)[:-1].mean(axis=0) for depth, values in by_layer.items()}


def _near(records):
    return [
        Part(f"{data}, {depth} layers", over_networks(values), Direction(0.1, upwards=False))
        for data in RUNS
        for depth, values in sorted(_distances(records, data).items())
    ]


def _falls(records):
    """The power of the depth, of as many networks as all depths have; depths with a single network are left out."""
    parts = []
    for data in RUNS:
        several = {depth: values for depth, values in sorted(_distances(records, data).items()) if len(values) > 1}
        networks, depths = min(map(len, several.values())), ", ".join(map(str, several))
        logarithms = np.log([values[:networks] for values in several.values()])
        powers = over_networks(np.polyfit(np.log(list(several)), logarithms, 1)[0])
        power = f"{data}, power of the depth ({depths} layers)"
        parts.append(Part(power, powers, Direction(0, upwards=False)))
        parts.append(Part(f"{data}, the same against −1", powers, Direction(-1, upwards=False)))
    return parts


def _dirac(records):
    distances = {data: _metrics(records, data)["convolution"]["distance"]["identity"] for data in RUNS}
    rule = Direction(0.1, upwards=False)
    return [Part(data, over_networks([np.mean(values)]), rule) for data, values in distances.items()]


BASELINES = {
    "random ink": "random ink",
    "pixel values": "|x| alone",
    "pixel × gradient": "x · gradient",
    "integrated gradients": "integrated gradients",
}


def _maps(records):
    parts = []
    for data in RUNS:
        area = {
            name: np.array(each["deletion_area"]) for name, each in _metrics(records, data)["removal"]["area"].items()
        }
        for name, baseline in BASELINES.items():
            less = area[baseline] - area["contribution map"]
            networks = records[RUNS[data]]["config"]["seeds"]
            # Of digits the mean over networks alone is kept.
            ours = over_networks(less) if less.size > 1 else Estimate(less.item(), np.inf, 0, networks)
            parts.append(Part(f"{data}, {name}", ours, Control(0.05)))
    return parts


def _gain(records, data: str, kind: str) -> float:
    """By how much the deletion area of the map is smaller than that of random ink, in one network."""
    of = _metrics(records, data)["removal"]["controls"][kind]
    return of["random_ink"] - of["map"] if isinstance(of, dict) else -of[0]


def _maps_learned(records):
    kinds = {"labels permuted": "identity, labels shuffled", "orthogonal": "orthogonal"}
    return [
        Part(
            f"{data}, {name}",
            over_networks([_gain(records, data, "identity") - _gain(records, data, kind)]),
            Control(0.05),
        )
        for data in RUNS
        for name, kind in kinds.items()
    ]


def _first(records):
    return [
        Part(f"{data}, first layer", over_networks(_accuracy(records, data, "identity", "first")), rule)
        for data in RUNS
        for rule in [Direction(_chance(records, data))]
    ]


def _beyond_random(records):
    parts = []
    for data in RUNS:
        best = _accuracy(records, data, "identity", "half_best"), _random(records, data, "half_best")
        parts.append(Part(f"{data}, random initialization", difference(*best), Control(0.1)))
    return parts


def _roles(records):
    """Late layers classify better than early ones; early ones contribute more than they write to the class units."""
    parts = []
    for data in RUNS:
        rise = _accuracy(records, data, "identity", "last") - _accuracy(records, data, "identity", "first")
        parts.append(Part(f"{data}, accuracy of the last layer less the first", over_networks(rise), Direction(0.05)))
        shares, half = _shares(records, data, "identity"), _depth(records, data) // 2
        path, written = (np.asarray(shares[way])[:, :half].sum(axis=1) for way in ("origin", "written"))
        name = f"{data}, first half of the layers, share of the score by path less by writes"
        parts.append(Part(name, over_networks(path - written), Direction(0.05)))
    return parts


def _shares(records, data: str, start: str):
    return _metrics(records, data)["shares"][f"{start} {_depth(records, data)}"]


def _confirmed(records):
    parts = []
    for data in RUNS:
        random = np.concatenate([_shares(records, data, start)["agreement"] for start in STARTS])
        less = difference(_shares(records, data, "identity")["agreement"], random)
        parts.append(Part(f"{data}, random initialization", less, Control(0.1)))
    return parts


def _no_cost(records):
    """The accuracy less that of the better random initialization."""
    parts = []
    for data in RUNS:
        best = max((_accuracy(records, data, start, "last") for start in STARTS), key=np.mean)
        less = difference(_accuracy(records, data, "identity", "last"), best)
        parts.append(Part(data, less, Direction(-0.01)))
    return parts


def _neurons(records, data: str, section: str):
    return records[f"neuron_contributions_{data.lower()}"]["metrics"][section]


def _split(records):
    of = _neurons(records, "MNIST", "split")
    return [
        Part("MNIST, Σ |missing| / Σ |score|", over_networks(of["missing"]), Direction(0.01, upwards=False)),
        Part("MNIST, rank correlation", over_networks(of["order_of_networks"]), Direction(0.9)),
    ]


def _class_maps(records):
    area = {name: np.array(each) for name, each in _neurons(records, "MNIST", "maps")["deletion"].items()}
    others = {"x · gradient": "x · gradient", "the paper's map": "contribution map, all classes alike"}
    return [
        Part(f"MNIST, {name}", over_networks(area[key] - area["neurons' shares"]), Control(0.01))
        for name, key in others.items()
    ]


def _probed(records):
    """Accuracy of linear probes, a mean over the first half of the layers of random starts."""
    return [Part("MNIST, random initialization", over_networks(_random_probes(records)), Direction(0.5, upwards=False))]


def _random_probes(records) -> np.ndarray:
    probes = _neurons(records, "MNIST", "probes")["probe"]
    return np.concatenate([_first_half(each) for name, each in probes.items() if name != "identity"])


def _first_half(layers) -> np.ndarray:
    """The mean over the first half of the layers, by network."""
    return np.array(layers)[: len(layers) // 2].mean(axis=0)


def _beyond_probes(records):
    own = _first_half(_neurons(records, "MNIST", "probes")["own"]["identity"])
    return [Part("MNIST", difference(own, _random_probes(records)), Control(0.1))]


def _pulled(records):
    of = _neurons(records, "MNIST", "pull")
    last = {name: np.array(each)[-1] for name, each in of["accuracy"].items()}
    (free, *_, strong), distance = last, np.array(of["distance"][list(last)[-1]]).mean(axis=0)
    return [
        Part("MNIST, accuracy less that without the pull", over_networks(last[strong] - last[free]), Direction(-0.01)),
        Part("MNIST, distance", over_networks(distance), Direction(0.1, upwards=False)),
    ]


SEEN = "Rules were written after a small run on digits had been seen."

PROBLEM = [
    Claim(
        "random weights",
        "With random initial weights every layer embeds its input anew, and early layers do not show the class.",
        "no number",
        _embedded,
        control="chance",
        note=f"Glorot, He and orthogonal initialization together, 30 layers. {READ_DIRECTLY} {SETTINGS}",
    ),
    Claim(
        "our addition: linear probes",
        "A linear classifier, fitted to an early layer of random weights, cannot read the class from it either.",
        "not claimed",
        _probed,
        note="Mean accuracy of ridge classifiers fitted to each layer of the first half, in trained networks from "
        f"Glorot, He and orthogonal weights; below 50% holds. {SEEN}",
    ),
    Claim(
        "our addition: linear probes",
        "Early layers near the identity show the class better than a linear classifier finds it in early layers of "
        "random weights.",
        "not claimed",
        _beyond_probes,
        control="linear classifiers fitted to each layer of the first half, in trained networks from random weights: "
        "accuracy by the class units of networks near the identity less theirs",
        note="Written with the numbers in view.",
        method="accuracy of early layers, against fitted linear classifiers",
    ),
]

METHOD = [
    Claim(
        "neurons",
        "The contribution of each neuron to the classification can be analyzed.",
        "no number",
        _split,
        note="The abstract does not say how. Ours: the neuron's part of the integral that gives the shares of layers. "
        "Measured: how much of the scores is missing in the sum, and the rank correlation, over neurons, of the share "
        f"with the change of the score when a neuron's outgoing weights are put back to the identity. {SEEN}",
    ),
    Claim(
        "our addition: maps for a class",
        "Summed over layers, the shares of the pixels' neurons rank the pixels by what they contribute to a class.",
        "not claimed",
        _class_maps,
        control="other rankings: their deletion area less that of the shares",
        note=f"The number of layers is chosen by the deletion area on training images. {SEEN}",
        method="neurons' shares as a map for a class",
    ),
    Claim(
        "likelihood",
        "Every hidden layer has a likelihood of the classes.",
        "no number",
        _likelihood,
        control="A layer that is 90% sure should be correct in 90% of the cases.",
        note="Accuracy if the network stops at the first layer that is 90% sure; images of which no layer is so sure "
        "count with the last layer.",
    ),
]

NEARNESS = [
    Claim(
        "weights",
        "The weights remain near the identity after training.",
        "no number",
        _near,
        control="Random weights of the same norm are at a distance of √2. Whether they, too, stay near to where they "
        "start was not measured.",
        note="Distance ‖W − I‖ / ‖I‖, mean over the layers but the last; near is below 0.1.",
    ),
    Claim(
        "our addition: depth",
        "The deeper the network, the nearer, and as fast as 1 / depth, so that all layers together change no more.",
        "not claimed",
        _falls,
        control="the same number of steps and the same learning rate at all depths",
        note="A single network of 100 layers was trained on MNIST, and is left out.",
    ),
    Claim(
        "our addition: convolutions",
        "The kernels of convolutions that start as Dirac kernels remain near them.",
        "not claimed",
        _dirac,
    ),
    Claim(
        "our addition: convolutions",
        "Pulled back to the identity in every step, they remain near it, at no cost in accuracy.",
        "not claimed",
        _pulled,
        control="the same training without the pull: accuracy less that of the control; holds if surely less than one "
        "point is lost",
        note=f"The strongest of the pulls that were tried. {SEEN}",
    ),
]

CHANGE = [
    Claim(
        "contribution",
        "The change of the features from the input to a layer is the contribution to the classification.",
        "maps, in the paper",
        _maps,
        control="other rankings of the pixels: deletion area of the ranking less that of the map",
        note="The pixels that the layers increased most are blanked first, and the probability of the class is "
        "recorded; the layer was chosen by its deletion area on training rows. The map is the same for all classes, "
        "gradients are of the predicted class.",
        method="contribution maps, identity initialization",
    ),
    Claim(
        "contribution",
        "This change is due to what the network has learned.",
        "no number",
        _maps_learned,
        control="networks trained on permuted labels, or from orthogonal weights: gain of the map over random ink, "
        "less that in the control",
        note="One network of each kind.",
    ),
]

LAYERS = [
    Claim(
        "accuracy",
        "Extra units for the classes give every layer a recognition accuracy.",
        "no number",
        _first,
        control="chance",
        note="The class units of the first layer are linear in the pixels; no linear classifier was fitted to the "
        "pixels to compare them with.",
    ),
    Claim(
        "accuracy",
        "It is the initialization at the identity that gives early layers their accuracy.",
        "no number",
        _beyond_random,
        control="networks trained from random weights: best layer of the first half",
        note=READ_DIRECTLY,
        method="accuracy of early layers, identity initialization",
    ),
    Claim(
        "roles",
        "The layers have different roles: some extract features, some classify.",
        "no number",
        _roles,
        note="Late layers classify if accuracy rises through the layers. Early layers extract features if more of the "
        "score of the class is due to them (by path) than they write to the class units themselves.",
    ),
    Claim(
        "roles",
        "What a layer contributes can be read in a network near the identity.",
        "no number",
        _confirmed,
        control="networks trained from random weights: correlation of the layers' shares with what is lost without "
        "the layer",
        method="shares of layers, identity initialization",
    ),
    Claim(
        "our addition: accuracy of the network",
        "Initialization at the identity costs no accuracy.",
        "not claimed",
        _no_cost,
        control="the random initialization with the greatest mean accuracy",
        note="Holds if surely less than one point is lost. On MNIST all were trained for a single epoch, which may be "
        "too short for random weights.",
    ),
]

PAPER = Paper(
    "identity initialization",
    "Kubota, Hayashi, Hayase & Uchida, Layer-wise interpretation of deep neural networks using identity initialization "
    "(arXiv:2102.13333)",
    {
        "Abstract, sentence 1": "background",
        "Abstract, sentence 2": PROBLEM,
        "Abstract, sentence 3": "names the method",
        "Abstract, sentence 4": METHOD,
        "Abstract, sentence 5": NEARNESS,
        "Abstract, sentence 6": CHANGE,
        "Abstract, sentence 7": LAYERS,
        "Sections of the paper": "not at hand: only the abstract is given",
    },
)
