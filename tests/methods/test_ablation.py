from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax import networks
from interp_jax.methods import ablation
from tests import reference

RANDOM = np.random.default_rng(0)
INPUTS = RANDOM.normal(size=(12, 5)).astype(np.float32)
LAYERS = [RANDOM.normal(size=shape).astype(np.float32) for shape in ((5, 4), (4, 3), (3, 2))]
IMAGES = RANDOM.normal(size=(7, 6, 2)).astype(np.float32)
CHANNELS = [RANDOM.normal(size=shape).astype(np.float32) for shape in ((2, 3), (3, 2))]
KEY = jax.random.key(3)
LNN = networks.lnn.init(KEY, (5, 4, 3, 2))


# Cached, because the same functions compile once.
@cache
def _dense(xp):
    """Two hidden layers of tanh units and linear outputs, for JAX or NumPy."""
    *hidden, last = [lambda x, w=w: xp.matmul(x, xp.asarray(w)) for w in LAYERS]
    return (*(lambda x, layer=layer: xp.tanh(layer(x)) for layer in hidden), last)


@cache
def _places(xp):
    """Channels at six places, mixed with their neighbor, then averaged into outputs."""
    first, last = CHANNELS
    return (
        lambda x: xp.tanh(xp.matmul(x + xp.roll(x, 1, 1), xp.asarray(first))),
        lambda h: xp.matmul(xp.mean(h**2 + h, 1), xp.asarray(last)),
    )


def _masks(*units):
    masks = [np.zeros(4, bool), np.zeros(3, bool)]
    for layer, unit in units:
        masks[layer][unit] = True
    return masks


def _module_effects(network, inputs, masks, signs, batch_size=1):
    return ablation.module_effects(
        network, inputs, masks, np.asarray(signs, np.float32), key=KEY, batch_size=batch_size
    )


NOTHING, SOME = _masks(), _masks((0, 1), (0, 3), (1, 2))


def test_nothing_masked_changes_nothing():
    network = _dense(jnp)
    intact = network[2](network[1](network[0](INPUTS)))
    np.testing.assert_array_equal(ablation.replace_units(network, INPUTS, [np.zeros(4), np.zeros(3)], NOTHING), intact)
    np.testing.assert_array_equal(ablation.ablate_mean(network, INPUTS, NOTHING), intact)
    np.testing.assert_array_equal(ablation.ablate_resample(network, INPUTS, NOTHING, key=KEY).outputs, intact)


def test_replaced_units_flow_into_later_layers():
    found = ablation.replace_units(_dense(jnp), INPUTS, [np.full(4, 0.3), np.full(3, -0.2)], SOME)
    replaced = {(0, 1): 0.3, (0, 3): 0.3, (1, 2): -0.2}
    wanted = [reference.layer_outputs(_dense(np), x[None], replaced)[-1][0] for x in INPUTS]
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    # All units of a layer replaced: nothing before it matters.
    masks = [np.zeros(4, bool), np.ones(3, bool)]
    everything = ablation.replace_units(_dense(jnp), INPUTS, [np.zeros(4), np.ones(3)], masks)
    np.testing.assert_allclose(everything, np.tile(LAYERS[2].sum(0), (12, 1)), atol=1e-5)


def test_values_may_differ_from_row_to_row():
    values = [RANDOM.normal(size=(12, 4)).astype(np.float32), RANDOM.normal(size=(12, 3)).astype(np.float32)]
    found = ablation.replace_units(_dense(jnp), INPUTS, values, SOME)
    for row in range(12):
        of_row = ablation.replace_units(_dense(jnp), INPUTS[[row]], [value[row] for value in values], SOME)
        np.testing.assert_allclose(found[row], of_row[0], atol=1e-5)


@pytest.mark.parametrize(
    ("network", "inputs", "units"), [(_dense, INPUTS, [(0, 1), (1, 2)]), (_places, IMAGES, [(0, 2)])]
)
def test_mean_ablation_agrees_with_the_transcription(network, inputs, units):
    masks = _masks(*units) if network is _dense else [np.array([False, False, True])]
    means = {unit: reference.unit_mean(network(np), inputs, *unit) for unit in units}
    wanted = [reference.layer_outputs(network(np), x[None], means)[-1][0] for x in inputs]
    np.testing.assert_allclose(ablation.ablate_mean(network(jnp), inputs, masks), wanted, atol=1e-5)


