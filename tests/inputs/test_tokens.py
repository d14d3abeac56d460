"""Token ids: gradient methods behind the embedding, removal at positions, and what is refused by name."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from interp_jax import networks
from interp_jax.methods import ascent, attribution, filters, hierarchy

ROWS, POSITIONS, WORDS, WIDTH, CLASSES = 6, 5, 12, 4, 3


class _Classifier(nnx.Module):
    def __init__(self, rngs):
        self.embedding = nnx.Embed(WORDS, WIDTH, rngs=rngs)
        self.dense = nnx.Linear(WIDTH, 8, rngs=rngs)
        self.out = nnx.Linear(8, CLASSES, rngs=rngs)

    def __call__(self, tokens):
        return self.out(jnp.tanh(3 * self.dense(self.embedding(tokens))).mean(1))


MODEL = _Classifier(nnx.Rngs(0))
NETWORK = networks.freeze(MODEL)
TOKENS = np.random.default_rng(0).integers(1, WORDS, (ROWS, POSITIONS)).astype(np.int32)
EMBED, REST = networks.split(MODEL, at="embedding", inputs=TOKENS)
EMBEDDED = EMBED(TOKENS)
TARGET = np.asarray(NETWORK(TOKENS)).argmax(1)


def test_ascent_climbs_in_the_embedding():
    found = ascent.maximize(REST, EMBEDDED[:3], np.arange(3), objective="logit", rate=1.0, steps=40, threshold=0.99)
    assert found.inputs.shape == (3, POSITIONS, WIDTH)
    assert (np.asarray(found.objective) > np.asarray(REST(EMBEDDED[:3]))[np.arange(3), np.arange(3)] + 0.1).all()


def test_attributions_in_the_embedding_summed_over_its_width_are_scores_of_positions():
    padding = EMBED(np.zeros((1, 1), np.int32))[0, 0]
    maps = attribution.integrated_gradients(REST, EMBEDDED, TARGET, baseline=padding, nodes=40)
    blank = np.asarray(NETWORK(np.zeros_like(TOKENS)))
    own = np.arange(ROWS), TARGET
    np.testing.assert_allclose(maps.sum(-1).sum(-1), np.asarray(NETWORK(TOKENS))[own] - blank[own], atol=1e-4)
    slopes = jax.grad(lambda x: REST(x)[own].sum())(EMBEDDED)
    found = attribution.gradient_times_input(REST, EMBEDDED, TARGET).sum(-1)
    np.testing.assert_allclose(found, (EMBEDDED * slopes).sum(-1), rtol=1e-4, atol=1e-6)


def test_a_baseline_of_one_number_is_one_of_an_array_of_it():
    one = attribution.integrated_gradients(REST, EMBEDDED, TARGET, baseline=0.25, nodes=3)
    for shape in ((1,), (WIDTH,), (POSITIONS, 1), (POSITIONS, WIDTH)):
        several = attribution.integrated_gradients(REST, EMBEDDED, TARGET, baseline=np.full(shape, 0.25), nodes=3)
        np.testing.assert_allclose(several, one, rtol=1e-6)


@pytest.mark.parametrize(
    ("baseline", "wanted"),
    [
        (np.zeros(3), r"found float32 \[3\], wanted a number, or an array that broadcasts to a row \[5, 4\]"),
        (np.zeros((1, POSITIONS, WIDTH)), "found float32"),
        (np.full(WIDTH, np.nan), "found NaN"),
        (np.inf, "found NaN or infinity"),
        ("zero", "found"),
        (None, "found"),
    ],
)
def test_baselines_that_do_not_fit_are_refused(baseline, wanted):
    for call in (
        lambda: attribution.integrated_gradients(REST, EMBEDDED, 0, baseline=baseline),
        lambda: attribution.removal_curves(REST, EMBEDDED, EMBEDDED, 0, baseline=baseline),
    ):
        with pytest.raises(ValueError, match=f"^baseline: {wanted}"):
            call()


def _slowly(network, inputs, importance, baseline, share, *, back):
    """Probabilities of the targets with a share of the positions at the baseline, or alone at their values."""
    changed = np.array(inputs)
    for row, values in enumerate(changed):
        ink = [place for place in range(POSITIONS) if (values[place] != baseline).any()]
        order = sorted(ink, key=lambda place, row=row: -importance[row, place])
        count = int(np.round(share * len(ink)))
        for place in order[count:] if back else order[:count]:
            values[place] = baseline
    scores = np.asarray(network(changed), np.float64)
    return (np.exp(scores) / np.exp(scores).sum(1, keepdims=True))[np.arange(ROWS), TARGET]


@pytest.mark.parametrize("kind", [np.int32, np.uint8, np.int64])
def test_removal_replaces_tokens_by_the_baseline_token(kind):
    tokens = TOKENS.copy()
    tokens[0, :2] = 7
    importance = np.random.default_rng(1).random((ROWS, POSITIONS)).astype(np.float32)
    found = attribution.removal_curves(NETWORK, tokens.astype(kind), importance, TARGET, baseline=7, steps=4)
    for step, share in enumerate(np.arange(5) / 4):
        deleted, inserted = (_slowly(NETWORK, tokens, importance, 7, share, back=back) for back in (False, True))
        np.testing.assert_allclose(found.deletion[:, step], deleted, rtol=1e-5)
        np.testing.assert_allclose(found.insertion[:, step], inserted, rtol=1e-5)


@pytest.mark.slow
def test_removal_in_the_embedding_takes_positions_whole_and_agrees_with_that_of_the_tokens():
    importance = np.random.default_rng(2).random((ROWS, POSITIONS)).astype(np.float32)
    of_tokens = attribution.removal_curves(NETWORK, TOKENS, importance, TARGET, baseline=0, steps=5)
    padding = EMBED(np.zeros((1, 1), np.int32))[0, 0]
    embedded = attribution.removal_curves(REST, EMBEDDED, importance, TARGET, baseline=padding, steps=5)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5), embedded, of_tokens)
    traced = jax.jit(lambda x: attribution.removal_curves(NETWORK, x, importance, TARGET, steps=5))(TOKENS)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), traced, of_tokens)


@pytest.mark.parametrize("shape", [(ROWS,), (ROWS, WIDTH), (ROWS, POSITIONS, 1)])
def test_importance_of_other_axes_than_the_first_is_refused(shape):
    with pytest.raises(ValueError, match="^importance: found float32 .*, wanted the shape of the inputs"):
        attribution.removal_curves(REST, EMBEDDED, np.ones(shape, np.float32), TARGET)


@pytest.mark.slow
def test_a_baseline_that_is_not_whole_makes_floats_of_whole_numbers():
    rows, weights = np.arange(12, dtype=np.uint8).reshape(3, 4), np.random.default_rng(3).normal(size=(4, 2))
    network = jax.tree_util.Partial(lambda weights, x: x @ weights, jnp.asarray(weights, jnp.float32))
    found, wanted = (
        attribution.removal_curves(network, each, rows, 0, baseline=0.5, steps=4) for each in (rows, rows.astype(float))
    )
    jax.tree.map(np.testing.assert_array_equal, found, wanted)


_GRADIENTS = {
    "gradient_times_input": lambda x: attribution.gradient_times_input(NETWORK, x, 0),
    "integrated_gradients": lambda x: attribution.integrated_gradients(NETWORK, x, 0),
    "effective_weights": lambda x: filters.effective_weights(NETWORK, x),
    "input_effects": lambda x: hierarchy.input_effects(lambda x: REST(EMBED(x)), x),
    "maximize": lambda x: ascent.maximize(NETWORK, x, 0),
}


@pytest.mark.parametrize("method", _GRADIENTS)
@pytest.mark.parametrize("kind", [np.int32, np.int64, np.uint8])
def test_whole_numbers_are_refused_where_gradients_are_needed_and_the_remedy_is_named(method, kind):
    name = "start" if method == "maximize" else "inputs"
    wanted = rf"^{name}: found {np.dtype(kind)} \[6, 5\], wanted floating numbers; split the network behind its embedd"
    with pytest.raises(ValueError, match=wanted):
        _GRADIENTS[method](TOKENS.astype(kind))


def test_traced_whole_numbers_are_refused_as_well():
    with pytest.raises(ValueError, match="^inputs: found int32"):
        jax.jit(_GRADIENTS["gradient_times_input"])(TOKENS)


def test_floats_for_an_embedding_name_the_remedy():
    with pytest.raises(ValueError, match="it takes whole numbers: give those, or split it behind its embedding"):
        attribution.gradient_times_input(NETWORK, TOKENS.astype(np.float32), 0)


@pytest.mark.parametrize("kind", [np.uint8, bool])
def test_pixels_are_taken_as_floats(kind):
    rows, weights = np.random.default_rng(4).integers(0, 2, (3, 4)).astype(kind), np.ones((4, 2), np.float32)
    found = attribution.gradient_times_input(lambda x: x @ weights, rows, 0)
    np.testing.assert_array_equal(found, rows.astype(np.float32))


def test_outputs_change_with_units_also_where_the_rows_are_token_ids():
    found = hierarchy.output_effects((EMBED, REST), TOKENS)
    np.testing.assert_allclose(found, hierarchy.output_effects((lambda x: x, REST), EMBEDDED), rtol=1e-5)


@pytest.mark.slow
def test_images_do_not_wrap_around_where_no_gradient_is_needed():
    rows, weights = np.random.default_rng(5).integers(0, 255, (4, 3)).astype(np.uint8), np.eye(3, 2, dtype=np.float32)
    network = jax.tree_util.Partial(lambda weights, x: (x - 128) @ weights / 64, jnp.asarray(weights))
    found, wanted = (
        attribution.removal_curves(network, each, rows, 0, steps=4) for each in (rows, rows.astype(np.float32))
    )
    jax.tree.map(np.testing.assert_array_equal, found, wanted)
    found, wanted = (
        hierarchy.output_effects((network, lambda h: 2 * h), each) for each in (rows, rows.astype(np.float32))
    )
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
