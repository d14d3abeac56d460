"""A frozen network that names the outputs of its layers while it runs, whichever library they are of."""

import contextlib
import contextvars
import dataclasses
import functools
import math
import sys
import threading
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen, nnx

from interp_jax.networks.freezing import _NNX, FrozenNetwork
from interp_jax.networks.splitting.marking import is_array, marked


def observed(network: FrozenNetwork) -> FrozenNetwork:
    """The network with a named point at the output of each of its layers."""
    recipe = dataclasses.replace(network.recipe, kind=_Observed(network.recipe.kind))
    return FrozenNetwork(network.arrays, recipe)


@dataclass(frozen=True)
class _Observed:
    """A kind of network, as in a frozen network's recipe, whose layers' outputs are named."""

    kind: Any

    def __call__(self, tree, x, arguments):
        kind, model = self.kind, getattr(self.kind, "model", tree)
        if isinstance(kind, _NNX):
            kind = dataclasses.replace(kind, method=_OnNamed(kind.method))
        else:
            tree = _with_named_equinox(tree)
        with linen.intercept_methods(_name_linen), _named_keras(model):
            return kind(tree, x, arguments)


# ------------------------------------------------------------------------------------------------- Flax NNX


@dataclass(frozen=True)
class _OnNamed:
    """A module's method, called on the module after its submodules have been named in place (it is a copy)."""

    method: Callable[..., Any]

    def __call__(self, module, x, **arguments):
        paths: dict[int, list[str]] = {}
        modules: list[nnx.Module] = []
        _walk_nnx(module, (), {id(module): [""]}, paths, modules)
        for each in modules:
            object.__setattr__(each, "__class__", _named_class(type(each)))
            object.__setattr__(each, _PATHS, tuple(paths[id(each)]))
        return self.method(module, x, **arguments)


_PATHS = "_interp_jax_paths"


def _walk_nnx(node, path, seen, paths, modules):
    """Finds the modules that can be called, with all their paths, and names the functions that modules apply."""
    for key, child in _nnx_children(node):
        name = (*path, str(key))
        if isinstance(child, nnx.Pytree | list | tuple | dict):
            paths.setdefault(id(child), []).append("/".join(name))
            if id(child) not in seen:
                seen[id(child)] = child
                _walk_nnx(child, name, seen, paths, modules)
                if isinstance(child, nnx.Module) and callable(child):
                    modules.append(child)
        elif _is_step(node, child):
            object.__setattr__(node, str(key), _NamedFunction("/".join(name), child))


def _nnx_children(node):
    if isinstance(node, nnx.Pytree):
        return [(key, child) for key, child in vars(node).items() if not key.startswith("_pytree__")]
    return list(node.items() if isinstance(node, dict) else enumerate(node))


def _is_step(node, child) -> bool:
    """Whether an attribute is a function that the model applies: a chain's or sequence's step, or an activation."""
    if not isinstance(node, nnx.Module) or isinstance(child, type) or not _is_function(child):
        return False
    # Flax's own layers hold initializers and the like.
    return isinstance(node, nnx.List | nnx.Dict) or not type(node).__module__.startswith("flax.")


def _is_function(value) -> bool:
    if not callable(value) or isinstance(value, type) or is_array(value) or isinstance(value, nnx.Variable):
        return False
    try:
        hash(value)
    except TypeError:
        return False
    return True


@functools.cache
def _named_class(cls):
    """A subclass whose calls name their output by the path that the instance holds."""

    def call(self, *args, **kwargs):
        output = cls.__call__(self, *args, **kwargs)
        name, *aliases = getattr(self, _PATHS)
        parameters = _size(jax.tree.leaves(nnx.state(self, nnx.Param)))
        return marked(output, name, cls.__name__, parameters, tuple(aliases))

    body = {"__call__": call, "__module__": cls.__module__}
    return types.new_class(cls.__name__, (cls,), {"pytree": cls._pytree__is_pytree}, lambda names: names.update(body))


@dataclass(frozen=True)
class _NamedFunction:
    name: str
    function: Callable[..., Any]

    def __call__(self, *args, **kwargs):
        kind = getattr(self.function, "__name__", type(self.function).__name__)
        return marked(self.function(*args, **kwargs), self.name, kind, 0)


# --------------------------------------------------------------------------------------------------- Linen


