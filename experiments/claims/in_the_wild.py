"""What the study of a network that others trained asks, with the rules that answer it; these are no paper's claims.

The rules were written with the findings of a run of the study in view; none was changed after it had been applied.
"""

import numpy as np
from scipy import stats

from experiments.claims.claim import Claim, Paper, Records
from experiments.claims.rules import Control, Direction, Estimate, Part, over_networks
from experiments.in_the_wild.explained import FORESTS, PLAIN, SEES
from experiments.in_the_wild.modules import NETWORK, WEIGHTS
from experiments.in_the_wild.needed import ABLATIONS
from experiments.in_the_wild.places import CONTROL, ENDS, INTEGRATED, RANDOM
from experiments.in_the_wild.smaller import RANDOM as RANDOM_UNITS
from experiments.in_the_wild.smaller import SMALL

RUN = "in_the_wild"
NONE = "no paper's"
LEVEL = 0.05  # of a sequence that stands out
ONE_NETWORK = "Over the file types of one network; other networks were not tried."


def _metrics(records: Records, section: str):
    return records[RUN]["metrics"][section]


def over(values, repeated: str = "types") -> Estimate:
    """The estimate from one value for each type, or for what else was repeated."""
    return over_networks(values)._replace(repeated=repeated)


def _sets(records, value) -> list[tuple[str, list[float]]]:
    """A value of each type's set, by what stands in for the other units."""
    of = _metrics(records, "needed")
    return [
        (f"others {name}", [value(each[name], of["required"][kind]) for kind, each in of["types"].items()])
        for name in ABLATIONS
    ]


def _hold(records):
    asked = records[RUN]["config"]["holding"]
    return [
        Part(f"{name}, rate on other packages", over(values), Direction(asked))
        for name, values in _sets(records, lambda each, _: each["checked"][1])[:2]  # resampling searches no sets
    ]


def _certified(records):
    values = _sets(records, lambda each, required: each["checked"][0] - required if each["certified"] else np.nan)
    return [Part(f"{name}, rate less required rate", over(each), Direction()) for name, each in values]


def _random_sets(records):
    values = _sets(records, lambda each, _: each["checked"][0] - each["random"])
    return [Part(name, over(each), Control(0.05)) for name, each in values]


def _replaced(records):
    of = _metrics(records, "needed")["types"].values()
    lost = [each["mean"]["checked"][1] - each["resample"]["checked"][1] for each in of]
    return [Part("rate lost", over(lost), Direction(0.05, upwards=False))]


def _sequences(records):
    more = [
        np.mean([float(each["adjusted"] <= LEVEL) - float(each["permuted"] <= LEVEL) for each in units])
        for units in _metrics(records, "witnesses").values()
    ]
    return [Part("share of the units", over(more), Control(0.1))]


def _agreement(records):
    of = _metrics(records, "modules")["beside"]
    return [Part("adjusted Rand index", over_networks(of[NETWORK][0] - of[WEIGHTS][0]), Control(0.1))]


def _together(records):
    of = _metrics(records, "modules")
    more = [of["inside"][name] - of["by_chance"][name][0] for name in of["inside"]]
    return [Part("probability", over(more), Control(0.05))]


def _own_version(records):
    of = _metrics(records, "explained")
    return [Part(name, _specific(of["specific"][name], of["disagree"]), Direction()) for name in (SEES, FORESTS, PLAIN)]


def _specific(values, files: int) -> Estimate:
    """S with the standard error that its bootstrap interval of 95% amounts to."""
    value, low, high = values
    return Estimate(value, (high - low) / (2 * stats.norm.isf(0.025)), max(files - 1, 0), files, "files")


def _deletion(records):
    areas = _metrics(records, "places")["areas"]
    return [
        Part(name, over([areas[name][kind] - areas[INTEGRATED][kind] for kind in areas[name]]), Control(0.05))
        for name in (CONTROL, ENDS, RANDOM)
    ]


def _fooled(records):
    of = _metrics(records, "places")
    if not of["asked"]:
        raise KeyError("python files")
    misled = [1 - held / of["asked"] for held in of["held"].values()]
    return [Part("share of python files", over(misled, "openings"), Direction(0.1, upwards=False))]


