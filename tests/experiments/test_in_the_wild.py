"""The detector beside the packaged runtime, the choice of files, and both sides of the study's sentences."""

import dataclasses
import importlib.util
import json
from collections import Counter

import numpy as np
import pytest

from experiments.in_the_wild import (
    detector,
    explained,
    files,
    inventory,
    modules,
    needed,
    places,
    runtime,
    smaller,
    table,
    witnesses,
    written,
)
from experiments.in_the_wild import study as study_main
from experiments.in_the_wild.settings import PRESETS, Settings

MISSING = [name for name in ("magika", "onnx") if importlib.util.find_spec(name) is None]
with_magika = pytest.mark.skipif(bool(MISSING), reason=f"found no {MISSING}, wanted pip install -e '.[wild]'")


@pytest.fixture(scope="module")
def found():
    if MISSING:
        pytest.skip(f"found no {MISSING}, wanted pip install -e '.[wild]'")
    return detector.load(detector.installed())


def test_without_the_package_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        ValueError, match=r"magika: found no such package, wanted it installed: pip install -e '.\[wild\]'"
    ):
        study_main.main(PRESETS["quick"])


@with_magika
@pytest.mark.filterwarnings("ignore")
def test_types_are_those_of_the_packaged_runtime(found):
    """200 files of the standard library; the study compares 1,000."""
    import onnxruntime

    paths = [path for _, _, path in files.found(files.roots()[1:2])][:260]
    rows = [row for row in map(detector.read_tokens, paths) if row is not None][:200]
    tokens = np.stack(rows)
    session = onnxruntime.InferenceSession(str(detector.installed() / "model.onnx"))
    theirs = np.concatenate([session.run(None, {"bytes": part})[0] for part in np.array_split(tokens, 8)])
    scores = np.asarray(found.network(tokens))
    np.testing.assert_array_equal(scores.argmax(axis=1), theirs.argmax(axis=1))
    ours = np.exp(scores - scores.max(axis=1, keepdims=True))
    ours /= ours.sum(axis=1, keepdims=True)
    exact = runtime.exact(found.weights, tokens[0])
    np.testing.assert_allclose(ours[0], exact, atol=1e-4)
    mostly_bytes = (tokens != detector.PADDING).mean(axis=1) > 0.5
    np.testing.assert_allclose(ours[mostly_bytes], theirs[mostly_bytes], atol=1e-3)


@with_magika
def test_another_version_is_read_if_it_fits_and_refused_by_name_if_not(found, tmp_path):
    import onnx

    folder = detector.installed()
    model = onnx.load(str(folder / "model.onnx"))
    (tmp_path / "next").mkdir()
    (tmp_path / "next" / "config.min.json").write_text((folder / "config.min.json").read_text())
    for number, each in enumerate(model.graph.initializer):
        if each.name.startswith(detector.FOLDED):
            each.name = f"{detector.FOLDED}{900 + number}"
    onnx.save(model, str(tmp_path / "next" / "model.onnx"))
    again = detector.load(tmp_path / "next")
    np.testing.assert_array_equal(again.weights["conv", "bias"], found.weights["conv", "bias"])
    for each in model.graph.initializer:
        if each.name.endswith("Const_24:0"):
            each.dims[:] = [214, 512]
    onnx.save(model, str(tmp_path / "next" / "model.onnx"))
    with pytest.raises(ValueError, match=r"model: found \(214, 512\) for dense.kernel in next, wanted \(512, 214\)"):
        detector.load(tmp_path / "next")
    settings = json.loads((folder / "config.min.json").read_text()) | {"beg_size": 512}
    (tmp_path / "next" / "config.min.json").write_text(json.dumps(settings))
    with pytest.raises(ValueError, match="model: found"):
        detector.load(tmp_path / "next")


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(ValueError, match="model: found no models"):
        detector.model_in(tmp_path)


@pytest.mark.parametrize(
    ("content", "first", "last"),
    [(b"  abcdefgh  ", b"abcdefgh  ", b"  abcdefgh"), (b"x" * 5000 + b"end\n\n", b"x" * 1024, b"x" * 1021 + b"end")],
)
def test_tokens_are_both_ends_without_blanks(tmp_path, content, first, last):
    path = tmp_path / "file"
    path.write_bytes(content)
    tokens = detector.read_tokens(path)
    assert bytes(tokens[: len(first)].tolist()) == first
    assert bytes(tokens[-len(last) :].tolist()) == last
    assert (tokens[len(first) : 2048 - len(last)] == detector.PADDING).all()


