import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from interp_jax import methods, networks
from interp_jax.networks.splitting._survey import survey
from tests.networks.splitting_models import CASES, IMAGES, ROWS, TOKENS

each_case = pytest.mark.parametrize("name", CASES)
case_of = functools.cache(lambda name: CASES[name]())


@pytest.fixture(autouse=True)
def _keras_adds_biases_of_fewer_axes(request):
    named = getattr(request.node, "callspec", None)
    if named and str(named.params.get("name")).startswith("keras"):
        with jax.numpy_rank_promotion("allow"):
            yield
    else:
        yield


@functools.cache
def _surveyed(name):
    case = case_of(name)
    return survey(case.model, case.inputs, **case.options)


def _rows(case, number):
    """A number of rows other than that which the model was split with."""
    return jax.tree.map(lambda leaf: jnp.concatenate([leaf, leaf])[:number], case.inputs)


def _close(result, wanted):
    scale = max(1.0, float(np.abs(wanted).max()))
    np.testing.assert_allclose(result, wanted, rtol=1e-6, atol=1e-6 * scale)


def _split(case, at):
    return networks.split(case.model, at, case.inputs, **case.options)


@each_case
def test_layers_that_can_be_cut_at_are_found_and_others_refused_with_reason_and_remedy(name):
    case, surveyed = case_of(name), _surveyed(name)
    for at in case.able:
        assert surveyed.refusal(surveyed.find(at)) is None
    for at, reason in case.refused.items():
        with pytest.raises(ValueError, match=rf"^at: found .*{reason}.*, wanted .*networks\.mark"):
            surveyed.find(at)


QUICK = ("chain", "nnx_cnn", "nnx_transformer", "equinox_mlp", "function_of_a_dictionary", "function_of_two_inputs")


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in CASES]
)
def test_tail_of_head_is_the_model_for_other_numbers_of_rows(name):
    case = case_of(name)
    head, tail = _split(case, case.able[0])
    rows = _rows(case, 3)
    _close(tail(head(rows)), jax.jit(lambda model, x: model(x))(_surveyed(name).model, rows))


def _through_transformations(name):
    case, model, rows = case_of(name), _surveyed(name).model, _rows(case_of(name), 2)
    head, tail = _split(case, case.able[-1])
    floating = all(jnp.issubdtype(leaf.dtype, jnp.floating) for leaf in jax.tree.leaves(rows))

    def loss(parts, x):
        for part in parts:
            x = part(x)
        return jnp.sum(x**2)

    @jax.jit
    def results(parts, x):
        lanes = jax.vmap(lambda x: loss(parts, x))(jax.tree.map(lambda leaf: leaf[:, None], x))
        by_weights = jax.tree.leaves(jax.grad(loss, allow_int=True)(parts, x))
        by_weights = [leaf for leaf in by_weights if leaf.dtype != jax.dtypes.float0]
        by_rows = jax.tree.leaves(jax.grad(loss, argnums=1)(parts, x)) if floating else []
        return lanes, sum(jnp.sum(leaf**2) for leaf in by_weights), by_rows

    for result, wanted in zip(results((head, tail), rows), results((model,), rows), strict=True):
        jax.tree.map(_close, result, wanted)


@pytest.mark.parametrize("name", ["equinox_mlp", "function_of_two_inputs"])
def test_head_and_tail_go_through_jit_grad_and_vmap(name):
    _through_transformations(name)


@pytest.mark.slow
@each_case
def test_every_head_and_tail_goes_through_jit_grad_and_vmap(name):
    _through_transformations(name)


@pytest.mark.slow
@each_case
def test_every_layer_of_every_model_is_exact_or_refused(name):
    case, model = case_of(name), jax.jit(_surveyed(name).model.__call__)
    for layer in networks.layers(case.model, case.inputs, **case.options):
        if layer.obstacle is not None:
            with pytest.raises(ValueError, match="wanted one array"):
                _split(case, layer.name)
            continue
        head, tail = _split(case, layer.name)
        for number in (2, 7):
            rows = _rows(case, number)
            _close(tail(head(rows)), model(rows))


def _perceptron(seed):
    rngs = nnx.Rngs(seed)
    return nnx.Sequential(nnx.Linear(4, 5, rngs=rngs), nnx.relu, nnx.Linear(5, 3, rngs=rngs))


