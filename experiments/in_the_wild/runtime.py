"""The chain beside the package's own runtime."""

import importlib
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from experiments.in_the_wild import detector
from interp_jax import networks

EXACT = 12  # files on which both are compared with float64
TOLERANCE = 1e-3  # of probabilities; the runtime itself is no closer to the exact value where a file is mostly padding


class Runtime(NamedTuple):
    """Of the files compared.

    Attributes:
        files: their number.
        names: of how many the type is the one that the package names before its thresholds.
        types: of how many it is the one with the highest probability of the package's runtime.
        apart: [files] the greatest difference of a probability.
        exact: [files beyond the tolerance] our greatest difference from float64, for the first `EXACT` of them.
        theirs: the runtime's.
        padding: the share of padding in these files' tokens.
        changed: how many types the package changes by its thresholds and rules.
        parameters: of the network.
        version: the model's.
    """

    files: int
    names: int
    types: int
    apart: np.ndarray
    exact: np.ndarray
    theirs: np.ndarray
    padding: np.ndarray
    changed: int
    parameters: int
    version: str


def measure(study) -> Runtime:
    """Both on a random choice of the files."""
    magika, onnxruntime = (importlib.import_module(name) for name in ("magika", "onnxruntime"))
    files, known = study.files, study.detector
    rows = np.sort(np.random.default_rng(study.config.seed).permutation(len(files.kind))[: study.config.compared])
    package = magika.Magika()
    results = [package.identify_path(Path(files.paths[row])).prediction for row in study.counted("runtime", rows)]
    session = onnxruntime.InferenceSession(str(detector.installed() / "model.onnx"))
    name = session.get_inputs()[0].name
    tokens = files.tokens[rows].astype(np.int32)
    theirs = np.concatenate(
        [session.run(None, {name: tokens[start : start + 50]})[0] for start in range(0, len(rows), 50)]
    )
    ours = np.asarray(jax.nn.softmax(study.seen.scores[rows], axis=1))
    names = [known.types[each] for each in ours.argmax(axis=1)]
    apart = np.abs(ours - theirs).max(axis=1)
    far = np.argsort(-apart, kind="stable")[: min(EXACT, np.sum(apart > TOLERANCE))]
    true = [exact(known.weights, each) for each in study.counted("float64", tokens[far])]
    return Runtime(
        len(rows),
        sum(name == str(each.dl.label) for name, each in zip(names, results, strict=True)),
        int(np.sum(ours.argmax(axis=1) == theirs.argmax(axis=1))),
        apart,
        np.array([np.abs(ours[row] - each).max() for row, each in zip(far, true, strict=True)]),
        np.array([np.abs(theirs[row] - each).max() for row, each in zip(far, true, strict=True)]),
        np.mean(tokens[far] == detector.PADDING, axis=1),
        sum(str(each.output.label) != str(each.dl.label) for each in results),
        networks.cost(study.network, tokens[:1]).parameters,
        known.version,
    )


def exact(weights, tokens: np.ndarray) -> np.ndarray:
    """The probabilities [types] of one file [2048] in float64, in NumPy; the variance by its definition."""

    def of(stage, name):
        return weights[stage, name].astype(np.float64)

    def gelu(x):
        return x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))

    def normal(x):
        return (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + detector.EPSILON)

    x = gelu(of("embedding", "kernel")[tokens] + of("embedding", "bias"))
    x = normal(x.reshape(-1, detector.PLACES * x.shape[-1]))
    x = x * of("norm1", "scale")[:, None] + of("norm1", "bias")[:, None]
    kernel = of("conv", "kernel")
    places = len(x) - kernel.shape[2] + 1
    x = sum(x[shift : shift + places] @ kernel[:, :, shift].T for shift in range(kernel.shape[2]))
    x = normal(gelu(x + of("conv", "bias")).max(axis=0)) * of("norm2", "scale") + of("norm2", "bias")
    scores = x @ of("dense", "kernel") + of("dense", "bias")
    shares = np.exp(scores - scores.max())
    return shares / shares.sum()


def show(result: Runtime, page) -> None:
    """A sentence, and the numbers."""
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
        f"confidence and its rules for some names, which change {result.changed} of {result.files:,} types here. "
        f"{in_words(result)}"
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
        beyond(result),
    )
    page.metrics(
        {
            "files": result.files,
            "names": result.names,
            "types": result.types,
            "apart": float(result.apart.max()),
            "beyond": int(np.sum(result.apart > TOLERANCE)),
            "exact": float(result.exact.max(initial=0)),
            "theirs": float(result.theirs.max(initial=0)),
            "version": result.version,
        }
    )


def beyond(result: Runtime) -> str | None:
    """Whose the greater differences are: measured in float64."""
    if not len(result.exact):
        return None
    count = int(np.sum(result.apart > TOLERANCE))
    closer = int(np.sum(result.exact < result.theirs))
    return (
        f"{count} files differ by more. Of the {len(result.exact)} farthest, {result.padding.mean():.0%} of the tokens "
        f"are padding on average; the result in float64 is at most {result.exact.max():.1e} from ours and "
        f"{result.theirs.max():.1e} from the runtime's, and ours is closer in {closer}."
    )


def in_words(result: Runtime) -> str:
    """The finding: whether this is the network that the package runs."""
    same = result.names == result.types == result.files
    which = "all" if same else f"{min(result.names, result.types):,} of"
    within = int(np.sum(result.apart <= TOLERANCE))
    text = (
        f"The network read from the package's weights names the same type as the package on {which} {result.files:,} "
        f"files; all probabilities agree within {TOLERANCE:g} for {within:,}"
    )
    if not len(result.exact):
        return f"{text}."
    whose = "the runtime that rounds more" if result.exact.max() < result.theirs.max() else "not the runtime alone"
    return (
        f"{text}; for the others, mostly padding ({result.padding.mean():.0%}), it is {whose}, as the "
        "same in float64 shows."
    )
