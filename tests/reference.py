"""Slow NumPy transcriptions of the papers' formulas, and what the tests compare kernels with."""

from itertools import combinations, pairwise, product

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


def lnn_outputs(weights, biases, x):
    """Watanabe 1810.01588, section 2: every layer's outputs for one row, unit by unit, the input first."""
    layers = [np.asarray(x, np.float64)]
    for weight, bias in zip(weights, biases, strict=True):
        before = layers[-1]
        sums = [sum(weight[i, j] * before[i] for i in range(weight.shape[0])) + bias[j] for j in range(weight.shape[1])]
        layers.append(1 / (1 + np.exp(-np.array(sums))))
    return layers


def lnn_train(weights, biases, inputs, targets, shown, penalty, learning_rate, saturation):
    """Watanabe 1810.01588, section 2 and Appendix 3: the online update, from the output layer to the input layer."""
    weights = [np.array(weight, np.float64) for weight in weights]
    biases = [np.array(bias, np.float64) for bias in biases]
    for t, row in enumerate(shown):
        rate = learning_rate * len(shown) / (len(shown) + 5 * t)
        o = lnn_outputs(weights, biases, inputs[row])
        deltas = [None] * len(o)
        deltas[-1] = np.array(
            [(o[-1][j] - targets[row][j]) * (o[-1][j] * (1 - o[-1][j]) + saturation) for j in range(len(o[-1]))]
        )
        for d in range(len(o) - 2, 0, -1):
            deltas[d] = np.array(
                [
                    sum(deltas[d + 1][k] * weights[d][j, k] for k in range(len(o[d + 1])))
                    * (o[d][j] * (1 - o[d][j]) + saturation)
                    for j in range(len(o[d]))
                ]
            )
        for d, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
            for j in range(weight.shape[1]):
                for i in range(weight.shape[0]):
                    weight[i, j] -= rate * (deltas[d + 1][j] * o[d][i] + penalty * np.sign(weight[i, j]))
                bias[j] -= rate * deltas[d + 1][j]
    return weights, biases


def cropped_and_resized(image, size, threshold=0.0):
    """The mean over every output cell of the crop, pixel by pixel: the area integral of unit squares."""
    rows = [y for y in range(image.shape[0]) if any(image[y, x] > threshold for x in range(image.shape[1]))]
    columns = [x for x in range(image.shape[1]) if any(image[y, x] > threshold for y in range(image.shape[0]))]
    out = np.zeros((size, size))
    if not rows:
        return out
    crop = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float64)
    height, width = crop.shape[0] / size, crop.shape[1] / size

    def overlap(pixel, cell, length):
        return max(0.0, min(pixel + 1, (cell + 1) * length) - max(pixel, cell * length))

    for i, j, y, x in np.ndindex(size, size, *crop.shape):
        out[i, j] += crop[y, x] * overlap(y, i, height) * overlap(x, j, width) / (height * width)
    return out


