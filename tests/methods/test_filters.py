import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp_jax import networks
from interp_jax.kernels import jumps
from interp_jax.methods import filters

_smoothing_share = jax.jit(filters.smoothing_share)
_agreement = jax.jit(filters.agreement)
WEIGHTS = jax.random.normal(jax.random.key(0), (100, 60))


@given(seed=st.integers(0, 99), scale=st.floats(0.1, 10))
@settings(max_examples=20, deadline=None)
def test_agreement_is_blind_to_what_a_softmax_is_blind_to(seed, scale):
    shift = 5 * jax.random.normal(jax.random.key(seed), (100, 1))
    assert abs(float(_agreement(scale * WEIGHTS + shift, WEIGHTS)) - 1) < 1e-4
    inputs = jax.random.normal(jax.random.key(seed + 1), (4, 100))
    np.testing.assert_allclose(
        jax.nn.softmax(inputs @ filters.center_classes(WEIGHTS + shift)), jax.nn.softmax(inputs @ WEIGHTS), atol=1e-4
    )


def test_agreement_is_pearsons_correlation_of_centered_weights():
    other = jax.random.normal(jax.random.key(1), (100, 60)) + 0.3 * WEIGHTS
    centered = [np.asarray(w - w.mean(1, keepdims=True)).ravel() for w in (WEIGHTS, other)]
    np.testing.assert_allclose(_agreement(WEIGHTS, other), np.corrcoef(*centered)[0, 1], atol=1e-5)
    assert float(_agreement(WEIGHTS, jnp.ones((100, 60)))) == 0
    assert float(_agreement(WEIGHTS, -WEIGHTS)) == pytest.approx(-1)


def test_effective_weights_are_the_product_of_linear_layers():
    net = networks.signal_cnn(jax.random.key(0), (5, 9))
    found = filters.effective_weights(net, jax.random.normal(jax.random.key(1), (3, 100)))
    wanted = net(jnp.eye(100)) - net(jnp.zeros((1, 100)))
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_effective_weights_average_the_pieces_of_a_relu_network():
    net = networks.perceptron(jax.random.key(0), (4, 3, 2))
    rows = jax.random.normal(jax.random.key(1), (6, 4))
    first, second = (np.asarray(layer.kernel[...]) for layer in (net.dense1, net.dense2))
    active = np.asarray(rows) @ first > 0
    wanted = np.mean([first @ np.diag(row) @ second for row in active.astype(float)], axis=0)
    np.testing.assert_allclose(filters.effective_weights(net, rows), wanted, atol=1e-5)


def test_effective_weights_need_no_jacobian_a_row(assert_temp_bytes):
    net = networks.perceptron(jax.random.key(0), (100, 60))
    rows = jax.random.normal(jax.random.key(1), (4_000, 100))
    assert_temp_bytes(4_000 * 100 * 4 * 4, lambda rows: filters.effective_weights(net, rows), rows)


@pytest.mark.parametrize("scale", [1e-25, 1e20])
def test_agreement_does_not_over_or_underflow(scale):
    assert float(_agreement(scale * WEIGHTS, WEIGHTS)) == pytest.approx(1, abs=1e-5)


def test_jump_profile_finds_a_planted_filter():
    planted = np.array([-1.0, -2.0, 3.0, 1.0])
    weights = np.zeros((100, 60), np.float32)
    for column, position in enumerate(range(21, 81)):
        weights[position - 1 - 2 : position - 1 + 2, column] = planted
    profile = filters.jump_profile(jnp.asarray(weights), reach=2)
    np.testing.assert_array_equal(profile.offsets, [-2, -1, 0, 1])
    # Centering takes a few sixtieths of the neighbors' taps away.
    np.testing.assert_allclose(profile.mean, planted, atol=0.1)
    with pytest.raises(ValueError, match="^reach: found 21"):
        filters.jump_profile(jnp.asarray(weights), reach=21)
    assert filters.jump_profile(jnp.asarray(weights), first=22).mean.shape == (40,)
    with pytest.raises(ValueError, match="^reach: found 20 samples around positions 23 to 82"):
        filters.jump_profile(jnp.asarray(weights), first=23)


