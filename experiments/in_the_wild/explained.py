"""A tree that explains the last hidden layer, on shares of bytes, and whether it follows this version of the model."""

from typing import NamedTuple

import numpy as np
from sklearn.tree import DecisionTreeClassifier

from experiments.in_the_wild.modules import histogram
from experiments.in_the_wild.wild_study import CHECK, LAYER, other_version, see
from interp_jax import networks
from interp_jax.methods import cnn_inte
from interp_jax.methods.specificity import specificity

DEPTH, TREES, DRAWS, TOP = 5, 20, 4, 5


class Explained(NamedTuple):
    """Agreement with the network on the third part of the packages.

    Attributes:
        types: names of the classes explained.
        agreement: by explanation: of its class with the network's.
        leaves: by explanation.
        conditions: the first levels of the plain tree, one line each.
        rows: files fitted on, and held out.
        versions: of the models; the second only if there is one.
        disagree: held-out files on which the two versions name different types.
        specific: of CNN-INTE and of the plain tree, S and its interval; NaN without another version.
        changes: most frequent changes between versions, in words.
    """

    types: list[str]
    agreement: dict[str, float]
    leaves: dict[str, int]
    conditions: list[str]
    rows: np.ndarray
    versions: list[str]
    disagree: int
    specific: dict[str, np.ndarray]
    changes: list[str]


FORESTS, SEES, PLAIN, CONTROL, MOST = (
    "CNN-INTE: forests on shares of bytes", "CNN-INTE that sees the layer", "tree on shares of bytes",
    "tree on shares of bytes, permuted types", "the most frequent type",
)  # fmt: skip


def measure(study) -> Explained:
    """Explanations of this version, and of another if there is one."""
    names, shares = study.detector.types, histogram(study.files.tokens)
    least = 2 * study.config.package_files
    classes = np.flatnonzero(np.bincount(study.predictions, minlength=len(names)) >= least)
    rows = np.isin(study.predictions, classes)
    taught, held = (np.flatnonzero(rows & each) for each in (study.files.part != CHECK, study.files.part == CHECK))
    first = _fitted(study, shares, study.hidden, study.predictions, taught, held)
    explained, leaves, tree = first
    own = study.predictions[held]
    draw = np.random.default_rng(study.config.seed)
    control = _plain(shares[taught], draw.permutation(study.predictions[taught])).predict(shares[held])
    most = np.bincount(study.predictions[taught]).argmax()
    agreement = {name: float(np.mean(each == own)) for name, each in explained.items()}
    agreement |= {CONTROL: float(np.mean(control == own)), MOST: float(np.mean(most == own))}
    versions, specific, disagree, changes = [study.detector.version], {}, 0, []
    other = other_version(study.config)
    if other is not None and other.types == names:
        versions.append(other.version)
        seen = study.cached("seen other", lambda: see(other.network, study.files.tokens), _wild())
        theirs = seen.scores.argmax(axis=1)
        hidden = networks.apply(other.network.after("pool").until(LAYER), seen.pooled)
        second, *_ = _fitted(study, shares, hidden, theirs, taught, held)
        disagree = int(np.sum(theirs[held] != own))
        pairs = [f"{names[a]} → {names[b]}" for a, b in zip(theirs[held], own, strict=True) if a != b]
        counts = {pair: pairs.count(pair) for pair in sorted(set(pairs))}
        changes = [f"{pair} ({counts[pair]})" for pair in sorted(counts, key=lambda each: (-counts[each], each))[:TOP]]
        for name in (FORESTS, SEES, PLAIN):
            each = specificity(
                np.stack([explained[name], second[name]]), np.stack([own, theirs[held]]), key=study.key(6)
            )
            specific[name] = np.array([float(each.specific), *map(float, each.interval)])
    return Explained(
        [names[each] for each in classes], agreement, leaves, _conditions(tree, names),
        np.array([len(taught), len(held)]), versions, disagree, specific, changes,
    )  # fmt: skip


def _wild():
    from experiments.in_the_wild import wild_study

    return wild_study


def _fitted(study, shares, hidden, predictions, taught, held):
    """The held-out classes by explanation, the leaves of each, and the plain tree."""
    options = {"key": study.key(5), "depth": DEPTH, "draws": DRAWS, "finalists": 1}
    labels = predictions[taught]
    forests = cnn_inte.fit(shares[taught], hidden[taught], labels, trees=TREES, max_leaf_nodes=200, **options)
    sees = cnn_inte.fit(None, hidden[taught], labels, forests=False, **options)
    plain = _plain(shares[taught], labels)
    explained = {
        FORESTS: forests.predict(shares[held]),
        SEES: sees.predict(None, hidden=hidden[held]),
        PLAIN: plain.predict(shares[held]),
    }
    leaves = {FORESTS: forests.tree.leaves, SEES: sees.tree.leaves, PLAIN: int(plain.get_n_leaves())}
    return explained, leaves, plain


