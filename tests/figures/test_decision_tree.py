import numpy as np
import pytest

from interp_jax.figures import decision_tree

CHILDREN = {0: (1, 4), 1: (2, 3)}
CONDITIONS = {0: "f0 ∈ {1, 2}", 1: "f3 ∈ {0}"}
SHARES = [[0.4, 0.6], [0.7, 0.3], [1.0, 0.0], [0.2, 0.8], [0.0, 1.0]]


def test_splits_say_their_condition_and_leaves_their_class(panels, check_readable):
    figure = check_readable(decision_tree.tree(CHILDREN, CONDITIONS, SHARES, ["a", "b"], path=[0, 1, 3]))
    (axes,) = panels(figure)
    texts = {text.get_text(): text for text in axes.texts}
    assert set(texts) == {"f0 ∈ {1, 2}", "f3 ∈ {0}", "a  100%", "b  80%", "b  100%"}
    assert texts["b  80%"].get_weight() == "bold"
    assert texts["a  100%"].get_weight() == "normal"
    heights = [texts[name].get_position()[1] for name in ("a  100%", "b  80%", "b  100%")]
    assert heights == sorted(heights)
    assert heights[0] < texts["f0 ∈ {1, 2}"].get_position()[1] < heights[2]


def test_a_tree_without_a_root_is_an_error():
    with pytest.raises(ValueError, match="children: found .*, wanted an entry for the root"):
        decision_tree.tree({1: (2, 3)}, {1: "f0"}, SHARES, ["a", "b"])
    with pytest.raises(ValueError, match=r"shares: found shape \[5, 2\], wanted \[nodes, 3\]"):
        decision_tree.tree(CHILDREN, CONDITIONS, SHARES, ["a", "b", "c"])


@pytest.mark.parametrize(
    ("children", "conditions", "path", "message"),
    [
        ({0: (1, 0)}, {0: "a"}, (), "children: found 0, wanted a whole number"),
        ({0: (1, 1)}, {0: "a"}, (), "children: found a node with two parents"),
        ({0: (1, 3)}, {0: "a"}, (), "children: found 3, wanted a whole number from 1 to 2"),
        ({0: (1, 2)}, {1: "a"}, (), "conditions: found none for node 0"),
        ({0: (1, 2)}, {0: "a"}, (5,), "path: found 5, wanted a whole number from 0 to 2"),
    ],
)
def test_what_is_no_tree_is_named(children, conditions, path, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        decision_tree.tree(children, conditions, np.eye(2)[[0, 0, 1]], ["a", "b"], path)
