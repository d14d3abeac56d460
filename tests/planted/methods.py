"""Faults in interp_jax/methods."""

from tests.planted.fault import faults_below

# Source and tests, below interp_jax/methods and tests/methods: what stands there, what instead, what is wrong then.
_FAULTS = {
    ("hierarchy/tree.py", "hierarchy/test_tree.py"): [
        ("np.sum(signs < 0) > len(signs) / 2", "np.sum(signs < 0) >= len(signs) / 2", "exactly half of the signs flip"),
        ("** 2 / 2)[::-1]", "** 2)[::-1]", "a merge adds twice its sum of squares"),
        ("(size[child], -first[child])", "(size[child], first[child])", "equal branches are in reverse order"),
        ("min(first[left], first[right])", "max(first[left], first[right])", "a branch has its last unit's place"),
        ("in reversed(range(n - c))", "in range(n - c)", "clusters are numbered before their merges"),
        ("jnp.asarray(vectors / largest)", "jnp.asarray(vectors)", "large float64 vectors overflow"),
    ],
    ("hierarchy/agreement.py", "hierarchy/test_agreement.py"): [
        ("in (cosines, -cosines)", "in (cosines,)", "turned vectors do not match"),
        (
            "np.triu_indices(len(matching.first), 1)",
            "np.triu_indices(len(matching.first))",
            "units are their own pairs",
        ),
        ("vectors = vectors / np.where(largest > 0, largest, 1)\n", "\n", "squares of large vectors overflow"),
        (
            "second[np.ix_(matching.second, matching.second)]",
            "second[np.ix_(matching.first, matching.first)]",
            "the second tree is read in the first one's order",
        ),
    ],
    ("hierarchy/effects.py", "hierarchy/test_effects.py"): [
        ("head, inputs, jnp.mean(inputs, axis=0)", "head, inputs, 0 * jnp.mean(inputs, axis=0)", "zeros, not means"),
        ("after.astype(kind) - before.astype(kind)", "after - before", "small half-precision changes vanish"),
    ],
    ("hierarchy/resolutions.py", "hierarchy/test_resolutions.py"): [
        ("factor * e <= c", "factor * e < c", "a resolution of exactly the factor is refused"),
        ("units // 6", "units // 5", "the largest resolution is a fifth of the units"),
        ("max(16,", "max(15,", "small trees have fewer resolutions"),
        ("min(largest, units - 1) + 1", "min(largest, units - 1)", "the largest resolution is left out"),
        ("list(ending.values()) or best", "list(ending.values())", "no choice where there are too few resolutions"),
        (
            "np.log(ends[lasting] / begins[lasting])",
            "np.log(ends[lasting]) - np.log(begins[lasting])",
            "equal ratios of heights differ in the last digit",
        ),
    ],
    ("hierarchy/support.py", "hierarchy/test_support.py"): [
        ("(rows,), 0, rows)", "(rows,), 0, rows - 1)", "the last row is never drawn"),
        ("jnp.where(jnp.isnan(best), best, best == 1)", "best == 1", "NaN counts as not recovered"),
        ("jnp.where(jnp.isfinite(aligned.vectors).all(), best, jnp.nan)", "best", "NaN vectors give a support"),
        ("update(both, units, weights=row_weights)", "update(both, units)", "weights are not used"),
    ],
    ("hierarchy/vectors.py", "hierarchy/test_tree.py"): [
        (
            "rows[start : start + batch_size])",
            "rows[start : start + batch_size - 1])",
            "rows between batches are lost",
        ),
        ('pooled("hidden", layer, pool)', 'pooled("hidden", layer, "max")', "places are not averaged"),
    ],
    ("core_units/_search.py", "core_units/test_search.py"): [
        ("self._elsewhere = self._evaluator.loss(elsewhere)", "self._elsewhere = 0.0", "losses elsewhere do not count"),
        (
            "        gone.append(np.flatnonzero(current & ~candidates[best])[0])\n",
            "",
            "exchanges may be undone at once",
        ),
        (
            "return mask.sum(), -evaluator.rate(mask)",
            "return mask.sum(), evaluator.rate(mask)",
            "the worst of equal sets",
        ),
        (
            "fewer[np.argmin(np.where(allowed, evaluation.costs, np.inf))]",
            "fewer[np.argmax(allowed)]",
            "the first unit that may go goes, not the cheapest",
        ),
        ("allowed[list(gone)] = False", "allowed[list(gone)[:-1]] = False", "the last unit that went may come back"),
    ],
    ("core_units/selection.py", "core_units/test_search.py"): [
        ("np.lexsort((-rates,", "np.lexsort((rates,", "of equally large sets the one that holds least is first"),
        ("np.where(enough, masks.sum(axis=1), 0)", "masks.sum(axis=1)", "sets that do not reach are ordered by size"),
    ],
    ("core_units/selection.py", "core_units/test_selection.py"): [
        ("trained.weight[0, own]", "trained.weight[0, 0]", "the weight is the first lane's"),
        (
            "reached=rate >= float(holding) - ROUNDING",
            "reached=rate > float(holding)",
            "a rate of exactly holding fails",
        ),
        ("objective=trained.trace[0, -1]", "objective=trained.trace[0, 0]", "the objective is the first step's"),
        ("gates=unpack(gates[own])", "gates=unpack(gates[0])", "the gates are the first lane's"),
    ],
    ("core_units/gates.py", "core_units/test_gates.py"): [
        ("_TEMPERATURE * np.log(-_LOW / _HIGH)", "np.log(-_LOW / _HIGH)", "the temperature is missing"),
        ("(gates >= 0.5).astype", "(gates > 0.5).astype", "a gate of exactly one half is closed"),
        ("(size + 1) // 2, size)", "size // 2, size)", "an odd minibatch has fewer positives than negatives"),
        ("jnp.where(counts[1] > 0, (size + 1) // 2, size)", "(size + 1) // 2", "absent negatives are drawn"),
        ("x, jax.random.fold_in(key, number))", "x, key)", "all steps have the same noise"),
        ("fold_in(key, number), (2, size)", "fold_in(key, 0), (2, size)", "all steps have the same minibatch"),
        ("jnp.where(has_negatives, log_weight, jnp.log(_WEIGHT))", "log_weight", "the weight moves without negatives"),
        ("miss = jnp.mean(", "miss = jnp.sum(", "misses are summed"),
    ],
    ("core_units/sweeping.py", "core_units/test_sweeping.py"): [
        ("(yes == is_positive) & (places < count)[None]", "yes == is_positive", "padding counts as right"),
        ("/ np.sum(counts > 0, axis=1, keepdims=True)", "/ 2", "absent negatives count"),
        ("jax.random.fold_in(key, place)", "jax.random.fold_in(key, 0)", "all targets share their random numbers"),
        (
            "jnp.tile(starts, len(alphas) // repeats)",
            "jnp.repeat(starts, len(alphas) // repeats)",
            "starts of other repeats",
        ),
    ],
    ("core_units/sufficiency.py", "core_units/test_sufficiency.py"): [
        ("for core in (mask, ~mask)", "for core in (~mask, mask)", "the core is removed where it is to be kept"),
        ("mask = core.mask & ~used", "mask = core.mask", "units may be in two sets"),
        ("fold_in(key, len(sets))", "fold_in(key, 0)", "all sets share a key"),
        ("if not core.reached or not mask.any()", "if not mask.any()", "a set that does not reach the rate counts"),
        ("while len(sets) < most", "while len(sets) <= most", "one set too many"),
    ],
    ("core_units/inputs.py", "core_units/test_inputs.py"): [
        ("jnp.sum(mask), network.units + 1)", "jnp.sum(mask), 0)", "sets that do not hold are preferred"),
        ("rounded[lane], True)", "rounded[lane], rounded[lane])", "a set that does not hold is a start"),
        ("masks[jnp.argmin(jax.vmap(cost)(masks))]", "masks[0]", "the set that was grown is not compared"),
        (
            "best = jnp.argmax(jnp.where(allowed, margins, -jnp.inf))",
            "best = jnp.argmax(allowed)",
            "the first unit goes",
        ),
        ("_folds(jax.random.fold_in(key, number)", "_folds(jax.random.fold_in(key, 0)", "all rows share their starts"),
        (
            "jnp.nan_to_num(margins(scores, target)[0])",
            "margins(scores, target)[0]",
            "infinite margins stop the search",
        ),
    ],
    ("core_units/baselines.py", "core_units/test_baselines.py"): [
        ("jnp.mean(jnp.abs(hidden)", "jnp.mean((hidden)", "activations of both signs cancel"),
        ("jnp.abs(jax.grad(log_probability)", "(jax.grad(log_probability)", "gradients of both signs cancel"),
        ("< np.arange(units + 1)", "<= np.arange(units + 1)", "a unit too many"),
        ("float(holding) - ROUNDING", "float(holding)", "a rate that rounding makes less fails"),
        ("dropped_one_by_one(evaluator)[::-1]", "dropped_one_by_one(evaluator)", "the unit that goes first is first"),
    ],
    ("core_units/decisions.py", "core_units/test_decisions.py"): [
        ("own > scores, own >= scores", "own >= scores, own >= scores", "equal scores are of both classes"),
        ("(tolerance > 0) & (margins", "(margins", "ties are decided without a tolerance"),
        ("group & (predictions >= 0)", "group", "absent rows count"),
        ("/ jnp.sum(counts > 0)", "/ 2", "a group without rows counts"),
        (
            "jnp.promote_types(scores.dtype, jnp.float32)) / 16",
            "jnp.promote_types(scores.dtype, jnp.float32))",
            "overflow",
        ),
        ("jnp.log(3.0)", "jnp.log(2.0)", "the center classifier's tolerance"),
    ],
    ("core_units/decisions.py", "core_units/test_class_data.py"): [
        ("others[order[: positive.sum()]]", "others[order]", "all negatives are drawn"),
        ("np.sort(others[order[: positive.sum()]])", "others[: positive.sum()]", "the first negatives are drawn"),
    ],
    ("core_units/_evaluate.py", "core_units/test_evaluate.py"): [
        ("wrong + _NEARNESS * nearness", "wrong - _NEARNESS * nearness", "near rows make a set cheaper"),
        ("jnp.where(jnp.isnan(ahead), 0,", "jnp.where(False, 0,", "scores that overflow give NaN"),
        ("None if alone else self.shares", "None", "a part's rows weigh as if there were no others"),
        ("(None if self.loss(~held) > most else held)", "held", "what was seen is not compared with the limit"),
        ("jnp.where(positive, ahead, -ahead))", "ahead)", "negatives have the positives' margins"),
    ],
    ("core_units/_tails.py", "core_units/test_tails.py"): [
        ("masks[:, units] & (np.arange(len(units)) < len(used))", "masks[:, units]", "the padding opens a unit"),
        ("jnp.maximum(scores, jnp.finfo(scores.dtype).tiny)", "scores", "probabilities of 0 are infinite"),
    ],
    ("core_units/_tails.py", "core_units/test_changed_units.py"): [
        ("gates - before[units]", "gates", "what was open is added again"),
        (
            "gates), self._part(apart, units, gates) + of_reference",
            "gates), self._part(apart, units, gates)",
            "what stands in for closed units is missing",
        ),
        ("else self.outputs[donors]", "else self.outputs[donors - 1]", "outputs of another donor"),
    ],
    ("core_units/holding.py", "core_units/test_decisions.py"): [
        ("weight) >= 0.5)[0]", "weight) >= 0.3)[0]", "a center score below one half is of the class"),
    ],
    ("core_units/holding.py", "core_units/test_holding.py"): [
        (
            "jnp.where(predictions < network.classes, predictions, -1)",
            "predictions",
            "classes that are not there count",
        ),
    ],
    ("ascent/_objectives.py", "ascent/test_climbing.py"): [
        ("jnp.sum(jnp.mean(values, axis=places)", "jnp.sum(jnp.sum(values, axis=places)", "places are summed"),
    ],
    ("ascent/climbing.py", "ascent/test_climbing.py"): [
        ("objective > lanes.best + tolerance", "objective >= lanes.best + tolerance", "standing still is a gain"),
        ("(stood >= patience)", "(stood > patience)", "a step of patience too many"),
        ("~(activation > threshold)", "~(activation >= threshold)", "a lane stops at the threshold"),
        (
            "converged = activation > threshold",
            "converged = activation >= threshold",
            "a lane at the threshold converged",
        ),
        ("(lanes.stood == _STALLED) & ~converged)", "~converged)", "a lane without steps left stalled"),
        ("lanes.steps + 1 < most", "lanes.steps + 1 <= most", "a step too many"),
        ("jnp.where(gained, objective, lanes.best)", "objective", "the best objective is the last"),
    ],
    ("ascent/regularizers.py", "ascent/test_regularizers.py"): [
        ("(step + 1) % self.every", "step % self.every", "the first step is blurred"),
        ("* (1 + 2.0**-22)", "", "a share loses a pixel to rounding"),
        ("ranks < count", "ranks <= count", "a pixel too many is cleared"),
        (
            "jnp.abs(jnp.sum(x * gradient, axis=_channels(x), keepdims=True))",
            "jnp.sum(jnp.abs(x * gradient), axis=_channels(x), keepdims=True)",
            "channels do not cancel",
        ),
        ("weights.sum(axis=1, keepdims=True)", "weights.sum(axis=0, keepdims=True)", "edges lose brightness"),
        (") ** 2) / 2)", ") ** 2))", "the blur is narrower"),
        ("range(max(1, x.ndim - 1))", "range(x.ndim)", "channels are blurred"),
    ],
    ("attribution/removal.py", "attribution/test_removal.py"): [
        ("jnp.round(share * count)", "jnp.floor(share * count)", "shares are cut, not rounded"),
        ("rank < most", "rank <= most", "a number too many is removed"),
        ("importance.itemsize >= 4", "importance.itemsize > 4", "neighboring 32-bit numbers are equal"),
        ("(curve[:, 1:] + curve[:, :-1]) / 2", "curve[:, 1:]", "the first point does not count"),
        ("count = jnp.sum(ink, axis=1)", "count = jnp.sum(jnp.ones_like(ink), axis=1)", "blanks are removed"),
        (
            "jnp.argsort(-importance.reshape(rows, -1), axis=1, stable=True)",
            "jnp.argsort(importance.reshape(rows, -1), axis=1, stable=True)[:, ::-1]",
            "the last of equals comes first",
        ),
    ],
    ("attribution/gradients.py", "attribution/test_removal.py"): [
        ("baseline + place * way", "place * way", "the way does not begin at the baseline"),
        ("weights / 2, inputs.dtype", "weights, inputs.dtype", "attributions are doubled"),
        ("jnp.where(is_class.reshape", "jnp.where(True | is_class.reshape", "absent classes have slopes of 0"),
    ],
    ("attribution/deconvolution.py", "attribution/test_deconvolution.py"): [
        ("        signal = signal * x\n", "        pass\n", "the projection does not begin with the activation"),
        (
            "jnp.maximum(jnp.sum(equal, axis=axes, keepdims=True), 1)",
            "jnp.ones_like(jnp.sum(equal, axis=axes, keepdims=True))",
            "equals all count in full",
        ),
        ('if rectifies and rule != "gradient":', "if rectifies:", "gradients are rectified"),
    ],
    ("attribution/patch_differences.py", "attribution/test_patch_differences.py"): [
        ("against + setting.classes - 1 if", "against + setting.classes if", "the odds' correction"),
        ("setting.instances + 1, (1", "setting.instances, (1", "no correction of probabilities of 0"),
        (
            "jnp.where(sample[None] < setting.samples, after - before[:, None], 0)",
            "after - before[:, None]",
            "padding samples count",
        ),
        ("jax.random.fold_in(key, one), (samples,)", "key, (samples,)", "all patches draw the same samples"),
        ("(samples,), 0, rows)", "(samples,), 0, rows - 1)", "the last reference row is never drawn"),
        ("before + change)", "before - change)", "the change has the wrong sign"),
    ],
    ("attribution/_patches.py", "attribution/test_patch_differences.py"): [
        ("(behind < side)", "(behind <= side)", "patches are one wider"),
        (", step), size - side]", ", step)]", "the last place is not covered"),
    ],
    ("cnn_inte/refinement.py", "cnn_inte/test_refinement.py"): [
        ("if correct <= most:", "if correct <= most + 1:", "one row more is no gain"),
        ("totals[best] > totals[mine]", "totals[best] >= totals[mine]", "an equal factor is taken"),
        (
            "np.where(sums[mine] != 0, sums[mine] > 0, tree.goes_left[node])",
            "sums[mine] > 0",
            "undecided IDs change sides",
        ),
        ("reversed(np.flatnonzero(factor != LEAF))", "np.flatnonzero(factor != LEAF)", "parents before children"),
        ("np.maximum(sums, 0).sum(axis=1)", "sums.max(axis=1)", "one ID decides between factors"),
    ],
    ("cnn_inte/rules.py", "cnn_inte/test_rules.py"): [
        ("(right + 1) / (int(covered.sum()) + 2)", "right / int(covered.sum())", "no Laplace correction"),
        ("mine.mean() >= precise", "mine.mean() > precise", "a rule of exactly the precision grows on"),
        ("np.maximum(mine[covered], rule.precision)", "rule.precision", "the last rule's precision counts"),
        (
            "np.bincount(rest, minlength=classes)",
            "np.bincount(labels, minlength=classes)",
            "the default is of all rows",
        ),
        ("order[: place + 1]", "order[: place or 1]", "an ID too few"),
        ("if gain[place] > best", "if gain[place] >= best", "the last of equal factors"),
    ],
    ("cnn_inte/tree.py", "cnn_inte/test_tree.py"): [
        ("counts**2, axis=-1) / np.where(rows > 0, rows, 1)", "counts**2, axis=-1)", "Gini's index is not of shares"),
        ("goes_left[: present[orders[order, place]]] = True", "pass", "absent IDs go right"),
        ("if gains[order, place] > best", "if gains[order, place] >= best", "the last of equal splits"),
        ("* np.sqrt(size)", "* 1", "IDs have no weight"),
        ("~table.any(axis=0))[1:]", "~table.any(axis=0))", "no order without a class"),
        ("np.argsort(-table.sum(axis=0)", "np.argsort(table.sum(axis=0)", "orders by the rarest classes"),
        ("full_matrices=False)[2][:2]", "full_matrices=False)[2][:1]", "the second axis is not tried"),
    ],
    ("cnn_inte/class_separability.py", "cnn_inte/test_class_separability.py"): [
        ("TOO_FEW = 0.9", "TOO_FEW = 1.1", "chance alone gives a score"),
        ("ordered[1:] > ordered[:-1]", "ordered[1:] >= ordered[:-1]", "equal values are separated"),
        (
            "(by_chance < TOO_FEW) & jnp.all(jnp.isfinite(points) | ~counted[:, None])",
            "(by_chance < TOO_FEW)",
            "NaN points have a score",
        ),
        (
            "jnp.clip((index - by_chance) / jnp.where(known, 1 - by_chance, 1), 0, 1)",
            "(index - by_chance) / jnp.where(known, 1 - by_chance, 1)",
            "negative scores",
        ),
        ("return rank < jnp.sum(first)", "return rank <= jnp.sum(first)", "a row too many is dealt"),
    ],
    ("cnn_inte/leaves.py", "cnn_inte/test_leaves.py"): [
        (
            "allowed[child, tree.factor[node]] &= goes",
            "allowed[child, tree.factor[node]] = goes",
            "a factor's second split forgets the first",
        ),
    ],
    ("cnn_inte/_density.py", "cnn_inte/test_density.py"): [
        ("np.argsort(-sizes", "np.argsort(sizes", "the smallest clusters come first"),
        ("max(15,", "max(5,", "clusters of few rows"),
    ],
    ("cnn_inte/_rows.py", "cnn_inte/test_ranges.py"): [
        ("np.clip((rows - self.offset) * self.scale, -most, most)", "((rows - self.offset) * self.scale)", "infinity"),
        (
            "rows.mean(axis=0) if rows.dtype == np.float64",
            "rows.mean(axis=0) * 0 if rows.dtype == np.float64",
            "float64 far from 0",
        ),
    ],
    ("cnn_inte/factors.py", "cnn_inte/test_cnn_inte.py"): [
        ('np.sort(centers, axis=0) if reading == "means" else centers', "centers", "IDs of means are not in order"),
        ('"key": jax.random.fold_in(row_key, factor)', '"key": row_key', "all factors share a key"),
        ("distances.argmin(axis=0)", "distances[::-1].argmin(axis=0)", "IDs are reversed"),
        ("centers[:, own] = narrow", "centers[:, : len(own)] = narrow", "centers of other units"),
        ("TOLERANCE * width / units", "TOLERANCE * 1e4", "centers rest early"),
        (
            "jnp.sum(hidden * inside, axis=1, keepdims=True) / jnp.maximum(jnp.sum(inside), 1)",
            "jnp.sum(hidden * inside, axis=1, keepdims=True)",
            "sums in place of means",
        ),
    ],
    ("cnn_inte/fitting.py", "cnn_inte/test_fitting.py"): [
        ("draw % 2 == 1", "draw % 2 == 0", "the first draw is standardized"),
        ("np.argsort(-scores", "np.argsort(scores", "the worst draws are finalists"),
        ("wanted.accuracy(grown[-1].predict", "wanted.accuracy(grown[0].predict", "draws are scored unrefined"),
        ("if score > most:", "if score >= most:", "the last of equal trees"),
        (
            "wanted.accuracy(grown[-1].predict(of_rows[validation]))",
            "as_targets(labels[training]).accuracy(grown[-1].predict(of_rows[training]))",
            "draws are scored on training rows",
        ),
    ],
    ("cnn_inte/forests.py", "cnn_inte/test_cnn_inte.py"): [
        ("value <= threshold[node]", "value < threshold[node]", "a number at the threshold goes right"),
        ("np.nextafter(threshold, np.float32(-np.inf))", "threshold", "thresholds are rounded up"),
        (
            "voted = np.nan_to_num(votes).sum(axis=1) > 0",
            "voted = np.ones(len(votes), bool)",
            "rows without votes get an ID",
        ),
        ("held_out_ids[voted, number] =", "_ =", "held-out IDs are the training IDs"),
    ],
    ("cnn_inte/model.py", "cnn_inte/test_cnn_inte.py"): [
        ("open_ids[factor] &= ", "open_ids[factor] = ", "a factor's second level forgets the first"),
        (
            "(left <= tolerance) & (own > tolerance)",
            "(left < tolerance) & (own > tolerance)",
            "a class at the tolerance stays",
        ),
        ("(left <= tolerance) & (own > tolerance)", "(left <= tolerance)", "empty levels rule out"),
        ("int(gone[0])", "int(gone[-1])", "a class is ruled out at the last level"),
        ("np.argmax(weights * self.tree.share[:, prediction])", "np.argmax(weights)", "the leaf is of another class"),
        ("minlength=self.classes) / counts", "minlength=self.classes) / counts.sum()", "shares are of all rows"),
        ("-(late if h.ruled_out", "(late if h.ruled_out", "hypotheses ruled out first come first"),
        ("votes[0, factor, open_ids[factor]].sum()", "votes[0, factor, open_ids[factor]].max()", "the vote of one ID"),
    ],
    ("identity/early_exit.py", "identity/test_early_exit.py"): [
        ("confidence >= threshold", "confidence > threshold", "a row of exactly the threshold goes on"),
        (".at[-1].set(True)", "", "rows never confident stop at once"),
        ("jnp.mean((layer + 1) / depth)", "jnp.mean(layer / depth)", "the first layer costs nothing"),
        ("& (predicted >= 0)", "", "rows without a prediction agree"),
        ("depth + 1 - right_at_the_end", "depth - right_at_the_end", "a layer too few"),
        (
            "jnp.where(finite, jnp.max(likelihood, axis=2), -jnp.inf)",
            "jnp.max(likelihood, axis=2)",
            "infinite rows are confident",
        ),
        (
            "(jnp.argmax(likelihood, axis=2) == labels[None]) & all_finite(likelihood)",
            "jnp.argmax(likelihood, axis=2) == labels[None]",
            "NaN rows are right",
        ),
    ],
    ("identity/contribution.py", "identity/test_contribution.py"): [
        ("jnp.where(greatest, 1 / jnp.maximum(ties, 1), 0)", "jnp.where(greatest, 1.0, 0)", "ties count in full"),
        ("held - before[:1]", "held - before", "maps are increments"),
        ("[..., 0] & all_finite(scores)", "[..., 0]", "infinite scores are right"),
    ],
    ("identity/shares.py", "identity/test_shares.py"): [
        ("jnp.asarray(weights / 2, hidden.dtype)", "jnp.asarray(weights, hidden.dtype)", "shares are doubled"),
        ("missing / jnp.abs(whole)", "missing / whole", "errors are negative"),
        ("jnp.where(missing == 0, 0, missing", "jnp.where(False, 0, missing", "0 of 0 is NaN"),
    ],
    ("identity/distance.py", "identity/test_distance.py"): [
        ("jnp.sqrt(sums / before)", "jnp.sqrt(sums)", "the distance grows with the width"),
        ("jnp.ldexp(rows, -exponent[:, None])", "jnp.ldexp(rows, 0 * exponent[:, None])", "squares overflow"),
    ],
    ("identity/writes.py", "identity/test_shares.py"): [
        (
            "scale * product + biases[:, None, features:]",
            "scale * (product + biases[:, None, features:])",
            "biases are scaled",
        ),
        ("return scale * jnp.matmul(block, after", "return jnp.matmul(block, after", "blocks are not scaled"),
        ("layers[:-1, :, :features]", "layers[1:, :, :features]", "a layer reads what it writes"),
    ],
    ("ablation.py", "test_ablation.py"): [
        (
            "resample_size = moved(replacements[1], activity - activity[source])",
            "resample_size = moved(replacements[1], activity)",
            "the other row's activity is missing",
        ),
        ("jnp.zeros(rows, order.dtype).at[order].set(jnp.roll(order, -1))", "order", "rows may replace themselves"),
        (
            "jnp.mean(jnp.abs(moves), axis=0) / spread",
            "jnp.mean(jnp.abs(moves), axis=0)",
            "sizes are not in standard deviations",
        ),
        ("axis=0) > rounding", "axis=0) > 0", "rounding correlates"),
        (
            "varies = (jnp.max(columns, axis=0) > jnp.min(columns, axis=0)) & (deviations > 0)",
            "varies = deviations > 0",
            "constant units vary",
        ),
        ("signs.astype(outputs.dtype)[None] * _standardized(hidden)", "_standardized(hidden)", "signs do not count"),
    ],
    ("averages.py", "test_averages.py"): [
        ("jnp.where(filled, means.means + center, 0)", "means.means + center", "empty classes have a mean"),
        ("jnp.maximum(counts, 1)", "counts", "empty classes are NaN"),
    ],
    ("deviation.py", "test_deviation.py"): [
        ("within.counts > 1)", "within.counts > 0)", "classes of one row count"),
        ("filled[first] & filled[second]", "filled[first] | filled[second]", "pairs with an empty class count"),
        ("second - first == 1", "second - first <= 2", "pairs that are not adjacent"),
        ("jnp.where(level == 0, 1, level)", "level", "silent layers are NaN"),
    ],
    ("embedding.py", "test_embedding.py"): [
        ("keep & (rank <= missing)", "keep & (rank < missing)", "the last draw is left out"),
        (
            "jnp.sum(rank < missing, dtype=jnp.int32) + 1",
            "jnp.sum(rank < missing, dtype=jnp.int32)",
            "a draw too few is counted",
        ),
        ("first += batches * blocks", "first += 0", "the same draws again"),
        ("squares >= separation**2", "squares >= separation", "the separation is not squared"),
        ("points)) + 1) ** dimension", "points))) ** dimension", "too few cells"),
        ("x[: n - 1 if affine else n]", "x[:n]", "dependent columns"),
    ],
    ("filters.py", "test_filters.py"): [
        ("jnp.moveaxis(weights, 0, -1) / len(inputs)", "jnp.moveaxis(weights, 0, -1)", "sums in place of means"),
        ("np.arange(first - 1, first - 1 + positions)", "np.arange(first, first + positions)", "positions are one off"),
        ("rows.max() >= length", "rows.max() > length", "a sample beyond the signal"),
        ("jnp.abs(jnp.sum(kernel)) /", "jnp.sum(kernel) /", "negative shares"),
    ],
}

FAULTS = faults_below("methods", _FAULTS)
