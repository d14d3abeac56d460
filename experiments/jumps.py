"""The signals and the networks of the study, and the errors of detectors."""

from functools import cached_property, partial

import jax
import jax.numpy as jnp
import numpy as np
import optax

from experiments.study import Study, lane
from interp_jax import data, methods, networks
from interp_jax.kernels import jumps
from interp_jax.kernels.location_errors import location_errors

FIRST, LAST = jumps.POSITIONS
POSITIONS = np.arange(FIRST, LAST + 1)

NETWORKS = {
    "1-layer perceptron": partial(networks.perceptron, sizes=(100, 60)),
    "2-layer perceptron": partial(networks.perceptron, sizes=(100, 100, 60)),
    "3-layer perceptron": partial(networks.perceptron, sizes=(100, 100, 100, 60)),
    "4-layer perceptron": partial(networks.perceptron, sizes=(100, 100, 100, 100, 60)),
    "CNN, 1 convolution": partial(networks.signal_cnn, taps=(7,)),
    "CNN, 2 convolutions": partial(networks.signal_cnn, taps=(5, 9)),
    "CNN, 3 convolutions": partial(networks.signal_cnn, taps=(5, 7, 9)),
}

WIDTHS, NOISES = np.linspace(0.4, 8.0, 39), np.arange(1, 7) / 10  # of the classical filter, and of jumps of height 1
WINDOW = 37  # the longest window that lies within the signal at every position

ERRORS = ("L1", "L2", "L1, best 99%", "L2, best 99%")  # the fields of LocationErrors
# Chen 2017, Tables 3.1 to 3.4: the same on 6,000 test signals.
PUBLISHED = {
    "Gaussian derivative": (0.5532, 1.4946, 0.4917, 0.7443),
    "1-layer perceptron": (0.3065, 0.8043, 0.2606, 0.6304),
    "2-layer perceptron": (0.3083, 0.7722, 0.2675, 0.6222),
    "3-layer perceptron": (0.3583, 0.8132, 0.3169, 0.6667),
    "4-layer perceptron": (0.3913, 0.8428, 0.3531, 0.7075),
    "CNN, 1 convolution": (0.3248, 0.7862, 0.2854, 0.6452),
    "CNN, 2 convolutions": (0.3213, 0.7592, 0.2839, 0.6309),
    "CNN, 3 convolutions": (0.3458, 0.7946, 0.3089, 0.6721),
}


