"""The folders are what they say: no import cycles, few levels, private modules named so, nothing hidden by a module."""

import ast
import functools
import importlib
from pathlib import Path

import pytest

import interp_jax

ROOT = Path(interp_jax.__file__).parents[1]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "interp_jax").rglob("*.py"))
}
OUTSIDE = [path for folder in ("experiments", "benchmarks") for path in sorted((ROOT / folder).rglob("*.py"))]


def _imported(path):
    """The package's modules that a file imports; of ``from package import name`` the module ``name`` if it is one."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            parent = name.rpartition(".")[0]
            yield from [module for module in (name, parent) if module in MODULES][:1]


@functools.cache
def _imports():
    return {name: set(_imported(path)) - {name} for name, path in MODULES.items()}


def _attached(package):
    """Names by the module that a package's stub or ``__init__`` has them from, and the submodules that it names."""
    attached, submodules = {}, set()
    path, stub = MODULES[package], MODULES[package].with_suffix(".pyi")
    for node in ast.walk(ast.parse((stub if stub.exists() else path).read_text())):
        if not isinstance(node, ast.ImportFrom):
            continue
        names = [alias.name for alias in node.names]
        module = node.module or ""
        if node.level == 0 and module.startswith(f"{package}."):
            module = module.removeprefix(f"{package}.")
        elif node.level == 0:
            continue
        if module:
            attached.setdefault(module, []).extend(names)
        else:
            submodules |= set(names)
    return attached, submodules


PACKAGES = [name for name, path in MODULES.items() if path.name == "__init__.py"]


def _levels(modules, imports):
    """How many modules the longest chain of imports among these has; refuses a cycle."""

    @functools.cache
    def level(module):
        assert module not in under_way, f"import cycle through {module}"
        under_way.add(module)
        deepest = max((level(other) for other in imports[module] & modules), default=0)
        under_way.remove(module)
        return deepest + 1

    under_way: set[str] = set()
    return max(map(level, modules))


def test_imports_have_no_cycle():
    files = {name for name, path in MODULES.items() if path.name != "__init__.py"}
    assert _levels(files, _imports()) < len(files)


def test_a_cycle_would_be_found():
    with pytest.raises(AssertionError, match="import cycle"):
        _levels({"a", "b"}, {"a": {"b"}, "b": {"a"}})


def test_core_units_has_at_most_six_levels():
    modules = {name for name in MODULES if name.startswith("interp_jax.methods.core_units.")}
    assert len(modules) >= 8
    assert _levels(modules, _imports()) <= 6


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_bears_the_name_of_what_is_attached(package):
    # Importing such a module by its path would put it in the place of the function.
    attached, _ = _attached(package)
    for module, names in attached.items():
        for name in names:
            assert f"{package}.{name}" not in MODULES or name == "lnn", f"{package}: {name} of {module} is hidden"


@pytest.mark.parametrize("package", PACKAGES)
def test_what_is_attached_is_there(package):
    module = importlib.import_module(package)
    for name in module.__all__ if hasattr(module, "__all__") else ():
        assert getattr(module, name) is not None


@pytest.mark.parametrize("name", [name for name in MODULES if name not in PACKAGES])
def test_modules_used_in_their_folder_alone_are_private_and_others_are_not(name):
    package, _, module = name.rpartition(".")
    attached, submodules = _attached(package)
    users = {other for other, imports in _imports().items() if name in imports}
    outside = {other for other in users if other != package and not other.startswith(f"{package}.")}
    if module.startswith("_"):
        assert not outside or module == "_checks" or module == "_files", f"{name} is used by {outside}"
    elif module != "__main__":
        by_studies = any(name in set(_imported(path)) for path in OUTSIDE)
        public = any(module == each.partition(".")[0] for each in attached) or module in submodules
        assert public or outside or by_studies, f"{name} is used in its folder alone: its name should start with _"
