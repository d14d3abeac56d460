"""The chain beside the package's own runtime."""

from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from experiments.in_the_wild import detector
from interp_jax import networks

TOLERANCE = 1e-3  # of probabilities; the runtime itself is no closer to the exact value where a file is mostly padding


class Runtime(NamedTuple):
    """Of the files compared.

    Attributes:
        files: their number.
        names: of how many the type is the one that the package names before its thresholds.
        types: of how many it is the one with the highest probability of the package's runtime.
        apart: [files] the greatest difference of a probability.
        changed: how many types the package changes by its thresholds and rules.
        parameters: of the network.
        version: the model's.
        tokens: of how many files the tokens reproduce the package's decision; as ``names``.
    """

    files: int
    names: int
    types: int
    apart: np.ndarray
    changed: int
    parameters: int
    version: str


def measure(study) -> Runtime:
    """Both on a random choice of the files."""
    import magika
    import onnxruntime

    files, found = study.files, study.detector
    rows = np.sort(np.random.default_rng(study.config.seed).permutation(len(files.kind))[: study.config.compared])
    package = magika.Magika()
    results = [package.identify_path(Path(files.paths[row])).prediction for row in study.counted("runtime", rows)]
    session = onnxruntime.InferenceSession(str(detector.installed() / "model.onnx"))
    name = session.get_inputs()[0].name
    tokens = files.tokens[rows].astype(np.int32)
    theirs = np.concatenate([session.run(None, {name: tokens[start : start + 50]})[0] for start in range(0, len(rows), 50)])
    ours = np.asarray(jax.nn.softmax(study.seen.scores[rows], axis=1))
    names = [found.types[each] for each in ours.argmax(axis=1)]
    return Runtime(
        len(rows),
        sum(name == str(each.dl.label) for name, each in zip(names, results, strict=True)),
        int(np.sum(ours.argmax(axis=1) == theirs.argmax(axis=1))),
        np.abs(ours - theirs).max(axis=1),
        sum(str(each.output.label) != str(each.dl.label) for each in results),
        networks.cost(study.network, tokens[:1]).parameters,
        found.version,
    )


def show(result: Runtime, page) -> None:
    """A sentence, and the numbers."""
    page.finding(in_words(result))
    page.text(
        "magika names the type of a file from 2,048 bytes: the first 1,024 after leading blanks and the last 1,024 "
        "before trailing ones. Each byte becomes 64 numbers (an embedding, then a nonlinearity); four bytes "
        "side by side are a place, and each of 256 channels is normalized over the 512 places. A convolution of "
        "5 places, 20 bytes, has 512 units; of each unit only its largest output over all positions goes on, is "
        "normalized, and a last layer makes a score for each of its types from these 512 numbers. So the network knows "
        "of a file only how strongly each unit responded somewhere in it, except that a scale for each place says how "
        "much that place counts."
    )
    page.text(
        f"The weights are read by name from the package's own file and the network is built from them again "
        f"({result.parameters:,} parameters, {result.version}). Types are compared before the package's thresholds for "
        f"confidence and its rules for some names, which change {result.changed} of {result.files:,} types here."
    )
    page.table(
        ("compared with the packaged runtime", "files"),
        [
            ("compared", f"{result.files:,}"),
            ("same type as the package names from the file", f"{result.names:,}"),
            ("same type as its runtime has most probable", f"{result.types:,}"),
            (f"probabilities within {TOLERANCE:g}", f"{np.sum(result.apart <= TOLERANCE):,}"),
        ],
        f"Greatest difference of any probability: {result.apart.max():.1e}; median over files "
        f"{np.median(result.apart):.1e}.",
    )
    page.metrics(
        {
            "files": result.files,
            "names": result.names,
            "types": result.types,
            "apart": float(result.apart.max()),
            "version": result.version,
        }
    )


def in_words(result: Runtime) -> str:
    """The finding: whether this is the network that the package runs."""
    same = result.names == result.types == result.files
    which = "all" if same else f"{min(result.names, result.types):,} of"
    close = "at most" if result.apart.max() <= TOLERANCE else "as much as"
    return (
        f"The network read from the package's weights names the same type as the package on {which} {result.files:,} "
        f"files; probabilities differ by {close} {result.apart.max():.1e}."
    )
