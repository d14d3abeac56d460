import functools
import importlib.util
import sys
from pathlib import Path

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


@functools.cache
def _surveyed(name):
    case = case_of(name)
    return survey(case.model, case.inputs, **case.options)


def _rows(case, number):
    """A number of rows other than that which the model was split with."""
    return jax.tree.map(lambda leaf: jnp.concatenate([leaf, leaf])[:number], case.inputs)


def _close(found, wanted):
    scale = max(1.0, float(np.abs(wanted).max()))
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6 * scale)


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


@each_case
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
        by_weights = jax.tree.leaves(jax.grad(loss)(parts, x))
        by_rows = jax.tree.leaves(jax.grad(loss, argnums=1)(parts, x)) if floating else []
        return lanes, sum(jnp.sum(leaf**2) for leaf in by_weights), by_rows

    for found, wanted in zip(results((head, tail), rows), results((model,), rows), strict=True):
        jax.tree.map(_close, found, wanted)


@pytest.mark.parametrize("name", ["nnx_cnn", "linen_cnn", "equinox_mlp", "function_of_two_inputs"])
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