def _name_linen(function, args, kwargs, context):
    path = context.module.path
    running = _linen_running.get()
    # A method that calls that of its base class is one layer.
    if context.method_name != "__call__" or not path or path in running:
        return function(*args, **kwargs)
    token = _linen_running.set((*running, path))
    try:
        output = function(*args, **kwargs)
    finally:
        _linen_running.reset(token)
    parameters = _size(jax.tree.leaves(context.module.variables.get("params", {})))
    return marked(output, "/".join(path), type(context.module).__name__, parameters)


_linen_running: contextvars.ContextVar[tuple] = contextvars.ContextVar("linen_running", default=())


# ------------------------------------------------------------------------------------------------- Equinox


def _with_named_equinox(tree):
    """The tree with every Equinox module in it, but the model itself, in a shell that names its output."""
    # Equinox is not a dependency: one of its models can only be here if the user has imported it.
    equinox = sys.modules.get("equinox")
    if equinox is None:
        return tree
    parts, structure = jax.tree_util.tree_flatten_with_path(tree, is_leaf=lambda part: isinstance(part, equinox.Module))
    places = [place for place, (_, part) in enumerate(parts) if isinstance(part, equinox.Module)]
    models = [part for _, part in parts]
    for place in places:
        # The argument's name of one of several models.
        path = () if len(places) == 1 else tuple(map(_key, parts[place][0][-1:]))
        models[place] = _name_equinox(models[place], path, equinox)
    return jax.tree.unflatten(structure, models)


def _name_equinox(node, path, equinox):
    children, structure = jax.tree_util.tree_flatten_with_path(node, is_leaf=lambda part: part is not node)
    if any(child is node for _, child in children):
        return _NamedFunction("/".join(path), node) if path and _is_function(node) else node
    if not isinstance(node, equinox.nn.Lambda):
        parts = [_name_equinox(child, (*path, _key(keys[0])), equinox) for keys, child in children]
        node = jax.tree.unflatten(structure, parts)
    named = path and isinstance(node, equinox.Module) and callable(node)
    return _NamedModule("/".join(path), node) if named else node


def _key(key) -> str:
    for attribute in ("name", "key", "idx"):
        if hasattr(key, attribute):
            return str(getattr(key, attribute))
    return str(key)


@jax.tree_util.register_pytree_node_class
class _NamedModule:
    """A module in a shell that names its output; it passes for the module."""

    def __init__(self, name, module):
        self._interp_jax_shell = name, module

    __class__ = property(lambda self: type(self._interp_jax_shell[1]))  # type: ignore[assignment]

    def __getattr__(self, name):
        if name == "_interp_jax_shell":
            raise AttributeError(name)
        return getattr(self._interp_jax_shell[1], name)

    def __call__(self, *args, **kwargs):
        name, module = self._interp_jax_shell
        return marked(module(*args, **kwargs), name, type(module).__name__, _size(jax.tree.leaves(module)))

    def tree_flatten(self):
        name, module = self._interp_jax_shell
        return (module,), name

    @classmethod
    def tree_unflatten(cls, name, children):
        return cls(name, *children)


# --------------------------------------------------------------------------------------------------- Keras


@contextlib.contextmanager
def _named_keras(model):
    """While it lasts, calls of Keras layers, but of the model itself, name their outputs, in this thread."""
    keras = sys.modules.get("keras")
    if keras is None or not hasattr(keras, "Layer"):
        yield
        return
    cls = keras.Layer
    token = _keras_running.set(())
    with _keras_lock:
        call = cls.__call__

        @functools.wraps(call)
        def named(layer, *args, **kwargs):
            running = _keras_running.get()
            if running is None or layer is model:
                return call(layer, *args, **kwargs)
            inner = _keras_running.set((*running, layer.name))
            try:
                output = call(layer, *args, **kwargs)
            finally:
                _keras_running.reset(inner)
            return marked(output, "/".join((*running, layer.name)), type(layer).__name__, layer.count_params())

        cls.__call__ = named
        try:
            yield
        finally:
            cls.__call__ = call
            _keras_running.reset(token)


_keras_lock = threading.RLock()
_keras_running: contextvars.ContextVar[tuple | None] = contextvars.ContextVar("keras_running", default=None)


def _size(leaves) -> int:
    arrays = [leaf for leaf in leaves if is_array(leaf) and jnp.issubdtype(leaf.dtype, jnp.inexact)]
    return sum(math.prod(leaf.shape) for leaf in arrays)
