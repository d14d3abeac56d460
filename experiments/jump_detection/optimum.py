"""A network that reaches the optimum, its filters, and the causes of the remaining error of other networks."""

from functools import partial

import jax
import numpy as np
import optax

from experiments.jumps import FIRST, NETWORKS, POSITIONS, by_position
from experiments.study import mean_and_spread
from interp_jax import data, figures, methods

ONE_LAYER = "1-layer perceptron"
STEPS_PER_CALL = 500


def write(study, section) -> None:
    """The network trained on fresh signals, sanity controls, and an analysis of the remaining error."""
    fresh = _fresh(study)
    _against_optimum(study, section, fresh)
    _filters(study, section, fresh)
    _sanity_controls(study, section, fresh)
    _lost_accuracy(study, section, fresh)


def _fresh(study):
    config = study.config
    optimizer = optax.adam(optax.cosine_decay_schedule(0.03, config.fresh_steps))
    return study.fitted_fresh(
        f"{ONE_LAYER} on fresh signals",
        NETWORKS[ONE_LAYER],
        partial(_draw, batch=config.fresh_batch, noise=config.noise, jump=config.jump),
        seeds=config.seeds,
        steps=config.fresh_steps,
        optimizer=optimizer,
        steps_per_call=STEPS_PER_CALL,
    )


def _draw(key, batch, noise, jump):
    drawn = data.sample_jump_signals(key, batch, noise, jump)
    return drawn.signals, drawn.labels


def _against_optimum(study, section, fresh):
    config = study.config
    rows, ratios = [], {}
    errors = {estimate: study.errors(study.predictions(fresh.network, estimate)) for estimate in ("mode", "median")}
    for estimate, of_network in errors.items():
        best = study.errors(getattr(study.posterior, estimate))
        ratios[estimate] = np.asarray(of_network.l1) / float(best.l1)
        rows.append(
            (
                estimate,
                f"{float(best.l1):.4f}",
                mean_and_spread(of_network.l1, 4),
                mean_and_spread(ratios[estimate], 3),
                f"{float(best.l2):.3f}",
                mean_and_spread(of_network.l2, 3),
            )
        )
    section.text(
        "The optimum is a softmax over weighted sums of the samples, so that one layer of weights can represent it. "
        "The 1-layer network of the thesis does not reach it, for lack of training signals. The same network trained "
        f"on fresh signals at every step ({config.fresh_steps:,} steps of {config.fresh_batch} signals with Adam) has "
        f"an error {ratios['mode'].mean() - 1:.1%} above that of the optimum."
    )
    section.table(
        ("estimate", "optimum L1", "network L1", "ratio", "optimum L2", "network L2"),
        rows,
        f"The network trained on fresh signals and the optimum on the same {config.test_signals:,} test signals.",
        note="Mode: the most probable position. Median: the median of the predicted distribution, which minimizes the "
        "expected |error|.",
    )
    measured = {"l1": errors["mode"].l1, "l1_over_optimum": ratios, "mean_l1_over_optimum_mode": ratios["mode"].mean()}
    section.metrics({"fresh": measured})


def _filters(study, section, fresh):
    weights = {
        "optimum": study.optimal_weights.weights,
        "fresh signals": fresh.network.dense1.kernel[...][0],
        "thesis-style": study.thesis_fit(ONE_LAYER).network.dense1.kernel[...][0],
    }
    centered = {name: np.asarray(methods.filters.center_classes(kernel)) for name, kernel in weights.items()}
    shown = (21, 35, 50, 65, 80)
    section.figure(
        "filters_over_optimum",
        figures.filters.gallery(
            np.arange(1, 101),
            {f"jump at {at}": {name: kernel[:, at - FIRST] for name, kernel in centered.items()} for at in shown},
            jumps={f"jump at {at}": at for at in shown},
            y_label="weight, class mean removed",
        ),
        "Filters of five classes. The softmax is invariant to a vector added to the weights of all classes, so that "
        "the mean over the classes is subtracted. The optimum is then a saw-tooth: samples after the jump increase the "
        "score, samples before it decrease the score. Training on fresh signals recovers this near the jump, and only "
        "partly far from it, where the weights have little influence. Its weights on samples 81 to 100, which are high "
        "in every signal, act as a bias. The network trained as in the thesis stops much earlier and resembles a local "
        "derivative.",
    )
    profiles = {name: methods.filters.jump_profile(kernel) for name, kernel in weights.items()}
    section.figure(
        "filter_profile",
        figures.filters.profiles(
            profiles["optimum"].offsets,
            {name: np.asarray(profile.mean) for name, profile in profiles.items()},
            x_label="offset from the jump (samples)",
            y_label="weight, averaged over the classes",
            zero=0,
        ),
        "The same filters, aligned at the jump and averaged over the 60 classes.",
    )


def _sanity_controls(study, section, fresh):
    config, optimum = study.config, study.optimal_weights.weights
    trained = study.thesis_fit(ONE_LAYER)
    shuffled = jax.random.permutation(study.key(9), study.train.labels)
    memorized = study.fitted(
        f"{ONE_LAYER} on shuffled labels",
        NETWORKS[ONE_LAYER],
        (study.train.signals, shuffled),
        seeds=config.seeds,
        epochs=int(np.max(trained.best_epoch)),
    )
    noise = jax.random.normal(study.key(10), (optimum.shape[0], 1))
    stacks = {
        "fresh signals": fresh.network.dense1.kernel[...],
        "thesis-style": trained.network.dense1.kernel[...],
        "untrained": study.stacked(NETWORKS[ONE_LAYER], config.seeds)[0].dense1.kernel[...],
        "shuffled labels": memorized.network.dense1.kernel[...],
        "planted: optimum plus a vector for all classes": (optimum + 10 * noise)[None],
    }
    rows, metrics = [], {}
    for name, stack in stacks.items():
        centered = np.array([methods.filters.agreement(kernel, optimum) for kernel in stack])
        raw = np.array([np.corrcoef(np.ravel(kernel), np.ravel(optimum))[0, 1] for kernel in stack])
        rows.append((name, mean_and_spread(raw, 3), mean_and_spread(centered, 3)))
        metrics[name] = {"raw": raw, "agreement": centered}
    section.text(
        "Sanity controls for the agreement with the optimum: for networks that have not learned the task it should be "
        "zero, and for the weights of the optimum plus the same vector for all classes, to which the softmax is "
        "invariant, it should be one."
    )
    section.table(
        ("weights", "raw correlation", "agreement (class mean removed)"),
        rows,
        "Correlation of one-layer weights with those of the optimum, mean ± standard deviation over seeds.",
    )
    section.metrics({"sanity": metrics})


