"""Images that maximize the classes of a convolutional network, with every regularizer."""

import numpy as np

from interp_jax import figures
from interp_jax.methods import ascent
from interp_jax.methods.ascent import regularizers

# Yosinski et al., arXiv:1506.06579, Table 1, use combinations of these, tuned by eye on larger images.
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
    """A figure of images by regularizer and class, and a table of measures of the images."""
    test, config = study.task.test, study.config
    accuracy = [float(np.mean(study.probabilities(n, test.inputs).argmax(axis=1) == test.labels)) for n in study.pair]
    classes = np.arange(len(test.classes))
    section.text(
        f"{study.task.name}: two convolutional networks have a held-out accuracy of {accuracy[0]:.1%} and "
        f"{accuracy[1]:.1%}. Images are learned by ascent on the scores of the first network before the softmax, for "
        f"{config.image_steps} steps, with a regularizer after each step. The predictions of the second network for "
        "these images show how much of an image is common to networks and how much is specific to the first."
    )
    units = np.repeat(classes, config.starts)
    start = study.start(len(units), *test.inputs.shape[1:])
    images, rows, metrics = {}, [], {}
    real = roughness(test.inputs)
    bar = study.progress.task("ascent", len(REGULARIZERS))
    for name, used in REGULARIZERS.items():
        maximized = ascent.maximize(
            study.pair[0],
            start,
            units,
            objective="logit",
            regularizers=used,
            rate=STEP,
            threshold=1.0,
            steps=config.image_steps,
        )
        inputs = np.asarray(maximized.inputs)
        images[name] = inputs[:: config.starts, ..., 0]
        own, other = (study.probabilities(network, inputs) for network in study.pair)
        metrics[name] = {
            "own": float(own[np.arange(len(units)), units].mean()),
            "other": float(np.mean(other.argmax(axis=1) == units)),
            "roughness": roughness(inputs) / real,
            "extremes": [float(inputs.min()), float(inputs.max())],
        }
        measures = metrics[name]
        rows.append(
            (
                name,
                f"{measures['own']:.3f}",
                f"{measures['other']:.0%}",
                f"{measures['roughness']:.2f}",
                f"{measures['extremes'][0]:.1f} to {measures['extremes'][1]:.1f}".replace("-", "−"),
            )
        )
        bar.advance(note=name)
    bar.finish()
    best = max(metrics, key=lambda name: metrics[name]["other"])
    section.table(
        ("regularizer", "probability", "agreement of the second network", "roughness", "values"),
        rows,
        f"Over {config.starts} starts per class: the class probability according to the first network, the share of "
        "images for which the second network predicts the same class, the roughness relative to real images (mean "
        "squared difference of neighboring pixels over mean square), and the range of values.",
        note=f"The agreement of the second network is highest with {best} ({metrics[best]['other']:.0%}).",
    )
    section.figure(
        "regularizer_grid",
        figures.images.learned(images, test.classes),
        "One learned image for every class (columns) and regularizer (rows). Red is above zero, blue below; each row "
        "has its own scale.",
    )
    section.metrics({"accuracy": accuracy, "regularizers": metrics})


def roughness(images) -> float:
    """The mean squared difference of neighboring pixels over the mean square."""
    images = np.asarray(images, np.float64)
    steps = [np.mean(np.diff(images, axis=axis) ** 2) for axis in (1, 2)]
    return float(np.mean(steps) / np.mean(images**2))
