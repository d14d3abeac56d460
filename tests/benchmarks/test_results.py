import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks import curves, results, tables


def _benchmark(group, name, median, params=None, **extra):
    return {
        "group": group,
        "name": name,
        "params": params,
        "stats": {"median": median, "rounds": 5},
        "extra_info": extra,
    }


RUN = [
    _benchmark("machine: product", "test_interp_jax_product", 2.0, flops=100.0),
    _benchmark("machine: copy", "test_interp_jax_copy", 2.0, bytes=40.0),
    _benchmark("work of 9", "test_baseline[float32-9]", 3.0, {"precision": "float32", "size": 9}, size=9, share=0.5),
    _benchmark("work of 9", "test_interp_jax_first_call[9]", 5.0, {"size": 9}, size=9),
    _benchmark(
        "work of 9", "test_interp_jax[9]", 2.0, {"size": 9}, size=9, flops=20.0, checks={"error": 0.25}, peak_bytes=3e6
    ),
]


def test_ours_comes_first_and_a_share_of_the_work_is_made_whole():
    entries = results.gathered(RUN)["work of 9"]
    assert [entry["name"] for entry in entries] == ["interp_jax", "interp_jax_first_call", "baseline_float32"]
    assert [entry["times_ours"] for entry in entries] == [1.0, 2.5, 3.0]
    assert entries[0]["checks"] == {"error": 0.25}
    assert entries[0]["flops_per_second"] == 10.0


def test_table_gives_rates_as_shares_of_the_machine():
    found = results.gathered(RUN)
    assert results.machine(found) == {"flops": 50.0, "bytes": 20.0}
    head, rows = results.table(found)
    ours = dict(zip(head, next(row for row in rows if row[0] == "work of 9"), strict=True))
    assert ours["GFLOP/s (of product)"] == "1e-08 (20%)"
    assert ours["peak, MB"] == "3"
    assert ours["checks"] == "error 0.25"
    assert ("", "baseline_float32 (of 50%)") in [row[:2] for row in rows]


def test_comparison_holds_what_both_runs_measured():
    before = {"work of 9": [{"name": "interp_jax", "median_seconds": 3.0}], "other": []}
    assert results.compared(results.gathered(RUN), before) == [("work of 9", "interp_jax", "3", "2", "1.50")]


def test_curves_are_drawn_where_there_are_several_sizes():
    measured = {
        f"Ward: a tree of {size:,}, 64 features": [
            {"name": "interp_jax", "size": size, "median_seconds": size**1.5},
            *([{"name": "baseline", "size": size, "median_seconds": size**2.0}] if size < 400 else []),
        ]
        for size in (100, 200, 400)
    }
    figures = curves.drawn(measured | {"Pearson: 5 rows": [{"name": "interp_jax", "size": 5, "median_seconds": 1.0}]})
    assert list(figures) == ["ward"]
    (axes,) = figures["ward"].axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    lines = {line.get_label(): line.get_xydata() for line in axes.lines}
    np.testing.assert_allclose(lines["interp jax"][:, 1], np.array([100, 200, 400]) ** 1.5)
    assert len(lines["baseline"]) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ward", "wrad"], f"names: found wrad, wanted some of {', '.join(command.NAMES)}"),
        (["--sizes", "10,x"], "--sizes: found '10,x', wanted numbers such as 1000,2000, or curve"),
        (["--device", "xpu"], "invalid choice 'xpu' for argument '--device'"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["benchmarks", *arguments])
    monkeypatch.setenv("COLUMNS", "300")
    with pytest.raises(SystemExit) as stop:
        command.main()
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_help_lists_what_there_is(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--help"])
    monkeypatch.setenv("COLUMNS", "300")
    with pytest.raises(SystemExit) as stop:
        command.main()
    assert stop.value.code == 0
    assert ", ".join(command.NAMES) in capsys.readouterr().out


def test_a_kept_run_is_shown_and_compared(monkeypatch, capsys):
    kept = str(max((Path(command.__file__).parent / "results").glob("*.json")))
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--read", kept, "--against", kept])
    assert command.main() == 0
    shown = capsys.readouterr().out
    assert "k-means" in shown
    assert "1.00" in shown.split("Against ")[1]


@pytest.mark.slow
def test_a_run_is_kept_and_compared(tmp_path):
    kept = tmp_path / "kept.json"
    root = Path(__file__).parents[2]
    options = ["kmeans", "--device", "cpu", "--sizes", "200", "--json", str(kept)]
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    subprocess.run([sys.executable, "-m", "benchmarks", *options], cwd=root, env=environment, check=True)
    found = json.loads(kept.read_text(encoding="utf-8"))
    assert found["machine"]["flops"] > 1e9
    ours, theirs = found["results"]["k-means: 200 × 128, 10 clusters, one start"]
    assert ours["checks"]["mean inertia"] <= 1.05 * theirs["checks"]["mean inertia"]
    assert ours["compile_seconds"] > 0
    shown = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--read", str(kept), "--against", str(kept)],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert "1.00" in shown.split("Against kept.json")[1]


def test_the_summary_names_work_that_is_slower_than_its_baseline():
    def entry(seconds, ratio):
        ours = {"name": "interp_jax", "median_seconds": seconds}
        return [ours, {"name": "baseline", "median_seconds": seconds * ratio, "times_ours": ratio}]

    fast = {"results": {"a product": entry(1.0, 3.0), "a sum": entry(1.0, 7.0), "a tree": entry(1.0, 4.0)}}
    slow = {"results": {"an ascent": entry(1.0, 0.5)}}
    text = tables.summary({Path("a.json"): fast})
    assert text.startswith("In 3 of 3 groups of work")
    assert "median ratio is 4.00, the largest 7 (a sum)." in text
    assert "Slower" not in text
    fast["results"]["a forest"] = entry(1.0, 900.0)
    fast["results"]["a forest"][1]["share"] = 0.001
    assert "the largest 7 (a sum)." in tables.summary({Path("a.json"): fast}), "told from a thousandth of the work"
    del fast["results"]["a forest"]
    text = tables.summary({Path("a.json"): fast, Path("b.json"): slow})
    assert text.startswith("In 3 of 4 groups of work")
    assert text.endswith("Slower are an ascent (0.50).")


def test_the_fastest_baseline_does_all_the_work():
    part = _benchmark("work of 9", "test_product_alone[9]", 0.5, {"size": 9}, size=9)
    kept = {
        "environment": {"device": "cpu", "platform": "a machine", "versions": {"jax": "0.1"}, "date": "2026-01-01"},
        "results": results.gathered([*RUN, part]),
    }
    row = "| work of 9 | 2 | – | 20% | – | baseline float32 (of 50%) | 3.00 |"
    assert row in tables.shares({Path("results/a.json"): kept})
    assert results.fastest_baseline([{"name": "interp_jax", "median_seconds": 1.0}]) is None