@pytest.mark.parametrize("rows", [2, 12])
def test_resampled_rows_form_one_cycle(rows):
    source = np.asarray(ablation.ablate_resample(_dense(jnp), INPUTS[:rows], SOME, key=KEY).source)
    row, seen = 0, []
    for _ in range(rows):
        seen.append(row)
        row = source[row]
    assert row == 0
    assert sorted(seen) == list(range(rows))


def test_every_other_row_is_an_equally_likely_source():
    draw = jax.jit(jax.vmap(lambda key: ablation.ablate_resample(_dense(jnp), INPUTS[:4], SOME, key=key).source))
    sources = np.asarray(draw(jax.random.split(KEY, 3000)))
    shares = np.mean(sources[:, :, None] == np.arange(4), axis=0)
    np.testing.assert_allclose(shares, (1 - np.eye(4)) / 3, atol=0.05)


def test_a_wholly_resampled_network_gives_the_other_rows_outputs():
    masks = [np.ones(4, bool), np.zeros(3, bool)]
    network = _dense(jnp)
    found = ablation.ablate_resample(network, INPUTS, masks, key=KEY)
    np.testing.assert_allclose(found.outputs, network[2](network[1](network[0](INPUTS)))[found.source], atol=1e-5)


MODULES = [[(0, 0), (0, 2)], [(0, 1), (1, 0), (1, 2)], [(1, 1)]]
POOLED = np.array([np.concatenate(_masks(*module)) for module in MODULES])
SIGNS = np.array([1, -1, -1, 1, 1, -1, 1], np.float32)


def test_module_effects_agree_with_the_transcription():
    found = _module_effects(_dense(jnp), INPUTS, POOLED, SIGNS, batch_size=2)
    source = np.asarray(ablation.ablate_resample(_dense(jnp), INPUTS, NOTHING, key=KEY).source)
    for number, units in enumerate(MODULES):
        signs = [SIGNS[4 * layer + unit] for layer, unit in units]
        wanted = reference.module_effects(_dense(np), INPUTS, units, signs, source)
        for part, value in zip(found, wanted, strict=True):
            np.testing.assert_allclose(part[number], value, atol=1e-4)


def test_module_effects_of_channels_agree_with_the_transcription():
    masks, signs = np.array([[True, False, True], [False, True, False]]), np.array([1.0, 1.0, -1.0])
    found = _module_effects(_places(jnp), IMAGES, masks, signs)
    source = np.asarray(ablation.ablate_resample(_places(jnp), IMAGES, [masks[0]], key=KEY).source)
    for number, mask in enumerate(masks):
        units = [(0, unit) for unit in np.flatnonzero(mask)]
        wanted = reference.module_effects(_places(np), IMAGES, units, signs[mask], source)
        for part, value in zip(found, wanted, strict=True):
            np.testing.assert_allclose(part[number], value, atol=1e-4)


def test_signs_of_a_linear_network_are_those_of_its_weights():
    inputs = RANDOM.normal(size=(200, 3)).astype(np.float32)
    last = np.array([[1.0, -1.0, 0.0], [2.0, -0.1, 0.0], [-3.0, 5.0, 0.0]], np.float32)
    masks = np.array([[True, True, False], [False, False, True], [True, False, True]])
    network = (lambda x: jnp.asarray(x), lambda hidden: jnp.matmul(hidden, last))
    found = _module_effects(network, inputs, masks, np.ones(3))
    for correlations in (found.mean_ablation, found.resample):
        np.testing.assert_array_equal(np.sign(correlations[:2]), [[1, -1, 0], [-1, 1, 0]])
        np.testing.assert_allclose(correlations[1, :2], [-1, 1], atol=1e-4)
    # Of the unit that stands alone the moves are known: −3 and 5 times its distance from the mean.
    moves = np.abs(inputs[:, 2] - inputs[:, 2].mean()).mean() * np.array([3, 5])
    np.testing.assert_allclose(found.mean_ablation_size[1, :2], moves / (inputs @ last).std(0)[:2], rtol=1e-4)
    # Turned signs turn the correlations and leave the sizes.
    turned = _module_effects(network, inputs, masks, -np.ones(3))
    np.testing.assert_allclose(turned.mean_ablation, -found.mean_ablation, atol=1e-6)
    np.testing.assert_array_equal(turned.resample_size, found.resample_size)


