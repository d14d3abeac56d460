"""The files: their types, packages and parts, what was left out, and how the network does on them."""

from typing import NamedTuple

import numpy as np

from experiments.in_the_wild.files import PARTS


class Inventory(NamedTuple):
    """By type, in the order of the names.

    Attributes:
        kinds: names of the types, by extension.
        files: [types, 3] in each part.
        packages: [types, 3] packages that they come from.
        agree: [types] files whose predicted type is what the extension says.
        instead: the most frequent other prediction of each type, "" without one.
        left_out: by reason, files found and not used.
        all_packages: number of packages.
    """

    kinds: list[str]
    files: np.ndarray
    packages: np.ndarray
    agree: np.ndarray
    instead: list[str]
    left_out: dict[str, int]
    all_packages: int


def measure(study) -> Inventory:
    """Counts of the study's files."""
    files, types, predictions = study.files, study.detector.types, study.predictions
    agrees = files.agrees(types, predictions)
    counts, packages, agree, instead = [], [], [], []
    for kind in range(len(files.kinds)):
        own = files.kind == kind
        rows = [np.flatnonzero(own & (files.part == part)) for part in range(len(PARTS))]
        counts.append([len(each) for each in rows])
        packages.append([len(set(files.package[each])) for each in rows])
        agree.append(int(agrees[own].sum()))
        wrong = np.bincount(predictions[own & ~agrees], minlength=len(types))
        instead.append(f"{types[wrong.argmax()]} ({wrong.max()})" if wrong.any() else "")
    used = len(set(files.package.tolist()))
    return Inventory(files.kinds, np.array(counts), np.array(packages), np.array(agree), instead, files.left_out, used)


def show(result: Inventory, page) -> None:
    """A table of the types."""
    page.text(in_words(result))
    page.text(
        "Files of this Python installation and of the system's shared folders, whose type the extension says. A "
        "package is one in all its versions and places, and all its files are in one of three parts: in the first, "
        "units are searched; the second certifies the sets found; the third checks the certificates. Packages take "
        "turns, so that no type is that of its largest package. Of files whose first and last 1,024 bytes are the "
        "same, one is used. None of these files were chosen by the network's type, but they are what one machine has: "
        "other machines have other files. What magika was trained on is not published as files, so that some of them, "
        "which come from public packages, may have trained it."
    )
    total = result.files.sum(axis=1)
    with page.folded(f"Files and packages of each of {len(total)} types"):
        page.table(
            (
                "type by extension",
                *PARTS,
                "same by the network",
                "or most often",
            ),
            [
                (
                    kind,
                    *(f"{n} ({m})" for n, m in zip(result.files[row], result.packages[row], strict=True)),
                    f"{result.agree[row] / total[row]:.0%}",
                    result.instead[row],
                )
                for row, kind in enumerate(result.kinds)
            ],
            "Files of each type in the three parts (in brackets their packages), the share that is of the same "
            "type by the network, and what it names most often instead.",
            "Left out: " + "; ".join(f"{count:,} {reason}" for reason, count in result.left_out.items()) + ".",
        )
    page.metrics(
        {
            "files": int(total.sum()),
            "packages": result.all_packages,
            "agreement": float(result.agree.sum() / total.sum()),
            "types": {
                kind: {"files": result.files[row], "packages": result.packages[row], "same": int(result.agree[row])}
                for row, kind in enumerate(result.kinds)
            },
        }
    )


def in_words(result: Inventory) -> str:
    """The finding: how many files there are, and how often the network and the extension agree."""
    total, three = result.files.sum(axis=1), (result.packages > 0).all(axis=1)
    share = result.agree / total
    text = (
        f"{total.sum():,} files of {len(total)} types from {result.all_packages:,} packages, {three.sum()} of the "
        f"types with packages in all three parts; the network's type is that of the extension for "
        f"{result.agree.sum() / total.sum():.1%} of them"
    )
    enough = np.flatnonzero(total >= ENOUGH)
    if not len(enough):
        return f"{text}."
    worst = enough[share[enough].argmin()]
    if share[worst] == 1:
        return f"{text}, for every file of the types with {ENOUGH} files or more."
    return f"{text}; least often for {result.kinds[worst]} ({share[worst]:.0%} of {total[worst]})."


ENOUGH = 30  # files of a type that is named in the finding
