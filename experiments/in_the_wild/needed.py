"""Which units a type needs: certified on files of other packages, and checked on files of a third part."""

import sys
from typing import Any, NamedTuple

import jax
import numpy as np
from scipy import stats

from experiments.held_out import equal_rows, upper_limit
from experiments.in_the_wild import detector
from experiments.in_the_wild.wild_study import CALIBRATION, CHECK, SEARCH
from interp_jax import figures, networks
from interp_jax.methods import core_units

ABLATIONS = ("zero", "mean", "resample")
RATES = (0.99, 0.98, 0.95, 0.9, 0.8)  # that may be certified; a type's files decide which
SPARE = 2  # files that may fail in a certificate at the rate asked for
# Of the larger sets that are tested first.
SIZES = (384, 320, 256, 224, 192, 160, 128, 112, 96, 80, 64, 56, 48, 40, 32, 28, 24, 20, 16, 14, 12, 10, 8, 6, 4)


class Core(NamedTuple):
    """Of one type and ablation.

    Attributes:
        mask: [units] the certified set; the smallest found where none is certified.
        units: of it.
        found: units of the smallest set found on the search's files.
        searched: its rate there.
        certified: whether a set is certified.
        lower: the pointwise lower bound from the calibration files, of the certified set.
        rows: calibration files, half of the type and half of others.
        checked: rates on the check's files: of the certified set, and of the smallest set found.
        upper: the upper bound of the first from as many check files of the type and of others.
        check_rows: their number.
        random: [sets] the rates of random sets of as many units there.
    """

    mask: np.ndarray
    units: int
    found: int
    searched: float
    certified: bool
    lower: float
    rows: int
    checked: np.ndarray
    upper: float
    check_rows: int
    random: np.ndarray


class Needed(NamedTuple):
    """By type, [types] or [types, ablations].

    Attributes:
        types: names.
        numbers: of the types, in the network.
        required: [types] the rate that was to be certified.
        cores: by type, then by ablation.
        of: units of the layer.
        confidence: of each certificate.
        asked: the rate that the search asked for.
    """

    types: list[str]
    numbers: np.ndarray
    required: np.ndarray
    cores: dict[str, dict[str, Core]]
    of: int
    confidence: float
    asked: float


def measure(study) -> Needed:
    """A certified set for every type and ablation."""
    types = [study.detector.types[each] for each in study.types]
    pairs = [(number, ablation) for number in study.types for ablation in ABLATIONS]
    cores = {name: {} for name in types}
    for number, ablation in study.counted("units that a type needs", pairs):
        cores[study.detector.types[number]][ablation] = core(study, number, ablation)
    required = np.array([rate_of(study, number) for number in study.types])
    asked = study.config.holding
    return Needed(types, np.array(study.types), required, cores, study.hidden.shape[1], study.config.confidence, asked)


def rate_of(study, number: int) -> float:
    """The highest rate that a type's calibration files can certify although a few decisions fail."""
    positives = int(np.sum(study.predictions[study.part(CALIBRATION)] == number))
    return allowed_rate(positives, study.config.confidence)


def allowed_rate(positives: int, confidence: float) -> float:
    """The highest of `RATES` that this many files of a type, and as many others, can certify with `SPARE` failures."""
    enough = [rate for rate in RATES if core_units.rows_needed(rate, confidence, errors=SPARE) <= 2 * positives]
    return enough[0] if enough else RATES[-1]


def core(study, number: int, ablation: str) -> Core:
    """The certified set of a type, computed once."""
    return study.cached(f"core {number} {ablation}", lambda: _core(study, number, ablation), sys.modules[__name__])


class Sets(NamedTuple):
    """Nested sets of units [sets, units] from all to the smallest found, and its rate on the search's files."""

    masks: np.ndarray
    searched: float


def sets(study, number: int, ablation: str) -> Sets:
    """The sets of a type, searched once; with "resample" those of "mean"."""
    ablation = "zero" if ablation == "zero" else "mean"
    return study.cached(f"sets {number} {ablation}", lambda: _sets(study, number, ablation), sys.modules[__name__])