def pearson(a, b):
    """Watanabe 2018, definitions 1 and 2, pair by pair in float64; 0 where a column is constant."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    result = np.zeros((a.shape[1], b.shape[1]))
    for i in range(a.shape[1]):
        for j in range(b.shape[1]):
            x, y = a[:, i], b[:, j]
            if len(set(x)) > 1 and len(set(y)) > 1:
                covariance = np.mean((x - np.mean(x)) * (y - np.mean(y)))
                result[i, j] = covariance / np.sqrt(np.mean((x - np.mean(x)) ** 2) * np.mean((y - np.mean(y)) ** 2))
    return result


def sum_of_cosines(vectors):
    """The cosines of all pairs k < l, added up; a zero vector has cosine 0."""
    return sum(cosine(vectors[k], vectors[other]) for k in range(len(vectors)) for other in range(k))


def align_signs(vectors, draws):
    """Watanabe 2018, Algorithm 1, with the draws given; the aligned vectors and the sum of cosines at every step."""
    vectors = np.array(vectors, np.float64)
    trace = [sum_of_cosines(vectors)]
    for k in draws:
        if sum(cosine(vectors[k], vectors[other]) for other in range(len(vectors)) if other != k) < 0:
            vectors[k] = -vectors[k]
        trace.append(sum_of_cosines(vectors))
    return vectors, np.array(trace)


def cosine(v, w):
    norms = np.linalg.norm(v) * np.linalg.norm(w)
    return v @ w / norms if norms > 0 else 0.0


def nmf(v, weights, components, iterations):
    """Lee and Seung 2000, theorem 1: the multiplicative updates of the Frobenius error, T first, entry by entry."""
    v, t, u = (np.array(array, np.float64) for array in (v, weights, components))

    def quotient(numerator, denominator):
        return numerator / denominator if denominator > 0 else 0.0

    for _ in range(iterations):
        numerator, denominator = v @ u.T, t @ u @ u.T
        for n, r in np.ndindex(*t.shape):
            t[n, r] *= quotient(numerator[n, r], denominator[n, r])
        numerator, denominator = t.T @ v, t.T @ t @ u
        for r, m in np.ndindex(*u.shape):
            u[r, m] *= quotient(numerator[r, m], denominator[r, m])
    return t, u, np.sqrt(sum((v[n, m] - t[n] @ u[:, m]) ** 2 for n, m in np.ndindex(*v.shape)))


def layer_outputs(segments, x, replaced=None):
    """Every segment's output for one row [1, …]; ``replaced`` maps (layer, unit) to what that unit is set to."""
    layers = []
    for number, segment in enumerate(segments):
        x = np.array(segment(x), np.float64)
        for (layer, unit), value in (replaced or {}).items():
            if layer == number:
                x[..., unit] = value
        layers.append(x)
    return layers


def unit_mean(segments, inputs, layer, unit):
    """The mean of a unit over rows and places."""
    return np.mean([layer_outputs(segments, x[None])[layer][..., unit] for x in inputs])


def module_effects(segments, inputs, units, signs, source):
    """Correlations of a module's activity with the moves of every output, and the moves' mean sizes, row by row."""
    rows = range(len(inputs))
    intact = [layer_outputs(segments, x[None]) for x in inputs]
    series = np.array([[intact[n][layer][..., unit].mean() for n in rows] for layer, unit in units])
    means = {(layer, unit): unit_mean(segments, inputs, layer, unit) for layer, unit in units}
    activity = np.zeros(len(inputs))
    for sign, values in zip(signs, series, strict=True):
        if np.ptp(values) > 0:
            activity += sign * (values - values.mean()) / values.std() / len(units)
    outputs = np.array([intact[n][-1][0] for n in rows])
    of_mean, of_row = np.zeros(outputs.shape), np.zeros(outputs.shape)
    for n in rows:
        other = {(layer, unit): intact[source[n]][layer][0][..., unit] for layer, unit in units}
        of_mean[n] = outputs[n] - layer_outputs(segments, inputs[n][None], means)[-1][0]
        of_row[n] = outputs[n] - layer_outputs(segments, inputs[n][None], other)[-1][0]

    def correlations(a, moves):
        return np.array([np.corrcoef(a, column)[0, 1] if np.std(column) > 1e-9 else 0.0 for column in moves.T])

    sizes = [np.abs(moves).mean(0) / outputs.std(0) for moves in (of_mean, of_row)]
    return correlations(activity, of_mean), correlations(activity - activity[source], of_row), *sizes


def input_effects(segments, inputs):
    """Watanabe 1805.07137: root mean square change of every hidden unit with one input at its mean, row by row."""
    inputs = np.asarray(inputs, np.float64)
    means = inputs.reshape(len(inputs), -1).mean(0)

    def change(i):
        squares = []
        for x in inputs:
            other = x.copy()
            other.flat[i] = means[i]
            before, after = layer_outputs(segments, x[None])[:-1], layer_outputs(segments, other[None])[:-1]
            moved = [np.square(a - b) for a, b in zip(after, before, strict=True)]
            squares.append([layer[..., unit].mean() for layer in moved for unit in range(layer.shape[-1])])
        return np.sqrt(np.mean(squares, axis=0))

    return np.array([change(i) for i in range(means.size)])


