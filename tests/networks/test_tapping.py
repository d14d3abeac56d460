import functools

import equinox
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from interp_jax import networks
from interp_jax.methods import ablation, ascent, core_units, hierarchy
from tests.networks.splitting_models import CASES, IMAGES, ROWS, TOKENS

ACT = "blocks/0/act"
case_of = functools.cache(lambda name: CASES[name]())


@functools.cache
def _tapped(name, *at):
    case = case_of(name)
    return networks.tap(case.model, at, case.inputs, **case.options)


def _scores(case, model=None, **options):
    return networks.freeze(model or case.model, **case.options | options)(case.inputs)


def _close(result, wanted):
    np.testing.assert_allclose(result, wanted, rtol=1e-5, atol=1e-6)


# ------------------------------------------------------------------------------------------------- exactness


INSIDE = {  # layers around which values flow, by library
    "nnx_transformer": ACT,
    "linen_cnn": "_LinenBlock_1/Conv_0",
    "equinox_attention": "attention",
    "function_of_two_inputs": "first",
}
SLOW = ("linen_cnn", "equinox_attention")  # by their compilations
EACH = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in INSIDE]
)


@EACH
def test_the_network_is_the_model_and_stays_so_with_its_own_layer_put_back(name):
    case, tapped = case_of(name), _tapped(name, INSIDE[name])
    wanted = _scores(case)
    _close(tapped(case.inputs), wanted)
    hidden = tapped.head(case.inputs)
    assert hidden.shape == next(each.shape for each in networks.layers(case.model, case.inputs, **case.options)
                                if each.name == INSIDE[name])  # fmt: skip
    _close(tapped.replaced(case.inputs, hidden), wanted)
    assert not np.allclose(tapped.replaced(case.inputs, hidden[::-1]), wanted, atol=1e-4)


def _without_the_second_unit(name):
    """Scores of the model with the weights of the layer's second unit at zero."""
    case = case_of(name)
    if name == "nnx_transformer":
        model = nnx.clone(case.model)
        kernel = model.blocks[0].down.kernel
        kernel[...] = kernel[...].at[1].set(0)
        return _scores(case, model)
    if name == "linen_cnn":
        variables = jax.tree.map(jnp.asarray, case.options["variables"])
        layer = variables["params"]["_LinenBlock_1"]["Conv_0"]
        layer |= {"kernel": layer["kernel"].at[..., 1].set(0), "bias": layer["bias"].at[1].set(0)}
        return _scores(case, variables=variables)
    if name == "equinox_attention":
        weight = case.model.attention.output_proj.weight.at[1].set(0)
        return _scores(case, equinox.tree_at(lambda model: model.attention.output_proj.weight, case.model, weight))
    parameters = dict(case.model.args[0])
    parameters["first"] = parameters["first"].at[:, 1].set(0)
    return _scores(case, functools.partial(case.model.func, parameters))


@EACH
def test_a_masked_unit_is_one_whose_weights_are_zero(name):
    tapped = _tapped(name, INSIDE[name])
    [(layer, (units,))] = tapped.mask_shapes.items()
    mask = np.arange(units) != 1
    found = tapped(case_of(name).inputs, {layer: mask})
    _close(found, _without_the_second_unit(name))
    assert not np.allclose(found, tapped(case_of(name).inputs), atol=1e-5)
    hidden = tapped.head(case_of(name).inputs)
    _close(tapped.replaced(case_of(name).inputs, hidden * jnp.broadcast_to(mask, hidden.shape)), found)


