"""A decision set for the first network, in place of the tree."""

from experiments.cnn_inte.tasks import FULL
from interp_jax.methods import cnn_inte

LENGTH = 3


def write(study, section) -> None:
    """Independent rules over the clusters of the fully trained network's layer."""
    explainer, task, config = study.explainer(FULL, 0), study.task, study.config
    ids, held_ids = (explainer.hidden_ids(study.outputs(FULL, 0)[f"{part} hidden"]) for part in ("rows", "held"))
    decisions = cnn_inte.learn_rules(ids, task.labels, count=config.ids, classes=len(task.class_names), length=LENGTH)
    rows, precision = [], []
    for rule in decisions.rules:
        covered = rule.covers(held_ids)
        correct = (task.held_labels[covered] == rule.label).mean() if covered.any() else None
        precision.append(correct)
        shown = None if correct is None else f"{correct:.1%}"
        rows.append((task.class_names[rule.label], rule.condition, f"{covered.mean():.1%}", shown))
    section.table(
        ("class", "if", "coverage of held-out rows", "precision"),
        rows,
        f"Rules of up to {LENGTH} conditions for the first {FULL} network, each learned against all other classes and "
        "independent of the others. A row covered by several rules is assigned the class of the rule with the greatest "
        f"precision on training rows, a row covered by none the class {task.class_names[decisions.default]}.",
    )
    section.metrics({"rules": [rule.condition for rule in decisions.rules], "held_precision": precision})
