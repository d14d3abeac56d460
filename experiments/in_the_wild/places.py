"""Where the network looks: the scales of its places, and which bytes decide, with deletion tests."""

from functools import partial
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from experiments.in_the_wild.detector import PADDING, PLACES, SIDE, TOKENS
from experiments.in_the_wild.wild_study import CHECK
from interp_jax import figures, networks
from interp_jax.methods import attribution

FILES, NODES, STEPS = 2, 8, 10
OUTER = 8  # bytes of either end whose scales are compared with the others; chosen after the curve had been seen
MARGIN = 128  # bytes of either end whose share of the integrated gradients is told
GRADIENT, INTEGRATED, ENDS, RANDOM, CONTROL = (
    "gradient × input", "integrated gradients", "the first and last bytes first", "random order",
    "integrated gradients of the permuted network",
)  # fmt: skip
MAGIC = {"PNG": b"\x89PNG\r\n\x1a\n", "GIF": b"GIF89a", "ELF": b"\x7fELF\x02\x01\x01", "PDF": b"%PDF-1.7\n",
         "ZIP": b"PK\x03\x04", "gzip": b"\x1f\x8b\x08\x00"}  # fmt: skip


class Places(NamedTuple):
    """The scales of places, and the tests of attributions.

    Attributes:
        scale: [512] of each place, in the normalization over places.
        types: names of the types of the files attributed.
        deletion: by order of bytes, [files] the area under the type's probability as bytes are deleted.
        insertion: likewise, as they are put back.
        shares: [steps + 1] of the bytes deleted.
        curves: by order, [steps + 1] the mean deletion curve.
        held: by what stands before Python's text, of how many files the type stays python; and of how many.
        within: the share of the integrated gradients' magnitude in the first and last `MARGIN` bytes, mean over files.
    """

    scale: np.ndarray
    types: list[str]
    deletion: dict[str, np.ndarray]
    insertion: dict[str, np.ndarray]
    shares: np.ndarray
    curves: dict[str, np.ndarray]
    held: dict[str, int]
    asked: int
    within: float


def measure(study) -> Places:
    """Attributions of a few files of each type, in the third part of the packages."""
    check, draw = study.part(CHECK), np.random.default_rng(study.config.seed)
    rows = np.concatenate(
        [draw.permutation(check[study.predictions[check] == number])[:FILES] for number in study.types]
    )
    tokens, target = study.files.tokens[rows].astype(np.int32), study.predictions[rows]
    blank = np.full((1, 1), PADDING)
    importance = {}
    for name, network in ((INTEGRATED, study.network), (CONTROL, study.permuted)):
        embed, rest = networks.freeze(network.until("embedding")), network.after("embedding")
        options = {"baseline": np.asarray(embed(blank))[0, 0], "nodes": NODES}
        each = _batched(partial(attribution.integrated_gradients, **options), rest, embed(tokens), target)
        importance[name] = np.abs(each.sum(axis=-1))
    embed, rest = study.network.until("embedding"), study.network.after("embedding")
    importance[GRADIENT] = np.abs(_batched(attribution.gradient_times_input, rest, embed(tokens), target).sum(axis=-1))
    place = np.arange(2 * SIDE)
    ends = np.broadcast_to(-np.minimum(place, 2 * SIDE - 1 - place), tokens.shape).astype(np.float32)
    importance |= {ENDS: ends, RANDOM: draw.random(tokens.shape).astype(np.float32)}
    curves = {
        name: attribution.removal_curves(study.network, tokens, importance[name], target, baseline=PADDING, steps=STEPS)
        for name in study.counted("deleting bytes", (INTEGRATED, GRADIENT, ENDS, RANDOM, CONTROL))
    }
    bytes_ = tokens != PADDING
    order = np.cumsum(bytes_, axis=1), np.cumsum(bytes_[:, ::-1], axis=1)[:, ::-1]
    outer = bytes_ & ((order[0] <= MARGIN) & (place < SIDE) | (order[1] <= MARGIN) & (place >= SIDE))
    weight = importance[INTEGRATED] * bytes_
    within = float(np.mean(np.sum(weight * outer, axis=1) / np.maximum(weight.sum(axis=1), 1e-30)))
    held, asked = _fooled(study, check)
    return Places(
        study.detector.weights["norm1", "scale"], [study.detector.types[each] for each in target],
        {name: np.asarray(each.deletion_area) for name, each in curves.items()},
        {name: np.asarray(each.insertion_area) for name, each in curves.items()},
        np.asarray(curves[RANDOM].shares),
        {name: np.asarray(each.deletion).mean(axis=0) for name, each in curves.items()}, held, asked, within,
    )  # fmt: skip


def _batched(method, network, embedded, target, size: int = 4):
    parts = [
        np.asarray(method(network, embedded[start : start + size], jnp.asarray(target[start : start + size])))
        for start in range(0, len(target), size)
    ]
    return np.concatenate(parts)