def test_a_residual_function_agrees_with_its_transcription():
    def model(x):
        return jnp.tanh(x + networks.mark("inside", x**2 - 1))

    tapped = networks.tap(model, "inside", ROWS)
    x, mask = np.asarray(ROWS[:3]), np.array([1, 0, 0.5, 1])
    _close(tapped(x, {"inside": mask}), np.tanh(x + mask * (x**2 - 1)))
    _close(tapped.replaced(x, np.ones((3, 4))), np.tanh(x + 1))
    _close(tapped(x[:1], {"inside": np.zeros(4, bool)}), np.tanh(x[:1]))
    place = np.arange(4) == 2
    replaced = ablation.replace_units(tapped, x, [np.full(4, 7.0)], [place])
    _close(replaced, np.tanh(x + np.where(place, 7.0, x**2 - 1)))


def test_masks_of_units_at_positions():
    tapped = _tapped("nnx_transformer", ACT)
    mask = np.random.default_rng(0).random((5, 16)) < 0.5
    hidden = tapped.head(TOKENS)
    _close(tapped(TOKENS, {ACT: mask}), tapped.replaced(TOKENS, jnp.where(mask[None], hidden, 0)))


@pytest.mark.slow
def test_a_layer_that_is_changed_changes_those_after_it():
    tapped = _tapped("nnx_transformer", "blocks/1/act", ACT)
    assert tapped.names == (ACT, "blocks/1/act")
    closed = {ACT: np.zeros(16), "blocks/1/act": np.ones(16)}
    seen, _ = tapped.run_through(TOKENS, [lambda hidden: 0 * hidden, lambda hidden: hidden])
    first, second = tapped.head(TOKENS)
    _close(seen[0], first)
    assert not np.allclose(seen[1], second, atol=1e-4)
    _close(tapped(TOKENS, closed), tapped.replaced(TOKENS, {ACT: jnp.zeros_like(first)}))


def test_a_layer_inside_a_part_of_a_network():
    model = case_of("nnx_transformer").model
    embed, rest = networks.split(model, "embed", TOKENS)
    tapped = networks.tap(rest, ACT, embed(TOKENS))
    _close(tapped(embed(TOKENS)), _scores(case_of("nnx_transformer")))
    _close(tapped.head(embed(TOKENS)), _tapped("nnx_transformer", ACT).head(TOKENS))


# ------------------------------------------------------------------------------------------- transformations


def _loss(tapped, x, mask):
    return jnp.sum(tapped(x, {"inside": mask}) ** 2)


def _around(x, weights):
    return x + networks.mark("inside", jnp.tanh(x @ weights))


def _residual(weights):
    return networks.freeze(_around, weights=weights)


def test_eager_jit_vmap_and_grad_agree():
    tapped, mask = networks.tap(_residual(jnp.eye(4)), "inside", ROWS), jnp.array([1.0, 0.0, 0.5, 1.0])
    x = np.asarray(ROWS)
    wanted = np.sum((x + np.asarray(mask) * np.tanh(x)) ** 2, axis=1)
    _close(_loss(tapped, ROWS, mask), wanted.sum())
    _close(jax.jit(_loss)(tapped, ROWS, mask), wanted.sum())
    _close(jax.vmap(lambda row: _loss(tapped, row[None], mask))(ROWS), wanted)
    by_mask = jax.grad(_loss, argnums=2)(tapped, ROWS, mask)
    _close(by_mask, np.sum(2 * (x + np.asarray(mask) * np.tanh(x)) * np.tanh(x), axis=0))


def test_another_network_of_the_same_shapes_does_not_recompile(assert_compiles):
    first, second = (networks.tap(_residual(scale * jnp.eye(4)), "inside", ROWS) for scale in (1, 2))
    masks = {"inside": jnp.ones(4)}
    before = first(ROWS, masks), first.head(ROWS)
    with assert_compiles(0):
        after = second(ROWS, masks), second.head(ROWS)
    assert not np.allclose(before[0], after[0])


# ---------------------------------------------------------------------------------------------------- methods


def _both_ways():
    """A network split at two layers, and tapped there."""
    rngs = nnx.Rngs(0)
    model = nnx.Sequential(nnx.Linear(4, 5, rngs=rngs), nnx.tanh, nnx.Linear(5, 6, rngs=rngs), nnx.tanh,
                           nnx.Linear(6, 3, rngs=rngs))  # fmt: skip
    names = ["layers/1", "layers/3"]
    return networks.segments(model, names, ROWS), networks.tap(model, names, ROWS)


