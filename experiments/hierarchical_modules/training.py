"""The performance of the networks on their task."""

import numpy as np

from experiments.hierarchical_modules.module_study import KINDS, SHUFFLED, TRAINED, UNTRAINED
from experiments.study import mean_and_spread
from interp_jax import figures

NETWORKS = {
    "lnn": "sigmoid units throughout, trained online with an L1 penalty as in the paper",
    "mlp": "a perceptron with ReLU",
    "cnn": "convolutions with pooling, with channels as hidden units",
}


def write(study, section) -> None:
    """Scores on the training rows and on the held-out rows, and curves of the online training."""
    task, kind = study.task, NETWORKS[study.config.network]
    layers = "-".join(map(str, (task.inputs[0].size, *task.hidden, task.targets.shape[1])))
    section.text(
        f"Data: {task.name}, {len(task.inputs):,} training and {len(task.held_inputs):,} held-out rows. Networks: "
        f"{kind}, {layers} (inputs, hidden layers, outputs), {study.config.networks} of each kind below."
    )
    score, unit = (_accuracy, "accuracy") if study.task.is_images else (_error, "root mean square error")
    scores = {
        kind: {
            rows: [score(study.task, study.outputs(network, inputs), held) for network in study.population(kind)]
            for rows, inputs, held in (
                ("training", study.task.inputs, False),
                ("held out", study.task.held_inputs, True),
            )
        }
        for kind in KINDS
    }
    rows = [
        (f"{kind} ({study.config.networks} networks)", *(mean_and_spread(values) for values in by_rows.values()))
        for kind, by_rows in scores.items()
    ]
    if not study.task.is_images:
        rows += _forecasts_without_a_network(study)
    held = f"{len(study.task.held_inputs):,}"
    section.table(
        ("network", f"{len(study.task.inputs):,} training rows", f"{held} held-out rows"),
        rows,
        f"{unit[0].upper()}{unit[1:]}{'' if study.task.is_images else ', in the unit of the prices'}, mean ± "
        "standard deviation over networks.",
        note="Networks trained on shuffled targets can only memorize, and untrained networks have learned nothing. "
        "Results that hold for these controls too are not due to learning.",
    )
    metrics = {kind: dict(by_rows) for kind, by_rows in scores.items()}
    if study.config.network == "lnn":
        metrics["share_of_weights_below_0.01"] = [_small(network) for network in study.population(TRAINED)]
        _curves(study, section)
        small = np.mean(metrics["share_of_weights_below_0.01"])
        before = np.mean([_small(network) for network in study.population(UNTRAINED)])
        section.text(
            f"{small:.0%} of the weights of the trained networks, and {before:.0%} before training, are below 0.01 in "
            f"magnitude. The L1 term has a weight of {study.task.penalty:g}."
        )
    section.metrics({"score": unit, "rows": len(study.task.inputs), "networks": metrics})


def _curves(study, section):
    curves = {kind: study.curves[kind] for kind in (TRAINED, SHUFFLED)}
    intervals = len(curves[TRAINED])
    section.figure(
        "training",
        figures.curves.against(
            study.task.steps / intervals * np.arange(1, intervals + 1),
            curves,
            "training steps",
            "squared error",
            log_y=True,
        ),
        f"Online training of {study.config.networks} networks of each kind, {study.task.steps:,} steps of one row; "
        "mean, standard deviation and single networks.",
    )


def _accuracy(task, outputs, held):
    return float(np.mean(np.argmax(np.asarray(outputs), axis=1) == (task.held_labels if held else task.labels)))


def _error(task, outputs, held):
    forecasts, prices = (
        task.scaled_targets.invert(np.asarray(x)) for x in (outputs, task.held_targets if held else task.targets)
    )
    return float(np.sqrt(np.mean((forecasts - prices) ** 2)))


def _forecasts_without_a_network(study):
    """Rows for two baselines: the price a month before, and the price a year before."""
    task = study.task
    every = np.concatenate([task.targets, task.held_targets])
    prices = task.scaled_targets.invert(every)
    rows = []
    if len(task.targets) <= 12:
        return rows
    for name, months in (("the price a month before", 1), ("the price twelve months before", 12)):
        errors = (prices[months:] - prices[:-months]) ** 2
        split = len(task.targets) - months
        rows.append((name, *(f"{np.sqrt(part.mean()):.3f}" for part in (errors[:split], errors[split:]))))
    return rows


def _small(network):
    weights = np.concatenate([np.abs(np.asarray(layer)).ravel() for layer in network.weights])
    return float(np.mean(weights < 0.01))