def test_small_files_have_no_tokens(tmp_path):
    for content in (b"", b"1234567", b"   12   \n\n"):
        (tmp_path / "file").write_bytes(content)
        assert detector.read_tokens(tmp_path / "file") is None


@pytest.mark.parametrize(
    ("parts", "package"),
    [
        (("numpy", "core"), "numpy"),
        (("numpy-2.1.0.dist-info",), "numpy"),
        (("numpy.libs",), "numpy"),
        (("python3", "dist-packages", "yaml"), "yaml"),
        (("doc", "libxml2-utils"), "libxml2_utils"),
        (("__pycache__",), ""),
        (("argparse.py",), "argparse"),
    ],
)
def test_versions_and_places_of_a_package_are_one(parts, package):
    assert files.package_of(parts) == package


def test_packages_are_divided_so_that_each_part_has_files_of_a_type():
    counts = {f"p{number}": Counter(a=10, b=number % 3) for number in range(9)}
    part = files.divide(counts, 30)
    assert sorted(Counter(part.values()).values()) == [3, 3, 3]
    assert set(files.divide({"one": Counter(a=3)}, 10).values()) == {0}


def test_copies_small_files_and_links_are_left_out_and_no_package_lies_on_two_sides(tmp_path):
    for package in ("one", "two", "three", "four"):
        (tmp_path / package).mkdir()
        for number in range(4):
            (tmp_path / package / f"{number}.py").write_text(f"print('{package}', {number})\n")
        (tmp_path / package / "copy.py").write_text("print('the same in all')\n")
        (tmp_path / package / "small.py").write_text("a\n")
    (tmp_path / "one" / "link.py").symlink_to(tmp_path / "one" / "0.py")
    found = files.collect([tmp_path], files=50, package_files=4, seed=0)
    assert found.left_out["the same ends as a file before"] >= 1
    assert set(found.part) == {0, 1, 2}
    assert all(len(set(found.part[found.package == each])) == 1 for each in set(found.package))
    assert max(Counter(found.package.tolist()).values()) <= 4
    again = files.collect([tmp_path], files=50, package_files=4, seed=0)
    assert again.paths == found.paths


def test_no_files_are_refused(tmp_path):
    with pytest.raises(ValueError, match="files: found none"):
        files.collect([tmp_path], files=5, package_files=5, seed=0)


def test_the_rate_that_may_be_certified_depends_on_the_files_of_a_type():
    assert needed.allowed_rate(400, 0.95) == 0.99
    assert needed.allowed_rate(70, 0.95) == 0.95
    assert needed.allowed_rate(31, 0.95) == 0.9
    assert needed.allowed_rate(1, 0.95) == needed.RATES[-1]


def test_sets_are_nested_from_all_units_to_the_smallest():
    mask, gates = np.arange(20) < 3, np.arange(20) / 20
    masks = needed.nested(mask, gates)
    assert masks.sum(axis=1).tolist() == [20, 16, 14, 12, 10, 8, 6, 4, 3]
    assert (masks[1:] <= masks[:-1]).all()
    np.testing.assert_array_equal(masks[-1], mask)
    assert masks[-2][19]


def test_sets_that_hold_less_than_a_smaller_one_are_left_out():
    assert needed.without_doubtful(np.array([1.0, 0.9, 0.99, 0.95, 0.97])).tolist() == [True, False, True, False, True]


def _needed(certified=True, upper=1.0, other=0.9):
    def core(units):
        mask = np.arange(512) < units
        return needed.Core(
            mask, units, units, 0.99, certified, 0.96, 200, np.array([0.98, other]), upper, 180, np.full(3, 0.55)
        )

    cores = {name: dict.fromkeys(needed.ABLATIONS, core(units)) for name, units in (("python", 40), ("json", 7))}
    return needed.Needed(list(cores), np.arange(2), np.array([0.95, 0.9]), cores, 512, 0.95, 0.99)


