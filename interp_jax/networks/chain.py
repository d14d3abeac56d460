"""A network as a chain of named stages that can be cut at any of them."""

import functools
import keyword
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import jax
import numpy as np
from flax import nnx
from jaxtyping import Array, Shaped

_PROBABILITIES = (jax.nn.softmax, jax.nn.log_softmax, nnx.softmax, nnx.log_softmax)


class Chain(nnx.Module):
    """Named stages applied one after the other; a callable pytree whose leaves are its variables. Traceable.

    A stage is one layer or one elementwise, pooling or flattening step: an NNX module or a function of one array.
    Stages keep their order through jit, vmap and grad. The chain ends in logits, holds no random state, and treats
    rows independently once it is an inference view (`freeze`, or what `fit` returns).
    ``functools.partial`` stages are compared by value, so that equal chains share one compilation.

    Args:
        **stages: the stages by name, in order. Names must not be attributes of a module (train, eval, until, …).

    Raises:
        ValueError: a name that is taken, a chain or sequence as a stage, a stage that holds random state, or a last
            stage that turns logits into probabilities.
        TypeError: a stage that cannot be called.

    Example:
        >>> from flax import nnx
        >>> import jax.numpy as jnp
        >>> rngs = nnx.Rngs(0)
        >>> net = Chain(dense1=nnx.Linear(4, 3, rngs=rngs), relu1=nnx.relu, dense2=nnx.Linear(3, 2, rngs=rngs))
        >>> list(net.activations(jnp.ones((5, 4))))
        ['dense1', 'relu1', 'dense2']
        >>> net.after("relu1")(net.until("relu1")(jnp.ones((5, 4)))).shape
        (5, 2)
    """

    def __init__(self, **stages):
        for name, stage in stages.items():
            _check_name(name)
            _check_stage(name, stage)
        last = next(reversed(stages), None)
        if (function := getattr(stages.get(last), "func", stages.get(last))) in _PROBABILITIES:
            raise ValueError(
                f"stage {last!r}: found {function.__name__} at the end, wanted a chain that ends in logits"
            )
        for name, stage in stages.items():
            setattr(self, name, _compared_by_value(stage))
        self.stage_names = tuple(stages)

    @property
    def stages(self) -> OrderedDict:
        """The stages by name in the chain's order, for methods that walk them. They share this chain's variables."""
        return OrderedDict((name, getattr(self, name)) for name in self.stage_names)

    def __call__(self, x: Shaped[Array | np.ndarray, "rows *features"], *, key=None) -> Shaped[Array, "rows *outputs"]:
        """Scores of the rows of ``x``; ``key`` feeds dropout stages in training mode and nothing else."""
        for _, output in self._outputs(x, key):
            x = output
        return x

    def activations(self, x: Shaped[Array | np.ndarray, "rows *features"], *, key=None) -> OrderedDict:
        """Every stage's output by stage name, in the chain's order (a plain dict would come back sorted from jit)."""
        return OrderedDict(self._outputs(x, key))

    def until(self, name: str) -> "Chain":
        """The head: the stages up to and including ``name``. Shares this chain's variables."""
        return self._part(self.stage_names[: self._index(name) + 1])

    def after(self, name: str) -> "Chain":
        """The tail: the stages that follow ``name`` (none: the identity). Shares this chain's variables."""
        return self._part(self.stage_names[self._index(name) + 1 :])

    def _outputs(self, x, key):
        for index, (name, stage) in enumerate(self.stages.items()):
            if isinstance(stage, nnx.Dropout) and stage.rate and not stage.deterministic:
                if key is None:
                    raise ValueError(
                        f"stage {name!r}: dropout is in training mode and key is missing; "
                        "pass key= to train, or networks.freeze(chain) for inference"
                    )
                x = stage(x, rngs=jax.random.fold_in(key, index))
            else:
                x = stage(x)
            yield name, x

    def _index(self, name: str) -> int:
        if name not in self.stage_names:
            raise ValueError(f"name: found {name!r}, wanted one of the stages {', '.join(map(repr, self.stage_names))}")
        return self.stage_names.index(name)

    def _part(self, names) -> "Chain":
        # Not by the constructor: a part may end where a whole chain must not.
        part = Chain()
        for name in names:
            setattr(part, name, getattr(self, name))
        part.stage_names = tuple(names)
        return part


@dataclass(frozen=True)
class _PartialByValue:
    """A partial function that equals another of the same function and arguments (functools compares identities)."""

    function: Callable
    arguments: tuple
    keywords: tuple

    def __call__(self, x):
        return self.function(*self.arguments, x, **dict(self.keywords))


def _compared_by_value(stage):
    if not isinstance(stage, functools.partial):
        return stage
    return _PartialByValue(stage.func, stage.args, tuple(sorted(stage.keywords.items())))


def _check_name(name: str) -> None:
    if hasattr(Chain, name) or name == "stage_names" or name.startswith("_") or keyword.iskeyword(name):
        raise ValueError(f"stage {name!r}: the name is an attribute of every chain or not public, wanted another one")


def _check_stage(name: str, stage) -> None:
    if not callable(stage):
        raise TypeError(f"stage {name!r}: found {type(stage).__name__}, wanted a layer or a function of one array")
    if isinstance(stage, functools.partial):
        try:
            hash(_compared_by_value(stage))
        except TypeError as error:
            raise ValueError(f"stage {name!r}: found a partial with {error}; an NNX module can hold arrays") from error
    if isinstance(stage, Chain | nnx.Sequential):
        raise ValueError(
            f"stage {name!r}: found a {type(stage).__name__}, wanted one layer; name its stages one by one"
        )
    if isinstance(stage, nnx.Module) and jax.tree.leaves(nnx.state(stage, nnx.RngState)):
        raise ValueError(
            f"stage {name!r}: it holds random state, wanted none; leave rngs out of nnx.Dropout, fit passes it a key"
        )
