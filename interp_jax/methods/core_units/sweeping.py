"""The whole curve of units against holding: every class, coefficient and repeat a lane of one compiled program."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Float, Int, Shaped

from interp_jax.methods.core_units.checks import check_alphas, check_counts
from interp_jax.methods.core_units.gated import accept
from interp_jax.methods.core_units.questions import answer, ask
from interp_jax.methods.core_units.training import ADAM, make_recipe

ALPHAS = (1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2)


class Sweep(NamedTuple):
    """What came out for every target, α and repeat: arrays [targets, alphas, repeats], masks with their own axes after.

    ``gates`` are the openings before rounding, ``masks`` what is kept, ``units`` how many that are, ``holding_rate``
    the rate by argmax on the class's data, ``weight`` that of the center-based classifier, and ``objective``
    [targets, steps, alphas, repeats] what was minimized.
    """

    masks: Any
    gates: Any
    units: Int[np.ndarray, "targets alphas repeats"]
    holding_rate: Float[np.ndarray, "targets alphas repeats"]
    weight: Float[np.ndarray, "targets alphas repeats"]
    objective: Float[np.ndarray, "targets steps alphas repeats"]


def sweep(
    tail,
    hidden: Shaped[Array | np.ndarray, "..."],
    predictions: Shaped[Array | np.ndarray, "..."],
    targets: Sequence[int | np.integer | None],
    *,
    key,
    alphas: Sequence[float] = ALPHAS,
    repeats: int = 3,
    mask_shape=None,
    negatives: bool = True,
    kind: str = "hard_concrete",
    penalty: float | None = None,
    steps: int = 400,
    batch_size: int = 128,
    optimizer=ADAM,
) -> Sweep:
    """Gates for every target, α and repeat: how many units are left open, and how often the class's decisions hold.

        min over x, w_b of  mean_n (y'_n − y_n)² + α Σ_i b_i + λ Σ_i φ(b_i),    then b_i ≥ ½ is kept

    Host-level; one compiled program, classes one after the other, all their αs and repeats as lanes that see the same
    batches. Repeats differ in their starting gates. Memory: hidden on the device once; batch_size rows of it, lifted
    if the tail can (`networks.lift`); a lane's copy of what follows; and all rows lifted, where that is at most 1 GiB.
    A step of a lane costs the tail once forward and back for batch_size rows; with a lifted tail the linear layer is
    done once for all lanes, and for all steps where all rows are lifted.

    Args:
        tail: ``hidden -> scores [rows, classes]``, or ``(hidden, masks) -> scores`` for a mapping as mask_shape.
        hidden: [rows, …, units] activations of the layer whose units are gated.
        predictions: the class that the whole network gives each row.
        targets: the classes of interest; None asks every row about the class predicted for it.
        key: a JAX random key; a target's rows, batches and starts follow from it and the target's place in the list.
        alphas: costs of an open gate.
        repeats: starts for every α.
        mask_shape: the gates' own shape: by default a gate for each unit of the last axis; ``hidden.shape[1:]`` gates
            every element; a mapping of shapes gates several layers of a tail that takes a mapping of masks.
        negatives: False judges on the rows predicted as target alone, as the paper does for pixels.
        kind: "hard_concrete" draws gates that are often 0 or 1; "straight_through" rounds them going forward, which
            loses units that are needed where hardly any is spare; "relaxed" trains them as they are, to the paper's
            letter: a tail that does not mind the scale of its input lets all of them shrink together and round to
            nothing, or, at a larger λ, none close.
        penalty: λ; by default 0.01 for relaxed gates and 0 for the others.
        steps: gradient steps.
        batch_size: rows a step, half of them positives.
        optimizer: any optax optimizer; the same object again avoids a compilation.

    Raises:
        ValueError: arrays that do not fit each other or the tail, numbers that are not finite, a target that is never
            predicted, no targets or alphas, an α below 0, counts below one.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> hidden = jax.random.normal(jax.random.key(0), (200, 6))
        >>> found = sweep(lambda h: h[:, :3], hidden, jnp.argmax(hidden[:, :3], 1), [0, 2], key=jax.random.key(1))
        >>> found.units.shape, bool(found.masks[..., 3:].any())
        ((2, 5, 3), False)

    Source: Yan & Feng, ICLR 2018 submission, section 3.3, equation 4.
    """
    network, hidden, predictions = accept(tail, hidden, predictions, mask_shape)
    if not len(targets):
        raise ValueError("targets: found none, wanted at least one")
    check_alphas(alphas)
    check_counts(repeats=repeats)
    recipe = make_recipe(kind, penalty, steps, batch_size, optimizer)
    questions = ask(network, predictions, targets, key=key, negatives=negatives)
    found = answer(network, hidden, predictions, questions, alphas, repeats, recipe)
    shape = len(targets), len(alphas), repeats
    gates = found.gates.reshape(*shape, -1)
    masks = gates >= 0.5
    return Sweep(
        network.unpack(masks),
        network.unpack(gates),
        masks.sum(axis=-1),
        found.holding_rate.reshape(shape),
        found.weight.reshape(shape),
        found.objective.reshape(len(targets), steps, len(alphas), repeats),
    )
