"""The claims of C. Watanabe, Interpreting layered neural networks via hierarchical modular representation, 2018.

Thresholds are round numbers, chances, or halfway between chance and certainty. They were chosen before the rules were
applied, but with the means in experiments/results/README.md in view; those that read the studies quotient_networks and
price_forecasts before these were run.
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
MORE = {data: f"quotient_networks_{data.lower()}" for data in RUNS}
FORECASTS = "price_forecasts"
TRAINED = "trained"
CONTROLS = {"permuted targets": "shuffled targets", "untrained": "untrained"}
WITHOUT, RANDOM = "without the L1 term", "rows in random order"
OWN, PERMUTED, UNTRAINED = "few rows, true targets", "few rows, permuted targets", "untrained"
# A control is compared with networks on as many rows.
PAIRS = ("memorized", OWN, PERMUTED), ("untrained", TRAINED, UNTRAINED)
ACTIVATION = "standardized activation"
QUOTIENT_CONTROLS = "random, same sizes", "tree of the untrained network", "tree of shuffled features"
WARD, *LINKAGES = "ward", "single", "complete", "average"
METHODS = "tree", "factorization"
NOISE = 0.5  # of planted modules: half the standard deviation of the weights
LARGE = 1.0
WEAK = 0.2  # the paper's limit below which a cluster "does not significantly affect the prediction result"
# Of a held-out accuracy, and of an error of prices in points: what would matter to a reader.
MARGIN = {"MNIST": 0.02, "digits": 0.02, "prices": 0.5}

SIMPLER = "forecasts, against simpler ones"
MEMORIZED = (
    "networks trained on permuted targets until they have memorized what they can of 1,000 rows (digits 400, prices "
    "all), less networks trained as long on the same rows with true targets"
)
IN_MANY = "The paper reads one network."
SHAPES = "shape of 6 against 7", "shape of 0"
SEASONS = "season, most seasonal cluster", "all months alike, the cluster where most so"
SIZES = (
    "The paper does not give the sizes of hidden layers (ours: 100 units for MNIST, 160 for prices), nor whether 0.5 "
    "is the variance of the initial weights (ours) or their standard deviation. Digits are our addition."
)


def _metrics(records: Records, data: str):
    return records[RUNS[data]]["metrics"]


def _kept(records: Records, section: str, among=tuple(RUNS)) -> dict:
    """A section of the kept runs of the study of quotient networks, by data; empty if none is kept."""
    return {data: records[MORE[data]]["metrics"][section] for data in among if MORE[data] in records}


def _more(records: Records, section: str, among=tuple(RUNS)) -> dict:
    """The same, which refuses to be empty."""
    if not (measured := _kept(records, section, among)):
        raise KeyError(MORE[among[0]])
    return measured


def _gain(data: str, values, others):
    """By how much scores are better than others: of accuracies more, of errors less."""
    return np.subtract(others, values) if data == "prices" else np.subtract(values, others)


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
    parts = []
    for data in RUNS:
        more = _signs(records, data, TRAINED) - _signs(records, data, UNTRAINED)
        parts.append(Part(f"{data}, untrained", over_networks(more), Control(0.05)))
    for data, measured in _kept(records, "memorized").items():
        more = np.subtract(*(_numbers(measured["signs"][kind]) for kind in (OWN, PERMUTED)))
        parts.append(Part(f"{data}, memorized", over_networks(more), Control(0.05)))
    return parts


def _memorize(records):
    """How well networks on permuted targets fit the rows that they were trained on."""
    parts = []
    for data, measured in _more(records, "memorized").items():
        fitted = np.array(measured["own_rows"][PERMUTED])
        if data == "prices":
            share, rule = fitted / measured["constant"], Direction(0.25, upwards=False)
            parts.append(Part("prices, error over that of a constant", over_networks(share), rule))
        else:
            parts.append(Part(f"{data}, accuracy", over_networks(fitted), Direction(0.9)))
    return parts


def _numbers(values) -> np.ndarray:
    """An array of what a record has; NaN for None."""
    return np.array([np.nan if each is None else each for each in values], float)


def _without_term(records):
    parts = []
    for data, measured in _more(records, "training").items():
        for rows in ("held out", "training"):
            scores = measured["scores"]
            better = _gain(data, *((scores[kind][rows]) for kind in (TRAINED, WITHOUT)))
            # On training rows the network without the term fits better, on held-out rows worse.
            parts.append(Part(f"{data}, {rows}", over_networks(better if rows == "held out" else -better), Direction()))
    return parts


def _term_deletes(records):
    return [
        Part(
            data,
            over_networks(np.subtract(*(measured["small_weights"][kind] for kind in (TRAINED, WITHOUT)))),
            Control(0.1),
        )
        for data, measured in _more(records, "training").items()
    ]


def _inputs(records, measure: str, rule):
    return [
        Part(data, over_networks(_numbers(measured[measure][TRAINED])), rule)
        for data, measured in _more(records, "inputs").items()
    ]


def _inputs_learned(records):
    return [
        Part(f"{data}, {name}", over_networks(_numbers(signs[kind]) - _numbers(signs[control])), Control(0.05))
        for data, measured in _more(records, "inputs").items()
        for signs in [measured["signs_as_predicted"]]
        for name, kind, control in PAIRS
    ]


def _ward(records):
    parts = []
    for data, measured in _more(records, "linkages").items():
        level = measured["noise"].index(LARGE)
        for other in LINKAGES:
            more = np.subtract(measured["planted"][WARD][level], measured["planted"][other][level])
            parts.append(Part(f"{data}, known modules, {other}", over_networks(more), Control(0.1)))
            at_most = (np.array(measured["scores"][method])[:, -1] for method in (WARD, other))
            parts.append(
                Part(f"{data}, quotient, {other}", over_networks(_gain(data, *at_most)), Control(MARGIN[data]))
            )
    return parts


def _quotient(measured, name: str, count: int) -> np.ndarray:
    """Scores of each network with so many units for clusters of a partition."""
    return np.array(measured["scores"][ACTIVATION][name])[:, measured["counts"].index(count)]


def _one_unit(records):
    return [
        Part(
            f"{data}, {count} clusters, {control}",
            over_networks(_gain(data, *(_quotient(measured, name, count) for name in ("tree of roles", control)))),
            Control(MARGIN[data]),
        )
        for data, measured in _more(records, "quotient").items()
        for count in measured["resolutions"]
        for control in QUOTIENT_CONTROLS
    ]


def _does_as_much(records):
    parts = []
    for data, measured in _more(records, "quotient").items():
        count = measured["resolutions"][-1]
        lost = _gain(data, measured["whole"], _quotient(measured, "tree of roles", count))
        parts.append(Part(f"{data}, {count} clusters", over_networks(lost), Direction(MARGIN[data], upwards=False)))
    return parts


def _readings(records, data: str, kind: str = TRAINED) -> dict[str, np.ndarray]:
    """By reading, a number for each network."""
    measured = _more(records, "readings", (data,))[data]["readings"][kind]
    return {name: _numbers(values) for name, values in measured.items()}


def _read(records, data: str, rules: dict):
    values = _readings(records, data)
    return [Part(name, over_networks(values[name]), rule) for name, rule in rules.items()]


def _read_learned(records, data: str, names, margin: float):
    return [
        Part(
            f"{data}, {name}, {title}",
            over_networks(_readings(records, data, kind)[name] - _readings(records, data, control)[name]),
            Control(margin),
        )
        for name in names
        for title, kind, control in PAIRS
    ]


def _order(records):
    parts = []
    for data, measured in _more(records, "training", ("MNIST", "digits")).items():
        rough, scores = measured["roughness"], measured["scores"]
        parts.append(Part(f"{data}, roughness", over_networks(np.subtract(rough[RANDOM], rough[TRAINED])), Direction()))
        more = np.subtract(scores[TRAINED]["held out"], scores[RANDOM]["held out"])
        parts.append(Part(f"{data}, held-out accuracy", over_networks(more), Direction()))
    return parts


def _deep(records):
    return [
        Part(f"{data}, coarsest clusters", over_networks(np.array(measured["distant"])[:, 0]), Direction())
        for data, measured in _more(records, "deep").items()
    ]


def _beats(records, which: str, simpler: str):
    """By how many points the held-out error is below that of a forecast without a network."""
    measured = records[FORECASTS]["metrics"]["forecasts"]
    less = measured["naive"][simpler]["held out"] - np.array(measured["networks"][which]["held out"])
    return [Part(f"prices, {which} beside {simpler}", over_networks(less), Control(MARGIN["prices"]))]


def _chosen_roles(records):
    """Mean cosines of matched roles of chosen networks, less those of networks on permuted targets."""
    trees = records[FORECASTS]["metrics"]["trees"]
    networks = records[FORECASTS]["config"]["networks"]
    parts = []
    for level, clusters in enumerate(trees["resolutions"]):
        roles = {kind: np.array(trees["roles"][kind])[:, level] for kind in ("chosen", "chosen, permuted targets")}
        each = [of_pairs(float(of.mean()), float(of.std()), networks) for of in roles.values()]
        less = each[0]._replace(mean=each[0].mean - each[1].mean, error=each[0].error + each[1].error)
        parts.append(Part(f"prices, chosen, {clusters} clusters", less, Control(0.1)))
    return parts


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
    clusters = _metrics(records, data)["clusters"]["resolutions"][level]
    trained, control = (_agreement(records, data, kind, clusters) for kind in (TRAINED, UNTRAINED))
    # Networks of both kinds share their initial weights: whatever the correlation, errors at most add up.
    less = trained._replace(mean=trained.mean - control.mean, error=trained.error + control.error)
    parts = [Part(f"{data}, {clusters} clusters, untrained", less, Control(0.1))]
    if MORE[data] in records:
        roles = records[MORE[data]]["metrics"]["memorized"]["roles"]
        more = np.subtract(*(np.array(roles[kind])[:, level] for kind in (OWN, PERMUTED)))
        estimate = of_pairs(float(more.mean()), float(more.std()), records[MORE[data]]["config"]["networks"])
        parts.append(Part(f"{data}, {clusters} clusters, memorized", estimate, Control(0.1)))
    return parts


def _coarse_roles(records):
    return [part for data in RUNS for part in _roles_learned(records, data, 0)]


def _finer_roles(records):
    return [part for data in RUNS for level in (1, 2) for part in _roles_learned(records, data, level)]


def _forecast(records):
    errors = _metrics(records, "prices")["training"]["networks"]
    error = {kind: np.asarray(errors[kind]["held out"], float) for kind in (TRAINED, *CONTROLS.values())}
    return [
        Part(f"prices, {name}", over_networks(error[kind] - error[TRAINED]), Control(1.0))
        for name, kind in CONTROLS.items()
    ]


def _support(records):
    return [
        Part(f"{data}, {measured['clusters']} clusters", over_networks(measured["support"]), Direction(0.75))
        for data, measured in _more(records, "support").items()
    ]


def _less_factorization(records):
    parts = []
    for data in RUNS:
        tree, factors = (_metrics(records, data)["factorization"]["adjusted_rand"][method] for method in METHODS)
        more, networks = np.subtract(tree, factors), (1 + np.sqrt(1 + 8 * len(tree))) / 2
        parts.append(Part(data, of_pairs(float(more.mean()), float(more.std()), round(networks)), Control(0.1)))
    return parts


def _recurs(records):
    """How much more the tree's clusters recur than those of the factorization if the rows are drawn anew."""
    parts = []
    for data in RUNS:
        support = _metrics(records, data)["factorization"]["support"]
        more = np.subtract(*(support[method] for method in METHODS))
        parts.append(Part(f"{data}, rows drawn anew", over_networks(more), Control(0.1)))
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
        control="the next claim",
        note=f"Holds if more than half of the weights are below 0.01 in magnitude. {SIZES}",
    ),
    Claim(
        "p. 2",
        "It is the L1 term that makes the network sparse.",
        "no number",
        _term_deletes,
        control="the same networks trained without the term",
        note="The share of weights below 0.01, with less without the term.",
        method="the L1 term, for sparse networks",
    ),
    Claim(
        "p. 2",
        "Without the L1 term the network overfits.",
        "no number",
        _without_term,
        control="the same networks with the term",
        note="Two parts for each data set: without the term the score is worse on held-out rows, and better on "
        "training rows. Accuracies, of prices errors in points.",
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
        control=f"untrained networks with the same initial weights; and {MEMORIZED}",
        note="The share of signs that agree, as in the claim before. Networks without any change are left out.",
        method="signs of roles, confirmed by ablation",
    ),
    Claim(
        "our addition: the control",
        "Networks memorize permuted targets of as many rows as the control is trained on.",
        "not claimed",
        _memorize,
        note="A control that has learned nothing would be no control. Thresholds were chosen with the numbers in view.",
    ),
    Claim(
        "Definition 1",
        "The correlation of an input with a unit tells whether the unit rises or falls with the input.",
        "no number",
        lambda records: _inputs(records, "signs_as_predicted", Direction(0.75)),
        control="0.5 by chance; the threshold lies halfway between chance and certainty",
        note="One input is changed and all others are not: a sigmoid unit of the first layer then rises exactly if the "
        "weight is positive. Correlations of at least 0.1.",
    ),
    Claim(
        "Definition 1",
        "The signs of correlations with inputs tell what the network has learned.",
        "no number",
        _inputs_learned,
        control=f"untrained networks; and {MEMORIZED}",
        method="signs of correlations with inputs",
    ),
    Claim(
        "Definition 1",
        "The correlation is an effect of the input on the unit.",
        "called an effect",
        lambda records: _inputs(records, "deleted", Direction(0.25, upwards=False)),
        control="correlation with other inputs",
        note="The share of correlations of at least 0.1 between an input and a unit whose weight is below 0.01.",
    ),
]