def output_effects(segments, inputs):
    """Watanabe 1805.07137: root mean square change of every output with one hidden unit at its mean, row by row."""
    widths = [layer.shape[-1] for layer in layer_outputs(segments, inputs[:1])[:-1]]
    effects = []
    for layer, width in enumerate(widths):
        for unit in range(width):
            replaced = {(layer, unit): unit_mean(segments, inputs, layer, unit)}
            moves = [
                layer_outputs(segments, x[None], replaced)[-1][0] - layer_outputs(segments, x[None])[-1][0]
                for x in inputs
            ]
            effects.append(np.sqrt(np.mean(np.square(moves), axis=0)))
    return np.array(effects)


def ward_replay(linkage, points, heights=True):
    """Merges that are not of least ΔESS, in exact integers; fails on a tree that cannot be replayed, or on its heights.

    ΔESS(a, b) = ‖|b| S_a − |a| S_b‖² / (|a||b|(|a| + |b|)) with S the sums (Watanabe 2018, section 3).
    """
    points = np.asarray(points)
    assert np.array_equal(points, points.astype(int)), "whole numbers only"
    count = len(points)
    assert np.shape(linkage) == (count - 1, 4)
    clusters = {row: (1, [int(value) for value in point]) for row, point in enumerate(points.tolist())}

    def increase(a, b):
        (m, s), (n, t) = clusters[a], clusters[b]
        return sum((n * u - m * v) ** 2 for u, v in zip(s, t, strict=True)), m * n * (m + n)

    increases = {(a, b): increase(a, b) for a in clusters for b in clusters if a < b}
    wrong = []
    for merge, (left, right, height, size) in enumerate(np.asarray(linkage, float).tolist()):
        a, b = int(left), int(right)
        assert a < b, "the lower name first"
        numerator, denominator = increases[a, b]
        if any(numerator * under > over * denominator for over, under in increases.values()):
            wrong.append(merge)
        assert not heights or np.isclose(height, (2 * numerator / denominator) ** 0.5, rtol=1e-5, atol=1e-5)
        (m, s), (n, t) = clusters.pop(a), clusters.pop(b)
        assert size == m + n
        increases = {pair: value for pair, value in increases.items() if not {a, b} & set(pair)}
        new = count + merge
        clusters[new] = (m + n, [u + v for u, v in zip(s, t, strict=True)])
        increases |= {(old, new): increase(old, new) for old in clusters if old != new}
    return wrong


def ward_ess(vectors, labels):
    """Watanabe 1810.01588, eq. 1: the error sum of squares within the clusters of a partition."""
    total = 0.0
    for label in set(np.asarray(labels).tolist()):
        members = [np.asarray(vector, np.float64) for vector, own in zip(vectors, labels, strict=True) if own == label]
        total += sum(v @ v for v in members) - sum(members) @ sum(members) / len(members)
    return total


def tree_sets(linkage):
    """The units below every node of a linkage matrix as sets, single units first."""
    sets = [{unit} for unit in range(len(linkage) + 1)]
    for left, right, *_ in linkage:
        sets.append(sets[int(left)] | sets[int(right)])
    return sets


def jaccard_support(clusters, candidates):
    """Hennig 2007, section 2: the mean best Jaccard similarity of every set, and how often it comes back unchanged.

    ``candidates`` holds a list of sets for every resample.
    """
    best = [[max(len(a & b) / len(a | b) for b in sets) for sets in candidates] for a in clusters]
    return [sum(row) / len(row) for row in best], [row.count(1.0) / len(row) for row in best]