def _written(records, field: str, less: str | None = None) -> list[float]:
    return [each[field] - (each[less] if less else 0) for each in _metrics(records, "written").values()]


def _read_back(records):
    return [Part("probability of the bytes", over(_written(records, "read_back")), Direction(0.5))]


def _bytes_written(records):
    return [Part("probability", over(_written(records, "replaced", "random")), Control(0.1))]


def _smaller(records):
    of = _metrics(records, "smaller")
    small, random = (np.array(of[name]["decisions"]) for name in (SMALL, RANDOM_UNITS))
    return [
        Part("decisions held", over(small), Direction(0.98)),
        Part("more than with random units", over(small - random), Control(0.01)),
    ]


STUDY = Paper(
    "a network that others trained",
    "A network that others trained: magika, a detector of file types (questions of this repository, no paper's claims)",
    {
        "The units that a type needs": [
            Claim(
                "99% on other packages",
                "Sets of units that hold 99% of the decisions on the files searched hold as much on files of other "
                "packages.",
                NONE,
                _hold,
                note=ONE_NETWORK,
            ),
            Claim(
                "certificates on a third part",
                "Certified sets hold the required rate on a third part of the packages.",
                NONE,
                _certified,
                note=ONE_NETWORK,
            ),
            Claim(
                "sets against random ones",
                "Certified sets hold more decisions on other packages than random sets as large.",
                NONE,
                _random_sets,
                control="30 random sets of as many units for each type: rate of the certified set less their mean",
                note=f"{ONE_NETWORK} A set of nearly all units can hold little more than a random one.",
            ),
            Claim(
                "means or another file's outputs for the rest",
                "Sets found with the other units at their means hold as much if these have the values of another file.",
                NONE,
                _replaced,
                note=ONE_NETWORK,
            ),
        ],
        "What these units respond to": [
            Claim(
                "sequences of bytes in windows",
                "In the windows of a type's units a sequence of bytes stands out in packages that did not choose it.",
                NONE,
                _sequences,
                control="the windows of the same files at another file's place: share of the units with a sequence "
                "that stands out, less theirs",
                note=f"{ONE_NETWORK} Two units of each type, six of python and json.",
            ),
        ],
        "Which units respond alike": [
            Claim(
                "modules on other packages",
                "Modules of units are the same on other packages.",
                NONE,
                _agreement,
                control="the network with its weights in random order: adjusted Rand index less its own",
            ),
            Claim(
                "a type's units in one module",
                "The units of a type's set lie in one module.",
                NONE,
                _together,
                control="random sets as large: probability that two units share a module, less theirs",
                note=ONE_NETWORK,
            ),
        ],
        "A tree in place of the network": [
            Claim(
                "specificity of trees",
                "A tree that explains this version of the model follows it where another version decides otherwise.",
                NONE,
                _own_version,
                control="another version of the model: S is 1 for the network itself, 0 for a tree that says as much "
                "about either version",
                note="Over the held-out files on which the two versions name different types.",
            ),
        ],
        "Where the network looks": [
            Claim(
                "deletion of bytes",
                "Deleted in the order of their integrated gradients, bytes take the type's probability away sooner "
                "than in other orders.",
                NONE,
                _deletion,
                control="orders that know nothing of the network's weights: area under the type's probability less "
                "that of integrated gradients",
                note=f"{ONE_NETWORK} Two files of each.",
            ),
            Claim(
                "opening bytes of another type",
                "The opening bytes of another type before Python text do not mislead the network.",
                NONE,
                _fooled,
            ),
        ],
        "What ascent writes": [
            Claim(
                "ascent in the embedding, read as bytes",
                "Where ascent in the embedding ends, the nearest bytes are of the type.",
                NONE,
                _read_back,
                note=ONE_NETWORK,
            ),
            Claim(
                "ascent over bytes",
                "Bytes that the gradient chooses raise a type's probability.",
                NONE,
                _bytes_written,
                control="as many bytes chosen at random: probability less theirs",
                note=f"{ONE_NETWORK} All from the same random bytes.",
            ),
        ],
        "A smaller network for some types": [
            Claim(
                "the cut network",
                "A network cut to the units that these types need decides on their files as the whole network does.",
                NONE,
                _smaller,
                control="a network with as many random units",
                note=ONE_NETWORK,
            ),
        ],
    },
)