def test_lanes_and_jit_agree():
    stacked = jnp.stack([WEIGHTS, 2 * WEIGHTS + 1])
    optimum = jumps.posterior_network().weights
    for function in (
        filters.center_classes,
        lambda w: filters.agreement(w, optimum),
        lambda w: filters.jump_profile(w)[1:],
        lambda w: filters.smoothing_share(w[0]),
    ):
        lanes = jax.jit(jax.vmap(function))(stacked)
        for lane, eager in zip(jax.tree.leaves(lanes), jax.tree.leaves(function(stacked[1])), strict=True):
            np.testing.assert_allclose(lane[1], eager, atol=1e-5)


# Few lengths, because each is compiled.
@given(st.sampled_from([1, 2, 9]).flatmap(lambda taps: st.lists(st.floats(-5, 5), min_size=taps, max_size=taps)))
@settings(max_examples=40, deadline=None)
def test_smoothing_share_is_between_difference_and_average(taps):
    share = float(_smoothing_share(jnp.array(taps, jnp.float32)))
    assert 0 <= share <= 1 + 1e-6
    size = float(np.abs(np.float32(taps)).sum())
    if size > 1e-3:
        assert share == pytest.approx(abs(float(np.sum(np.float32(taps)))) / size, abs=1e-4)
    else:
        assert size > 0 or share == 0


@pytest.mark.parametrize("rows", [np.eye(3, dtype=np.uint8), np.eye(3, dtype=bool)])
def test_effective_weights_of_pixels_are_the_weights(rows):
    weights = jnp.arange(6.0).reshape(3, 2)
    found = filters.effective_weights(lambda x: jnp.matmul(x, weights), rows)
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, weights)


def test_effective_weights_of_images_have_the_axes_of_an_image():
    weights = jax.random.normal(jax.random.key(2), (4, 5, 2, 3))
    rows = jax.random.normal(jax.random.key(3), (4, 4, 5, 2))

    def network(x):
        return jnp.einsum("nhwc,hwck->nk", x, weights) + 7

    np.testing.assert_allclose(filters.effective_weights(network, rows), weights, rtol=1e-5)


def test_effective_weights_of_half_precision_are_averaged_in_full():
    rows = jnp.ones((5000, 2), jnp.bfloat16)
    found = filters.effective_weights(lambda x: x * jnp.array([[1.0, 0.5]], jnp.bfloat16), rows)
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, [[1, 0], [0, 0.5]], rtol=1e-5)


def test_weights_far_from_zero_are_centered_before_they_are_cut():
    weights = np.random.default_rng(0).normal(size=(100, 60))
    far = 1e9 + weights
    np.testing.assert_allclose(filters.center_classes(far), filters.center_classes(weights), atol=1e-5)
    assert float(filters.agreement(far, weights)) == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(filters.jump_profile(far).mean, filters.jump_profile(weights).mean, atol=1e-5)


def test_smoothing_share_of_huge_and_tiny_filters():
    for scale in (1e30, 1e-30):
        taps = scale * np.array([3.0, -1.0] * 300, np.float32)
        assert float(filters.smoothing_share(taps)) == pytest.approx(0.5, abs=1e-5)
    assert float(filters.smoothing_share(jnp.ones(1000, jnp.float16))) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: filters.effective_weights(lambda x: x, np.ones(3)), r"inputs: found shape \[3\]"),
        (lambda: filters.effective_weights(lambda x: x[:, 0], np.ones((3, 2))), r"network: found shape \[3\]"),
        (lambda: filters.effective_weights(lambda x: x @ jnp.ones(5), np.ones((3, 2))), "network: found a failure"),
        (lambda: filters.center_classes(np.ones(3)), r"weights: found shape \[3\], wanted \[inputs, classes\]"),
        (
            lambda: filters.agreement(np.ones((3, 2)), np.ones((2, 2))),
            r"reference: found shape \[2, 2\]",
        ),
        (lambda: filters.jump_profile(WEIGHTS, reach=0), "reach: found 0"),
        (lambda: filters.smoothing_share(np.zeros(0)), r"kernel: found shape \[0\]"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call()
