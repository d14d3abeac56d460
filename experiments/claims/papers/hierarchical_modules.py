"""The claims of C. Watanabe, Interpreting layered neural networks via hierarchical modular representation, 2018.

Thresholds are round numbers, chances, or halfway between chance and certainty. They were chosen before the rules were
applied, but with the means in experiments/results/README.md in view.
"""

import numpy as np

from experiments.claims.claim import Claim, Paper, Records
from experiments.claims.rules import Control, Direction, Estimate, Part, over_networks

# The paper's two data sets, and ours.
RUNS = {
    "MNIST": "hierarchical_modules_mnist_lnn",
    "prices": "hierarchical_modules_prices_lnn",
    "digits": "hierarchical_modules_digits_lnn",
}
TRAINED = "trained"
CONTROLS = {"permuted targets": "shuffled targets", "untrained": "untrained"}
TARO, RADISH, CARROT = range(3)
METHODS = "tree", "factorization"
NOISE = 0.5  # of planted modules: half the standard deviation of the weights
WEAK = 0.2  # the paper's limit below which a cluster "does not significantly affect the prediction result"

ONE_HIDDEN_LAYER = "the networks of the kept runs have one hidden layer"
NO_INPUTS = "the kept runs hold the correlations of the clusters with the outputs, not with the inputs"
OF_ONE = "The kept run holds the clusters of the first network only."
SIZES = (
    "The paper does not give the sizes of hidden layers (ours: 100 units for MNIST, 160 for prices), nor whether 0.5 "
    "is the variance of the initial weights (ours) or their standard deviation. Digits are our addition."
)


def _metrics(records: Records, data: str):
    return records[RUNS[data]]["metrics"]


def _sparse(records):
    rule = Direction(0.5)
    shares = {data: _metrics(records, data)["training"]["small_weights"] for data in RUNS}
    return [Part(f"{data}, share below 0.01", over_networks(values), rule) for data, values in shares.items()]


def _signs(records, data: str, kind: str) -> np.ndarray:
    """The share of signs as predicted in each network; NaN where nothing changes."""
    return np.asarray(_metrics(records, data)["causal"]["share_of_signs_as_predicted"][kind]["resample"], float)


def _signs_hold(records):
    return [Part(data, over_networks(_signs(records, data, TRAINED)), Direction(0.75)) for data in RUNS]


def _signs_learned(records):
    return [
        Part(f"{data}, {name}", over_networks(_signs(records, data, TRAINED) - _signs(records, data, kind)), rule)
        for rule in [Control(0.05)]
        for data in RUNS
        for name, kind in CONTROLS.items()
    ]


def _planted(records, measure: str):
    parts = []
    for data in RUNS:
        planted = _metrics(records, data)["planted"]
        values = planted[measure][planted["noise"].index(NOISE)]
        parts.append(Part(f"{data} as inputs", over_networks(values), Direction(0.9)))
    return parts


def of_pairs(mean: float, spread: float, networks: int) -> Estimate:
    """The mean over all pairs of independent networks, with the largest standard error that the spread allows.

    The variance of such a mean is at most 2 / networks times that of a single pair (Hoeffding 1948). The spread over
    the pairs at hand underestimates the latter by the variance of the mean: hence networks − 2.
    """
    return Estimate(mean, spread * (2 / (networks - 2)) ** 0.5, networks - 1, networks)


def _agreement(records, data: str, kind: str, clusters: int) -> Estimate:
    of = _metrics(records, data)["stability"]["agreement"][kind]
    networks = records[RUNS[data]]["config"]["networks"]
    return of_pairs(of["roles"][str(clusters)], of["roles_spread"][str(clusters)], networks)


def _roles_learned(records, data: str, level: int):
    """The agreement of trained networks less that of a control, at one of the paper's three resolutions."""
    clusters, parts = _metrics(records, data)["clusters"]["resolutions"][level], []
    trained = _agreement(records, data, TRAINED, clusters)
    for name, kind in CONTROLS.items():
        control = _agreement(records, data, kind, clusters)
        # Networks of both kinds share their initial weights: whatever the correlation, errors at most add up.
        less = trained._replace(mean=trained.mean - control.mean, error=trained.error + control.error)
        parts.append(Part(f"{data}, {clusters} clusters, {name}", less, Control(0.1)))
    return parts


def _coarse_roles(records):
    return [part for data in RUNS for part in _roles_learned(records, data, 0)]


def _finer_roles(records):
    return [part for data in RUNS for level in (1, 2) for part in _roles_learned(records, data, level)]


def _clusters(records, data: str, level: int) -> list[dict]:
    metrics = _metrics(records, data)["clusters"]
    first = sum(metrics["resolutions"][:level])
    return metrics["clusters"][first : first + metrics["resolutions"][level]]