def test_no_units_dead_units_and_unread_units_correlate_zero():
    def first(x):
        return jnp.concatenate([jnp.tanh(x[:, :2]), jnp.full((len(x), 1), 0.3)], 1)

    def last(hidden):
        return jnp.concatenate([hidden[:, :1] * 3 + hidden[:, 2:], jnp.full((len(hidden), 1), 0.7)], 1)

    masks = np.array([[False, False, False], [False, False, True], [False, True, False], [True, False, True]])
    found = _module_effects((first, last), INPUTS, masks, np.ones(3))
    for part in found:
        np.testing.assert_allclose(part[:3], 0, atol=1e-6)
        np.testing.assert_array_equal(part[:, 1], 0)
    np.testing.assert_allclose(found.mean_ablation[3, 0], 1, atol=1e-5)
    np.testing.assert_allclose(found.resample[3, 0], 1, atol=1e-5)


def test_constant_units_have_no_deviation_whatever_their_mean_rounds_to():
    random = np.random.default_rng(0)
    columns = np.tile((random.normal(size=200) * 10 ** random.uniform(-3, 3, 200)).astype(np.float32), (30, 1))
    assert np.any(np.asarray(jnp.std(columns, axis=0)) > 0)
    assert np.all(np.isinf(ablation._deviations(columns)))


def test_moves_within_the_rounding_of_the_outputs_correlate_zero():
    network = (lambda x: jnp.tanh(x), lambda hidden: 1000 + 1e-4 * hidden[:, :1])
    found = _module_effects(network, INPUTS, np.eye(5, dtype=bool)[:1], np.ones(5))
    assert not np.any(found.mean_ablation)
    assert not np.any(found.resample)


def test_one_row_has_no_effects():
    found = _module_effects(_dense(jnp), INPUTS[:1], POOLED, SIGNS)
    assert all(not np.any(part) for part in found)
    intact = ablation.replace_units(_dense(jnp), INPUTS[:1], [np.zeros(4), np.zeros(3)], NOTHING)
    np.testing.assert_allclose(ablation.ablate_mean(_dense(jnp), INPUTS[:1], SOME), intact, atol=1e-6)
    np.testing.assert_allclose(ablation.ablate_resample(_dense(jnp), INPUTS[:1], SOME, key=KEY).outputs, intact)


@pytest.mark.slow
def test_modules_and_networks_are_lanes():
    weights = [jnp.stack([jnp.asarray(w), 2 * jnp.asarray(w)]) for w in LAYERS]
    segments = tuple(jax.tree_util.Partial(lambda w, x: jnp.tanh(x @ w), w) for w in weights)

    def effects(segments):
        return _module_effects(segments, INPUTS, POOLED, SIGNS)

    lanes = jax.jit(jax.vmap(effects))(segments)
    single = effects(jax.tree.map(lambda leaf: leaf[1], segments))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a[1], b, atol=1e-4), lanes, single)