def cophenetic_heights(linkage):
    """Sokal & Rohlf 1962: for every two units the height of the first cluster that holds both."""
    sets, units = tree_sets(linkage), len(linkage) + 1
    heights = np.zeros((units, units))
    for i, j in np.ndindex(units, units):
        if i != j:
            node = next(node for node, members in enumerate(sets) if {i, j} <= members)
            heights[i, j] = linkage[node - units][2]
    return heights


def lifetimes(linkage):
    """How long every number of clusters lasts on the logarithm of the height, from the merges before and after it."""
    heights, units = [row[2] for row in linkage], len(linkage) + 1
    life = [0.0] * units
    for c in range(2, units):
        born, ended = heights[units - c - 1], heights[units - c]
        if ended > born:
            life[c - 1] = np.inf if born == 0 else np.log(ended) - np.log(born)
    return life


def resolution_choices(life, count, factor, largest):
    """Every admissible choice of as many resolutions as can be had, up to ``count``."""
    candidates = [c for c in range(2, min(largest, len(life) - 1) + 1) if life[c - 1] > 0]
    for number in range(count, 0, -1):
        choices = [
            list(choice)
            for choice in combinations(candidates, number)
            if all(factor * coarse <= fine for coarse, fine in pairwise(choice))
        ]
        if choices:
            return choices
    return [[]]


def local_response_norm(x, radius, bias, alpha, beta):
    """Krizhevsky, Sutskever & Hinton 2012, section 3.3: over the channels within the radius, at one place."""
    x = np.asarray(x, np.float64)
    channels = x.shape[-1]
    energy = [(x[..., max(0, i - radius) : i + radius + 1] ** 2).sum(-1) for i in range(channels)]
    return x / (bias + alpha * np.stack(energy, -1)) ** beta


def moving_average(weights, decay):
    """TensorFlow's ExponentialMovingAverage with its number of updates; weights of the start, then after every step."""
    average = np.asarray(weights[0], np.float64)
    for step, new in enumerate(weights[1:]):
        share = min(decay, (1 + step) / (10 + step))
        average = share * average + (1 - share) * new
    return average


def switch_gate(x, sharpness):
    """Yan & Feng 2018, equation 4."""
    return 1 / (1 + np.exp(-np.clip(sharpness * np.float64(x), -700, 700)))


def relaxation_penalty(b):
    """Yan & Feng 2018, section 3.3."""
    return switch_gate(-10 * (np.float64(b) - 0.5) ** 2, 1)


def center_score(scores, target, weight):
    """Yan & Feng 2018, equation 2, for one row; equal scores give 1."""
    scores = [float(score) for score in scores]
    mean = sum(scores) / len(scores)
    deviation = (sum((score - mean) ** 2 for score in scores) / len(scores)) ** 0.5
    behind = max(scores) - scores[target]
    return 2 * switch_gate(-weight * behind / deviation if behind else 0.0, 1)


def gate_objective(scores, decisions, target, weight, gates, alpha, penalty):
    """Yan & Feng 2018, equations 1 and 4, with the mean over the rows."""
    misses = [
        (yes - center_score(row, target, weight)) ** 2 for row, yes in zip(np.asarray(scores), decisions, strict=True)
    ]
    return sum(misses) / len(misses) + sum(alpha * b + penalty * relaxation_penalty(b) for b in np.asarray(gates))


def holding_rate(tail, hidden, predictions, target, mask, center_weight=None):
    """Yan & Feng 2018, section 3.1, row by row; by the center-based classifier where its weight is given."""
    shares = []
    for group in (True, False):
        held = []
        for row, predicted in zip(np.asarray(hidden), np.asarray(predictions), strict=True):
            if (predicted == target) != group:
                continue
            scores = np.asarray(tail((row * np.asarray(mask))[None]))[0]
            if center_weight is None:
                yes = int(np.argmax(scores)) == target
            else:
                yes = center_score(scores, target, center_weight) >= 0.5
            held.append(yes == group)
        if held:
            shares.append(sum(held) / len(held))
    return sum(shares) / len(shares)