def test_units_that_a_type_needs_are_put_in_words():
    words = needed.in_words(_needed())
    assert "Of the network's 512 units, 7 are enough for json and 40 for python" in words
    assert "at least 90% to 95% stay as they were on files of packages that were not searched" in words
    assert "with a confidence of 95% (a certificate, for 2 of 2 types)" in words
    assert "Of all 6 certificates, each with one of three replacements of the other units, 0 are contradicted" in words
    assert "significantly lower: no more than" in words
    assert "significantly lower: more than" in needed.in_words(_needed(upper=0.5))
    assert needed.in_words(_needed(certified=False)) == "No set of units is certified for any of 2 types."
    assert needed.stands_in(_needed()).endswith("the others at their means, reach the required rate for no type.")
    assert "2 of 2 types need 7 to 40 units (in 0 of them no smaller" in needed.stands_in(_needed())
    assert "7 to 40 units (in 1 of them no smaller" in needed.stands_in(_needed()._replace(of=40))
    assert "units are enough hardly depends" in needed.stands_in(_needed())
    weak = {ablation: _needed(other=0.8).cores["json"][ablation] for ablation in needed.ABLATIONS}
    weak["resample"] = weak["resample"]._replace(checked=np.array([0.98, 0.5]))
    assert "units are enough depends" in needed.stands_in(_needed()._replace(cores={"json": weak, "python": weak}))
    assert "types need" not in needed.stands_in(_needed(certified=False))
    alike = _needed()._replace(required=np.array([0.5, 0.9]))
    assert needed.stands_in(alike).endswith("do as well for python (55%).")
    assert "none of 2 still reach 99.0%" in needed.generalizes(_needed())
    assert "2 of 2 still reach 99.0%" in needed.generalizes(_needed(other=0.995))
    assert needed.generalizes(_needed()).startswith("Rates on the files searched promise too much")
    assert needed.generalizes(_needed(other=0.995)).startswith("Rates on the files searched last")


def _runtime(apart, exact=(), theirs=(), names=3):
    few = np.zeros(len(exact)) + 0.9
    return runtime.Runtime(3, names, 3, np.array(apart), np.array(exact), np.array(theirs), few, 0, 10, "v")


def test_the_runtime_is_the_same_or_not():
    assert runtime.in_words(_runtime([0, 0, 1e-4])).endswith(
        "on all 3 files; all probabilities agree within 0.001 for 3."
    )
    assert "on 2 of 3 files" in runtime.in_words(_runtime([0, 0, 0], names=2))
    assert "it is the runtime that rounds more" in runtime.in_words(_runtime([0, 0, 0.01], [1e-5], [0.01]))
    assert "it is not the runtime alone" in runtime.in_words(_runtime([0, 0, 0.01], [0.02], [0.01]))
    assert runtime.beyond(_runtime([0, 0, 0])) is None


def test_the_worst_type_is_named_among_those_with_enough_files():
    of = inventory.Inventory(["a", "b"], np.array([[20, 20, 20], [1, 0, 0]]), np.array([[2, 2, 2], [1, 0, 0]]),
                             np.array([30, 0]), ["b (30)", "a (1)"], {}, 7)  # fmt: skip
    assert "1 of the types with packages in all three parts" in inventory.in_words(of)
    assert inventory.in_words(of).endswith("least often for a (50% of 60).")
    assert "for every file" in inventory.in_words(of._replace(agree=np.array([60, 0])))


def _unit(adjusted, permuted=1.0):
    return witnesses.Unit(3, 1.0, ["import"], 0.1, "b'import'", 9, 1.0, adjusted, 10, 1, 8, permuted)


def test_windows_are_read_or_not():
    words = witnesses.in_words("python", [_unit(0.001), _unit(0.5)], 31)
    assert "“import” (unit 3; in windows of at least 9 of 10 packages, by chance 1.0)" in words
    assert "“import” (units 3, 3; in" in witnesses.in_words("python", [_unit(0.001)] * 2, 31)
    assert "confirmed on the other half for 1 of 2 such units" in words
    assert words.endswith("confirmed for 0 of these, so that the place alone explains none.")
    some = witnesses.in_words("python", [_unit(0.001), _unit(0.001, 0.001)], 31)
    assert "confirmed for 1 of these: there the place" in some
    assert witnesses.in_words("python", [_unit(0.001, 0.001)], 31).endswith("may explain them all.")
    unconfirmed = witnesses.in_words("python", [_unit(0.001), _unit(0.5, 0.001)], 31)
    assert "is confirmed for 0 of these" in unconfirmed  # of those alone that are confirmed themselves
    assert witnesses.plain("b'a  b'") == "“a\N{NO-BREAK SPACE}\N{NO-BREAK SPACE}b”"
    assert witnesses.in_words("python", [_unit(0.5)], 31).startswith("No sequence of bytes stands out")
    assert witnesses.readable(np.array([10, 97, 256, 39, 0])) == "\\na·'\\x00".replace(
        "'", witnesses.readable(np.array([39]))
    )


