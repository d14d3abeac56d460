"""Parametrizes benchmarks by size: a module's ``SIZES``, its ``CURVE``, or the numbers of ``--sizes``."""

import pytest


def pytest_addoption(parser):
    parser.addoption("--sizes", default="", help="numbers, separated by commas, or the word curve")
    parser.addoption("--case", default="", help="the one case to measure, of groups that have several")


def pytest_generate_tests(metafunc):
    """Adds ``size``, and ``case`` where ``SIZES`` is a mapping; the module's ``group`` names the group."""
    if "size" not in metafunc.fixturenames:
        return
    module, chosen = metafunc.module, metafunc.config.getoption("--sizes")
    sizes = getattr(module, "CURVE", ()) if chosen == "curve" else module.SIZES
    if chosen not in ("", "curve"):
        numbers = tuple(int(number) for number in chosen.split(","))
        sizes = dict.fromkeys(sizes, numbers) if isinstance(sizes, dict) else numbers
    if isinstance(sizes, dict):
        case = metafunc.config.getoption("--case")
        sizes = {case: sizes[case]} if case in sizes else {} if case else sizes
        names, values = ("case", "size"), [(case, size) for case, numbers in sizes.items() for size in numbers]
    else:
        names, values = ("size",), [(size,) for size in sizes]
    marked = [pytest.param(*each, marks=pytest.mark.benchmark(group=module.group(*each))) for each in values]
    metafunc.parametrize(names, marked)
