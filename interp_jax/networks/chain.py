"""A network as a chain of named stages that can be cut at any of them."""

import keyword
from collections import OrderedDict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import jax
import numpy as np
from flax import nnx
from jaxtyping import Array, Shaped

from interp_jax._checks import Key, as_key, describe
from interp_jax.networks._rows import as_rows
from interp_jax.networks._stages import as_stage, dropping, with_key

_PROBABILITIES = (jax.nn.softmax, jax.nn.log_softmax, nnx.softmax, nnx.log_softmax)


class Chain(nnx.Module):
    """Named stages applied one after the other: a callable pytree whose leaves are its variables.

    Traceable. A stage is one layer or one elementwise, pooling or flattening step: an NNX module, a function of one
    array, what `freeze` made of another library's layer, which is not trained, or a ``functools.partial`` function.
    Arrays among a partial function's arguments, ``functools.partial(layer, {"w": w, "b": b})``, are variables and
    trained; without arrays it is compared by value, so that equal chains share a compilation. The stages keep their
    order under jit, vmap and grad. A chain ends in logits, holds no random state (dropout, also inside a stage, loses
    its own and takes a key in training), and treats rows independently in its inference view (`freeze`, or what `fit`
    returns). A chain without stages is the identity.

    Args:
        **stages: the stages by name, in order; names of a chain's attributes (train, until, segments, …) are refused.

    Raises:
        ValueError: a name that is taken or not an identifier, a chain or sequence as a stage, a stage with random state
            outside of dropout or with variables that the chain cannot see, another library's layer that is not frozen,
            or a last stage that turns logits into probabilities.
        TypeError: a stage that is not callable.

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
            if isinstance(stage, Chain | nnx.Sequential):
                found = type(stage).__name__
                raise ValueError(
                    f"stage {name!r}: found a {found}, wanted one layer: name its stages one by one, "
                    "or networks.freeze(stage.__call__) for a part that is not trained"
                )
        last, stage = next(reversed(stages.items()), (None, None))
        function = getattr(stage, "func", getattr(stage, "function", stage))
        for each in _PROBABILITIES:
            if function is each:
                raise ValueError(
                    f"stage {last!r}: found {each.__name__} at the end, wanted a chain that ends in logits"
                )
        for name, stage in stages.items():
            setattr(self, name, as_stage(name, stage))
        self.stage_names = tuple(stages)

    @property
    def stages(self) -> OrderedDict:
        """The stages by name, in order; they share this chain's variables."""
        return OrderedDict((name, getattr(self, name)) for name in self.stage_names)

    def __call__(self, x: Shaped[Array | np.ndarray, "rows *features"], *, key=None) -> Shaped[Array, "rows *outputs"]:
        """The scores of the rows ``x``. Traceable.

        Args:
            x: [rows, …]; NaN and infinity are passed on.
            key: a JAX random key for dropout stages in training mode; unused in inference.
        """
        scores: Any = as_rows("x", x)
        for _, output in self._outputs(scores, key):
            scores = output
        return scores

    def activations(
        self, x: Shaped[Array | np.ndarray, "rows *features"], *, key: Key | None = None
    ) -> OrderedDict[str, Any]:
        """The output of every stage by its name, in order (jit would sort a plain dict). Traceable.

        Args:
            x: [rows, …]; NaN and infinity are passed on.
            key: a JAX random key for dropout stages in training mode; unused in inference.
        """
        return OrderedDict(self._outputs(x, key))

    def until(self, name: str) -> "Chain":
        """The head: the stages up to and including ``name``. Traceable; shares this chain's variables."""
        return self._part(0, self._index(name) + 1)

    def after(self, name: str) -> "Chain":
        """The tail: the stages after ``name``, or the identity. Traceable; shares this chain's variables."""
        return self._part(self._index(name) + 1, None)

    def segments(self, *names: str) -> tuple["Chain", ...]:
        """The chain cut after each named stage: callables to apply one after the other.

        Traceable. The outputs of all segments but the last are hidden layers. Segments share this chain's variables.

        Args:
            *names: stages, in the chain's order.

        Raises:
            ValueError: an unknown name, a repeated one, or names in another order.

        Example:
            >>> chain = Chain(half=lambda x: x / 2, relu=nnx.relu, last=lambda x: 3 * x)
            >>> [part.stage_names for part in chain.segments("half", "relu")]
            [('half',), ('relu',), ('last',)]
        """
        ends = [0, *(self._index(name) + 1 for name in names), None]
        if any(end <= start for start, end in pairwise(ends[:-1])):
            wanted = ", ".join(map(repr, self.stage_names))
            raise ValueError(
                f"names: found {', '.join(map(repr, names))}, wanted different stages in the order {wanted}"
            )
        return tuple(self._part(start, end) for start, end in pairwise(ends))

    def _outputs(self, x, key) -> Iterator[tuple[str, Any]]:
        x, key = as_rows("x", x), None if key is None else as_key(key)
        for index, (name, stage) in enumerate(self.stages.items()):
            options = {}
            if isinstance(stage, nnx.Module) and dropping(stage):
                if key is None:
                    raise ValueError(
                        f"key: found None while stage {name!r}, dropout, is in training mode, wanted a key to train "
                        "with, or networks.freeze(chain) for inference"
                    )
                stage_key = jax.random.fold_in(key, index)
                if isinstance(stage, nnx.Dropout):
                    options["rngs"] = stage_key
                else:
                    stage = with_key(stage, stage_key)
            try:
                x = stage(x, **options)
            except jax.errors.JAXTypeError:
                raise
            except (TypeError, ValueError) as error:
                raise ValueError(
                    f"x: found {_shown(x)} before stage {name!r}, wanted what it takes: {error}"
                ) from error
            yield name, x

    def _index(self, name: str) -> int:
        if name not in self.stage_names:
            known = ", ".join(map(repr, self.stage_names))
            raise ValueError(f"name: found {describe(name)}, wanted one of the stages {known or '(there are none)'}")
        return self.stage_names.index(name)

    def _part(self, start: int, end: int | None) -> "Chain":
        # Not by the constructor: a part may end where a whole chain must not.
        part = Chain()
        part.stage_names = self.stage_names[start:end]
        for name in part.stage_names:
            setattr(part, name, getattr(self, name))
        return part


def _check_name(name: str) -> None:
    taken = hasattr(Chain, name) or name == "stage_names" or name.startswith("_")
    if taken or not name.isidentifier() or keyword.iskeyword(name):
        raise ValueError(
            f"stage {name!r}: found a name that is an attribute of every chain, private or no identifier, "
            "wanted another one"
        )


def _shown(x) -> str:
    return f"{x.dtype} {list(x.shape)}" if isinstance(x, jax.Array) else describe(x)
