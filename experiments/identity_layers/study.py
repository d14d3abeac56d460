"""The study's sections in the order of its page."""

from experiments.identity_layers import accuracy, convolution, distance, exits, maps, removal, shares
from experiments.identity_layers.layers_study import LayersStudy
from experiments.identity_layers.settings import Settings
from experiments.identity_networks import task
from experiments.study import write_report

SECTIONS = {
    "accuracy": ("Accuracy of every layer", accuracy),
    "distance": ("Distance of the weights from the identity", distance),
    "maps": ("Contribution maps and the likelihood of the classes", maps),
    "removal": ("Deletion and insertion", removal),
    "exits": ("Prediction depth and early exit", exits),
    "shares": ("Attribution of the score to layers", shares),
    "convolution": ("A convolutional network initialized with Dirac kernels", convolution),
}
ALL_IN_GALLERY = True  # of the paper the abstract alone is at hand, without numbers of figures


def main(settings: Settings):
    """Writes the sections that are not finished yet and returns the path of the report."""
    return write_report(
        LayersStudy,
        settings,
        SECTIONS,
        title="Layers near the identity",
        lead="A perceptron whose weight matrices all start at the identity has, in every layer, one unit for each "
        "pixel and one for each class: every layer shows what it has changed of the image and which class it predicts. "
        "After Kubota, Hayashi, Hayase & Uchida, Layer-wise interpretation of deep neural networks using identity "
        "initialization, arXiv:2102.13333.",
        task=None if settings.show else task(settings),
    )
