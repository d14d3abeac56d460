"""What ascent writes for a type: in the embedding, where no byte changes, and byte by byte."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from experiments.in_the_wild.detector import PADDING, TOKENS
from experiments.in_the_wild.wild_study import ROWS
from experiments.in_the_wild.witnesses import readable
from interp_jax import networks
from interp_jax.methods import ascent

THRESHOLD, STEPS, RATE = 0.99, 60, 0.01
TOKEN_STEPS, CANDIDATES, SHOWN = 40, 8, 24  # replacements of a byte, those tried for each, bytes shown
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
        replaced: [types] probability after replacing bytes by first order.
        changes: [types] bytes replaced.
        random: [types] probability after as many trials at random.
        texts: the bytes put in, in the order of their positions.
    """

    types: list[str]
    start: np.ndarray
    reached: np.ndarray
    steps: np.ndarray
    changed: np.ndarray
    read_back: np.ndarray
    moved: np.ndarray
    replaced: np.ndarray
    changes: np.ndarray
    random: np.ndarray
    texts: list[str]


def measure(study) -> Written:
    """Ascents from the same random bytes to each type."""
    tokens = np.asarray(jax.random.randint(study.key(7), (1, TOKENS), 0, PADDING), np.int32)
    embed, rest = study.network.until("embedding"), study.network.after("embedding")
    table = np.asarray(embed(np.arange(PADDING + 1, dtype=np.int32)[None])[0])
    start = np.asarray(embed(tokens))
    apart = np.sqrt(np.mean([np.sum((table[a] - table[b]) ** 2) for a in range(0, 256, 8) for b in range(4, 256, 8)]))
    before = np.asarray(jax.nn.softmax(study.network(tokens)))[0]
    rows = []
    for number in study.counted("ascent in the embedding", study.types):
        options = {"objective": "log_probability", "optimizer": ADAM, "threshold": THRESHOLD, "steps": STEPS}
        climbed = ascent.maximize(rest, jnp.asarray(start), jnp.array([number]), **options)
        end = np.asarray(climbed.inputs)[0]
        nearest = np.array([((table - each) ** 2).sum(axis=1).argmin() for each in end], np.int32)
        back = np.asarray(jax.nn.softmax(study.network(nearest[None])))[0]
        moved = np.sqrt(np.mean(np.sum((end - start[0]) ** 2, axis=1))) / apart
        changed = int(np.sum(nearest != tokens[0]))
        rows.append((before[number], float(climbed.activation[0]), int(climbed.steps[0]), changed, back[number], moved))
    first, reached, steps, changes, read, far = (np.array(each) for each in zip(*rows, strict=True))
    types = [study.detector.types[each] for each in study.types]
    replaced, count, control, texts = _replaced(study, tokens, embed, rest)
    return Written(types, first, reached, steps, changes, read, far, replaced, count, control, texts)


def _replaced(study, tokens, embed, rest):
    """Probabilities after replacing bytes, how many were, those at random, and the bytes put in."""
    units = jnp.array(study.types)
    start = np.repeat(tokens, len(units), axis=0)
    options = {"embed": networks.freeze(embed), "vocabulary": np.arange(PADDING), "candidates": CANDIDATES}
    options |= {"threshold": THRESHOLD, "steps": TOKEN_STEPS, "batch_size": ROWS}
    climbed = ascent.tokens(rest, start, units, **options)
    control = ascent.tokens(rest, start, units, search="random", key=study.key(8), **options)
    ends = np.asarray(climbed.tokens)
    texts = [readable(end[end != tokens[0]][:SHOWN]) for end in ends]
    return np.asarray(climbed.activation), np.asarray(climbed.changes), np.asarray(control.activation), texts


def show(result: Written, page) -> None:
    """A table of the types."""
    page.finding(in_words(result))
    page.finding(in_bytes(result))
    page.text(
        f"Gradient ascent from {TOKENS:,} random bytes to each type, in the embedding, the 64 numbers of each byte. "
        "Positions in the embedding that are no byte are inputs that no file has: the bytes nearest to where the "
        "ascent ends are what a file could hold."
    )
    page.table(
        ("type", "probability before", "after", "steps", "bytes changed", "distance moved", "probability of the bytes"),
        [
            (name, f"{a:.1e}", f"{b:.3f}", str(c), f"{d} of {TOKENS:,}", f"{f:.2f}", f"{e:.1e}")
            for name, a, b, c, d, e, f in zip(*result[:7], strict=True)
        ],
        "Distance: root mean square over positions, relative to the distance between two bytes.",
    )
    page.text(
        f"Ascent over bytes replaces one byte at a time: of all replacements, the {CANDIDATES} with the greatest gain "
        f"by the gradient are tried, and the best is kept, at most {TOKEN_STEPS} times. The control tries as many at "
        "random."
    )
    page.table(
        ("type", "probability after", "bytes replaced", "at random", "bytes put in, in the order of their places"),
        [
            (name, f"{a:.3f}", int(b), f"{c:.1e}", text)
            for name, a, b, c, text in zip(
                result.types, result.replaced, result.changes, result.random, result.texts, strict=True
            )
        ],
        f"Ascent over bytes, from the same random bytes. Of the bytes put in, the first {SHOWN} are shown.",
    )
    page.metrics(
        {
            name: dict(zip(result._fields[1:-1], map(float, values), strict=True))
            for name, *values in zip(*result[:-1], strict=True)
        }
    )


def in_bytes(result: Written) -> str:
    """The finding: how many bytes make random bytes a type."""
    reached, random = result.replaced >= THRESHOLD, result.random >= THRESHOLD
    text = (
        f"Replacing at most {TOKEN_STEPS} of {TOKENS:,} random bytes, chosen by the gradient, reaches {THRESHOLD:g} "
        f"for {reached.sum()} of {len(reached)} types (as many trials at random for {random.sum()})"
    )
    if not reached.any():
        return f"{text}; the median probability is {np.median(result.replaced):.2g}."
    few = int(np.flatnonzero(reached)[result.changes[reached].argmin()])
    return f"{text}; {result.types[few]} needs fewest, {result.changes[few]:.0f}."


def in_words(result: Written) -> str:
    """The finding: whether ascent in the embedding reaches a type, and whether it is one in bytes."""
    reached = result.reached >= THRESHOLD
    text = (
        "Gradient ascent on the numbers that stand for bytes (the embedding) reaches a probability of "
        f"{THRESHOLD:g} for {reached.sum()} of {len(reached)} types"
    )
    if not reached.any():
        return f"{text}."
    changed, back = result.changed[reached].max(), int(np.sum(result.read_back[reached] >= 0.5))
    what = "while no nearest byte changes" if not changed else f"while at most {changed} of {TOKENS:,} bytes change"
    fooled = f"read back as bytes, {back or 'none'} of them {'are' if back > 1 else 'is'} of that type"
    return f"{text}, {what}; {fooled}{'' if back else ': what is found there says nothing of files'}."
