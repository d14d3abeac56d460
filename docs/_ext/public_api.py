"""Pages of all public names from their docstrings, and the check that none is missing."""

import importlib
import inspect
import re
from collections import defaultdict
from pathlib import Path

from sphinx.util import logging

from tests.surface import public_names

_log = logging.getLogger(__name__)
_SECTIONS = ("Args", "Returns", "Raises", "Yields", "Attributes", "Example", "Examples")


def pages() -> dict[str, list[str]]:
    """The public names of each module that a user names."""
    grouped = defaultdict(list)
    for path in public_names():
        module, _, name = f"interp_jax.{path}".rpartition(".")
        grouped[module].append(name)
    return dict(sorted(grouped.items()))


def write_pages(app) -> None:
    """A page for each module; only those that have changed are written."""
    folder = Path(app.srcdir) / "api"
    folder.mkdir(exist_ok=True)
    names, texts = public_names(), {}
    for module, members in pages().items():
        title = module.removeprefix("interp_jax.")
        lines = [
            title,
            "=" * len(title),
            "",
            f".. automodule:: {module}",
            "   :noindex:",
            "",
            f".. py:currentmodule:: {module}",
        ]
        for name in members:
            is_class = inspect.isclass(names[f"{module}.{name}".removeprefix("interp_jax.")])
            lines += ["", f".. auto{'class' if is_class else 'function'}:: {module}.{name}"]
            lines += ["   :members:"] if is_class else []
        texts[module] = "\n".join(lines) + "\n"
    order = sorted(texts, key=lambda module: (module != "interp_jax", module))
    toc = "\n".join(f"   {module}" for module in order)
    words = "Every public function and class, from its docstring."
    texts["index"] = f"API\n===\n\n{words}\n\n.. toctree::\n   :maxdepth: 1\n\n{toc}\n"
    for old in folder.glob("*.rst"):
        if old.stem not in texts:
            old.unlink()
    for name, text in texts.items():
        file = folder / f"{name}.rst"
        if not file.exists() or file.read_text() != text:
            file.write_text(text)


def as_restructured_text(app, what, name, value, options, lines: list[str]) -> None:
    """Indented formulas become literal blocks; stars and bars of the prose are no markup."""
    out, section, literal = [], None, False
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if line.strip() and indent == 0:
            literal = False
            header = re.fullmatch(r"(\w+):", line.strip())
            section = header[1] if header and header[1] in _SECTIONS else None
        # A formula stands alone, indented, under a blank line; what continues an entry of a list does not.
        above = next((each for each in reversed(out) if each.strip()), "")
        listed = re.match(r"\d+\. |[-*] ", above.lstrip())
        if section is None and indent >= 4 and not literal and out and not out[-1].strip() and not listed:
            out += ["::", ""]
            literal = True
        code = literal or section in ("Example", "Examples") or line.lstrip().startswith((">>>", "..."))
        out.append(line if code else _escaped(line))
    lines[:] = out


def _escaped(line: str) -> str:
    parts = re.split(r"(``.*?``|`[^`]*`)", line)
    parts[::2] = [re.sub(r"([*|]|(?<=\w)_(?!\w))", r"\\\1", part) for part in parts[::2]]
    # A character after a closing mark, as in `Row`s, needs a blank that is not shown.
    return re.sub(r"(`[^`\s][^`]*`)(?=[a-z])", r"\1\\ ", "".join(parts))


def without_fields(app, what, name, value, skip, options) -> bool | None:
    """Fields of named tuples are described under Attributes."""
    return True if type(value).__name__ == "_tuplegetter" or name == "__init__" else None


def check(app, env) -> None:
    """Warns, which ends the build, of public names that no page shows or that have no docstring."""
    shown = env.domaindata["py"]["objects"]
    missing = sorted(path for path in public_names() if f"interp_jax.{path}" not in shown)
    if missing:
        _log.warning("public names that no page shows: %s", ", ".join(missing))
    silent = sorted(path for path, value in public_names().items() if not inspect.getdoc(value))
    if silent:
        _log.warning("public names without a docstring: %s", ", ".join(silent))
    _log.info("public names shown: %d of %d", len(public_names()) - len(missing), len(public_names()))


def setup(app):
    """Connects the writing of pages, the docstrings' form and the check."""
    importlib.import_module("interp_jax")
    app.connect("builder-inited", write_pages)
    app.connect("autodoc-process-docstring", as_restructured_text, priority=400)
    app.connect("autodoc-skip-member", without_fields)
    app.connect("env-check-consistency", check)
    return {"parallel_read_safe": True}