REPLACED = [np.arange(5) < 2, np.arange(6) == 3]
KEY = jax.random.key(5)
USES = {
    "intact_layers": ablation.intact_layers,
    "replace_units": lambda net, x: ablation.replace_units(net, x, [np.ones(5), np.zeros(6)], REPLACED),
    "ablate_mean": lambda net, x: ablation.ablate_mean(net, x, REPLACED),
    "ablate_resample": lambda net, x: ablation.ablate_resample(net, x, REPLACED, key=KEY),
    "module_effects": lambda net, x: ablation.module_effects(
        net, x, np.eye(11, dtype=bool)[::3], np.ones(11), key=KEY, batch_size=2
    ),
    "network_vectors": lambda net, x: hierarchy.network_vectors(net, x, batch_size=4),
    "output_effects": hierarchy.output_effects,
    "effect_magnitudes": hierarchy.effect_magnitudes,
}


SLOW_USES = ("network_vectors", "module_effects")


@pytest.mark.parametrize(
    "use", [pytest.param(name, marks=pytest.mark.slow) if name in SLOW_USES else name for name in USES]
)
def test_methods_find_the_same_in_a_tapped_network_as_in_its_segments(use):
    segments, tapped = _both_ways()
    jax.tree.map(_close, USES[use](tapped, ROWS), USES[use](segments, ROWS))


def test_methods_name_a_tapped_networks_failures():
    _, tapped = _both_ways()
    with pytest.raises(ValueError, match=r"^segments: found a failure on inputs float32 \[6, 3\]"):
        ablation.intact_layers(tapped, ROWS[:, :3])
    with pytest.raises(ValueError, match=r"^values: found 1, wanted 2"):
        ablation.replace_units(tapped, ROWS, [np.ones(5)], REPLACED)


def _planted():
    """Rows through a residual block whose third unit alone moves the decision; others flow into nothing."""
    kernel = jnp.zeros((4, 2)).at[2, 1].set(10.0)

    def model(x):
        return jnp.concatenate([x[:, :1] ** 2, jnp.zeros((len(x), 1))], 1) + networks.mark("inside", x) @ kernel

    inputs = np.array(jax.random.normal(jax.random.key(7), (60, 4)), np.float32)
    return networks.tap(model, "inside", inputs), inputs


def test_holding_rates_of_a_layer_inside_a_residual_block():
    tapped, inputs = _planted()
    predictions = np.asarray(tapped(inputs).argmax(axis=1))
    mask = {"inside": np.array([True, True, False, True])}
    holds = np.asarray(tapped(inputs, mask).argmax(axis=1)) == predictions
    groups = [holds[predictions == 1].mean(), holds[predictions != 1].mean()]
    rate = core_units.holding_rate(tapped, inputs, predictions, 1, mask)
    assert float(rate) == pytest.approx(np.mean(groups))


@pytest.mark.slow
def test_core_units_of_a_layer_inside_a_residual_block():
    tapped, inputs = _planted()
    predictions = np.asarray(tapped(inputs).argmax(axis=1))
    options = {"mask_shape": tapped.mask_shapes, "steps": 20, "starts": 1}
    selection = core_units.select(tapped, inputs, predictions, 1, key=KEY, **options)
    assert selection.mask["inside"].tolist() == [False, False, True, False]


def test_ascent_climbs_a_unit_inside_a_residual_block():
    tapped, inputs = _planted()
    climbed = ascent.maximize(tapped.head, inputs[:2], 2, objective="value", rate=1.0, threshold=3.5, steps=9)
    assert climbed.converged.all()


