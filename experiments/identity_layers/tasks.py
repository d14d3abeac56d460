"""The images of the study, as rows of pixels."""

import dataclasses

import numpy as np

from experiments.tasks import TITLES, ImageTask, image_sets


@dataclasses.dataclass(frozen=True)
class Task(ImageTask):
    """Images as rows of pixels, and the shape of an image."""

    shape: tuple[int, int]


def task(settings) -> Task:
    """The task of the settings; the seed determines the order of the training rows."""
    train, test = image_sets(settings.data)
    order = np.random.default_rng(settings.seed).permutation(len(train.labels))
    flat, held = (images.inputs.reshape(len(images.inputs), -1) for images in (train, test))
    return Task(
        TITLES[settings.data],
        flat[order],
        train.labels[order],
        held,
        test.labels,
        train.classes,
        shape=train.inputs.shape[1:3],
    )