def _plain(shares, labels):
    return DecisionTreeClassifier(criterion="entropy", max_depth=DEPTH, random_state=0).fit(shares, labels)


def byte_name(byte: int) -> str:
    """A byte as a person reads it."""
    return {0: "zero bytes", 9: "tabs", 10: "line ends", 32: "blanks"}.get(
        byte, f"‘{chr(byte)}’" if 32 < byte < 127 else f"byte 0x{byte:02x}"
    )


def _conditions(tree, names, levels: int = 3) -> list[str]:
    """The first levels of the plain tree, a line for each node, in words."""
    inner, lines = tree.tree_, []

    def line(node, depth, answer):
        lead = "\u00a0\u00a0\u00a0\u00a0" * depth + answer
        if inner.feature[node] < 0 or depth == levels:
            shares = inner.value[node][0]
            top = shares.argmax()
            lines.append(f"{lead}{names[tree.classes_[top]]} ({shares[top] / shares.sum():.0%})")
            return
        lines.append(f"{lead}more than {inner.threshold[node]:.2%} {byte_name(int(inner.feature[node]))}?")
        line(inner.children_right[node], depth + 1, "yes: ")
        line(inner.children_left[node], depth + 1, "no: ")

    line(0, 0, "")
    return lines


def show(result: Explained, page) -> None:
    """A table of the explanations, the conditions, and the comparison of versions."""
    page.finding(in_words(result))
    taught, held = result.rows
    page.text(
        "A tree of depth 5 is fitted to the network's types, on the first two parts of the packages, and compared with "
        "them on the third. CNN-INTE (Liu, Wang & Matwin, arXiv:1802.00560) grows it on clusters of the layer's "
        "activations, which forests predict from the share of each byte, or which are those of the layer itself; the "
        "plain tree sees the shares of bytes. Numbers of bytes have no order, so that positions are not among the "
        "conditions."
    )
    page.table(
        ("explanation", "agreement with the network", "leaves"),
        [(name, f"{each:.1%}", str(result.leaves.get(name, "–"))) for name, each in result.agreement.items()],
        f"Agreement on {held:,} held-out files of {len(result.types)} types; fitted on {taught:,}.",
    )
    page.table(("the plain tree's first conditions, on the share of a byte in what the network sees",),
               [(each,) for each in result.conditions], "A type and its share where a branch ends here.")  # fmt: skip
    if len(result.versions) == 2:
        page.text(
            f"The version {result.versions[1]} of the model has the same arrays. On {result.disagree} of the {held:,} "
            f"held-out files the two versions name different types: {', '.join(result.changes) or 'none'} (before → "
            "now). S is how much more often an explanation follows its own version there: 1 for the network itself, 0 "
            "for one that says as much about either."
        )
        page.table(
            ("explanation", "S", "95% interval"),
            [(name, f"{each[0]:.2f}", f"{each[1]:.2f} to {each[2]:.2f}") for name, each in result.specific.items()],
            "Specificity for this version of the model.",
        )
    page.metrics(
        {
            "agreement": result.agreement,
            "leaves": result.leaves,
            "versions": result.versions,
            "disagree": result.disagree,
            "specific": result.specific,
        }
    )


def in_words(result: Explained) -> str:
    """The finding: how far shares of bytes go, and whether the explanation is of this version."""
    sees, forests, plain, control = (result.agreement[name] for name in (SEES, FORESTS, PLAIN, CONTROL))
    text = (
        f"A decision tree of depth {DEPTH} that sees how often each byte occurs, but not where, names the network's "
        f"type for {plain:.0%} of held-out files (permuted types {control:.0%}); one grown on clusters of the last "
        f"hidden layer (CNN-INTE) for {forests:.0%} from the same and for {sees:.0%} if it sees the layer."
    )
    if len(result.versions) < 2:
        return text
    if not result.disagree:
        return f"{text} {result.versions[1]} names the same types."
    value, low, high = result.specific[SEES]
    follows = "agrees more often" if low > 0 else "does not clearly agree more often"
    others = [_interval(each) for name, each in result.specific.items() if name != SEES]
    return (
        f"{text} On the {result.disagree} files for which another version of the model, {result.versions[1]}, names "
        f"another type, the tree that sees the layer {follows} with its own version: S is {value:.2f} ({low:.2f} to "
        f"{high:.2f}; 1 for the network itself, 0 for a tree that agrees as often with either)"
        + (f"; of trees that see bytes alone it is {' and '.join(others)}." if others else ".")
    )


def _interval(specific):
    value, low, high = specific
    return f"{value:.2f} ({low:.2f} to {high:.2f})".replace("-", "\N{MINUS SIGN}")