def _sets(study, number, ablation):
    config, search = study.config, study.part(SEARCH)
    hidden, predictions, scores = study.hidden[search], study.predictions[search], study.seen.scores[search]
    kernel, bias = (study.detector.weights["dense", name] for name in ("kernel", "bias"))
    closed = np.zeros(len(kernel), np.float32) if ablation == "zero" else hidden.mean(axis=0)
    positives, negatives = (np.flatnonzero((predictions == number) == side) for side in (True, False))
    near = negatives[np.argsort(scores[negatives].max(axis=1) - scores[negatives, number], kind="stable")]
    order = rank(hidden, scores, kernel, closed, number, positives, near[: len(positives)])
    chosen = np.sort(order[: config.candidates])
    # The others of the layer are constants in the bias, so that only these are searched.
    others = np.ones(len(kernel), bool)
    others[chosen] = False
    stages = detector.dense(kernel[chosen], bias + closed[others] @ kernel[others])
    tail = networks.lift(networks.Chain(dense=stages), (len(chosen),))
    # As many files of the type as of others: half of these the nearest, half random.
    draw = np.random.default_rng(config.seed)
    half = config.others // 2
    against = np.concatenate([near[:half], draw.permutation(near[half:])[:half]])
    rows = np.concatenate([np.resize(positives, len(against)), against])
    options = {name: getattr(config, name) for name in ("steps", "starts", "swaps", "search_rows", "holding", "alphas")}
    options |= {"key": jax.random.fold_in(study.key(2), number), "minibatch_size": 64}
    options["ablation"] = "zero" if ablation == "zero" else closed[chosen]
    selection = core_units.select(tail, hidden[rows][:, chosen], predictions[rows], number, **options)
    mask, gates = np.zeros(len(kernel), bool), np.full(len(kernel), -1.0)
    mask[chosen], gates[chosen] = selection.mask, selection.gates
    gates[order] -= np.linspace(0, 1e-3, len(order))
    masks, stands_in = nested(mask, gates), "zero" if ablation == "zero" else closed
    rates = core_units.holding_rates(study.tail, hidden, predictions, number, masks, ablation=stands_in)
    return Sets(masks[without_doubtful(rates)], float(rates[-1]))


def without_doubtful(rates: np.ndarray) -> np.ndarray:
    """[sets] from large to small, those that hold as much on the search's files as every smaller one."""
    return rates >= np.maximum.accumulate(rates[::-1])[::-1]


def rank(hidden, scores, kernel, closed, number, positives, near) -> np.ndarray:
    """Units by how much of the difference of two scores they make, the type's and its strongest competitor's."""
    rows = np.concatenate([positives, near])
    without = scores[rows].copy()
    without[:, number] = -np.inf
    weights = kernel[:, number][None] - kernel[:, without.argmax(axis=1)].T
    return np.argsort(-np.abs(weights * (hidden[rows] - closed)).mean(axis=0), kind="stable")


def _core(study, number, ablation):
    config, key = study.config, jax.random.fold_in(study.key(2), number)
    search, calibration, check = (study.part(part) for part in (SEARCH, CALIBRATION, CHECK))
    hidden, predictions = study.hidden, study.predictions
    searched = sets(study, number, ablation)
    stands_in: dict[str, Any] = {"ablation": ablation}
    if ablation != "zero":
        stands_in["ablation"] = core_units.replacement(hidden[search], ablation, key=jax.random.fold_in(key, 4))
    certificate = core_units.certify(
        study.tail, hidden[calibration], predictions[calibration], number, searched.masks,
        holding=rate_of(study, number), confidence=config.confidence, key=jax.random.fold_in(key, 1), **stands_in,
    )  # fmt: skip
    smallest = searched.masks[-1]
    mask = certificate.mask if certificate.certified else smallest
    rows = equal_rows(predictions[check], number, jax.random.fold_in(key, 2))
    draws = jax.random.split(jax.random.fold_in(key, 3), config.random_sets)
    others = np.stack([np.asarray(jax.random.permutation(each, mask)) for each in draws])
    rates = core_units.holding_rates(
        study.tail, hidden[check], predictions[check], number, np.stack([mask, smallest, *others]), data=rows,
        **stands_in,
    )  # fmt: skip
    count = len(rows.positives) + len(rows.negatives)
    upper = upper_limit(round(rates[0] * count), count, 1 - config.confidence)
    return Core(
        mask, int(mask.sum()), int(smallest.sum()), searched.searched, certificate.certified, certificate.lower_bound,
        len(certificate.rows.rows), rates[:2], upper, count, rates[2:],
    )  # fmt: skip