def _modules(agreement=(0.7, 0.0), chance=0.01):
    best = np.zeros(3, int)
    best[2] = 4
    none, both = np.zeros((2, modules.MODULES), int), (modules.NETWORK, modules.WEIGHTS)
    return modules.Modules(
        np.zeros((0, 4)), np.zeros((1, 1)), np.zeros(1), ["c", "cpp", "png"], ["c", "png"], none, none[0], best,
        np.array([0.5, 0.5]), np.array([[0.1, chance], [0.1, 0.5]]),
        np.array([agreement[0], 0.0]), np.array([9, 9]), [], [],
        {name: np.array([each, 0.5, 0.5]) for name, each in zip(both, agreement, strict=True)},
        np.array([1, 0.5, 0.4]),
    )  # fmt: skip


def test_types_that_share_a_module_are_named():
    words = modules.in_words(_modules())
    assert (
        "rise with the same module: c, cpp. Pairs of types that share one: 1; with units in random order 0 on average"
        in words
    )
    assert "packages agree (adjusted Rand index 0.70; 1 for equal ones), more than those of" in words
    assert "so that they share no more than by chance" in words
    assert "packages agree in part" in modules.in_words(_modules((0.3, 0.0)))
    assert "for 1 of 2 types" in words
    assert "agree in part (adjusted Rand index 0.15; 1 for equal ones), little more than" in modules.in_words(
        _modules((0.15, 0.1))
    )
    assert "no more than" in modules.in_words(_modules((0.15, 0.2)))
    assert "for 0 of 2 types" in modules.in_words(_modules(chance=0.2))


def test_types_with_the_same_best_module_are_pairs():
    assert modules._pairs(np.array([0, 0, 0, 4, 4, 2])) == 4
    raises = np.array([[1.0, 0.0, 2.0, 0.5], [0.0, 3.0, 0.0, 0.0]])
    assert modules._best(raises, np.array([0, 1, 1, -1])).tolist() == [1, 1]


def test_a_tree_agrees_with_itself_and_not_with_its_modules_in_random_order():
    draw = np.random.default_rng(0)
    hidden = draw.normal(size=(60, 4))[:, np.repeat(np.arange(4), 10)] + 0.1 * draw.normal(size=(60, 40))
    tree = modules.hierarchy.build(modules.hierarchy.feature_vectors(draw.normal(size=(60, 9)), hidden, hidden[:, :2]))
    cut = tree.cut(modules.MODULES)
    assert modules._agreement(tree, tree, cut) == 1
    assert abs(modules._agreement(tree, tree, draw.permutation(cut))) < 0.3


def test_the_share_of_each_byte_leaves_padding_out():
    shares = modules.histogram(np.array([[97, 97, 98, 256], [256, 256, 256, 256]]))
    np.testing.assert_allclose(shares[0, [97, 98]], [2 / 3, 1 / 3], rtol=1e-6)
    assert shares[1].sum() == 0


def _explained(versions=("v3",), disagree=0, low=0.1):
    agreement = dict.fromkeys((explained.FORESTS, explained.SEES, explained.PLAIN, explained.CONTROL), 0.5)
    specific = {explained.SEES: np.array([0.3, low, 0.5])}
    return explained.Explained([], agreement, {}, [], np.array([9, 9]), list(versions), disagree, specific, [])


def test_specificity_is_put_in_words_where_there_is_another_version():
    assert explained.in_words(_explained()).endswith("if it sees the layer.")
    assert explained.in_words(_explained(("v3", "v2"))).endswith("v2 names the same types.")
    assert "agrees more often with its own version: S is" in explained.in_words(_explained(("v3", "v2"), 9))
    assert "does not clearly agree more often with" in explained.in_words(_explained(("v3", "v2"), 9, -0.1))


def _places(own=0.2, held=20, outer=2.0):
    scale = np.ones(512)
    scale[:2] = scale[-2:] = outer
    areas = {name: np.full(2, own) for name in (places.INTEGRATED, places.GRADIENT)}
    areas |= {name: np.full(2, 0.4) for name in (places.ENDS, places.RANDOM, places.CONTROL)}
    return places.Places(scale, ["c", "c"], areas, areas, np.zeros(1), {}, {"PNG": 20, "PDF": held}, 20, 0.5)