def test_parts_of_another_model_of_the_same_shapes_do_not_recompile(assert_compiles):
    first, second = (networks.split(_perceptron(seed), "layers/1", ROWS) for seed in (0, 1))
    scores = jax.jit(lambda head, tail, x: tail(head(x)))
    before = scores(*first, ROWS)
    with assert_compiles(0):
        after = scores(*second, ROWS)
    assert jax.tree.structure(first) == jax.tree.structure(second)
    assert not np.allclose(before, after)
    first[0](ROWS)
    with assert_compiles(0):
        second[0](ROWS)


def test_stacked_parts_go_through_vmap():
    models = [_perceptron(seed) for seed in range(3)]
    parts = [networks.split(model, "layers/1", ROWS) for model in models]
    heads, tails = jax.tree.map(lambda *leaves: jnp.stack(leaves), *parts)
    lanes = jax.vmap(lambda head, tail: tail(head(ROWS)))(heads, tails)
    for lane, model in zip(lanes, models, strict=True):
        _close(lane, model(ROWS))


def test_a_part_holds_the_arrays_that_it_uses_and_keeps_their_values():
    model = _perceptron(0)
    head, tail = networks.split(model, "layers/1", ROWS)
    before = tail(head(ROWS))
    model.layers[0].kernel[...] = jnp.zeros((4, 5))
    _close(tail(head(ROWS)), before)
    assert sorted(leaf.shape for leaf in jax.tree.leaves(head)) == [(4, 5), (5,)]
    assert sorted(leaf.shape for leaf in jax.tree.leaves(tail)) == [(3,), (5, 3)]
    assert repr(tail) == "NetworkPart('layers/1' to scores, 18 numbers)"


def test_the_model_itself_is_left_alone():
    model = _perceptron(0)
    before = nnx.graphdef(model)
    networks.split(model, "layers/1", ROWS)
    assert nnx.graphdef(model) == before


def test_a_chain_is_split_into_chains():
    case = case_of("chain")
    parts = networks.segments(case.model, ["relu", "flat"], IMAGES)
    assert [part.stage_names for part in parts] == [("conv", "relu"), ("drop", "flat"), ("out",)]
    with pytest.raises(ValueError, match=r"wanted different stages in the order"):
        networks.segments(case.model, ["flat", "relu"], IMAGES)


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("nnx_transformer", ["embed", "attended", "blocks/0"]),
        ("function_of_a_dictionary", ["relu0", "relu1"]),
    ],
)
def test_segments_one_after_the_other_are_the_model(name, at):
    case, rows = case_of(name), _rows(case_of(name), 3)
    parts = networks.segments(case.model, at, case.inputs, **case.options)
    assert len(parts) == len(at) + 1
    x = rows
    for part in parts:
        x = part(x)
    _close(x, jax.jit(lambda model, x: model(x))(_surveyed(name).model, rows))
    with pytest.raises(ValueError, match=f"wanted different layers in the order '{at[0]}'"):
        networks.segments(case.model, at[::-1], case.inputs, **case.options)


def test_layers_are_shown_as_a_table():
    shown = repr(networks.layers(case_of("nnx_transformer").model, TOKENS)).splitlines()
    assert shown[0].split() == ["name", "kind", "output", "parameters", "split"]
    assert shown[1].split() == ["embed", "Embed", "[6,", "5,", "8]", "88", "yes"]
    [act] = [line for line in shown if line.startswith("blocks/0/act")]
    assert act.split()[1:6] == ["relu", "[6,", "5,", "16]", "0"]
    assert act.endswith("no: values flow around it to the scores, as by a skip connection")
    listed = networks.layers(case_of("nnx_transformer").model, jax.ShapeDtypeStruct((6, 5), jnp.int32))
    assert listed.names[0] == "embed"
    assert listed._repr_html_().count("<tr>") == len(listed) + 1


def test_a_refusal_names_the_nearest_layers_and_the_line_where_values_join():
    with pytest.raises(ValueError, match=r"'attended' before it, or 'blocks/0' after it, or networks.mark\(.* on the "
                       r"result of splitting_models.py:\d+; networks.tap takes the layer as it is$"):  # fmt: skip
        networks.split(case_of("nnx_transformer").model, "blocks/0/down", TOKENS)


