"""Faults in interp_jax/kernels."""

from tests.planted.fault import faults_below

# Source and tests, below interp_jax/kernels and tests/kernels: what stands there, what instead, what is wrong then.
_FAULTS = {
    ("ward/_tree.py", "ward/test_tree.py"): [
        (
            "united = jnp.maximum(united / (size_a + size_b + sizes), height)",
            "united = united / (size_a + size_b + sizes)",
            "rounding may make heights fall",
        ),
        ("finite.all()", "finite.any()", "a tree of vectors with NaN has heights"),
        ("(nearest == a) | (nearest == b)", "(nearest == b)", "rows whose nearest grew stay as they are"),
    ],
    ("kmeans/_lloyd.py", "kmeans/test_lloyd.py"): [
        (
            "tolerance * (squares / jnp.sum(weights) / x.shape[1])",
            "tolerance * (squares / jnp.sum(weights))",
            "the tolerance is a share of the summed variance",
        ),
        (
            "tolerance * (squares / jnp.sum(weights) / x.shape[1])",
            "tolerance * (squares / len(x) / x.shape[1])",
            "the tolerance's variance is not weighted",
        ),
        ("(moved - centers) ** 2, axis=(1, 2)) > rest", "(moved - centers) ** 2, axis=(1, 2)) >= rest", "no rest at 0"),
        ("converged[best] & jnp.isfinite(inertias[best])", "converged[best]", "NaN converges"),
        ("jnp.where((distance > 0)[", "jnp.where((distance >= 0)[", "empty clusters take rows on a center"),
        ("batch.weights * jnp.sum((batch.x", "jnp.sum((batch.x", "the inertia is not weighted"),
        ("steps[best], inertias)", "steps[0], inertias)", "the steps are the first start's"),
    ],
    ("kmeans/_plus_plus.py", "kmeans/test_lloyd.py"): [
        ("2 + int(math.log(k))", "1", "seeds are not greedy"),
        ("mass * weights, draws", "mass, draws", "rows are drawn without their weights"),
        ("sum(remaining * batch.weights[None, None], axis=2)", "sum(remaining, axis=2)", "candidates without weights"),
    ],
    ("kmeans/_row_batches.py", "kmeans/test_row_batches.py"): [
        ("jnp.where(seen[None], 0, weights)", "weights", "rows of two batches count twice"),
        ("self.size - rest :", ": rest", "the last batch's first rows are taken"),
        ("(x - first - mean) * (1 / self.unit)", "(x - first) * (1 / self.unit)", "rows are not centered"),
    ],
    ("kmeans/_nearest_centers.py", "kmeans/test_nearest_centers.py"): [
        ("(other_number < number))", "(other_number > number))", "the last of equal scores is taken"),
        ("numbers, last), axis=1), least", "numbers, 0), axis=1), least", "all rows are of the first of many centers"),
    ],
    ("kmeans/_lloyd.py", "kmeans/test_row_batches.py"): [
        ("add(batch.weights[:, None] * batch.x)", "set(batch.weights[:, None] * batch.x)", "a sum is its last row"),
    ],
    ("nmf.py", "test_nmf.py"): [
        ("better = ~(candidate[0] >= best[0])", "better = candidate[0] < best[0]", "NaN is never the best"),
        ("jnp.maximum(denominators, _FLOOR)", "denominators", "zero rows are NaN"),
        ("jnp.sqrt(jnp.asarray(variance, v.dtype))", "jnp.asarray(variance, v.dtype)", "variance for deviation"),
        ("_updated(components, weights, v)", "_updated(components, weights, v) * 1.001", "errors may rise"),
        ("_FLOOR = 1e-12", "_FLOOR = 1e-3", "small components are damped"),
    ],
    ("alignment.py", "test_alignment.py"): [
        ("helps = gain > 0", "helps = gain >= 0", "ties flip back and forth"),
        ("4 * len(vectors) if", "2 * len(vectors) if", "too few steps"),
        ("jnp.all(agreements >= 0)", "jnp.all(agreements > 0)", "vectors without agreement never converge"),
        ("jnp.min(jnp.where(values == jnp.min", "jnp.max(jnp.where(values == jnp.min", "not the first of equals"),
    ],
    ("correlation.py", "test_correlation.py"): [
        ("jnp.clip(self.products * with_a[:, None] * with_b[None, :], -1, 1)",
         "self.products * with_a[:, None] * with_b[None, :]", "rounding leads beyond 1"),
        ("(self.low == self.high) | (self.squares == 0)", "self.squares == 0", "rounding of constants correlates"),
        ("(self.low == self.high) | (self.squares == 0)", "self.low == self.high", "squares that vanish divide by 0"),
        ("- count * rest_a[:, None] * rest_b[None, :]", "", "the rest of the means is lost"),
        ("jnp.maximum(squares - count * rest**2, 0)", "squares", "the rest of the mean is in the squares"),
        ("digits.nmant - 3", "digits.nmant", "the center is rounded twice"),
        ("spread > 1e-12 * largest", "spread > 0 * largest", "constant columns of float64 are refused"),
    ],
    ("dirac.py", "test_dirac.py"): [
        ("side // 2 for", "(side - 1) // 2 for", "the middle of an even side is one too early"),
        ("len(shape) < 2", "len(shape) < 1", "one size is not refused"),
    ],
    ("distances.py", "test_distances.py"): [
        ("(counts > 1) & ~spoilt", "counts > 1", "rows that are not finite count as zeros"),
        ("z * (2 * n - z - 1)", "z * (2 * n - z)", "pairs without direction count once too often"),
        ("finite = jnp.all(jnp.isfinite(x), axis=1)", "finite = ~jnp.any(jnp.isnan(x), axis=1)", "infinity counts"),
        ("equal, groups, labels), groups).counts() > 0", "equal, groups, labels), groups).counts() >= 0",
         "rounding parts equal rows"),
        ("of_a & of_b", "of_a | of_b", "a row without direction has an angle"),
    ],
    ("_euclidean.py", "test_distances.py"): [
        ("_DOUBTFUL = 1 / 64", "_DOUBTFUL = 0", "differences of near rows lose digits"),
        ('jnp.searchsorted(run, last, side="right")', "jnp.searchsorted(run, last)", "pairs of tiles are left out"),
    ],
    ("../_row_groups.py", "../test_row_groups.py"): [
        ("(labels >= 0) & (labels < self.groups)", "labels < self.groups", "rows before the first group count"),
        ("jnp.isfinite(values), axis=0", "jnp.isfinite(values * 0 == 0), axis=0", "NaN spoils its own group alone"),
        ("_BLOCK = 1_024", "_BLOCK = 1 << 30", "long sums lose digits"),
        ("jnp.where(least < len(labels), least, 0)", "least", "empty groups have a first row beyond all"),
    ],
    ("_directions.py", "test_distances.py"): [
        ("    if centered:\n        x = x - jnp.mean(x, axis=1, keepdims=True)\n", "", "rows are off their mean"),
    ],
    ("jumps.py", "test_jumps.py"): [
        ("(candidates - 1 <= half)", "(candidates - 1 < half)", "the offset is missing at the first edge"),
        ("(candidates + half > length)", "(candidates + half > length + 1)", "the offset is missing at the last edge"),
        ("< 0.5 - 4 * count * jnp.finfo(probabilities.dtype).eps", "<= 0.5", "a median after the half"),
        ("jnp.sum(below, axis=-1, dtype=jnp.int32), count - 1", "jnp.sum(below, axis=-1, dtype=jnp.int32), count",
         "a median beyond the last position"),
        ("> 1e15 * float(noise)", "> 1e30 * float(noise)", "noise that overflows is not refused"),
    ],
    ("location_errors.py", "test_location_errors.py"): [
        ("max(1, int(best * len(errors)))", "max(1, round(best * len(errors)))", "the share of rows is rounded up"),
        ("max(1, int(best * len(errors)))", "int(best * len(errors))", "no row is best of one"),
        ("jnp.sqrt(jnp.mean(least**2))", "jnp.sqrt(jnp.sum(least**2) / len(errors))", "the best are divided by all"),
    ],
    ("ward/_verify.py", "ward/test_verify.py"): [
        ("exists = children < len(tree) + 1", "exists = children <= len(tree) + 1", "a merge with itself"),
        ("_TOLERANCE = 1e-9", "_TOLERANCE = 1e-7", "heights that are wrong pass"),
        ("+ 2 * allowed", "+ allowed", "only one of two heights may be off"),
    ],
    ("ward/_merges.py", "ward/test_linkage.py"): [
        ("costs[parent] = max(costs[parent], costs[below])", "pass", "rounding makes heights fall"),
    ],
    ("ward/_neighbors.py", "ward/test_linkage.py"): [
        (
            "np.minimum(self.bounds[left], costs[:, NEAREST])",
            "self.bounds[left]",
            "neighbors that are dropped have no bound",
        ),
        ("/ (a + b + 1))", "/ (a + b))", "the bound of a union is too high"),
        ("mixed(np.minimum(a, b), np.maximum(a, b))", "b", "ties of equal steps are one long chain"),
    ],
    ("ward/_forest.py", "ward/test_forest.py"): [
        ("np.minimum(distances[:, -1], upper)", "distances[:, -1]", "what lies beyond a limit has no bound"),
        ("_lowered(nearby[:, NEAREST], size[:, 0], rounding)", "np.inf", "neighbors that are dropped have no bound"),
        ("sizes.min())", "sizes.max())", "the smallest cluster of a tree is taken for larger than it is"),
    ],
    ("ward/_rounds.py", "ward/test_linkage.py"): [
        ("bounds.argmin(1)] <= limits", "bounds.argmin(1)] < -1", "costs that float32 cannot tell apart"),
        ("costs.min() < NEAR", "costs.min() < 0", "near centroids lose digits"),
        ("np.abs(self.changed[self.nearest[live]])", "self.changed[self.nearest[live]]", "a nearest that is gone"),
    ],
    ("ward/_chain.py", "ward/test_linkage.py"): [
        ("squared.min() < NEAR", "squared.min() < 0", "near centroids lose digits"),
        ("- size * height)", "- size_a * height)", "unions have other costs"),
    ],
    ("ward/_walk.py", "ward/test_forest.py"): [
        ("if least > self.bounds[slot]:", "if False:", "the nearest is taken from a list that may lack it"),
        ("(both + a * bound + b * other) / (a + b + 1)", "both", "the bound of a union is too high"),
        ("if changed <= steps[place]:", "if True:", "costs of clusters that have grown stay as they were"),
    ],
    ("ward/_clusters.py", "ward/test_linkage.py"): [
        ("_NEAR = 1e-8", "_NEAR = 0.0", "near centroids lose digits"),
    ],
}  # fmt: skip

FAULTS = faults_below("kernels", _FAULTS)