def ascend(activation, gradient, start, rate, threshold, steps, regularize):
    """Chen 2017, eqs 2.7 and 2.8, one input: x, its activation and the steps taken."""
    x = np.array(start, np.float64)
    for taken in range(steps):
        if activation(x) > threshold:
            return x, activation(x), taken
        slope = gradient(x)
        x = regularize(x + rate * slope, slope, taken)
    return x, activation(x), steps


def deconvnet(image, layers, unit, strongest):
    """Zeiler & Fergus 2014, section 2.1: up through layers of convolution, ReLU and 2 × 2 pooling, and back down.

    ``layers`` holds kernels [height, width, in, out] and biases; stride 1, zeros beyond the ends.
    """
    signal, switches = np.asarray(image, np.float64), []
    for kernel, bias in layers:
        rectified = np.maximum(_convolved(signal, kernel) + bias, 0)
        height, width, maps = rectified.shape
        signal, places = np.zeros((height // 2, width // 2, maps)), {}
        for i, j, k in np.ndindex(signal.shape):
            window = rectified[2 * i : 2 * i + 2, 2 * j : 2 * j + 2, k]
            down, across = np.unravel_index(np.argmax(window), (2, 2))
            signal[i, j, k], places[i, j, k] = window.max(), (2 * i + down, 2 * j + across, k)
        switches.append((rectified.shape, places))
    one_map = signal[:, :, unit]
    signal = np.zeros_like(signal)
    signal[:, :, unit] = np.where(one_map == one_map.max(), one_map, 0) if strongest else one_map
    for (kernel, _), (shape, places) in zip(reversed(layers), reversed(switches), strict=True):
        unpooled = np.zeros(shape)
        for pooled, place in places.items():
            unpooled[place] = signal[pooled]
        signal = _transposed_convolution(np.maximum(unpooled, 0), kernel)
    return signal


def _places_under(kernel, shape):
    """Every place of the output with the places of the input under the taps."""
    height, width = kernel.shape[:2]
    for i, j, u, v in np.ndindex(*shape[:2], height, width):
        down, across = i + u - (height - 1) // 2, j + v - (width - 1) // 2
        if 0 <= down < shape[0] and 0 <= across < shape[1]:
            yield (i, j), (down, across), kernel[u, v].astype(np.float64)


def _convolved(image, kernel):
    output = np.zeros((*image.shape[:2], kernel.shape[3]))
    for place, under, taps in _places_under(kernel, image.shape):
        output[place] += image[under] @ taps
    return output


def _transposed_convolution(signal, kernel):
    output = np.zeros((*signal.shape[:2], kernel.shape[2]))
    for place, under, taps in _places_under(kernel, signal.shape):
        output[under] += taps @ signal[place]
    return output


def prediction_difference(probabilities, row, target, reference, sides, stride, measure, instances):
    """Zintgraf et al. 2017, Algorithm 1 with all reference rows as samples; patches along the first axes of a row."""

    def bits(p):
        corrected = (p * instances + 1) / (instances + classes)
        return np.log2(corrected / (1 - corrected)) if measure == "evidence" else np.log2(corrected)

    known, classes = probabilities(row)[target], len(probabilities(row))
    places = row.shape[: len(sides)]
    total, count = np.zeros(places), np.zeros(places)
    starts = [sorted({*range(0, n - s + 1, stride), n - s}) for n, s in zip(places, sides, strict=True)]
    for corner in product(*starts):
        window = tuple(slice(first, first + side) for first, side in zip(corner, sides, strict=True))
        unknown = 0.0
        for other in reference:
            changed = np.array(row)
            changed[window] = other[window]
            unknown += probabilities(changed)[target] / len(reference)
        total[window] += bits(known) - bits(unknown) if measure in ("evidence", "information") else known - unknown
        count[window] += 1
    return total / count


def distance(x, y, metric):
    """Chen 2017, eqs. 6.1, 6.7 and 6.8; a vector without direction is at distance 1 from every other."""
    x, y = np.float64(x), np.float64(y)
    if metric == "euclidean":
        return np.sqrt(np.sum((x - y) ** 2))
    if metric == "correlation":
        x, y = (v * 0 if np.ptp(v) == 0 else v - np.mean(v) for v in (x, y))
    lengths = np.linalg.norm(x), np.linalg.norm(y)
    if 0 in lengths:
        return 1.0
    # 1 − x·y / ‖x‖‖y‖, in a form with more digits
    return np.sum((x / lengths[0] - y / lengths[1]) ** 2) / 2


def mean_pairwise(rows, metric):
    """The inner sum of Chen 2017, eq. 6.2; NaN without pairs."""
    values = [distance(x, y, metric) for x, y in combinations(rows, 2)]
    return sum(values) / len(values) if values else np.nan


def deviation(layer, labels, metric, classes, adjacent):
    """Chen 2017, eqs. 6.2 to 6.6 of one layer, with means over the pairs: by class, by pair of classes, and level."""
    members = [[np.ravel(row) for row, own in zip(layer, labels, strict=True) if own == c] for c in range(classes)]
    averages = [np.mean(np.float64(rows), axis=0) if rows else None for rows in members]
    norms = [np.mean([np.sum(np.abs(np.float64(row))) for row in rows]) for rows in members if rows]
    level, plain = np.mean(norms) if norms else np.nan, metric.removeprefix("normalized ")
    unit = level if plain != metric and level else 1
    pairs = pairwise(averages) if adjacent else combinations(averages, 2)
    inner = [mean_pairwise(rows, plain) / unit for rows in members]
    inter = [np.nan if a is None or b is None else distance(a, b, plain) / unit for a, b in pairs]
    return inner, inter, level


def decoding_lead(points, affine):
    """Chen 2017, section 4.3.4: F takes e_k to v_k; the least lead of (F⁺ v_k)_k over another entry of F⁺ v_k."""
    columns = np.asarray(points, np.float64).T
    if affine:
        columns = np.vstack([columns, np.ones(columns.shape[1])])
    images = np.linalg.pinv(columns, rcond=1e-10) @ columns
    return min(image[k] - np.delete(image, k).max(initial=-np.inf) for k, image in enumerate(images.T))


def identity_layers(kernels, biases, x, features, scale=1.0):
    """Layers of an identity perceptron, unit by unit: ReLU on the features, linear on the classes."""
    hidden = [*map(float, x), *[0.0] * (kernels.shape[1] - features)]
    layers = []
    for kernel, bias in zip(kernels, biases, strict=True):
        sums = [
            scale * sum(h * w for h, w in zip(hidden, kernel[:, j], strict=True)) + bias[j] for j in range(len(bias))
        ]
        hidden = [max(total, 0.0) if j < features else total for j, total in enumerate(sums)]
        layers.append(hidden)
    return np.array(layers)


def class_writes(kernels, biases, x, layers, features, scale=1.0):
    """What each layer of one row writes into the class scores, carried on layer by layer."""
    writes = []
    for number in range(len(layers)):
        before = x if number == 0 else layers[number - 1][:features]
        write = scale * before @ kernels[number][:features, features:] + biases[number][features:]
        for later in kernels[number + 1 :]:
            write = scale * write @ later[features:, features:]
        writes.append(write)
    return np.array(writes)


def prediction_depth(likelihood, label):
    """Of one row [layers, classes]: the first layer from which on all name it rightly, counted from 1."""
    depth = len(likelihood)
    for first in range(depth):
        if all(np.argmax(likelihood[later]) == label for later in range(first, depth)):
            return first + 1
    return depth + 1


def deletion_curve(probability, x, importance, steps, baseline=0.0):
    """Of one row: the probability when the most important places with ink are gone, one by one."""
    ink = [place for place in np.argsort(-importance, kind="stable") if x[place] != baseline]
    curve = []
    for step in range(steps + 1):
        changed = np.array(x, np.float64)
        changed[ink[: int(np.round(np.float32(step / steps) * len(ink)))]] = baseline
        curve.append(probability(changed))
    return np.array(curve)
