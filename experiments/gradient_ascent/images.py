"""Images that maximize the classes of a convolutional network, with every regularizer."""

from functools import cached_property
from typing import NamedTuple

import jax
import numpy as np
import optax
from jax.tree_util import Partial

from experiments.gradient_ascent.ascent_study import random_start
from experiments.study import Study, probabilities
from experiments.tasks import TITLES, image_sets
from interp_jax import data, figures, networks
from interp_jax.methods import ascent
from interp_jax.methods.ascent.regularizers import box, clip_contribution, clip_norm, gaussian_blur, l2_decay

# Yosinski et al., arXiv:1506.06579, Table 1, use combinations of these, tuned by eye on larger images.
REGULARIZERS = {
    "none": (),
    "L2 decay": (l2_decay(0.05),),
    "Gaussian blur": (gaussian_blur(0.5, every=4),),
    "small norm to 0": (clip_norm(0.5),),
    "small contribution to 0": (clip_contribution(0.5),),
    "box 0 to 1": (box(0.0, 1.0),),
    "decay, blur, box": (l2_decay(0.02), gaussian_blur(0.5, every=4), box(0.0, 1.0)),
}
STEP = 0.1
# One optimizer object for all calls, so that they share a compilation.
OPTIMIZER = optax.adam(1e-3)
SIZES = {"digits": {"channels": (16, 32), "taps": 3, "hidden": 64}, "mnist": {"channels": (8, 16), "hidden": 128}}


class ImageStudy(Study):
    """The study of images: images are maximized on one network and classified by a second."""

    @cached_property
    def sets(self) -> tuple[data.Images, data.Images]:
        """The training and the test images."""
        return image_sets(self.config.data)

    @cached_property
    def pair(self) -> tuple[networks.Chain, networks.Chain]:
        """Two networks that differ in their initial weights and in the order of the images."""
        return self._network("first network", 1), self._network("second network", 2)

    def _network(self, name, number):
        train, _ = self.sets
        shape, sizes = train.inputs.shape[1:], SIZES[self.config.data]

        def network(key):
            return networks.image_cnn(jax.random.fold_in(key, number), shape, dropout=0.0, **sizes)

        options = {"seeds": None, "epochs": self.config.image_epochs, "optimizer": OPTIMIZER, "minibatch_size": 50}
        return self.fitted(name, network, (train.inputs, train.labels), **options).network


class Measures(NamedTuple):
    """What both networks make of the images of a regularizer: the first's probability and the second's agreement.

    Also their `roughness` relative to that of real images, and the least and the greatest value.
    """

    own: float
    other: float
    roughness: float
    extremes: tuple[float, float]


class Images(NamedTuple):
    """The accuracy of both networks on test images, and by regularizer numbers and one image [height, width] a class.

    Also the names of the classes and of the data, and the number of images learned for each class.
    """

    accuracy: tuple[float, float]
    regularizers: dict[str, Measures]
    images: dict[str, np.ndarray]
    classes: tuple[str, ...]
    data: str
    starts: int


def measure(study) -> Images:
    """Images of every class with every regularizer, and what both networks make of them."""
    config, (_, test) = study.config, study.sets
    units = np.repeat(np.arange(len(test.classes)), config.starts)
    start = random_start(study, len(units), *test.inputs.shape[1:])
    answers = [networks.apply(Partial(probabilities, network), test.inputs) for network in study.pair]
    accuracy = tuple(float(np.mean(each.argmax(axis=1) == test.labels)) for each in answers)
    options = {"objective": "logit", "rate": STEP, "threshold": 1.0, "steps": config.image_steps}
    measures, images, real = {}, {}, roughness(test.inputs)
    bar = study.progress.task("ascent", len(REGULARIZERS))
    for name, used in REGULARIZERS.items():
        inputs = np.asarray(ascent.maximize(study.pair[0], start, units, regularizers=used, **options).inputs)
        own, other = (networks.apply(Partial(probabilities, network), inputs) for network in study.pair)
        images[name] = inputs[:: config.starts, ..., 0]
        measures[name] = Measures(
            float(own[np.arange(len(units)), units].mean()),
            float(np.mean(other.argmax(axis=1) == units)),
            roughness(inputs) / real,
            (float(inputs.min()), float(inputs.max())),
        )
        bar.advance(note=name)
    bar.finish()
    return Images(accuracy, measures, images, tuple(test.classes), TITLES[config.data], config.starts)


def show(result: Images, page) -> None:
    """A figure of images by regularizer and class, and a table of measures of the images."""
    first, second = result.accuracy
    page.text(
        f"{result.data}: two convolutional networks have a held-out accuracy of {first:.1%} and {second:.1%}. Images "
        "are learned by ascent on the scores of the first network before the softmax, with a regularizer after each "
        "step. The predictions of the second network for these images show how much of an image is common to networks "
        "and how much is specific to the first."
    )
    page.finding(agreement_in_words(result))
    page.finding(looks_in_words(result))
    page.table(
        ("regularizer", "probability", "agreement of the second network", "roughness", "values"),
        [
            (name, f"{each.own:.3f}", f"{each.other:.0%}", f"{each.roughness:.2f}", span(each))
            for name, each in result.regularizers.items()
        ],
        f"Over {result.starts} starts per class: the class probability according to the first network, the share of "
        "images for which the second network predicts the same class, the roughness relative to real images (mean "
        "squared difference of neighboring pixels over mean square), and the range of values.",
    )
    page.figure(
        "regularizer_grid",
        figures.images.learned(result.images, result.classes),
        "One learned image for every class (columns) and regularizer (rows). Red is above zero, blue below; each row "
        "has its own scale.",
    )
    regularizers = {name: each._asdict() for name, each in result.regularizers.items()}
    page.metrics({"accuracy": result.accuracy, "regularizers": regularizers})


def agreement_in_words(result: Images) -> str:
    """The finding: how often a second network recognizes images learned from the first, beside real images."""
    other = {name: each.other for name, each in result.regularizers.items()}
    best, plain, real = max(other, key=other.get), other["none"], result.accuracy[1]
    often = "about as often as" if plain > real - 0.03 else "less often than"
    gain = f"with the best regularizer ({best}) {other[best]:.0%}" if other[best] > plain else "no regularizer helps"
    return (
        f"Images that drive a class of one network most are recognized by a second network, trained apart, {often} "
        f"real test images: {plain:.0%} and {real:.0%} (chance {1 / len(result.classes):.0%}); {gain}."
    )


def looks_in_words(result: Images) -> str:
    """The finding: how learned images differ from real ones, and which regularizers make them as smooth."""
    plain = result.regularizers["none"]
    smooth = [name for name, each in result.regularizers.items() if each.roughness < 1.1]
    return (
        f"Without a regularizer their values are {span(plain)}, where real ones are 0 to 1, and their roughness is "
        f"{plain.roughness:.1f} times that of real images; as smooth as these with: {'; '.join(smooth) or 'none'}."
    )


def span(measures: Measures) -> str:
    """The range of the values of images."""
    return "{:.1f} to {:.1f}".format(*measures.extremes).replace("-", "−")


def roughness(images) -> float:
    """The mean squared difference of neighboring pixels over the mean square."""
    images = np.asarray(images, np.float64)
    steps = [np.mean(np.diff(images, axis=axis) ** 2) for axis in (1, 2)]
    return float(np.mean(steps) / np.mean(images**2))
