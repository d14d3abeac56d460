import itertools

import numpy as np
import pytest
from matplotlib.colors import same_color

from interp_jax.figures import _style as style
from interp_jax.figures.networks import layered_network
from interp_jax.figures.trees import cluster_colors

DIGITS = [str(digit) for digit in range(10)]


@pytest.fixture
def network(generator, frozen):
    kernels = [frozen(0.3 * generator.standard_normal(shape)) for shape in ((196, 60), (60, 40), (40, 10))]
    pooled = np.append(np.arange(16), generator.integers(16, size=84))
    generator.shuffle(pooled)
    (colors,) = cluster_colors([pooled])
    return kernels, [frozen(pooled[:60]), frozen(pooled[60:])], frozen(colors)


def layers(axes):
    """The dots of each layer, from below."""
    return axes.collections[1:]


def test_units_have_the_color_of_their_cluster(network, panels, legend_texts, check_readable):
    kernels, labels, colors = network
    figure = layered_network(kernels, labels, threshold=0.6, colors=colors, output_names=DIGITS)
    (axes,) = panels(check_readable(figure))
    inputs, *hidden, outputs = layers(axes)
    assert [len(layer.get_offsets()) for layer in layers(axes)] == [196, 60, 40, 10]
    for layer, cluster in zip(hidden, labels, strict=True):
        np.testing.assert_allclose(layer.get_facecolors(), colors[cluster])
    for layer in (inputs, outputs):
        assert same_color(layer.get_facecolors()[0], style.GRAY)
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["inputs\n(196)", "hidden layer 1\n(60)", "hidden layer 2\n(40)", "outputs\n(10)"]
    assert legend_texts(figure) == ["positive weight", "negative weight"]


def test_units_of_a_cluster_stand_together_under_its_number(network, panels):
    kernels, labels, colors = network
    options = {"threshold": 0.6, "colors": colors, "first_number": np.int64(13)}
    figure = layered_network(kernels, labels, **options)
    (axes,) = panels(figure)
    figure.draw_without_rendering()
    wanted = []
    for layer, cluster in zip(layers(axes)[1:-1], labels, strict=True):
        places = layer.get_offsets()[:, 0]
        order = np.argsort(places)
        assert np.all(np.diff(cluster[order]) >= 0)
        gaps, change = np.diff(places[order]), np.diff(cluster[order]) > 0
        assert gaps[change].min() > 2 * gaps[~change].max()
        wanted += [str(13 + label) for label in np.unique(cluster)]
    assert [text.get_text() for text in axes.texts] == wanted
    boxes = [text.get_window_extent() for text in axes.texts]
    assert not any(box.overlaps(other) for box, other in itertools.combinations(boxes, 2))


def test_strong_weights_are_drawn_by_sign(network, panels):
    kernels, labels, colors = network
    (axes,) = panels(layered_network(kernels, labels, threshold=0.6, colors=colors))
    edges = axes.collections[0]
    found = {
        (int(start[1]), round(start[0], 9), round(end[0], 9)): shade
        for (start, end), shade in zip(edges.get_segments(), edges.get_colors(), strict=True)
    }
    places = [layer.get_offsets()[:, 0] for layer in layers(axes)]
    wanted = {}
    for layer, kernel in enumerate(kernels):
        for source, target in np.argwhere(np.abs(kernel) >= 0.6):
            ends = layer, round(places[layer][source], 9), round(places[layer + 1][target], 9)
            wanted[ends] = kernel[source, target]
    assert found.keys() == wanted.keys()
    for ends, weight in wanted.items():
        red, _, blue, _ = found[ends]
        assert (red > blue) == (weight > 0)
    total = sum(kernel.size for kernel in kernels)
    assert axes.get_title(loc="left") == f"{len(wanted):,} of {total:,} weights drawn: |w| ≥ 0.6"


def test_stronger_weights_are_more_opaque_within_their_layer(panels):
    kernels = [np.array([[0.1, -0.2], [0.4, 0.8]]), np.array([[12.0], [-40]])]
    (axes,) = panels(layered_network(kernels, [[0, 1]], threshold=0.1, colors=np.ones((2, 4))))
    edges = axes.collections[0]
    assert len(edges.get_segments()) == 6
    found = [
        sorted(
            shade[3]
            for (start, _), shade in zip(edges.get_segments(), edges.get_colors(), strict=True)
            if start[1] == layer
        )
        for layer in (0, 1)
    ]
    assert found[0][-1] == found[1][-1] > found[1][0] > found[0][1] > found[0][0]
    assert len(set(edges.get_linewidths())) == len(set(found[0] + found[1]))


def test_no_weight_may_be_strong_and_no_layer_hidden(panels, check_readable):
    figure = layered_network([np.zeros((3, 2))], [], threshold=1, colors=np.ones((1, 4)), output_names=["a", "b"])
    (axes,) = panels(check_readable(figure))
    assert axes.get_title(loc="left") == "0 of 6 weights drawn: |w| ≥ 1"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["inputs\n(3)", "outputs\n(2)"]


@pytest.mark.parametrize(
    ("names", "turned"), [(["taro", "radish", "carrot"], 0), ([f"month {n}" for n in range(36)], 90)]
)
def test_groups_of_inputs_are_named(network, panels, check_readable, names, turned):
    kernels = [network[0][0][:108, :40], *network[0][2:]]
    options = {"threshold": 0, "colors": network[2], "input_names": names, "output_names": DIGITS}
    (axes,) = panels(check_readable(layered_network(kernels, network[1][1:], **options)))
    texts = {text.get_text(): text for text in axes.texts}
    places = layers(axes)[0].get_offsets()[:, 0].reshape(len(names), -1).mean(axis=1)
    np.testing.assert_allclose([texts[name].get_position()[0] for name in names], places)
    assert {texts[name].get_rotation() for name in names} == {turned}
    assert [label.get_text() for label in axes.get_yticklabels()][1] == "hidden layer\n(40)"


def test_what_is_wrong_is_named(network):
    kernels, labels, colors = network

    def draw(kernels=kernels, labels=labels, colors=colors, threshold=0.6, **names):
        return layered_network(kernels, labels, threshold=threshold, colors=colors, **names)

    with pytest.raises(ValueError, match="kernels: found .*, wanted a .* at least one entry"):
        draw(kernels=[])
    with pytest.raises(ValueError, match=r"kernels\[1\]: found shape \[40, 10\], wanted \[60, out\]"):
        draw(kernels=[kernels[0], kernels[2]])
    with pytest.raises(ValueError, match="labels: found 1 entries, wanted a sequence of 2"):
        draw(labels=labels[:1])
    with pytest.raises(ValueError, match=r"labels\[1\]: found shape \[60\], wanted \[40\]"):
        draw(labels=[labels[0], labels[0]])
    with pytest.raises(ValueError, match=r"labels\[0\]: found .*, wanted labels 0…3"):
        draw(colors=colors[:4])
    with pytest.raises(ValueError, match=r"colors: found shape \[16, 3\], wanted \[c, 4\]"):
        draw(colors=colors[:, :3])
    with pytest.raises(ValueError, match="threshold: found -1, wanted a finite number, at least 0"):
        draw(threshold=-1)
    with pytest.raises(ValueError, match="input_names: found 5 names, wanted a number that divides 196 inputs"):
        draw(input_names=list("abcde"))
    with pytest.raises(ValueError, match="output_names: found 3 entries, wanted a sequence of 10"):
        draw(output_names=list("abc"))