def _fooled(study, check, most: int = 20):
    """Of Python's files, how many keep their type with the opening bytes of other types before them."""
    if "python" not in study.detector.types:
        return {}, 0
    python = study.detector.types.index("python")
    rows = study.files.tokens[check[study.predictions[check] == python][:most]].astype(np.int32)
    if not len(rows):
        return {}, 0
    held = {}
    for name, magic in MAGIC.items():
        changed = rows.copy()
        changed[:, len(magic) : SIDE] = rows[:, : SIDE - len(magic)]
        changed[:, : len(magic)] = np.frombuffer(magic, np.uint8)
        held[name] = int(np.sum(networks.apply(study.network, changed, batch_size=most).argmax(axis=1) == python))
    return held, len(rows)


def show(result: Places, page) -> None:
    """The scales, and the curves."""
    page.finding(looks(result))
    page.finding(in_words(result))
    page.text(
        "Each of the 512 places of four bytes has a scale of its own in the first normalization: what the network "
        "learned about where to look. Left of the middle lie the first 1,024 bytes, right of it the last 1,024. "
        f"The finding compares the first and last {OUTER} bytes, a number chosen after this curve had been seen."
    )
    place = np.arange(len(result.scale)) * PLACES
    page.figure(
        "scales",
        figures.curves.against(place, {"scale": np.abs(result.scale)}, "byte", "magnitude of the place's scale"),
        "Scale of each place.",
    )
    page.text(
        f"Which bytes of a file decide its type? For {len(result.types)} files of the third part of the packages "
        f"({', '.join(dict.fromkeys(result.types))}), bytes are ranked and deleted, most important first, by setting "
        "them to padding. The faster the probability of the type falls, the better the ranking. Controls: random "
        "order, bytes from the two ends inward, and the ranking of a network with the same weights in random order."
    )
    page.table(
        ("order of bytes", "area under deletion (small is good)", "area under insertion (large is good)"),
        [
            (name, f"{result.deletion[name].mean():.3f}", f"{result.insertion[name].mean():.3f}")
            for name in result.deletion
        ],
        "Mean areas under the probability of the type, over files.",
    )
    page.figure(
        "deletion",
        figures.curves.against(result.shares, dict(result.curves), "share of bytes deleted", "probability of the type"),
        "Mean probability of the type as bytes are deleted.",
    )
    if result.asked:
        page.table(
            ("opening bytes of", "still python"),
            [(name, f"{held} of {result.asked}") for name, held in result.held.items()],
            "Python files with the opening bytes of another type put before their text.",
        )
    page.metrics(
        {
            "deletion": {name: each.mean() for name, each in result.deletion.items()},
            "insertion": {name: each.mean() for name, each in result.insertion.items()},
            "areas": {name: by_type(result.types, each) for name, each in result.deletion.items()},
            "held": result.held,
            "asked": result.asked,
            "within": result.within,
            "scales": looking(result.scale),
        }
    )


def by_type(types: list[str], values: np.ndarray) -> dict[str, float]:
    """The mean over the files of each type."""
    return {name: float(np.mean([v for kind, v in zip(types, values, strict=True) if kind == name])) for name in types}


def looking(scale: np.ndarray) -> dict[str, float]:
    """Mean magnitude of the scales of the outer `OUTER` bytes of both ends, and of the rest."""
    magnitude, outer = np.abs(scale), OUTER // PLACES
    return {
        "first": float(magnitude[:outer].mean()),
        "last": float(magnitude[-outer:].mean()),
        "between": float(magnitude[outer:-outer].mean()),
    }


def looks(result: Places) -> str:
    """The finding: which places count, and whether the opening bytes of another type mislead."""
    of = looking(result.scale)
    first, last = (of[name] / of["between"] for name in ("first", "last"))
    text = (
        f"The learned scales of the first {OUTER} bytes of a file are {first:.1f} times and those of the last {OUTER} "
        f"{last:.1f} times those between"
    )
    if min(first, last) > 1.2:
        text += ": the network looks more at the very ends of a file"
    if not result.asked:
        return f"{text}."
    least = pick_least(result.held)
    fooled = "do not mislead it" if result.held[least] >= 0.9 * result.asked else "mislead it"
    return (
        f"{text}. The opening bytes of another type before Python text {fooled}: at worst ({least}), "
        f"{result.held[least]} of {result.asked} files stay python."
    )


def pick_least(held: dict[str, int]) -> str:
    """The name with the least value."""
    return min(held, key=lambda name: held[name])


def in_words(result: Places) -> str:
    """The finding: whether an attribution ranks bytes better than the controls."""
    area = {name: each.mean() for name, each in result.deletion.items()}
    best = min((INTEGRATED, GRADIENT), key=lambda name: area[name])
    control = min((ENDS, RANDOM, CONTROL), key=lambda name: area[name])
    better = int(np.sum(result.deletion[best] < result.deletion[control]))
    verdict = "better than" if area[best] < area[control] else "no better than"
    return (
        f"Bytes ranked by {best} are {verdict} the best control ({control}): deleted in this order, the area under "
        f"the type's probability is {area[best]:.2f} against {area[control]:.2f}, smaller for {better} of "
        f"{len(result.types)} files; {result.within:.0%} of the integrated gradients lie in the first and last "
        f"{MARGIN} bytes, which are {2 * MARGIN / TOKENS:.1%} of all."
    )