@pytest.mark.slow
def test_core_units_take_tokens_as_they_are():
    tapped = _tapped("nnx_transformer", ACT)
    tokens = jax.random.randint(jax.random.key(9), (120, 5), 0, 11)
    predictions = np.asarray(tapped(tokens).argmax(axis=1))
    target = int(np.bincount(predictions).argmax())
    every = {ACT: np.ones(16, bool)}
    assert float(core_units.holding_rate(tapped, tokens, predictions, target, every)) == 1.0


# --------------------------------------------------------------------------------------------------- refusals


def test_split_names_tap_where_values_flow_around_a_layer():
    with pytest.raises(ValueError, match=r"^at: found .*flow around it.*; networks\.tap takes the layer as it is$"):
        networks.split(case_of("nnx_transformer").model, ACT, TOKENS)


@pytest.mark.parametrize(
    ("name", "at", "error", "message"),
    [
        ("nnx_transformer", "blocks/7", ValueError, "at: found 'blocks/7', wanted .*; networks.layers lists them"),
        ("nnx_transformer", [ACT, "blocks[0].act"], ValueError, "at: found .*, wanted different layers"),
        ("nnx_transformer", [], TypeError, "at: found .*, wanted the name"),
        ("nnx_transformer", 3, TypeError, "at: found 3, wanted the name"),
        (
            "nnx_shared",
            "encode",
            ValueError,
            r"at: found '(en|de)code' \(runs 2 times\), wanted one array .* there once: .*",
        ),
        ("function_with_a_loop", "step", ValueError, r"at: found 'step' \(runs inside jax.lax.scan\), wanted one"),
        ("function_of_odd_points", "pair", ValueError, "at: found 'pair' .*its output is 2 arrays"),
        ("function_of_odd_points", "unused", ValueError, "at: found 'unused' .*does not reach the scores"),
        ("function_of_odd_points", "turned", ValueError, r"at: found 'turned' .*\[4, 6\] for 6 rows"),
    ],
)
def test_layers_that_cannot_be_tapped_are_refused(name, at, error, message):
    case = case_of(name)
    with pytest.raises(error, match=f"^{message}"):
        networks.tap(case.model, at, case.inputs, **case.options)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda tapped: tapped(ROWS, {"other": np.ones(4)}), r"masks: found \['other'\], wanted masks by the names 'i"),
        (lambda tapped: tapped(ROWS, np.ones(4)), "masks: found float64 .*, wanted masks by the names"),
        (
            lambda tapped: tapped(ROWS, {"inside": np.ones(3)}),
            r"masks\['inside'\]: found float32 \[3\], wanted .*\[4\]",
        ),
        (lambda tapped: tapped(ROWS, {"inside": 1.0}), r"masks\['inside'\]: found float32 \[\], wanted"),
        (lambda tapped: tapped((ROWS, ROWS)), "inputs: found 2 arrays, wanted 1"),
        (lambda tapped: tapped(ROWS[:, :2]), r"inputs: found float32 \[6, 2\], wanted rows that the model takes"),
        (lambda tapped: tapped.run_through(ROWS, [jnp.sum]), r"changes: found one that makes 'inside' \[\], wanted"),
        (lambda tapped: tapped.run_through(ROWS, []), r"changes: found \[\], wanted 1 functions"),
        (lambda tapped: tapped.replaced(ROWS, {"other": ROWS}), r"hidden: found \['other'\], wanted names among"),
        (
            lambda tapped: tapped.replaced(ROWS, ROWS[:, :2]),
            r"hidden\['inside'\]: found shape \[6, 2\], wanted \[6,",
        ),
    ],
)
def test_masks_and_replacements_that_do_not_fit_are_named(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call(networks.tap(_residual(jnp.eye(4)), "inside", ROWS))


def test_a_tapped_network_says_what_it_is():
    assert repr(networks.tap(_residual(jnp.eye(4)), "inside", IMAGES.reshape(24, 4))) == (
        "TappedNetwork('inside', 16 numbers)"
    )
