"""Images that the classes of a convolutional network respond to most, under every regularizer."""

import numpy as np

from interp_jax import figures
from interp_jax.methods import ascent
from interp_jax.methods.ascent import regularizers as regularizers

# Yosinski et al., arXiv:1506.06579, Table 1, has combinations of these, tuned by eye on larger images.
REGULARIZERS = {
    "none": (),
    "L2 decay": (regularizers.l2_decay(0.05),),
    "Gaussian blur": (regularizers.gaussian_blur(0.5, every=4),),
    "small norm to 0": (regularizers.clip_norm(0.5),),
    "small contribution to 0": (regularizers.clip_contribution(0.5),),
    "box 0 to 1": (regularizers.box(0.0, 1.0),),
    "decay, blur, box": (
        regularizers.l2_decay(0.02),
        regularizers.gaussian_blur(0.5, every=4),
        regularizers.box(0.0, 1.0),
    ),
}
STEP = 0.1


def write(study, section) -> None:
    """The grid of regularizers and classes, and how natural the images are."""
    test, config = study.task.test, study.config
    right = [float(np.mean(study.probabilities(n, test.inputs).argmax(axis=1) == test.labels)) for n in study.pair]
    classes = np.arange(len(test.classes))
    section.text(
        f"{study.task.name}: two convolutional networks name {right[0]:.1%} and {right[1]:.1%} of the images held out "
        f"rightly. On the first an image is climbed for every class by its score before the softmax, for "
        f"{config.image_steps} steps, with one regularizer after each step. The second has never seen any of it: the "
        "class that it gives the learned images tells how much of them is the digit and how much the network."
    )
    units = np.repeat(classes, config.starts)
    start = study.start(len(units), *test.inputs.shape[1:])
    found, rows, metrics = {}, [], {}
    real = roughness(test.inputs)
    bar = study.progress.task("ascent", len(REGULARIZERS))
    for name, used in REGULARIZERS.items():
        climbed = ascent.maximize(
            study.pair[0],
            start,
            units,
            objective="logit",
            regularizers=used,
            rate=STEP,
            threshold=1.0,
            steps=config.image_steps,
        )
        inputs = np.asarray(climbed.inputs)
        found[name] = inputs[:: config.starts, ..., 0]
        own, other = (study.probabilities(network, inputs) for network in study.pair)
        metrics[name] = {
            "own": float(own[np.arange(len(units)), units].mean()),
            "other": float(np.mean(other.argmax(axis=1) == units)),
            "roughness": roughness(inputs) / real,
            "extremes": [float(inputs.min()), float(inputs.max())],
        }
        kept = metrics[name]
        rows.append(
            (
                name,
                f"{kept['own']:.3f}",
                f"{kept['other']:.0%}",
                f"{kept['roughness']:.2f}",
                f"{kept['extremes'][0]:.1f} to {kept['extremes'][1]:.1f}".replace("-", "−"),
            )
        )
        bar.advance(note=name)
    bar.finish()
    best = max(metrics, key=lambda name: metrics[name]["other"])
    section.table(
        ("regularizer", "own probability", "second network agrees", "roughness", "values"),
        rows,
        f"Over {config.starts} starts a class: the probability that the climbed network gives the class, how often the "
        "second network calls the same class, the roughness relative to real images (mean squared difference of "
        "neighbors over mean square), and the range of values.",
        note=f"The second network agrees most with images made with {best} ({metrics[best]['other']:.0%}).",
    )
    section.figure(
        "regularizer_grid",
        figures.images.learned(found, test.classes),
        "One learned image for every class (columns) under every regularizer (rows). Red is above zero, blue below; "
        "each row has its own scale.",
    )
    section.metrics({"accuracy": right, "regularizers": metrics})


def roughness(images) -> float:
    """Mean squared difference of neighbors, over the mean square."""
    images = np.asarray(images, np.float64)
    steps = [np.mean(np.diff(images, axis=axis) ** 2) for axis in (1, 2)]
    return float(np.mean(steps) / np.mean(images**2))