def _roles(records, data: str, level: int) -> np.ndarray:
    """The correlations [clusters, outputs] at one of the three resolutions."""
    return np.array([cluster["outputs"] for cluster in _clusters(records, data, level)], float)


def signed(roles: np.ndarray, raised, lowered) -> float:
    """How strongly some cluster raises and lowers the named outputs, or does the reverse: the least correlation.

    The signs of a whole cluster are arbitrary: the alignment makes them equal within it.
    """
    named = np.concatenate([roles[:, list(raised)], -roles[:, list(lowered)]], axis=1)
    return float(np.maximum(named.min(axis=1), (-named).min(axis=1)).max())


def leading(roles: np.ndarray, outputs) -> float:
    """By how much some cluster correlates more strongly with each of these outputs than with any other."""
    strengths, own = np.abs(roles), np.isin(np.arange(roles.shape[1]), list(outputs))
    return float((strengths[:, own].min(axis=1) - strengths[:, ~own].max(axis=1)).max())


def _coarse_reading(records):
    roles, strong = _roles(records, "MNIST", 0), Direction(0.1)
    return [
        Part("raises 6, lowers 7", over_networks([signed(roles, (6,), (7,))]), strong),
        Part("raises 2 and 6, lowers 0, 4 and 9", over_networks([signed(roles, (2, 6), (0, 4, 9))]), strong),
        Part("raises 0, 4 and 6, lowers 3 and 7", over_networks([signed(roles, (0, 4, 6), (3, 7))]), strong),
        Part("0 more strongly than any other", over_networks([leading(roles, (0,))]), Direction()),
    ]


def _finer_reading(records):
    roles = _roles(records, "MNIST", 1)
    return [
        Part("5 and 6 more strongly than any other", over_networks([leading(roles, (5, 6))]), Direction()),
        Part("2 more strongly than any other", over_networks([leading(roles, (2,))]), Direction()),
        Part("lowers 4 and 9", over_networks([signed(roles, (), (4, 9))]), Direction(0.1)),
    ]


def _heir(records):
    """The greatest cosine of a cluster and one of its two parts, whose other part is weak; 0 without a weak part."""
    above = {cluster["number"]: np.array(cluster["outputs"]) for cluster in _clusters(records, "MNIST", 1)}
    parts, cosines = _clusters(records, "MNIST", 2), [0.0]
    for number, role in above.items():
        children = [np.array(cluster["outputs"]) for cluster in parts if cluster["part_of"] == number]
        children.sort(key=lambda child: np.abs(child).max())
        if len(children) == 2 and np.abs(children[0]).max() < WEAK:
            cosines.append(float(children[1] @ role / np.linalg.norm(children[1]) / np.linalg.norm(role)))
    return [Part("cosine", over_networks([max(cosines)]), Direction(0.9))]


def _same_order(records):
    roles = _roles(records, "prices", 0)
    rising = np.stack([np.zeros(len(roles)), *roles[:, [RADISH, TARO, CARROT]].T])
    ordered = [np.all(np.diff(sign * rising, axis=0) > 0, axis=0) for sign in (1, -1)]
    share = float(np.any(ordered, axis=0).mean())
    return [Part("share of the clusters in this order", over_networks([share]), Direction(0.5))]


def _opposed(records):
    roles = _roles(records, "prices", 2)
    weakest = float(np.abs(roles).max(axis=1).min())
    return [
        Part(
            "raises taro and carrot, lowers radish",
            over_networks([signed(roles, (TARO, CARROT), (RADISH,))]),
            Direction(0.1),
        ),
        Part("strongest output of the weakest cluster", over_networks([weakest]), Direction(WEAK, upwards=False)),
    ]


def _forecast(records):
    errors = _metrics(records, "prices")["training"]["networks"]
    error = {kind: np.asarray(errors[kind]["held out"], float) for kind in (TRAINED, *CONTROLS.values())}
    return [
        Part(f"prices, {name}", over_networks(error[kind] - error[TRAINED]), Control(1.0))
        for name, kind in CONTROLS.items()
    ]


def _support(records):
    parts = []
    for data in RUNS:
        clusters = _clusters(records, data, 0)
        support = float(np.mean([cluster["support"] for cluster in clusters]))
        parts.append(Part(f"{data}, {len(clusters)} clusters", over_networks([support]), Direction(0.75)))
    return parts


def _less_factorization(records):
    parts = []
    for data in RUNS:
        tree, factors = (_metrics(records, data)["factorization"]["adjusted_rand"][method] for method in METHODS)
        more, networks = np.subtract(tree, factors), (1 + np.sqrt(1 + 8 * len(tree))) / 2
        parts.append(Part(data, of_pairs(float(more.mean()), float(more.std()), round(networks)), Control(0.1)))
    return parts