class JumpStudy(Study):
    """The study with its signals."""

    def drawn(self, number: int, n: int, **options) -> data.JumpSignals:
        """The study's ``number``-th set of signals."""
        return data.jump_signals(self.key(number), n, self.config.noise, self.config.jump, **options)

    @cached_property
    def train(self):
        """Training signals."""
        return self.drawn(1, self.config.train_signals)

    @cached_property
    def validation(self):
        """Validation signals, for early stopping."""
        return self.drawn(2, self.config.validation_signals)

    @cached_property
    def test(self):
        """Test signals, on which errors are measured."""
        return self.drawn(3, self.config.test_signals)

    @cached_property
    def balanced(self):
        """An equal number of signals of every position, for averages."""
        positions = np.repeat(POSITIONS, self.config.averaged_signals)
        return self.drawn(4, len(positions), positions=positions)

    def clean(self, position: int):
        """The signal without noise."""
        return np.where(np.arange(1, 101) >= position, self.config.jump, 0.0)

    @cached_property
    def posterior(self) -> jumps.Estimates:
        """Mode, median and mean of the exact posterior on the test signals."""
        return jumps.estimates(jumps.log_posterior(self.test.signals, noise=self.config.noise, jump=self.config.jump))

    @cached_property
    def derivative_positions(self):
        """Predictions of the Gaussian-derivative detector for the test signals, at any position of the signal."""
        responses = jumps.gaussian_derivative(self.test.signals, positions=(2, self.test.signals.shape[1]))
        return 2 + jnp.argmax(responses, axis=1)

    @cached_property
    def optimal_weights(self):
        """Weights of the one-layer network that computes the exact posterior."""
        return jumps.posterior_network(noise=self.config.noise, jump=self.config.jump)

    @cached_property
    def descent(self):
        """Stochastic gradient descent; one object, so that equal networks share a compilation."""
        return optax.sgd(self.config.learning_rate)

    def thesis_fit(self, name: str, constructor=None, rows=None, **options) -> networks.Fit:
        """Networks trained as in the thesis: SGD, batches of 100, early stopping on the validation loss."""
        config, rows = self.config, rows or (self.train.signals, self.train.labels)
        usual = {"seeds": config.seeds, "epochs": config.epochs, "patience": config.patience, "optimizer": self.descent}
        options = {**usual, "validation": (self.validation.signals, self.validation.labels), **options}
        return self.fitted(name, constructor or NETWORKS[name], rows, **options)

    def fresh_fit(self, name: str, batch: int, steps: int, optimizer=None, **options) -> networks.Fit:
        """Networks of one layer, trained on fresh signals at every step, by default with Adam and a decaying rate."""

        def sample(key):
            drawn = data.sample_jump_signals(key, batch, self.config.noise, self.config.jump)
            return drawn.signals, drawn.labels

        optimizer = optimizer or optax.adam(optax.cosine_decay_schedule(0.03, steps))
        options |= {"seeds": self.config.seeds, "steps": steps, "optimizer": optimizer}
        return self.fitted_fresh(name, NETWORKS["1-layer perceptron"], sample, **options)

    def lanes(self, fit: networks.Fit) -> list[networks.Chain]:
        """The trained networks one by one."""
        return [lane(fit.network, seed) for seed in range(self.config.seeds)]

    def errors(self, predicted):
        """The `location_errors` on the test signals of one set of predictions, or of a stack of them."""
        errors = partial(location_errors, true=self.test.positions)
        return jax.vmap(errors)(predicted) if predicted.ndim > 1 else errors(predicted)

    def predictions(self, stacked):
        """Positions [seeds, signals] that stacked networks predict for the test signals."""
        return _predictions(stacked, self.test.signals)

    def fit_errors(self, fit: networks.Fit):
        """The `location_errors` of networks: arrays [seeds]."""
        return self.errors(self.predictions(fit.network))

    def averages(self, network) -> dict[str, jax.Array]:
        """The average [positions, units] of the outputs of every stage and of the probabilities."""
        signals, labels = self.balanced.signals, self.balanced.labels
        outputs = jax.tree_util.Partial(_outputs, network)  # equal networks share a compilation
        means = methods.averages.layer_averages(outputs, signals, labels, classes=len(POSITIONS))
        return {name: each.means for name, each in means.items()}


@jax.jit
def _predictions(stacked, signals):
    return jax.lax.map(lambda network: jumps.estimates(jax.nn.log_softmax(network(signals))).mode, stacked)


def _outputs(network, signals):
    outputs = network.activations(signals)
    return {**outputs, "probabilities": jax.nn.softmax(outputs[network.stage_names[-1]])}


def died(l1) -> np.ndarray:
    """Which networks are no better than a constant prediction (mean |error| at least 15): those above 10."""
    return np.asarray(l1) > 10


def located(key, noise: float, signals: int = 20_000) -> jax.Array:
    """The share of jumps of height 1 that the classical filter locates within one sample, by its width: [widths]."""
    drawn = data.jump_signals(key, signals, float(noise), jump=1.0)
    return _located(drawn.signals, drawn.labels)


@jax.jit
def _located(signals, labels):
    def of_width(width):
        positions = jnp.argmax(jumps.gaussian_derivative(signals, width, WINDOW), axis=1)
        return jnp.mean(jnp.abs(positions - labels) <= 1)

    return jax.lax.map(of_width, jnp.asarray(WIDTHS, jnp.float32))
