"""Slow NumPy transcriptions of the papers' formulas, and what the tests compare kernels with."""

import numpy as np


def gaussian_derivative(signal, width, window, first, last):
    """Chen 2017, section 3.2.1: smooth by eq. 3.2 (zeros beyond the ends), difference, one position at a time."""
    half = window // 2
    offsets = range(-half, half + 1)
    taps = {u: np.exp(-(u**2) / (2 * width**2)) for u in offsets}
    total = sum(taps.values())

    def smooth(t):
        return sum(taps[u] / total * signal[t - u - 1] for u in offsets if 1 <= t - u <= len(signal))

    return np.array([smooth(t) - smooth(t - 1) for t in range(first, last + 1)])


def log_posterior(signal, noise, jump, first, last):
    """Bayes' rule on Chen 2017, eq. 3.1, with the Gaussian densities written out."""
    samples = np.arange(1, len(signal) + 1)

    def log_likelihood(t):
        means = np.where(samples < t, 0.0, jump)
        return -0.5 * np.sum(((signal - means) / noise) ** 2)

    log_joint = np.array([log_likelihood(t) for t in range(first, last + 1)])
    return log_joint - np.max(log_joint) - np.log(np.sum(np.exp(log_joint - np.max(log_joint))))


def location_errors(predicted, true, best):
    """Chen 2017, section 3.2.3."""
    errors = sorted(abs(float(p) - float(t)) for p, t in zip(predicted, true, strict=True))
    kept = errors[: max(1, int(best * len(errors)))]

    def root_mean_square(values):
        return (sum(value**2 for value in values) / len(values)) ** 0.5

    return sum(errors) / len(errors), root_mean_square(errors), sum(kept) / len(kept), root_mean_square(kept)


def class_means(activations, labels, classes):
    """Chen 2017, eq. 3.6, class by class."""
    activations, labels = np.asarray(activations, np.float64), np.asarray(labels)
    return np.stack(
        [
            activations[labels == c].mean(0) if np.any(labels == c) else np.zeros(activations.shape[1:])
            for c in range(classes)
        ]
    )


def convolution(signal, kernel, bias):
    """One SAME filter with zeros beyond the ends, sample by sample."""
    before = (len(kernel) - 1) // 2
    padded = dict(enumerate(signal))
    return np.array(
        [
            bias + sum(weight * padded.get(t + u - before, 0.0) for u, weight in enumerate(kernel))
            for t in range(len(signal))
        ]
    )
