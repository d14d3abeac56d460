"""Crafted and damaged explainer files: every array is checked before anything is computed."""

import jax
import numpy as np
import pytest

from interp_jax.methods import cnn_inte


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A folder, the arrays of a whole file in it, and inputs."""
    random, folder = np.random.default_rng(0), tmp_path_factory.mktemp("explainers")
    inputs, hidden = random.normal(size=(2, 300, 4)).astype(np.float32)
    options = {"factors": 2, "ids": 4, "depth": 2, "trees": 4, "draws": 1, "finalists": 1, "votes": "hard"}
    explainer = cnn_inte.fit(inputs, hidden, 5 * (inputs[:, 0] > 0), key=jax.random.key(0), **options)
    explainer.save(folder / "whole.npz")
    with np.load(folder / "whole.npz") as stored:
        return folder, dict(stored), inputs, explainer


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("tree.left", lambda left: left * 0),
        ("tree.right", lambda right: right + 1),
        ("tree.factor", lambda factor: factor + 5),
        ("tree.goes_left", lambda goes_left: goes_left.astype(int)),
        ("tree.share", lambda share: share * np.nan),
        ("tree.share", lambda share: share / 2),
        ("factors.of_unit", lambda of_unit: of_unit - 1),
        ("factors.centers", lambda centers: centers[..., :2]),
        ("factors.centers", lambda centers: centers * np.inf),
        ("forests.left", lambda left: left + 10**6),
        ("forests.right", lambda right: -right - 1),
        ("forests.feature", lambda feature: feature + 4),
        ("forests.share", lambda share: share * np.nan),
        ("forests.share", lambda share: share[..., :2]),
        ("forests.threshold", lambda threshold: threshold.astype(str)),
        ("forests.depth", lambda depth: depth + 10**9),
        ("hidden", lambda hidden: hidden[:3]),
        ("ids", lambda ids: ids + 3),
        ("labels", lambda labels: labels + 1),
        ("class_labels", lambda labels: labels[::-1]),
        ("scores", lambda scores: scores * np.nan),
        ("scaling.scale", lambda scale: scale * 0),
        ("scaling.offset", lambda offset: np.zeros(3)),
        ("features", lambda features: features - 2),
        ("votes", lambda _: np.array("evil")),
        ("reading", lambda _: np.array("means")),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_file_with_another_array_is_refused(written, name, change):
    folder, arrays, _, _ = written
    np.savez(folder / "crafted.npz", **arrays | {name: change(arrays[name])})
    with pytest.raises(ValueError, match=r"^path: found .*crafted.npz with .*, wanted"):
        cnn_inte.load(folder / "crafted.npz")


def test_a_whole_file_gives_the_explainer_with_its_labels(written):
    folder, _, inputs, explainer = written
    again = cnn_inte.load(folder / "whole.npz")
    np.testing.assert_array_equal(again.predict(inputs), explainer.predict(inputs))
    assert set(again.predict(inputs).tolist()) == {0, 5}
    assert repr(again) == repr(explainer)


def test_a_file_of_format_3_has_contiguous_labels(written):
    folder, arrays, inputs, explainer = written
    older = {name: each for name, each in arrays.items() if not name.startswith(("scaling", "class_labels"))}
    np.savez(folder / "older.npz", **older | {"format": np.array(3), "labels": arrays["labels"] // 5})
    np.testing.assert_array_equal(5 * cnn_inte.load(folder / "older.npz").predict(inputs), explainer.predict(inputs))