def _increase(records, what: str, first: str, second: str):
    values = {data: _metrics(records, data)["vectors"][what] for data in RUNS}
    return [
        Part(data, over_networks(np.subtract(each[second], each[first])), Direction()) for data, each in values.items()
    ]


TRAINING = [
    Claim(
        "p. 2",
        "The L1 term deletes weights that are not needed, and the network is sparse.",
        "no number",
        _sparse,
        control="a network without the term; not trained",
        note=f"Holds if more than half of the weights are below 0.01 in magnitude. {SIZES}",
    ),
    Claim(
        "p. 2",
        "Without the L1 term the network overfits.",
        "no number",
        untested="all networks were trained with the term",
    ),
]

VECTORS = [
    Claim(
        "Definition 2",
        "The correlation of a unit with an output tells whether the output rises or falls with the unit.",
        "no number",
        _signs_hold,
        control="0.5 by chance; the threshold lies halfway between chance and certainty",
        note="The units of a cluster are given the activations of another row; signs of correlations of at least 0.1 "
        "are compared with those of the change, on held-out rows.",
    ),
    Claim(
        "Definition 2",
        "These signs tell what the network has learned.",
        "no number",
        _signs_learned,
        control="the networks with the same initial weights trained on permuted targets, and not trained",
        note="Whether the networks fit the permuted targets is not in the kept runs; those that do not are a weak "
        "control. Networks without any change are left out.",
        method="signs of roles, confirmed by ablation",
    ),
    Claim(
        "Definition 1",
        "The correlation of an input with a unit tells whether the unit rises or falls with the input.",
        "no number",
        untested="no input was changed to see what the units do",
    ),
]

CLUSTERING = [
    Claim(
        "p. 4",
        "Ward's method is effective among the methods of hierarchical clustering.",
        "cited, no number",
        untested="single, complete and average linkage were not run",
    ),
    Claim(
        "Algorithm 2",
        "The tree finds the units that have the same role.",
        "no number",
        lambda records: _planted(records, "adjusted_rand"),
        control="0 by chance",
        note="Our test, in networks of known modules: noisy copies of four random units, half of them reversed, with "
        "noise of half the standard deviation of the weights. Adjusted Rand index of the four clusters.",
    ),
]

MNIST = [
    Claim(
        "Fig. 4",
        "The roles of the coarsest clusters are the main function that the network has learned.",
        "pictures",
        _coarse_roles,
        control="how much the roles of two networks agree that are trained on permuted targets, or not trained",
        note="Mean cosine of matched roles, trained networks less the control. The kept runs hold means and spreads "
        "over pairs of networks, from which a bound on the standard error follows. Whether the networks fit the "
        "permuted targets is not in the kept runs. Prices are those of section 4.2, digits our addition.",
        method="roles of the coarsest clusters",
    ),
    Claim(
        "Figs 3, 4",
        "At finer resolutions the clusters show how this function is divided.",
        "pictures",
        _finer_roles,
        control="the same controls",
    ),
    Claim(
        "Fig. 4, Clusters 1–4",
        "Of four clusters, one raises 6 and lowers 7; one raises 2 and 6 and lowers 0, 4 and 9; one raises 0, 4 and 6 "
        "and lowers 3 and 7; one is for 0.",
        "pictures",
        _coarse_reading,
        control="networks trained on permuted targets; their clusters are not kept",
        note=f"The least correlation of the outputs named, in the cluster where it is greatest. {OF_ONE}",
    ),
    Claim(
        "Fig. 4, Clusters 7–9",
        "Of eight clusters, one is for 5 and 6, one for 2, and one lowers 4 and 9.",
        "pictures",
        _finer_reading,
        note=OF_ONE,
    ),
    Claim(
        "Fig. 4, Clusters 17, 18",
        "A cluster has two parts: one with nearly its role, and one whose correlations with outputs are below 0.2.",
        "almost the same",
        _heir,
        note=f"Correlations with outputs only. {OF_ONE}",
    ),
    Claim(
        "Fig. 4",
        "The clusters follow inputs in the shape of digits: Cluster 1 black pixels of a 6 and white ones of a 7, "
        "Cluster 4 the shape of a 0.",
        "pictures",
        untested=NO_INPUTS,
    ),
]

