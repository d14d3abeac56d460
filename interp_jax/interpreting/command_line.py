"""The command line: a network from a Python file, rows from an .npz file."""

import dataclasses
import importlib.util
import inspect
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Literal

import tyro

from interp_jax._files import read_arrays, writing


@dataclasses.dataclass(frozen=True)
class Settings:
    """Writes a report of what a network has learned.

    The network comes from a Python file, which is run. Rows and labels come from an .npz file, of which nothing is
    unpickled. --version alone prints the environment, to report a fault. The studies (python -m experiments) and the
    benchmarks (python -m benchmarks) are run in a checkout of the repository; they are not installed with the package.
    """

    model: tyro.conf.Positional[str]
    """The file and the name in it, model.py:build. A function without arguments is called and returns the network, or
    its parts (head, tail); anything else is the network itself."""
    data: Path
    """An .npz file with the rows and, if there are any, their labels."""
    inputs: str = "inputs"
    """The name of the rows in that file."""
    labels: str | None = None
    """The name of the labels in it; by default "labels", if there are any."""
    layer: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """A hidden layer; give it several times for several, in order. By default a chain's last hidden nonlinearity."""
    budget: Literal["seconds", "minutes", "hours"] = "minutes"
    """How many rows, classes and restarts are used."""
    scores: Literal["logits", "probabilities"] = "logits"
    """What the network returns."""
    class_names: tuple[str, ...] | None = None
    """One for each output."""
    input_shape: tuple[int, ...] | None = None
    """Of one input, where images are flat, e.g. 28 28."""
    feature_names: tuple[str, ...] | None = None
    """One for each value of an input, such as the columns of a table."""
    pool: Literal["auto", "mean", "max", "none"] = "auto"
    """How positions of a layer become units; none: a unit per position."""
    seed: int = 0
    """Of all random numbers."""
    name: str | None = None
    """Of the run's folder."""
    root: Path = Path("runs")
    """The folder of all runs."""
    overwrite: bool = False
    """Whether an earlier run of this name is replaced."""
    plan: bool = False
    """Print what would be run and what it would cost, and end."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Reads the command line, runs `interpret`, and returns the exit status.

    Returns:
        0, or 2 for settings that cannot be used, or 130 when interrupted.
    """
    if list(sys.argv[1:] if arguments is None else arguments) == ["--version"]:
        print(environment_lines())
        return 0
    settings = tyro.cli(Settings, prog="python -m interp_jax", args=arguments, description=Settings.__doc__)
    try:
        with writing():
            run(settings)
    except KeyboardInterrupt:
        print("\nInterrupted. Finished sections are stored; the same command continues from there.", file=sys.stderr)
        return 130
    except (ValueError, TypeError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def environment_lines() -> str:
    """The versions of the package, of Python and of what it needs, the platform and the devices, a line each."""
    import jax

    import interp_jax
    from interp_jax.reports import environment

    described = environment.describe()
    lines = {"interp_jax": interp_jax.__version__, "python": described["python"], "platform": described["platform"]}
    lines |= described["versions"] | {"devices": ", ".join(f"{each.device_kind}" for each in jax.devices())}
    return "\n".join(f"{name} {value}" for name, value in lines.items())


def run(settings: Settings) -> Any:
    """The result of `interpret`, or with ``plan`` the plan, which is printed.

    Raises:
        ValueError, TypeError: settings, files, a network or rows that cannot be used.
        OSError: a file that cannot be read or written.
    """
    from interp_jax.interpreting import calling, planning  # after the settings were read

    inputs, labels = load_rows(settings.data, settings.inputs, settings.labels)
    network = load_network(settings.model)
    layer = settings.layer[0] if len(settings.layer) == 1 else settings.layer or None
    common = {"budget": settings.budget, "layer": layer, "scores": settings.scores, "seed": settings.seed}
    common["pool"] = None if settings.pool == "none" else settings.pool
    common |= {"class_names": settings.class_names, "input_shape": settings.input_shape}
    common["feature_names"] = settings.feature_names
    if settings.plan:
        planned = planning.plan(network, inputs, labels, **common)
        print(planned)
        return planned
    result = calling.interpret(
        network,
        inputs,
        labels,
        **common,
        name=settings.name,
        root=settings.root,
        overwrite=settings.overwrite,
    )
    print("\n".join(result.findings))
    return result


def load_rows(path: Path, inputs: str, labels: str | None) -> tuple[Any, Any]:
    """The rows and the labels of an .npz file; None for labels that it lacks and that were not asked for.

    Raises:
        OSError: no such file.
        ValueError: a file of another kind, or without arrays of these names.
    """
    arrays = read_arrays(path)
    for name in (inputs, labels):
        if name is not None and name not in arrays:
            held = ", ".join(map(repr, sorted(arrays))) or "none"
            raise ValueError(f"{path}: found arrays {held}, wanted {name!r}")
    return arrays[inputs], arrays.get("labels" if labels is None else labels)


def load_network(model: str) -> Any:
    """The network that ``file.py:name`` names: what a function without arguments returns, else the thing itself.

    Raises:
        ValueError: a name of another form, or one that the file lacks.
        OSError: no such file.
    """
    file, colon, name = model.rpartition(":")
    if not colon or not name.isidentifier() or not file:
        raise ValueError(f"model: found {model!r}, wanted a file and a name in it, such as model.py:build")
    module = _module(Path(file))
    if not hasattr(module, name):
        own = [each for each, value in vars(module).items() if callable(value) and not each.startswith("_")]
        raise ValueError(f"model: found no {name!r} in {file}, wanted one of {', '.join(own) or 'its names'}")
    network = getattr(module, name)
    return network() if _makes_a_network(network) else network


def _makes_a_network(value: Any) -> bool:
    """Whether this is a function or class that can be called without arguments."""
    if not (inspect.isroutine(value) or inspect.isclass(value)):
        return False
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = inspect.signature(value).parameters.values()
    return all(each.default is not each.empty or each.kind in kinds for each in parameters)


def _module(path: Path) -> ModuleType:
    if not path.is_file():
        raise FileNotFoundError(f"model: found no file {path}, wanted a Python file")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ValueError(f"model: found {path}, wanted a file whose name ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.resolve().parent))  # for what the file imports from beside it
    # By its name, as an import would: dataclasses and others look their module up.
    sys.modules.setdefault(path.stem, module)
    spec.loader.exec_module(module)
    return module