CLUSTERING = [
    Claim(
        "p. 4",
        "Ward's method is effective among the methods of hierarchical clustering.",
        "cited, no number",
        _ward,
        control="single, complete and average linkage of the same vectors",
        note="Two measures, ours: adjusted Rand index of known modules with noise as large as the weights; and the "
        "held-out score of the network with one unit for each of the finest clusters (prices: points of error).",
        method="Ward's linkage, against others",
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
    Claim(
        "p. 4",
        "A cluster has one representative mapping from inputs to outputs.",
        "no number",
        _one_unit,
        control="partitions with clusters of the same sizes at random, of the tree of the untrained network, and of "
        "the tree of features shuffled between units",
        note="Our test: all units of a cluster get its mean standardized activation, which makes it one unit. Held-out "
        "accuracy more, of prices error less, than with the control's clusters.",
        method="one unit for each cluster",
    ),
    Claim(
        "p. 4",
        "With one unit for each of the finest clusters the network does what it did.",
        "no number",
        _does_as_much,
        note="Held-out accuracy lost (prices: points of error gained) at the finest of the paper's resolutions. Holds "
        "below 0.02, prices 0.5.",
    ),
]

MNIST = [
    Claim(
        "Fig. 4",
        "The roles of the coarsest clusters are the main function that the network has learned.",
        "pictures",
        _coarse_roles,
        control=f"how much the roles of two untrained networks agree; and those of {MEMORIZED}",
        note="Mean cosine of matched roles, trained networks less the control. From means and spreads over pairs of "
        "networks a bound on the standard error follows. Prices are those of section 4.2, digits our addition.",
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
        lambda records: _read(
            records,
            "MNIST",
            {
                "raises 6, lowers 7": Direction(0.1),
                "raises 2 and 6, lowers 0, 4 and 9": Direction(0.1),
                "raises 0, 4 and 6, lowers 3 and 7": Direction(0.1),
                "0 more strongly than any other": Direction(),
            },
        ),
        control="the last claim of this section",
        note=f"The least correlation of the outputs named, in the cluster where it is greatest. {IN_MANY}",
    ),
    Claim(
        "Fig. 4, Clusters 7–9",
        "Of eight clusters, one is for 5 and 6, one for 2, and one lowers 4 and 9.",
        "pictures",
        lambda records: _read(
            records,
            "MNIST",
            {
                "5 and 6 more strongly than any other": Direction(),
                "2 more strongly than any other": Direction(),
                "lowers 4 and 9": Direction(0.1),
            },
        ),
        note=IN_MANY,
    ),
    Claim(
        "Fig. 4, Clusters 17, 18",
        "A cluster has two parts: one with nearly its role, and one whose correlations with outputs are below 0.2.",
        "almost the same",
        lambda records: _read(records, "MNIST", {"an heir and a weak part": Direction(0.9)}),
        note="The greatest cosine of such a part with the cluster, correlations with outputs only; 0 without. "
        f"{IN_MANY}",
    ),
    Claim(
        "Fig. 4",
        "The clusters follow inputs in the shape of digits: Cluster 1 black pixels of a 6 and white ones of a 7, "
        "Cluster 4 the shape of a 0.",
        "pictures",
        lambda records: _read(records, "MNIST", dict.fromkeys(SHAPES, Direction(0.5))),
        control="the next claim",
        note="Correlation, over the pixels, of the cluster's correlations with them and the mean image of the digit, "
        f"less that of the other; in the cluster that most raises 6 and lowers 7, or is most for 0. {IN_MANY}",
    ),
    Claim(
        "Fig. 4",
        "What is read from these clusters was learned.",
        "pictures",
        lambda records: _read_learned(
            records, "MNIST", ["raises 6, lowers 7", "0 more strongly than any other", *SHAPES], 0.1
        ),
        control=f"the same readings in untrained networks; and in {MEMORIZED}",
        method="readings of MNIST's clusters",
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
        lambda records: _beats(records, "the paper's", "last month"),
        control="last month's price: its held-out error less the network's, in points",
        note="Margins of this claim and the next two were written with the errors in view.",
        method=SIMPLER,
    ),
    Claim(
        "p. 5",
        "A network of this kind, its settings chosen in the training half, forecasts better than last month's price.",
        "not compared",
        lambda records: _beats(records, "chosen", "last month"),
        control="last month's price: its held-out error less the network's, in points",
        note="Chosen by rolling validation among penalties, sizes, passes, and levels or differences.",
        method=SIMPLER,
    ),
    Claim(
        "our addition: ridge regression",
        "This chosen network forecasts better than ridge regression on the same months.",
        "not compared",
        lambda records: _beats(records, "chosen", "ridge regression"),
        control="ridge regression: its held-out error less the network's, in points",
        method=SIMPLER,
    ),
    Claim(
        "our addition: the chosen network",
        "The roles of the chosen network's clusters are what it has learned.",
        "not compared",
        _chosen_roles,
        control="how much the roles of the same networks on permuted targets agree",
        note="As for the claim on the coarsest clusters of MNIST. Written with the means in view.",
        method="roles of clusters of a network that forecasts well",
    ),
    Claim(
        "Fig. 6, Clusters 1–3",
        "All three coarsest clusters correlate with the outputs in one order: 0 < radish < taro < carrot.",
        "pictures",
        lambda records: _read(records, "prices", {"0 < radish < taro < carrot, share of clusters": Direction(0.5)}),
        note=IN_MANY,
    ),
    Claim(
        "Fig. 6, Clusters 11–13",
        "Of twelve clusters, one raises taro and carrot and lowers radish, and one has only correlations below 0.2 "
        "with outputs.",
        "below 0.2",
        lambda records: _read(
            records,
            "prices",
            {
                "raises taro and carrot, lowers radish": Direction(0.1),
                "strongest output of the weakest cluster": Direction(WEAK, upwards=False),
            },
        ),
        note=IN_MANY,
    ),
    Claim(
        "Fig. 6",
        "The clusters differ in the months that they follow: some the season, some all months alike.",
        "pictures",
        lambda records: _read(records, "prices", dict.fromkeys(SEASONS, Direction(0.5))),
        control="the next claim",
        note="Of three clusters, in that where it is greatest: the share of the sum of squares of its correlations "
        f"with the months that is the same in all of them, and that follows the season. {IN_MANY}",
    ),
    Claim(
        "Fig. 6",
        "What is read from the months that these clusters follow was learned.",
        "pictures",
        lambda records: _read_learned(records, "prices", SEASONS, 0.1),
        control=f"the same readings in untrained networks; and in {MEMORIZED}",
        method="readings of the clusters of prices",
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
        "of resamples of the rows.",
    ),
    Claim(
        "p. 6",
        "In deeper networks a cluster may contain units of distant layers.",
        "no number",
        _deep,
        note="Networks with three hidden layers, of sizes that are ours: the share of the coarsest clusters with units "
        "of both the first and the last.",
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
        "our addition: rows drawn anew",
        "The tree's clusters recur more than those of the factorization if the training rows are drawn anew.",
        "not claimed",
        _recurs,
        control="the factorization: mean Jaccard similarity of a cluster to the most similar one of resampled rows, "
        "tree less factorization",
        note="The same numbers of clusters, 5 draws of at most 2,000 rows. That the factorization's clusters recurred "
        "more in one network was known when the rule was written.",
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
                _order,
                control="the same networks shown their rows in random order",
                note="Roughness: the standard deviation of the change of the logarithm of the training error from one "
                "hundredth of the training to the next, in its second half.",
            )
        ],
    },
)