PRICES = [
    Claim(
        "p. 5",
        "The network that is interpreted forecasts the prices.",
        "no error is given",
        _forecast,
        control="networks trained on permuted targets, and not trained: held-out error less that of trained networks, "
        "in points of the index",
        note="Trained on the first 270 months and tested on the later ones; the paper does not say which 270.",
        method="forecasts of the network that is interpreted",
    ),
    Claim(
        "p. 5",
        "It forecasts them better than last month's price does.",
        "not compared",
        untested="the kept run holds the errors of the networks, not that of last month's price",
    ),
    Claim(
        "Fig. 6, Clusters 1–3",
        "All three coarsest clusters correlate with the outputs in one order: 0 < radish < taro < carrot.",
        "pictures",
        _same_order,
        note=OF_ONE,
    ),
    Claim(
        "Fig. 6, Clusters 11–13",
        "Of twelve clusters, one raises taro and carrot and lowers radish, and one has only correlations below 0.2 "
        "with outputs.",
        "below 0.2",
        _opposed,
        note=OF_ONE,
    ),
    Claim(
        "Fig. 6",
        "The clusters differ in the months that they follow: some the season, some all months alike.",
        "pictures",
        untested=NO_INPUTS,
    ),
]

DISCUSSION = [
    Claim(
        "p. 6",
        "The structure does not change as long as the criterion of the clustering is the same.",
        "no number",
        _support,
        control="resamples of the training rows: 0.75 usually counts as stable",
        note="Mean support of the coarsest clusters: the Jaccard similarity to the most similar cluster in the trees "
        f"of 1,000 resamples of the rows. {OF_ONE}",
    ),
    Claim(
        "p. 6",
        "In deeper networks a cluster may contain units of distant layers.",
        "no number",
        untested=ONE_HIDDEN_LAYER,
    ),
]

FACTORIZATION = [
    Claim(
        "Figs 7–10",
        "The tree shows the structure in more detail than a factorization of magnitudes, which has no signs.",
        "pictures, compared by eye",
        _less_factorization,
        control="the factorization: tree less factorization",
        note="The paper does not measure detail. Ours: how much the clusters of two networks agree (adjusted Rand "
        "index). Units of two networks are matched by their correlations, which favors the tree.",
        method="tree of roles, against factorization",
    ),
    Claim(
        "p. 11",
        "The factorization has no hierarchy, and needs the number of clusters in advance.",
        "by construction",
        untested="true of any factorization of a given rank",
    ),
]

ALIGNMENT = [
    Claim(
        "Figs 11, 13",
        "The alignment of signs increases the sum of the cosines of all pairs of units.",
        "rising curves; prices from about −2,000 to 16,000",
        lambda records: _increase(records, "similarity_of_all_networks", "before", "Algorithm 1"),
        control="By construction the sum cannot decrease.",
        note="The height of the published curves depends on the number of units, which is not given.",
    ),
    Claim(
        "Figs 12, 14",
        "The tree is lower after the alignment: the units are more similar.",
        "higher before",
        lambda records: _increase(records, "height_of_all_networks", "after", "before"),
        control="The same flips in untrained networks; not measured.",
    ),
    Claim(
        "p. 11",
        "The algorithm aligns the vectors of units with the same role up to the sign.",
        "pictures",
        lambda records: _planted(records, "signs"),
        control="random signs, which agree for slightly more than half",
        note="Our test, in the networks of known modules of section 3.2: the share of signs recovered, up to a "
        "reversal of a whole module.",
    ),
]

PAPER = Paper(
    "hierarchical modules",
    "C. Watanabe, Interpreting layered neural networks via hierarchical modular representation (arXiv:1810.01588)",
    {
        "Abstract": "a summary of sections 3 and 4",
        "1 Introduction": [
            Claim(
                "p. 1",
                "The clusters of earlier methods may change greatly with the number of clusters.",
                "cited, no number",
                untested="the factorization, the earlier method here, was run for one number of clusters",
            )
        ],
        "2 Training a Layered Neural Network": TRAINING,
        "3 Hierarchical Modular Representation of LNNs": "a heading",
        "3.1 Determining Feature Vectors of Hidden Layer Units": VECTORS,
        "3.2 Hierarchical Clustering of Units in a Trained LNN": CLUSTERING,
        "4 Experiments": "names the two data sets",
        "4.1 Experiment Using the MNIST Data Set": MNIST,
        "4.2 Experiment Using the Consumer Price Index Data Set": PRICES,
        "5 Discussion": DISCUSSION,
        "6 Conclusion": "a summary of sections 3 and 4",
        "Appendix 1: Comparison with Clustering Method Based on Non-negative Matrix Factorization": FACTORIZATION,
        "Appendix 2: Effect of Sign Alignment of Feature Vectors": ALIGNMENT,
        "Appendix 3: Experimental Settings": [
            Claim(
                "p. 12",
                "Training is more stable if the digits are shown in turn, one class after the other.",
                "no number",
                untested="all networks of digits were trained in this order",
            )
        ],
    },
)