@pytest.mark.parametrize(
    ("at", "inputs", "error", "message"),
    [
        ("layers/7", ROWS, ValueError, "at: found 'layers/7', wanted 'layers/2' or .*; networks.layers lists them"),
        (3, ROWS, TypeError, "at: found 3, wanted the name"),
        ("layers/1", ROWS[0], ValueError, r"inputs: found .* not take float32 \[5\], one row more, wanted"),
        ("layers/1", ROWS[:, :2], ValueError, r"inputs: found float32 \[6, 2\], wanted rows that the model takes"),
        ("layers/1", ROWS[:0], ValueError, "inputs: found no rows"),
        ("layers/1", (ROWS, ROWS[:2]), ValueError, r"inputs: found \[6, 4\], \[2, 4\], wanted"),
        ("layers/1", "abc", ValueError, "inputs: found <U3 .*, wanted"),
    ],
)
def test_wrong_arguments_are_named(at, inputs, error, message):
    with pytest.raises(error, match=message):
        networks.split(_perceptron(0), at, inputs)


def test_hidden_rows_of_another_shape_are_refused():
    _, tail = networks.split(_perceptron(0), "layers/1", ROWS)
    with pytest.raises(ValueError, match=r"hidden: found shape \[6, 4\], wanted \[rows, 5\]"):
        tail(ROWS)


def test_a_model_without_layers_is_refused_with_ways_to_name_some():
    with pytest.raises(ValueError, match=r"this model shows none.*networks\.mark.*batched=False"):
        networks.split(lambda x: 2 * x, "double", ROWS)


def test_a_model_of_one_number_of_rows_is_refused():
    with pytest.raises(
        ValueError, match=r"inputs: found .* not take float32 \[7, 4\], one row more, wanted rows of any"
    ):
        networks.layers(lambda x: networks.mark("a", x.reshape(6, 2, 2)), ROWS)


def test_marks_are_the_identity_in_any_program():
    def model(x):
        return jnp.sum(networks.mark("square", x**2))

    marked, plain = (jax.jit(jax.vmap(jax.value_and_grad(each))) for each in (model, lambda x: jnp.sum(x**2)))
    jax.tree.map(np.testing.assert_array_equal, marked(ROWS), plain(ROWS))
    np.testing.assert_array_equal(jax.jit(jax.hessian(model))(ROWS[0]), 2 * jnp.eye(4))
    assert "named_point" not in jax.jit(model).lower(ROWS).as_text()
    np.testing.assert_array_equal(networks.mark("x", np.ones(3)), np.ones(3))


@pytest.mark.parametrize(
    ("name", "x", "error"), [(3, ROWS, TypeError), (" ", ROWS, ValueError), ("a", None, TypeError)]
)
def test_marks_without_name_or_array_are_refused(name, x, error):
    with pytest.raises(error, match="found .*, wanted"):
        networks.mark(name, x)


@pytest.mark.slow
def test_methods_take_the_parts():
    case = case_of("nnx_cnn")
    inputs = jax.random.normal(jax.random.key(0), (40, 4, 4, 1))
    head, tail = networks.split(case.model, "dense", IMAGES)
    hidden, model = head(inputs), _surveyed("nnx_cnn").model
    predictions = np.asarray(jnp.argmax(model(inputs), axis=1))
    target = int(np.bincount(predictions).argmax())
    selection = methods.core_units.select(tail, hidden, predictions, target, key=jax.random.key(0), steps=20)
    assert selection.mask.shape == (5,)
    rate = methods.core_units.holding_rate(tail, hidden, predictions, target, np.ones(5, bool))
    np.testing.assert_allclose(rate, 1.0)
    parts = networks.segments(case.model, ["norm", "dense"], IMAGES)
    assert len(methods.hierarchy.network_vectors(parts, inputs).vectors) == 3 + 5
    few = {"ids": 3, "trees": 2, "draws": 1, "finalists": 1}
    explainer = methods.cnn_inte.fit(inputs.reshape(40, -1), hidden, predictions, key=jax.random.key(1), **few)
    assert explainer.predict(inputs.reshape(40, -1)).shape == (40,)
