"""Settings that all studies have, and the checks of every field, made before a run's folder is."""

import dataclasses
import types
import typing
from typing import Any, Literal

from interp_jax._checks import as_count, check_number

SEEDS = 2**32  # how many random seeds NumPy, scikit-learn and JAX tell apart


@dataclasses.dataclass(frozen=True)
class StudySettings:
    """The fields that every study's settings begin with. A setting that no run can use is refused by its name."""

    preset: Literal["quick", "paper"] = "quick"
    """The settings to start from; every other flag changes one of them."""
    name: str | None = None
    """The run's folder, runs/STUDY/NAME; by default the preset, with data set and network where a study has several."""
    overwrite: bool = False
    """Whether files of an earlier run of this name are removed; without it that run is continued."""
    show: bool = False
    """Whether to draw the page again from stored results, without computing anything."""
    seed: int = 0
    """The number that all random keys are derived from."""
    devices: int = 1
    """Devices over which rows are spread where a network is trained or its units are correlated or swept."""

    def __post_init__(self):
        """Checks every field by its type."""
        self.check()

    def check(self, **least: float) -> None:
        """Refuses fields of another type than declared, numbers that are too small, and NaN.

        Args:
            **least: the smallest number allowed in a field; by default 1 for counts, and above 0 for floats.

        Raises:
            ValueError: a field is not as declared.
        """
        as_count("seed", self.seed, least=0, most=SEEDS - 1)
        for field in dataclasses.fields(self):
            if field.name != "seed":
                _check(field.name, getattr(self, field.name), field.type, least.get(field.name))


@dataclasses.dataclass(frozen=True)
class JumpSettings(StudySettings):
    """The fields of studies that train networks on jump signals."""

    seeds: int = 2
    """Networks trained of each kind."""
    noise: float = 1.0
    """Standard deviation of the signals' noise (not printed in the thesis; 1.0 reproduces its tables)."""
    jump: float = 3.0
    """Height of the signals' step."""
    train_signals: int = 12_000
    """Training signals."""
    validation_signals: int = 6_000
    """Validation signals, for early stopping."""
    test_signals: int = 20_000
    """Test signals that errors are measured on."""
    learning_rate: float = 0.01
    """Learning rate of stochastic gradient descent; the thesis has 0.01."""

    def check(self, **least: float) -> None:
        """Checks every field; a batch of training signals has 100."""
        super().check(train_signals=100, **least)


def _check(name: str, value: Any, kind: Any, least: float | None) -> None:
    origin, kinds = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        if value is not None:
            _check(name, value, next(each for each in kinds if each is not type(None)), least)
    elif origin is tuple:
        if not isinstance(value, tuple):
            raise ValueError(f"{name}: found {value!r}, wanted a tuple")
        for each in value:
            _check(name, each, kinds[0], least)
    elif origin is Literal:
        if not any(value == each and type(value) is type(each) for each in kinds):
            raise ValueError(f"{name}: found {value!r}, wanted one of {', '.join(map(repr, kinds))}")
    elif kind is int:
        as_count(name, value, least=1 if least is None else int(least))
    elif kind is float:
        check_number(name, value, **({"above": 0} if least is None else {"least": least}))
    elif not isinstance(value, kind):
        raise ValueError(f"{name}: found {value!r}, wanted {kind.__name__}")