def nested(mask: np.ndarray, gates: np.ndarray) -> np.ndarray:
    """Sets from all units down to the given one, the units of the widest gates first."""
    order = np.argsort(-np.where(mask, np.inf, gates), kind="stable")
    sizes = sorted({len(mask), *SIZES, int(mask.sum())}, reverse=True)
    sizes = [size for size in sizes if mask.sum() <= size <= len(mask)]
    masks = np.zeros((len(sizes), len(mask)), bool)
    for row, size in zip(masks, sizes, strict=True):
        row[order[:size]] = True
    return masks


def show(result: Needed, page) -> None:
    """A table of the sets, and a figure."""
    page.finding(in_words(result))
    page.finding(generalizes(result))
    page.finding(stands_in(result))
    page.text(
        f"A set of units is enough for a type if the network decides of every file as before, this type or not, when "
        f"only the set's units are left. Units are those of the last hidden layer, after its normalization: "
        f"{result.of} numbers, from which the scores follow by one matrix. The rest is set to zero, to its mean over "
        "the search's files, or to what it is in another file (resample). The search, on the first part of the "
        f"packages, asks for {result.asked:.1%} of the decisions, half of them files of the type; sets from all units "
        "down to the one found are then tested on the second part, and the smallest that passes is certified to hold "
        "at least the required rate on files of other packages, with a confidence of "
        f"{result.confidence:.0%}. The required rate is the highest that the number of files of a type allows with "
        f"{SPARE} failures. The certificate takes files for independent draws; files of one package are alike, so that "
        "it is somewhat too confident, and the third part of the packages checks it."
    )
    for ablation in ABLATIONS:
        rows = []
        for row, name in enumerate(result.types):
            each = result.cores[name][ablation]
            rows.append(
                (
                    name,
                    str(each.units) if each.certified else f"{each.units}*",
                    f"{result.required[row]:.0%}",
                    f"{each.lower:.1%}",
                    f"{each.rows}",
                    f"{each.checked[0]:.1%}",
                    f"{each.check_rows}",
                    f"{each.random.mean():.1%} ({each.random.max():.1%})",
                    f"{each.found}: {each.searched:.1%}, {each.checked[1]:.1%}",
                )
            )
        page.table(
            (
                "type",
                "units",
                "required",
                "lower bound",
                "files",
                "on the third part",
                "files there",
                "random sets (best)",
                "smallest found: units, rate on its own files, on the third part",
            ),
            rows,
            f"Units that are enough for a type, of {result.of}; the others are "
            f"{'zero' if ablation == 'zero' else 'at their means' if ablation == 'mean' else 'those of another file'}. "
            "*: not certified. Required: the rate to be certified. Lower bound: of the rate on new files, from the "
            "files of the second part, whose number follows, half of them of the type. On the third part: the set's "
            "rate there. Random sets: as many units, mean rate on the third part and that of the best; a constant "
            "answer has 50%. Smallest found: the set that the search ended with, which the certified one "
            "extends.",
        )
    bars = {ablation: [[result.cores[name][ablation].units] for name in result.types] for ablation in ABLATIONS}
    page.figure(
        "needed",
        figures.selected_units.by_class(result.types, bars, None, y_label=f"units of {result.of}"),
        "Units of the certified set of each type, by what stands in for the others.",
    )
    page.metrics(
        {
            "required": dict(zip(result.types, result.required.tolist(), strict=True)),
            "types": {
                name: {
                    ablation: each._replace(mask=np.flatnonzero(each.mask), random=each.random.mean())._asdict()
                    for ablation, each in of.items()
                }
                for name, of in result.cores.items()
            },
            **dict(zip(("certificates", "contradicted", "by_chance"), contradicted(result), strict=True)),
        }
    )