def _lost_accuracy(study, section, fresh):
    config = study.config
    sizes, l1, rows, metrics = sorted({*config.sample_sizes, config.train_signals}), [], [], {}
    largest = study.drawn(1, max(sizes))
    for size in sizes:
        budget = config.epochs * config.train_signals  # the same number of steps for every size
        fit = study.thesis_fit(
            ONE_LAYER if size == config.train_signals else f"{ONE_LAYER} on {size} signals",
            NETWORKS[ONE_LAYER],
            rows=(largest.signals[:size], largest.labels[:size]),
            epochs=max(1, budget // size),
            patience=max(3, config.patience * config.train_signals // size),
        )
        errors = study.errors(study.predictions(fit.network))
        l1.append(np.asarray(errors.l1))
        steps = fit.best_epoch * (size // 100)
        rows.append((f"{size:,} signals, plain descent", mean_and_spread(l1[-1]), f"{int(np.mean(steps)):,}"))
        metrics[f"{size}"] = {"l1": l1[-1], "steps_of_best_epoch": steps}
    plain_steps = config.epochs * config.train_signals // 100
    plain = study.fitted_fresh(
        f"{ONE_LAYER} on fresh signals, plain descent",
        NETWORKS[ONE_LAYER],
        partial(_draw, batch=100, noise=config.noise, jump=config.jump),
        seeds=config.seeds,
        steps=plain_steps,
        steps_per_call=STEPS_PER_CALL,
    )
    plain_name = "fresh signals every step, plain descent"
    fresh_name = f"fresh signals every step, Adam, batch {config.fresh_batch}"
    for name, fit, steps in ((plain_name, plain, plain_steps), (fresh_name, fresh, config.fresh_steps)):
        errors = study.errors(study.predictions(fit.network))
        rows.append((name, mean_and_spread(errors.l1), f"{steps:,}"))
        metrics[name] = {"l1": errors.l1, "steps": steps}
    optimum = float(study.errors(study.posterior.mode).l1)
    rows.append(("optimum (mode of the posterior)", f"{optimum:.3f}", None))
    own = study.thesis_fit(ONE_LAYER)
    few, slow = (np.mean(metrics[name]["l1"]) for name in (f"{config.train_signals}", plain_name))
    best = np.mean(metrics[fresh_name]["l1"])
    section.text(
        "The causes of the remaining error, for the 1-layer network, which can represent the optimum. In the table it "
        "is trained on more signals, then on fresh signals, then with a better optimizer: Adam with a decaying rate "
        f"and batches of {config.fresh_batch}. Of the difference of {few - optimum:.3f} samples between the network "
        f"trained as in the thesis and the optimum, {few - slow:.3f} is due to the number of signals, "
        f"{slow - best:.3f} to plain gradient descent, which has not converged after {plain_steps:,} steps, and "
        f"{best - optimum:.3f} remains. More epochs do not help: with {config.train_signals:,} signals the validation "
        f"loss is smallest after {np.mean(own.best_epoch):.0f} of {len(own.history.loss)} epochs."
    )
    section.table(
        ("1-layer network trained on", "L1", "steps"),
        rows,
        "Mean |error| in samples, mean ± standard deviation over seeds; steps to the best epoch.",
    )
    section.figure(
        "training_set_size",
        figures.curves.against(
            np.array(sizes),
            {"1-layer perceptron": np.stack(l1)},
            "training signals",
            "mean |error| (samples)",
            references={
                "optimum": optimum,
                "fresh signals, plain descent": float(slow),
            },
            log_x=True,
        ),
        "Error against the size of the training set; dashed, the error with fresh signals after the same number of "
        "steps, and that of the optimum.",
    )
    metrics["by_position"] = _by_position(study, section, fresh)
    section.metrics({"lost_accuracy": metrics | {"optimum_mode_l1": optimum}})


def _by_position(study, section, fresh):
    predicted = {
        "Gaussian derivative": study.derivative_positions,
        "4-layer perceptron": study.predictions(study.thesis_fit("4-layer perceptron").network)[0],
        ONE_LAYER: study.predictions(study.thesis_fit(ONE_LAYER).network)[0],
        "fresh signals": study.predictions(fresh.network)[0],
        "optimum": study.posterior.mode,
    }
    curves = {name: by_position(positions, study.test.positions) for name, positions in predicted.items()}
    section.figure(
        "error_by_position",
        figures.comparison.by_position(POSITIONS, curves),
        "Mean |error| by true position. Positions near 21 and 80, the limits of the jumps, are not harder than the "
        "others, so that the edges are not a cause of the remaining error.",
    )
    edge = np.minimum(POSITIONS - POSITIONS[0], POSITIONS[-1] - POSITIONS) < 5
    return {
        name: {"outer_five_positions": curve[edge].mean(), "others": curve[~edge].mean()}
        for name, curve in curves.items()
    }
