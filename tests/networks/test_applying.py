"""Outputs for many rows, a batch at a time."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp_jax import networks

NETWORK = networks.freeze(networks.perceptron(jax.random.key(0), (3, 4, 2)))


@settings(deadline=None)
@given(rows=st.integers(1, 9), batch_size=st.integers(1, 11))
def test_the_size_of_a_batch_changes_no_output(rows, batch_size):
    inputs = np.random.default_rng(rows).normal(size=(rows, 3)).astype(np.float32)
    found = networks.apply(NETWORK, inputs, batch_size=batch_size)
    assert isinstance(found, np.ndarray)
    np.testing.assert_allclose(found, NETWORK(inputs), rtol=1e-5, atol=1e-6)


def test_every_array_of_the_outputs_is_joined_along_the_axis_of_rows():
    rows = np.arange(7.0, dtype=np.float32)[:, None]
    double, copy = networks.apply(lambda x: (2 * x, x), rows, batch_size=3)
    np.testing.assert_array_equal(double, 2 * rows)
    np.testing.assert_array_equal(copy, rows)
    np.testing.assert_array_equal(networks.apply(lambda x: x.T**2, rows, batch_size=3, axis=1), rows.T**2)


def test_several_inputs_are_a_pytree():
    inputs = {"a": np.arange(5), "b": np.ones((5, 2), np.float32)}
    found = networks.apply(lambda x: x["a"][:, None] + x["b"], inputs, batch_size=2)
    np.testing.assert_array_equal(found, np.arange(5)[:, None] + np.ones((5, 2)))


def test_nested_lists_are_rows():
    np.testing.assert_array_equal(networks.apply(lambda x: x + 1, [[1], [2], [3]], batch_size=2), [[2], [3], [4]])


@pytest.mark.parametrize("kind", [np.asarray, jnp.asarray])
def test_another_network_and_other_rows_do_not_compile_again(assert_compiles, kind):
    other = networks.freeze(networks.perceptron(jax.random.key(1), (3, 4, 2)))
    inputs = kind(np.ones((11, 3), np.float32))
    networks.apply(NETWORK, inputs, batch_size=4)
    with assert_compiles(0):
        networks.apply(other, inputs, batch_size=4)


def test_rows_on_the_host_go_to_the_device_a_batch_at_a_time(monkeypatch):
    sizes = []
    given_rows = networks.applying.as_rows
    monkeypatch.setattr(
        networks.applying, "as_rows", lambda name, part: sizes.append(len(part)) or given_rows(name, part)
    )
    networks.apply(NETWORK, np.ones((10, 3), np.float32), batch_size=4)
    assert max(sizes) == 4


@pytest.mark.parametrize(
    ("network", "inputs", "message"),
    [
        (NETWORK, 3.0, "inputs: found 3.0, wanted arrays"),
        (NETWORK, [[1.0, 2.0], [3.0]], "inputs: found"),
        (lambda x: None, np.ones((2, 3)), "network: found a function that returns nothing"),
        (NETWORK, np.ones((0, 3)), "inputs: found .*0.* rows, wanted"),
        (NETWORK, (np.ones((2, 3)), np.ones((3, 3))), "inputs: found .2, 3. rows, wanted"),
        (NETWORK, np.ones((2, 5)), "inputs: found float32 .2, 5., wanted rows that the network takes"),
        (lambda x: x.sum(), np.ones((2, 3)), "network: found outputs of shape .. for 2 rows, wanted a row"),
        (lambda x: x[:1], np.ones((2, 3)), "network: found outputs of shape .1, 3. for 2 rows, wanted a row"),
        (lambda x: x, jnp.ones((2, 3), jnp.complex64), "inputs: found complex64"),
    ],
)
def test_what_cannot_be_applied_is_named(network, inputs, message):
    with pytest.raises(ValueError, match=message):
        networks.apply(network, inputs)


def test_a_network_that_cannot_be_called_is_refused():
    with pytest.raises(TypeError, match="network: found 3"):
        networks.apply(3, np.ones((2, 3)))
