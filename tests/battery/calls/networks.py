"""Valid calls of the networks."""

import jax
import numpy as np
from flax import nnx

from interp_jax import networks
from tests.battery.arguments import CLASSES, FEATURES, HIDDEN, INPUTS, LABELS, ROWS, UNITS, Fresh, normal
from tests.battery.calls.instances import INSTANCES, chain, folder

MASKS = {"relu1": np.array([True, False, True, True, False])}
IMAGES = np.abs(normal(ROWS, 4, 4, 1, seed=11))
KEY = jax.random.key(4)


def _lnn():
    return INSTANCES["LNN"]()


def _sample(key, step=None):
    return jax.random.normal(key, (6, FEATURES)), jax.numpy.arange(6) % CLASSES


def _trained():
    return networks.fit(chain(), INPUTS, LABELS, key=KEY, epochs=1, minibatch_size=4)


def _saved_arrays():
    path = folder() / "arrays"
    networks.save_arrays(path, {"a": np.ones(2, np.float32)})
    return path


def _saved_fit():
    path = folder() / "fit"
    networks.save_fit(path, _trained())
    return path


def _state(network):
    variables = nnx.to_flat_state(nnx.state(network, nnx.Param))
    return {".".join(map(str, path)): np.asarray(variable[...]) for path, variable in variables}


def _saved_masks():
    path = folder() / "masks.npz"
    networks.save_masks(path, MASKS)
    return path


CALLS = {
    "Chain.until": lambda: {"name": "relu1"},
    "Chain.after": lambda: {"name": "relu1"},
    "GatedChain.call": lambda: {"masks": MASKS},
    "GatedChain.mask_shapes": lambda: {"shape": (FEATURES,)},
    "IdentityCNN.new": lambda: {"shape": (4, 4, 1), "depth": 2, "patch": 2},
    "IdentityCNN.call": lambda: {"x": IMAGES},
    "IdentityCNN.layers": lambda: {"x": IMAGES},
    "IdentityCNN.pad": lambda: {"x": IMAGES},
    "IdentityPerceptron.new": lambda: {"features": FEATURES, "depth": 2},
    "LayerStack.last": lambda: {"hidden": normal(ROWS, FEATURES + CLASSES)},
    "LayerStack.all": lambda: {"hidden": normal(ROWS, FEATURES + CLASSES)},
    "SignalConvolution.new": lambda: {"taps": 3, "rngs": Fresh(lambda: nnx.Rngs(0))},
    "SignalConvolution.call": lambda: {"x": jax.numpy.asarray(normal(ROWS, 20))},
    "cifar_cnn": lambda: {"shape": (8, 8, 3), "channels": (2, 3), "hidden": (4, 3)},
    "networks.cost": lambda: {"network": chain()},
    "networks.fit": lambda: {"network": Fresh(chain), "epochs": 1, "minibatch_size": 4},
    "fit_fresh": lambda: {"network": Fresh(chain), "sample": _sample, "steps": 2, "steps_per_call": 2},
    "networks.freeze": lambda: {"model": chain()},
    "networks.gate": lambda: {"chain": chain(), "names": ("relu1",)},
    "image_cnn": lambda: {"shape": (8, 8, 1), "channels": (2, 3), "taps": 3, "hidden": 4, "classes": CLASSES},
    "inference_view": lambda: {"module": chain()},
    "networks.lift": lambda: {"tail": chain().after("relu1"), "shape": (UNITS,)},
    "networks.narrow": lambda: {"tail": INSTANCES["NarrowedTail"]().tail, "shape": (UNITS,)},
    "lnn.forward": lambda: {"network": _lnn()},
    "lnn.init": lambda: {"sizes": (FEATURES, UNITS, CLASSES)},
    "lnn.objective": lambda: {"network": _lnn(), "targets": np.full((ROWS, CLASSES), 0.3, np.float32)},
    "lnn.train": lambda: {"network": _lnn(), "targets": np.full((ROWS, CLASSES), 0.3, np.float32), "steps": 3},
    "load_arrays": lambda: {"folder": Fresh(_saved_arrays), "like": {"a": np.ones(2, np.float32)}},
    "load_fit": lambda: {"folder": Fresh(_saved_fit), "like": chain()},
    "load_state": lambda: {"model": chain(), "arrays": _state(chain())},
    "load_masks": lambda: {"path": Fresh(_saved_masks)},
    "local_response_norm": lambda: {"x": HIDDEN, "radius": 1},
    "networks.max_pool": lambda: {"x": IMAGES},
    "networks.perceptron": lambda: {"sizes": (FEATURES, UNITS, CLASSES)},
    "pull_to_identity": lambda: {"strength": 0.1},
    "save_arrays": lambda: {"folder": Fresh(lambda: folder() / "arrays"), "tree": {"a": np.ones(2, np.float32)}},
    "save_fit": lambda: {"folder": Fresh(lambda: folder() / "fit"), "fit": _trained()},
    "save_masks": lambda: {"path": Fresh(lambda: folder() / "masks.npz"), "masks": MASKS},
    "networks.layers": lambda: {"model": chain().__call__},
    "networks.segments": lambda: {"model": chain().__call__, "at": ["dense1", "relu1"]},
    "networks.tap": lambda: {"model": chain().__call__, "at": "relu1"},
    "TappedNetwork.call": lambda: {"masks": MASKS},
    "TappedNetwork.replaced": lambda: {"hidden": normal(ROWS, UNITS)},
    "TappedNetwork.run_through": lambda: {"changes": [jax.numpy.tanh]},
    "networks.split": lambda: {"model": chain().__call__, "at": "relu1"},
    "networks.shrink": lambda: {"network": chain(), "masks": MASKS},
    "networks.signal_cnn": lambda: {"taps": (3,), "length": 20, "classes": CLASSES},
}
