"""What ascent writes for a type: in the embedding, where no byte changes."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from experiments.in_the_wild.detector import PADDING, TOKENS
from interp_jax.methods import ascent

THRESHOLD, STEPS, RATE = 0.99, 60, 0.01
ADAM = optax.adam(RATE)


class Written(NamedTuple):
    """By type.

    Attributes:
        types: names.
        start: [types] probability of the type at the start, random bytes.
        reached: [types] at the end of the ascent in the embedding.
        steps: [types] its steps.
        changed: [types] positions whose nearest byte is another one than at the start.
        read_back: [types] probability of the nearest bytes.
        moved: [types] distance moved, root mean square over positions, relative to that between two bytes.
    """

    types: list[str]
    start: np.ndarray
    reached: np.ndarray
    steps: np.ndarray
    changed: np.ndarray
    read_back: np.ndarray
    moved: np.ndarray


def measure(study) -> Written:
    """Ascents from the same random bytes to each type."""
    tokens = np.asarray(jax.random.randint(study.key(7), (1, TOKENS), 0, PADDING), np.int32)
    embed, rest = study.network.until("embedding"), study.network.after("embedding")
    table = np.asarray(embed(np.arange(PADDING + 1, dtype=np.int32)[None])[0])
    first = np.asarray(embed(tokens))
    apart = np.sqrt(np.mean([np.sum((table[a] - table[b]) ** 2) for a in range(0, 256, 8) for b in range(4, 256, 8)]))
    before = np.asarray(jax.nn.softmax(study.network(tokens)))[0]
    rows = []
    for number in study.counted("ascent in the embedding", study.types):
        options = {"objective": "log_probability", "optimizer": ADAM, "threshold": THRESHOLD, "steps": STEPS}
        climbed = ascent.maximize(rest, jnp.asarray(first), jnp.array([number]), **options)
        end = np.asarray(climbed.inputs)[0]
        nearest = np.array([((table - each) ** 2).sum(axis=1).argmin() for each in end], np.int32)
        back = np.asarray(jax.nn.softmax(study.network(nearest[None])))[0]
        moved = np.sqrt(np.mean(np.sum((end - first[0]) ** 2, axis=1))) / apart
        changed = int(np.sum(nearest != tokens[0]))
        rows.append((before[number], float(climbed.activation[0]), int(climbed.steps[0]), changed, back[number], moved))
    return Written([study.detector.types[each] for each in study.types], *map(np.array, zip(*rows, strict=True)))


def show(result: Written, page) -> None:
    """A table of the types."""
    page.finding(in_words(result))
    page.text(
        f"Gradient ascent from {TOKENS:,} random bytes to each type, in the embedding, the 64 numbers of each byte. "
        "Positions in the embedding that are no byte are inputs that no file has: the bytes nearest to where the "
        "ascent ends are what a file could hold."
    )
    page.table(
        ("type", "probability before", "after", "steps", "bytes changed", "distance moved", "probability of the bytes"),
        [
            (name, f"{a:.1e}", f"{b:.3f}", str(c), f"{d} of {TOKENS:,}", f"{f:.2f}", f"{e:.1e}")
            for name, a, b, c, d, e, f in zip(*result, strict=True)
        ],
        "Distance: root mean square over positions, relative to the distance between two bytes.",
    )
    page.metrics(
        {
            name: dict(zip(result._fields[1:], map(float, values), strict=True))
            for name, *values in zip(*result, strict=True)
        }
    )


def in_words(result: Written) -> str:
    """The finding: whether ascent in the embedding reaches a type, and whether it is one in bytes."""
    reached = result.reached >= THRESHOLD
    text = f"Ascent in the embedding reaches a probability of {THRESHOLD:g} for {reached.sum()} of {len(reached)} types"
    if not reached.any():
        return f"{text}."
    changed, back = result.changed[reached].max(), int(np.sum(result.read_back[reached] >= 0.5))
    what = "while no nearest byte changes" if not changed else f"while at most {changed} of {TOKENS:,} bytes change"
    fooled = f"read back as bytes, {back or 'none'} of them is that type"
    return f"{text}, {what}; {fooled}: what is found there says nothing of files."