def test_where_the_network_looks_is_put_in_words():
    assert "looks more at the very ends" in places.looks(_places())
    assert "looks more" not in places.looks(_places(outer=1.0))
    assert "do not mislead it" in places.looks(_places())
    assert "text mislead it: at worst (PDF), 3 of 20" in places.looks(_places(held=3))
    assert "better than the best control" in places.in_words(_places())
    assert "no better than" in places.in_words(_places(own=0.5))


def _written(reached, changed, back=0.0):
    one = np.ones(2)
    start = written.Written(["a", "b"], one, np.array(reached), one, np.array(changed), back * one, one, *[one] * 3, [])
    return start._replace(replaced=np.array(reached), changes=np.array([9, 3]), random=0 * one, texts=["x", "{y"])


def test_what_ascent_writes_is_put_in_words():
    assert "for 2 of 2 types, while no nearest byte changes" in written.in_words(_written([1.0, 1.0], [0, 0]))
    assert "while at most 5 of 2,048 bytes change" in written.in_words(_written([1.0, 1.0], [0, 5]))
    assert written.in_words(_written([0.1, 0.1], [0, 0])).endswith("for 0 of 2 types.")
    assert written.in_bytes(_written([1.0, 1.0], [0, 0])).endswith("at random for 0); b needs fewest, 3.")
    assert written.in_bytes(_written([0.1, 0.1], [0, 0])).endswith("the median probability is 0.1.")
    none = _written([1.0, 1.0], [0, 0])
    assert written.in_words(none).endswith("none of them is of that type: what is found there says nothing of files.")
    back = none._replace(read_back=np.array([0.9, 0.8]))
    assert written.in_words(back).endswith("2 of them are of that type.")


def test_decisions_are_balanced_over_a_type_and_the_others():
    before, after = np.array([0, 0, 1, 1, 1, 2]), np.array([0, 1, 1, 1, 0, 2])
    np.testing.assert_allclose(smaller.decisions(after, before, [0, 2]), [(1 / 2 + 3 / 4) / 2, 1.0])


def test_a_smaller_network_is_put_in_words():
    whole = smaller.Cut(512, 1000, 10.0, 1.0, np.ones(2))
    small = smaller.Cut(128, 300, 3.0, 0.4, np.array([0.97, 0.99]))
    random = small._replace(decisions=np.full(2, 0.6))
    result = smaller.Smaller(
        {smaller.WHOLE: whole, smaller.SMALL: small, smaller.RANDOM: random}, ["c", "json"], 0.1, 9
    )
    words = smaller.in_words(result)
    assert "128 of 512 units, 30% of the parameters and 30% of the operations, holds" in words
    assert "holds 98.0% of the decisions on other packages (c least, 97.0%)" in words
    assert words.endswith("random units 60.0%.")


def test_the_table_marks_sets_without_a_certificate():
    sets = {
        name: {"units": 9, "certified": name != "zero", "checked": [0.9], "random": 0.5} for name in needed.ABLATIONS
    }
    record = {"config": {"preset": "quick"}, "metrics": {"runtime": {"version": "v3"}, "needed": {
        "types": {"json": sets}, "required": {"json": 0.9}}},
        "environment": {"platform": "x", "versions": {"jax": "1"}, "date": "d"}}  # fmt: skip
    from pathlib import Path

    text = table.results_table({Path("in_the_wild.json"): record})
    assert "| json | 90% | 9* | 9 | 9 | 90.0%; random sets 50.0% |" in text
    ((what, ours, _, count),) = table.lines({Path("in_the_wild.json"): record})
    assert (ours, count) == ("json 9", 1)
    assert "magika (v3)" in what


def test_settings_that_no_run_can_use_are_refused():
    with pytest.raises(ValueError, match="confidence: found 0.5"):
        Settings(confidence=0.5)


@pytest.mark.slow
@with_magika
def test_every_section_is_written_and_shown_again(run, monkeypatch):
    small = dataclasses.replace(PRESETS["quick"], name="small", files=40, package_files=10, compared=60, types=2)
    report, metrics = run(study_main, small)
    assert set(metrics) == set(study_main.SECTIONS)
    page = report.read_text(encoding="utf-8")
    for _, part in study_main.SECTIONS.values():
        monkeypatch.setattr(part, "measure", None)
    assert run(study_main, dataclasses.replace(small, show=True))[1] == metrics
    assert report.read_text(encoding="utf-8") == page
