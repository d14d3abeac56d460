"""Lists the studies: ``python -m experiments``."""

import ast
import pkgutil
from pathlib import Path

from interp_jax.reports import summary


def studies() -> list[tuple[str, str, str]]:
    """The command, subject and expected time of every study, read from its docstring without an import."""
    rows = []
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if module.ispkg:
            source = Path(__file__).parent / module.name / "__init__.py"
            lines = (ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or "").splitlines()
            time = next((line.removeprefix("Time: ") for line in lines if line.startswith("Time: ")), "")
            rows.append((f"python -m experiments.{module.name}", lines[0], time))
    return rows


if __name__ == "__main__":
    summary(("command", "study", "time"), studies(), "Studies (add --help to see every setting)")