def test_memory_is_that_of_a_batch_of_modules(assert_temp_bytes):
    rows, units = 2000, 64
    weights = jnp.ones((10, units)), jnp.ones((units, 3))
    segments = tuple(jax.tree_util.Partial(lambda w, x: jnp.tanh(x @ w), w) for w in weights)
    masks = jnp.zeros((500, units), bool).at[:, 0].set(True)
    assert_temp_bytes(
        8 * rows * units * 4 + 2**18,
        lambda segments, inputs: ablation.module_effects(segments, inputs, masks, jnp.ones(units), key=KEY),
        segments,
        jnp.ones((rows, 10)),
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda net: ablation.ablate_mean(net[:1], INPUTS, []), "segments: found 1"),
        (
            lambda net: ablation.ablate_mean((net[0], 3), INPUTS, NOTHING),
            "segments: found a tuple with a int at place 1",
        ),
        (lambda _: ablation.ablate_mean(LNN, INPUTS, NOTHING), r"segments: found a LNN .* network.segments\(\)"),
        (lambda _: ablation.ablate_resample(LNN, INPUTS, NOTHING, key=KEY), "segments: found a LNN"),
        (lambda _: ablation.replace_units(LNN, INPUTS, NOTHING, NOTHING), "segments: found a LNN"),
        (lambda _: ablation.module_effects(LNN, INPUTS, POOLED, SIGNS, key=KEY), "segments: found a LNN"),
        (lambda _: ablation.intact_layers(LNN, INPUTS), "segments: found a LNN"),
        (lambda net: ablation.module_effects(net, INPUTS[:0], POOLED, SIGNS, key=KEY), r"inputs: found shape \[0, 5\]"),
        (lambda net: ablation.replace_units(net, INPUTS, [np.zeros(4)], SOME), "values: found 1, wanted 2"),
        (lambda net: ablation.ablate_mean(net, INPUTS, SOME[:1]), "replaced: found 1, wanted 2"),
        (
            lambda net: ablation.ablate_mean(net, INPUTS, [SOME[0], np.ones(4, bool)]),
            r"replaced\[1\]: found shape \[4\], wanted \[3\]",
        ),
        (
            lambda net: ablation.ablate_mean(net, INPUTS, [np.full(4, 0.5), SOME[1]]),
            r"replaced\[0\]: found numbers other",
        ),
        (lambda net: ablation.replace_units(net, INPUTS, [np.ones(3), np.ones(3)], SOME), r"values\[0\]: found shape"),
        (
            lambda net: ablation.module_effects(net, INPUTS, POOLED[:, 1:], SIGNS, key=KEY),
            r"signs: found shape \[7\], wanted \[6\]",
        ),
        (
            lambda net: ablation.module_effects(net, INPUTS, POOLED, SIGNS[1:], key=KEY),
            r"signs: found shape \[6\], wanted \[7\]",
        ),
        (lambda net: ablation.module_effects(net, INPUTS, POOLED, SIGNS, key=KEY, batch_size=0), "batch_size: found 0"),
        (
            lambda net: ablation.module_effects(net, INPUTS, 0.5 * POOLED, SIGNS, key=KEY),
            "modules: found numbers",
        ),
        (lambda net: ablation.module_effects(net, INPUTS, POOLED[:, 1:], SIGNS[1:], key=KEY), "modules: found shape"),
        (lambda net: ablation.module_effects(net, INPUTS, POOLED, SIGNS * np.nan, key=KEY), "signs: found NaN"),
        (lambda net: ablation.module_effects(net, INPUTS, POOLED, SIGNS, key=0), "key: found 0"),
        (lambda net: ablation.ablate_resample(net, INPUTS, SOME, key=None), "key: found None"),
        (
            lambda net: ablation.ablate_mean(net, INPUTS[:, 1:], SOME),
            r"segments\[0\]: found a failure on inputs",
        ),
        (lambda net: ablation.ablate_mean(net, 1j * INPUTS, SOME), "inputs: found complex"),
        (
            lambda net: ablation.intact_layers((lambda x: x[:, 0], *net), INPUTS),
            r"segments\[0\]: found outputs of shape",
        ),
        (lambda net: ablation.intact_layers((*net, jnp.sum), INPUTS), r"segments\[3\]: found outputs of shape"),
        (
            lambda net: ablation.module_effects(
                (*net, lambda y: y[:, 0]), INPUTS, np.ones((1, 9), bool), np.ones(9), key=KEY
            ),
            "segments: found outputs of shape",
        ),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call(_dense(jnp))


def test_an_uncut_chain_is_refused_with_what_is_wanted():
    chain = networks.perceptron(jax.random.key(0), (4, 5, 3))
    with pytest.raises(ValueError, match=r"segments: found a Chain, wanted a tuple such as \(chain.until\(name\)"):
        ablation.intact_layers(chain, jnp.ones((2, 4)))


def test_a_call_by_the_old_word_names_the_new_one():
    with pytest.raises(TypeError, match="^masks: found an argument of this name, wanted replaced"):
        ablation.ablate_mean(_dense(jnp), INPUTS, masks=SOME)
    with pytest.raises(TypeError, match="^masks: found an argument of this name, wanted modules"):
        ablation.module_effects(_dense(jnp), INPUTS, masks=POOLED, signs=SIGNS, key=KEY)


def test_token_ids_reach_the_network_whole():
    table = jnp.arange(8.0).reshape(4, 2)
    network = (lambda tokens: table[tokens].sum(axis=1), lambda hidden: hidden[:, :1])
    tokens = np.array([[0, 3], [1, 1]])
    found = ablation.ablate_mean(network, tokens, [np.array([False, True])])
    np.testing.assert_array_equal(found, table[tokens].sum(axis=1)[:, :1])
