"""The study's sections in the order of its page."""

from experiments.ascents import AscentStudy
from experiments.gradient_ascent import classes, images, observer
from experiments.gradient_ascent.settings import Settings
from experiments.study import Study, write_report

SECTIONS = {
    "classes": ("Inputs that maximize each class", classes),
    "observer": ("The exact posterior as a control", observer),
    "images": ("Regularizers for images", images),
}


def main(settings: Settings):
    """Writes the sections that are not finished yet and returns the path of the report."""
    study, *names = (AscentStudy, "classes", "observer") if settings.data == "jumps" else (Study, "images")
    rest = "score, with one of several regularizers, and the images that result are compared with real ones."
    if settings.data == "jumps":
        rest = "probability. The probability under the exact posterior shows which results are those of the task."
    return write_report(
        study,
        settings,
        {name: SECTIONS[name] for name in names},
        title="Inputs that maximize a class",
        lead=f"From random starts an input is moved along the gradient of a class's {rest} After Y. Chen, Towards "
        "explaining neural networks, Utrecht University 2017, chapter 5.",
    )