def contradicted(result: Needed) -> tuple[int, int, int]:
    """Certificates; those whose upper bound on the third part is below the required rate; how many by chance, 99%."""
    pairs = [
        (rate, each)
        for rate, of in zip(result.required, result.cores.values(), strict=True)
        for each in of.values()
        if each.certified
    ]
    most = stats.binom.ppf(0.99, len(pairs), 1 - result.confidence) if pairs else 0
    return len(pairs), sum(each.upper < rate for rate, each in pairs), int(most)


def in_words(result: Needed) -> str:
    """The finding: how many units a type needs, and whether the certificates hold on a third part of the packages."""
    certified = {name: of["mean"] for name, of in result.cores.items() if of["mean"].certified}
    count, false, most = contradicted(result)
    if not certified:
        return f"No set of units is certified for any of {len(result.types)} types."
    least, largest = (pick(certified, key=lambda name: certified[name].units) for pick in (min, max))
    random = np.mean([each.random.mean() for each in certified.values()])
    rates = sorted({f"{rate:.0%}" for rate in result.required})
    verdict = "no more than" if false <= most else "more than"
    return (
        f"Of the network's {result.of} units, {certified[least].units} are enough for {least} and "
        f"{certified[largest].units} for {largest}, the others fixed at their mean outputs. Enough means: of the "
        f"decisions whether a file is of the type, at least {' to '.join(rates[:: max(1, len(rates) - 1)])} stay as "
        f"they were on files of packages that were not searched, with a confidence of {result.confidence:.0%} (a "
        f"certificate, for {len(certified)} of {len(result.types)} types). Random sets of these sizes hold "
        f"{random:.0%} of the decisions, a constant answer 50%. Of all {count} certificates, each with one of three "
        f"replacements of the other units, {false} {'is' if false == 1 else 'are'} contradicted by a third, unused "
        f"part of the packages, where the rate is significantly lower: {verdict} the {most} that chance allows."
    )


def stands_in(result: Needed) -> str:
    """The finding: what becomes of the sets if what stands in for the others is another file's, and of random sets."""
    small = np.array([each["resample"].checked[1] for each in result.cores.values()])
    units = [each["resample"].units for each in result.cores.values() if each["resample"].certified]
    lost = np.mean([each["mean"].checked[1] for each in result.cores.values()]) - small.mean()
    text = (
        f"How many units are enough {'depends' if lost > 0.05 else 'hardly depends'} on what stands in for the others: "
        f"the sets found with the others at their means hold {small.mean():.0%} of the decisions on average if the "
        f"others are those of another file ({small.min():.0%} to {small.max():.0%})"
    )
    if units:
        text += f"; certified with that, {len(units)} of {len(small)} types need {min(units)} to {max(units)} units"
        text += f" (in {units.count(result.of)} of them no smaller set than the whole layer passes)"
    alike = [
        f"{name} ({of['mean'].random.mean():.0%})"
        for name, rate, of in zip(result.types, result.required, result.cores.values(), strict=True)
        if of["mean"].certified and of["mean"].random.mean() >= rate
    ]
    control = f"do as well for {', '.join(alike)}" if alike else "reach the required rate for no type"
    return f"{text}. Random sets of as many units, the others at their means, {control}."


def generalizes(result: Needed) -> str:
    """The finding: what the smallest sets found lose on other packages."""
    of = [each["mean"] for each in result.cores.values()]
    own, other = (np.array(values) for values in zip(*((each.searched, each.checked[1]) for each in of), strict=True))
    held = int(np.sum(other >= result.asked))
    lead = f"Rates on the files searched {'promise too much' if other.mean() < result.asked else 'last'}"
    return (
        f"{lead}: sets searched to hold {result.asked:.1%} of the decisions there hold {own.mean():.1%} of them, and "
        f"{other.mean():.1%} on files of other packages ({other.min():.1%} to {other.max():.1%}); "
        f"{held or 'none'} of {len(of)} still reach{'es' if held == 1 else ''} {result.asked:.1%}."
    )
