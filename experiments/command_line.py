"""The command line that all studies share: a preset, every setting over it, and a clean end."""

import argparse
import importlib
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import platformdirs
import tyro

from experiments import studies
from interp_jax._files import writing


def run_named(study: str, arguments: Sequence[str] | None = None) -> int:
    """Runs a study of this folder as `run_study` does; all but its settings is imported after they were read."""
    presets = importlib.import_module(f"experiments.{study}.settings").PRESETS

    def main(settings):
        print(sys.modules[f"experiments.{study}"].__doc__.splitlines()[0], flush=True)
        _keep_compiled()
        return studies.load(study).main(settings)

    return run_study(presets, main, arguments)


def _keep_compiled():
    """Programs of studies stay compiled in the user's cache folder, one for each machine, unless JAX is given a folder.

    XLA compiles for the processor at hand, and the key of a program does not name it. Earlier versions of JAX warn at
    length about programs that they read back.
    """
    import jax

    if not jax.config.jax_compilation_cache_dir and jax.__version_info__ >= (0, 10, 2):
        folder = Path(platformdirs.user_cache_dir("interp_jax"), "compiled", platform.node())
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.05)


def run_study(presets: Mapping[str, Any], main: Callable[[Any], Path], arguments: Sequence[str] | None = None) -> int:
    """Reads the settings from the command line, runs the study, prints the path of its report, returns the exit status.

    Args:
        presets: settings by name, dataclasses with a field ``preset``; the first is the default.
        main: runs the study and returns the path of its report.
        arguments: the command line; the program's own by default.

    Returns:
        0, or 2 for settings that cannot be used, or 130 when interrupted.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    first.add_argument("--preset", choices=list(presets), default=next(iter(presets)))
    preset = presets[first.parse_known_args(arguments)[0].preset]
    try:
        command = f"python -m {type(preset).__module__.rpartition('.')[0]}"
        config = tyro.cli(type(preset), prog=command, default=preset, args=arguments, description=type(preset).__doc__)
        with writing():
            report = main(config)
    except KeyboardInterrupt:
        print("\nInterrupted. Finished sections are stored; the same command continues from there.", file=sys.stderr)
        return 130
    except (ValueError, OSError, ImportError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"report: {report}")
    return 0
