"""The paper's settings on its data: required results and times."""

import dataclasses

import jax
import numpy as np
import pytest
from sklearn.decomposition import NMF

from experiments.hierarchical_modules.settings import PRESETS
from experiments.hierarchical_modules.tasks import task
from interp_jax.kernels import nmf, ward
from interp_jax.methods import hierarchy
from interp_jax.networks.models import lnn
from tests.real_data import REAL_DATA

PRICES = REAL_DATA / "food_cpi" / "taro_radish_carrot_1970-01_2018-01.csv"
MNIST = REAL_DATA / "mnist" / "train-images-idx3-ubyte.gz"
SETTINGS = {
    "digits": {},
    "mnist": {"data": "mnist"},
    "prices": {"data": "prices", "csv": PRICES},
}
pytestmark = pytest.mark.slow


@pytest.fixture
def paper(request, monkeypatch):
    """The task of a data set, and a function that trains a sigmoid network for it from a seed."""
    monkeypatch.setenv("INTERP_JAX_DATA", str(REAL_DATA))
    needed = {"mnist": MNIST, "prices": PRICES}.get(request.param)
    if needed and not needed.is_file():
        pytest.skip(f"the data are not at {needed}")
    learned = task(dataclasses.replace(PRESETS["paper"], **SETTINGS[request.param]), jax.random.key(0))
    sizes = (learned.inputs.shape[1], *learned.hidden, learned.targets.shape[1])

    @jax.jit
    def train(key):
        order = None if learned.features.images else jax.random.fold_in(key, 1)
        options = {"steps": learned.passes * len(learned.inputs), "penalty": learned.penalty, "key": order}
        return lnn.train(lnn.init(key, sizes), learned.inputs, learned.targets, **options).network

    return learned, train


@pytest.mark.parametrize("paper", ["mnist"], indirect=True)
def test_mnist_networks_train_to_94_percent_test_accuracy(paper):
    learned, train = paper
    assert (learned.passes, len(learned.inputs), len(learned.held_inputs)) == (100, 5_000, 10_000)
    shares = []
    for seed in range(5):
        network = train(jax.random.key(seed))
        shares.append(
            np.mean(np.argmax(network(learned.held_inputs), axis=1) == np.argmax(learned.held_targets, axis=1))
        )
    assert np.mean(shares) >= 0.94, shares


@pytest.mark.parametrize("paper", list(SETTINGS), indirect=True)
def test_alignment_lowers_the_tree(paper):
    learned, train = paper
    for seed in range(3):
        network = train(jax.random.key(seed))
        measured = hierarchy.network_vectors(network.segments(), learned.inputs)
        tree = hierarchy.build(measured)
        assert np.all(np.diff(tree.similarity) >= 0)
        assert tree.linkage[-1, 2] < ward.linkage(measured.vectors)[-1, 2]


@pytest.mark.parametrize("paper", ["prices"], indirect=True)
def test_ten_thousand_factorizations_are_no_worse_than_scikit_learns_best_of_a_hundred(paper):
    learned, train = paper
    network = train(jax.random.key(0))
    magnitudes = np.asarray(hierarchy.effect_magnitudes(network.segments(), learned.inputs))
    found = nmf.nmf(magnitudes, learned.nmf_rank, key=jax.random.key(1), restarts=10_000)
    error = float(found.error)
    errors = []
    for seed in range(100):
        baseline = NMF(learned.nmf_rank, init="random", solver="mu", max_iter=1_000, tol=0, random_state=seed)
        errors.append(baseline.fit(magnitudes).reconstruction_err_)
    assert error <= min(errors)
