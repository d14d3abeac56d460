"""The decision set of the first network, rule by rule."""

from experiments.cnn_inte.tasks import FULL
from interp_jax.methods import cnn_inte

LENGTH = 3


def write(study, section) -> None:
    """Independent rules over the clusters of the fully trained network's layer, in place of the tree."""
    explainer, task, config = study.explainer(FULL, 0), study.task, study.config
    ids, held_ids = (explainer.hidden_ids(study.outputs(FULL, 0)[f"{part} hidden"]) for part in ("rows", "held"))
    found = cnn_inte.learn_rules(ids, task.labels, count=config.ids, classes=len(task.class_names), length=LENGTH)
    rows, precision = [], []
    for rule in found.rules:
        covered = rule.covers(held_ids)
        right = (task.held_labels[covered] == rule.label).mean() if covered.any() else None
        precision.append(right)
        shown = None if right is None else f"{right:.1%}"
        rows.append((task.class_names[rule.label], rule.condition, f"{covered.mean():.1%}", shown))
    section.table(
        ("class", "if", "held-out rows covered", "of them of the class"),
        rows,
        f"Rules of up to {LENGTH} conditions for the first {FULL} network, each learned against all other classes "
        "and to be read alone. A row that several cover gets the class of the rule with the greatest precision on "
        f"training rows, a row that none covers the class {task.class_names[found.default]}.",
    )
    section.metrics({"rules": [rule.condition for rule in found.rules], "held_precision": precision})
