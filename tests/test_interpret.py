"""One call from a network to a report: what is run and what is not, what it says, costs, and continues."""

import functools
import json
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

import interp_jax
from interp_jax import data, methods, networks
from interp_jax.interpreting import (
    _attributions,
    _controls,
    _core_units,
    _deviations,
    _modules,
    _rules,
    _stored,
    calling,
    planning,
)
from interp_jax.interpreting._budgets import BUDGETS
from interp_jax.interpreting._subject import make_subject
from interp_jax.interpreting._suitability import reasons_against
from interp_jax.interpreting.command_line import load_network, load_rows, main
from interp_jax.interpreting.planning import Plan, PlannedMethod
from tests import interpret_memory
from tests.test_readable import _explainer, _explanation

ROWS, FEATURES, UNITS, CLASSES = 160, 6, 8, 3
INPUTS = np.random.default_rng(0).normal(size=(ROWS, FEATURES)).astype(np.float32)
LABELS = INPUTS[:, :CLASSES].argmax(axis=1).astype(np.int32)


def _chain():
    rngs = nnx.Rngs(0)
    hidden, last = nnx.Linear(FEATURES, UNITS, rngs=rngs), nnx.Linear(UNITS, CLASSES, rngs=rngs)
    eye = np.eye(FEATURES, CLASSES, dtype=np.float32)
    hidden.kernel[...] = jnp.asarray(np.concatenate([eye, -eye, np.eye(FEATURES, 2, -3, dtype=np.float32)], axis=1))
    read = np.eye(CLASSES, dtype=np.float32)
    last.kernel[...] = jnp.asarray(np.concatenate([read, -read, np.zeros((2, CLASSES), np.float32)]))
    return networks.Chain(hidden=hidden, relu=nnx.relu, last=last)


def _subject(network=None, inputs=INPUTS, labels=LABELS, **options):
    options = {"layer": None, "scores": "logits", "class_names": None, "input_shape": None, "seed": 0} | options
    return make_subject(network or _chain(), inputs, labels, BUDGETS["seconds"], **options)


@functools.cache
def _usual():
    return _subject()


SLOW = dict.fromkeys(("core_units", "rules", "ascent", "attributions", "controls"), "it is tried by the slow tests")


@pytest.fixture(scope="module", params=["two methods", pytest.param("whole", marks=pytest.mark.slow)])
def whole(request, tmp_path_factory):
    """A run of all methods, or of the quickest two, its folder and what was left out."""
    root, left_out = tmp_path_factory.mktemp("runs"), {} if request.param == "whole" else SLOW
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calling, "reasons_against", lambda subject: reasons_against(subject) | left_out)
        return interp_jax.interpret(_chain(), INPUTS, LABELS, budget="seconds", root=root), root, left_out


def _page(result):
    return result.report.read_text(encoding="utf-8")


# ---------------------------------------------------------------------------------------------------- the whole


def test_every_method_has_a_result_and_a_section(whole):
    result, _, left_out = whole
    assert list(result.results) == [name for name in calling.PARTS if name not in left_out]
    assert result.left_out == left_out
    record = json.loads((result.report.parent / "timing.json").read_text())
    assert record["unfinished"] == []
    for method in result.results:
        section = json.loads((result.report.parent / "sections" / f"{method}.json").read_text())
        assert {block["kind"] for block in section["blocks"]} >= {"text", "table"}, method


def test_the_page_begins_with_three_findings_that_the_result_has_too(whole):
    result, *_ = whole
    assert len(result.findings) == min(3, len(result.results))
    sections = [json.loads(path.read_text()) for path in (result.report.parent / "sections").glob("*.json")]
    blocks = [block["text"] for section in sections for block in section["blocks"] if block["kind"] == "finding"]
    assert sorted(blocks) == sorted(result.findings)
    assert all(finding in repr(result) or repr(result).endswith("…") for finding in result.findings)


@pytest.mark.slow
def test_the_units_that_decide_are_found(whole):
    if "core_units" in whole[2]:
        pytest.skip("core units are found by the whole run")
    selections = whole[0].results["core_units"].selections
    for target, selection in selections.items():
        assert selection.mask[target] or selection.mask[target + CLASSES]
        assert not selection.mask[2 * CLASSES :].any()


def test_a_finished_run_is_read_and_not_computed_again(whole, monkeypatch):
    first, root, left_out = whole
    monkeypatch.setattr(calling, "reasons_against", lambda _: left_out)
    for part in calling.PARTS.values():
        monkeypatch.setattr(part, "measure", None)
    again = interp_jax.interpret(_chain(), INPUTS, LABELS, budget="seconds", root=root)
    assert again.report == first.report
    assert again.findings == first.findings
    np.testing.assert_array_equal(again.results["modules"].tree.linkage, first.results["modules"].tree.linkage)
    assert again.plan.seconds == first.plan.seconds


def test_results_of_any_kind_are_read_as_they_were_stored(tmp_path):
    explainer, explanation, selection = _explainer(), _explanation(0), _selection(0, 2)
    _stored.save(tmp_path / "result.npz", (explainer, explanation, selection, {"a": [1, None, True]}, np.float32(0.5)))
    *results, mapping, number = _stored.load(tmp_path / "result.npz")
    assert list(map(repr, results)) == list(map(repr, (explainer, explanation, selection)))
    np.testing.assert_array_equal(results[0].tree.share, explainer.tree.share)
    np.testing.assert_array_equal(results[2].rows.positives, selection.rows.positives)
    assert (mapping, number) == ({"a": [1, None, True]}, 0.5)


@pytest.mark.parametrize("name", ["os:stat_result", "interp_jax.reports.run:Run", "interp_jax.data.images:load"])
def test_only_results_of_this_package_are_made_of_what_is_stored(tmp_path, name):
    text = json.dumps({"named": name, "fields": {}})
    np.savez(tmp_path / "result.npz", text=np.array(text))
    with pytest.raises(ValueError, match=r"found another result \(.* is no result of this package\), wanted"):
        _stored.load(tmp_path / "result.npz")
    with pytest.raises(TypeError, match="result: found object, wanted results"):
        _stored.save(tmp_path / "result.npz", object())


# ---------------------------------------------------------------------------------------------------- interruptions


@pytest.fixture
def light(monkeypatch):
    """Methods that count their calls in place of the real ones."""
    calls = []

    class Part:
        def __init__(self, name):
            self.name = name

        def measure(self, subject, *_):
            calls.append(self.name)
            return calling.Refusal(f"{self.name} counts only")

    def planned(subject, budget, against):
        methods = [PlannedMethod(name, against.get(name), 1e6, 1.0) for name in calling.PARTS]
        return Plan(methods, rows=len(subject.inputs), given_rows=subject.given_rows, layers=subject.layers)

    monkeypatch.setattr(calling, "PARTS", {name: Part(name) for name in calling.PARTS})
    monkeypatch.setattr(calling, "planned", planned)
    return calls


def test_what_was_finished_before_an_interruption_is_not_run_again(light, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    part = calling.PARTS["rules"]
    measure = part.measure
    monkeypatch.setattr(part, "measure", interrupted)
    with pytest.raises(KeyboardInterrupt):
        interp_jax.interpret(_chain(), INPUTS, LABELS, root=tmp_path)
    assert light == ["modules", "core_units"]
    monkeypatch.setattr(part, "measure", measure)
    result = interp_jax.interpret(_chain(), INPUTS, LABELS, root=tmp_path)
    assert light == list(calling.PARTS)
    assert result.left_out["rules"] == "rules counts only"
    assert "This method refused the network or its rows: rules counts only" in _page(result)


def test_another_network_has_a_run_of_its_own_and_is_refused_in_that_of_the_first(light, tmp_path):
    first = interp_jax.interpret(_chain(), INPUTS, root=tmp_path)
    other = _chain()
    other.last.bias[...] += 1
    assert interp_jax.interpret(other, INPUTS, root=tmp_path).report != first.report
    with pytest.raises(ValueError, match=r"found a run with other settings, wanted the same:\n  network: found"):
        interp_jax.interpret(other, INPUTS, root=tmp_path, name=first.report.parent.name)
    replaced = interp_jax.interpret(other, INPUTS, root=tmp_path, name=first.report.parent.name, overwrite=True)
    assert replaced.report == first.report


@pytest.mark.parametrize("change", ["rows", "labels", "seed", "budget"])
def test_other_rows_labels_or_settings_have_runs_of_their_own(light, tmp_path, change):
    options = {"inputs": INPUTS, "labels": LABELS, "seed": 0, "budget": "seconds"}
    changed = {"rows": {"inputs": INPUTS + 1}, "labels": {"labels": (LABELS + 1) % 3}, "seed": {"seed": 1}}
    changed |= {"budget": {"budget": "minutes"}}
    first, second = (
        interp_jax.interpret(_chain(), **each, root=tmp_path) for each in (options, options | changed[change])
    )
    assert first.report != second.report


@pytest.mark.slow
def test_a_process_recognizes_the_network_of_another_one():
    code = (
        "import jax, numpy as np; from interp_jax import networks; from tests.test_interpret import _subject;"
        "from interp_jax.interpreting._fingerprint import fingerprint;"
        "function = lambda x: jax.nn.relu(x) @ np.eye(6, 3, dtype=np.float32);"
        "print(fingerprint(_subject())['network'], fingerprint(_subject((jax.nn.gelu, function)))['network'])"
    )
    folder = Path(__file__).parents[1]
    processes = [
        subprocess.Popen([sys.executable, "-c", code], cwd=folder, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    first, second = (process.communicate()[0].split() for process in processes)
    assert first == second
    assert len(set(first)) == 2


# ---------------------------------------------------------------------------------------------------- what suits


def _left_out(network, inputs, labels=None):
    return reasons_against(_subject(network, inputs, labels))


def test_without_labels_only_distances_between_classes_are_left_out():
    assert _left_out(_chain(), INPUTS) == {"deviations": "it needs labels, and none were given"}


def test_a_regression_leaves_modules_and_controls():
    head, tail = networks.freeze(_chain()).segments("relu")
    out = _left_out((head, networks.freeze(lambda h, w: h @ w, w=np.ones((UNITS, 1), np.float32))), INPUTS)
    assert out.keys() == {"core_units", "rules", "deviations", "ascent", "attributions"}
    assert "one output" in out["core_units"]
    quantities = _left_out((head, tail), INPUTS, INPUTS[:, 0])
    assert quantities.keys() == out.keys()
    assert all("quantities" in reason for reason in quantities.values())
    for name, instead in {
        "core_units": "methods.ablation",
        "deviations": "np.digitize",
        "ascent": 'objective="value"',
        "attributions": 'measure="score"',
    }.items():
        assert instead in quantities[name]


def test_whole_numbers_are_quantities_for_a_network_of_one_output_unless_they_are_0_and_1():
    head, _ = networks.freeze(_chain()).segments("relu")
    parts = head, networks.freeze(lambda h, w: h @ w, w=np.ones((UNITS, 1), np.float32))
    for labels in (LABELS, LABELS - 1, 10**6 * LABELS):
        subject = _subject(parts, labels=labels)
        assert (subject.labels, subject.targets) == (None, "quantities")
    out = _left_out(parts, INPUTS, LABELS > 0)
    assert "deviations" not in out
    assert "jnp.concatenate([0 * z, z], axis=1)" in out["rules"]


def test_several_labels_a_row_leave_modules_and_controls():
    out = _left_out(_chain(), INPUTS, (INPUTS[:, :3] > 0).astype(int))
    assert "several labels" in out["rules"]
    assert "jnp.concatenate([0 * z, z], axis=1)" in out["core_units"]
    assert "modules" not in out


def test_token_ids_leave_what_looks_at_hidden_units_alone():
    tokens = np.random.default_rng(0).integers(0, 9, (ROWS, 4))
    table = np.random.default_rng(1).normal(size=(9, 5)).astype(np.float32)  # which traced ids index
    model = networks.freeze(lambda x, table: table[x].sum(axis=1), table=table)
    out = _left_out((model, lambda h: h[:, :3]), tokens, tokens[:, 0] % 3)
    assert out.keys() == {"modules", "rules", "ascent", "attributions"}
    assert all("token ids" in reason for reason in out.values())


def test_one_predicted_class_leaves_no_decisions_to_compare():
    constant = _chain()
    constant.last.bias[...] = jnp.array([100.0, 0.0, 0.0])
    out = _left_out(constant, INPUTS, np.zeros(ROWS, int))
    assert out["core_units"].startswith("the network predicts fewer than two classes")
    assert out["deviations"] == "all rows have the label 0"


def test_functions_without_arrays_have_no_weights_to_shuffle():
    weights = np.eye(FEATURES, CLASSES, dtype=np.float32)
    out = _left_out((lambda x: jax.nn.relu(x), lambda h: h @ weights), INPUTS)
    assert "no arrays of weights" in out["controls"]


def test_the_page_says_what_does_not_suit_and_why(light, tmp_path):
    result = interp_jax.interpret(_chain(), INPUTS, root=tmp_path)
    assert "1 method does not suit this network or these rows." in _page(result)
    assert "it needs labels, and none were given" in _page(result)
    assert "deviations" not in light


def test_the_page_says_how_many_rows_were_used_of_how_many(light, tmp_path):
    many = np.tile(INPUTS, (5, 1))
    assert "600 of 800 rows, drawn at random" in _page(
        interp_jax.interpret(_chain(), many, budget="seconds", root=tmp_path)
    )
    assert "all 160 rows" in _page(interp_jax.interpret(_chain(), INPUTS, budget="seconds", root=tmp_path))


def test_names_are_taken_from_arrays_too():
    subject = _subject(class_names=np.array(list("abc")), feature_names=np.array(list("uvwxyz")))
    assert (subject.class_names, subject.feature_names) == (tuple("abc"), tuple("uvwxyz"))


# ---------------------------------------------------------------------------------------------------- where it is cut


def test_a_chain_is_cut_after_its_last_hidden_nonlinearity():
    assert _subject().layers == ("relu",)
    assert "last hidden nonlinearity" in _subject().why
    rngs = nnx.Rngs(0)
    deep = networks.Chain(
        first=nnx.Linear(FEATURES, 5, rngs=rngs),
        tanh=jnp.tanh,
        second=nnx.Linear(5, 4, rngs=rngs),
        relu=nnx.relu,
        drop=nnx.Dropout(0.5),
        halves=lambda x: x / 2,
        last=nnx.Linear(4, 3, rngs=rngs),
        scaled=lambda x: jnp.maximum(x, -100) * 2,
    )
    assert _subject(deep).layers == ("relu",)
    linear = networks.Chain(first=deep.first, second=deep.second, last=deep.last)
    assert _subject(linear).layers == ("second",)
    assert "none is nonlinear" in _subject(linear).why


def test_a_layer_is_taken_by_its_name_and_several_in_order():
    assert _subject(layer="hidden").layers == ("hidden",)
    subject = _subject(layer=["hidden", "relu"])
    assert len(subject.segments) == 3
    np.testing.assert_allclose(subject.network(INPUTS), _chain()(INPUTS), atol=1e-5)


def test_parts_are_taken_as_they_are():
    parts = networks.freeze(_chain()).segments("hidden", "relu")
    assert _subject(parts).layers == ("hidden layer 1", "hidden layer 2")
    assert _subject((*parts[:1], lambda h: parts[2](parts[1](h)))).layers == ("hidden layer",)


# ---------------------------------------------------------------------------------------------------- refusals


class Free(nnx.Module):
    def __init__(self):
        self.inner, self.outer = nnx.Linear(FEATURES, 4, rngs=nnx.Rngs(0)), nnx.Linear(4, 3, rngs=nnx.Rngs(1))

    def __call__(self, x):
        return self.outer(nnx.relu(self.inner(x)))


@pytest.mark.parametrize(
    ("network", "options", "message"),
    [
        (Free, {}, r"layer: found None for a Free, wanted one of 'inner'; networks\.layers lists them all"),
        (Free, {"layer": "iner"}, r"layer: found 'iner', wanted 'inner'"),
        (Free, {"layer": 3}, r"layer: found 3, wanted the name of a layer"),
        (lambda: lambda x: x @ np.ones((6, 3)), {}, r"layer: found None for a function, wanted \(head, tail\)"),
        (lambda: (jnp.sin,), {}, r"network: found a tuple of .*, wanted at least two callables"),
        (lambda: (jnp.sin, 3), {}, r"network: found a tuple of .*int, wanted at least two callables"),
        (lambda: (jnp.sin, jnp.sin), {"layer": "a"}, r"layer: found 'a' with parts of a network, wanted None"),
        (lambda: 3, {}, r"network: found 3, wanted something callable"),
        (_chain, {"inputs": INPUTS[:3]}, r"inputs: found 3 rows, wanted at least 8"),
        (_chain, {"inputs": INPUTS * np.nan}, r"inputs: found NaN or infinity"),
        (_chain, {"inputs": (INPUTS, INPUTS)}, r"inputs: found a tuple of 2, wanted one array"),
        (_chain, {"inputs": INPUTS[:, 0]}, r"inputs: found shape \[160\], wanted \[rows, features, …\]"),
        (_chain, {"labels": LABELS[:5]}, r"labels: found 5 rows, wanted 160 as in inputs"),
        (_chain, {"labels": LABELS.astype(float)}, r"labels: found the 3 classes as float64 .*: labels\.astype\(int\)"),
        (_chain, {"labels": np.eye(3)[LABELS]}, r"labels: found the 3 classes as float64 .*: labels\.argmax\(axis=1\)"),
        (_chain, {"labels": np.array(list("abc"))[LABELS]}, r"labels: found names of classes, wanted .*return_inverse"),
        (_chain, {"labels": LABELS + 1}, r"labels: found 1 to 3, wanted whole numbers from 0 to 2"),
        (_chain, {"scores": "odds"}, r"scores: found 'odds', wanted one of 'logits', 'probabilities'"),
        (_chain, {"scores": "probabilities"}, r"network: found scores that are no probabilities"),
        (
            lambda: (jnp.sin, lambda h: jax.nn.sigmoid(h[:, :1])),
            {"scores": "probabilities"},
            r"network: found one probability a row, wanted those of both classes: jnp\.concatenate",
        ),
        (_chain, {"class_names": ["a"]}, r"class_names: found 1 names, wanted 3, one for each score"),
        (_chain, {"class_names": "abc"}, r"class_names: found 'abc', wanted 3"),
        (_chain, {"input_shape": [2, 2]}, r"input_shape: found \[2, 2\], wanted that of an image of 6 values"),
        (lambda: (jnp.sin, jax.nn.softmax), {}, r"network: found scores that are probabilities .*, wanted logits"),
        (lambda: (jnp.sin, lambda h: h - h.mean(0)), {}, r"network: found scores of a row that change with"),
        (lambda: (jnp.sin, lambda h: h / 0), {}, r"network: found NaN or infinity in its scores"),
        (lambda: (jnp.sin, lambda h: h[:, 0]), {}, r"network's scores: found shape \[160\], wanted \[rows, outputs\]"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(network, options, message):
    with pytest.raises((ValueError, TypeError), match=message), jax.numpy_rank_promotion("allow"):
        _subject(network(), **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"budget": "days"}, r"budget: found 'days', wanted one of 'seconds', 'minutes', 'hours'"),
        ({"seed": -1}, r"seed: found -1, wanted a whole number from 0"),
        ({"name": "../there"}, r"name: found '\.\./there', wanted a plain name"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_before_anything_is_written(options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        interp_jax.interpret(_chain(), INPUTS, **({"root": tmp_path / "runs"} | options))
    assert not (tmp_path / "runs").exists()


def test_probabilities_are_taken_where_they_are_declared():
    head, tail = networks.freeze(_chain()).segments("relu")
    subject = _subject((head, lambda h: jax.nn.softmax(tail(h))), scores="probabilities")
    np.testing.assert_allclose(subject.scores, np.asarray(jax.nn.log_softmax(_chain()(subject.inputs))), atol=1e-4)


# ---------------------------------------------------------------------------------------------------- sentences


def _selection(target, units, *, reached=True):
    mask = np.arange(UNITS) < units
    lanes = np.zeros(1), np.zeros((2, 1)), methods.core_units.ClassData(np.arange(4), np.arange(4, 8))
    return methods.core_units.Selection(mask, mask, units, 0.96, reached, mask, units, 0.96, 0.0, *lanes, target, 0.95)


def test_the_sentence_on_core_units_depends_on_held_out_rows_and_random_sets():
    def sentence(rate, chance, **options):
        return _core_units.sentence(
            _core_units.CoreUnits({0: _selection(0, 2, **options)}, {0: rate}, {0: np.array([chance])}, 0), _subject()
        )

    assert "needs 2 of 8 units" in sentence(0.96, 0.5)
    assert "also on held-out rows (96%), more than random sets" in sentence(0.96, 0.5)
    assert "but not on held-out rows (80%), more than random sets of as many (50%)" in sentence(0.8, 0.5)
    assert "no more than random sets of as many (96%)" in sentence(0.96, 0.96)
    assert "no set reaches it" in sentence(0.9, 0.5, reached=False)
    assert "no set reaches it" not in sentence(0.96, 0.5)


@pytest.mark.parametrize(
    ("fidelity", "direct", "words"),
    [(0.9, 0.6, "more often than"), (0.6, 0.9, "less often than"), (0.9, 0.902, "as often as")],
)
def test_the_sentence_on_rules_compares_with_a_tree_on_the_inputs(fidelity, direct, words):
    rules = _rules.Rules(None, None, 0, fidelity, 0.3, direct, False)
    assert f"for {fidelity:.0%} of held-out rows, {words} a tree of that depth on the inputs" in _rules.sentence(
        rules, _usual()
    )


def test_the_sentence_on_distances_says_whether_layers_separate_the_classes():
    def profile(*ratio):
        one = np.ones(len(ratio))
        return methods.deviation.Profile(one, np.array(ratio), one, one[:, None], one[:, None], one[:, None], one)

    def sentence(*ratio):
        return _deviations.sentence(
            _deviations.Deviations(profile(*ratio), profile(0.1, 0.1), ("a", "b"), None), _usual()
        )

    assert "separates the classes further" in sentence(0.5, 1.0)
    assert "does not separate the classes further" in sentence(1.0, 1.0)


def test_the_sentence_on_attributions_compares_with_random_order_and_with_sizes():
    def sentence(own, size, chance):
        areas = {"gradient × input": own, "integrated gradients": own + 0.1, _attributions.CONTROLS[0]: size}
        areas = {name: np.full(3, area) for name, area in (areas | {_attributions.CONTROLS[1]: chance}).items()}
        return _attributions.sentence(_attributions.Attributions(np.zeros(2), {}, areas, {}, 3), _usual())

    assert "by gradient × input" in sentence(0.2, 0.3, 0.5)
    assert "faster than random order (areas 0.20 and 0.50), and faster than deleting" in sentence(0.2, 0.3, 0.5)
    assert "probability no faster than random order" in sentence(0.5, 0.6, 0.5)
    assert "but not faster than deleting the largest values (0.10)" in sentence(0.2, 0.1, 0.5)


def test_the_sentence_on_controls_names_what_shuffled_weights_do_not_change():
    def sentence(*values):
        measures = {
            f"measure {i}": _controls.Control(1.0, np.array(each, float), False) for i, each in enumerate(values)
        }
        return _controls.sentence(_controls.Controls(measures), _usual())

    assert "all of 2 measures change" in sentence([0.1], [2.0])
    assert "1 of 2 measures is much the same (measure 0)" in sentence([0.9], [2.0])
    assert "2 of 2 measures are much the same" in sentence([0.9], [1.1, np.nan])
    assert "the one measure changes" in sentence([np.nan], [0.1])
    assert "too few classes" in sentence([np.nan])


def test_the_sentence_on_modules_says_how_far_clusters_are_apart():
    def sentence(vectors):
        tree = methods.hierarchy.build(np.array(vectors, np.float32))
        return _modules.sentence(_modules.Modules(tree, (2,)), _usual())

    apart = [[1, 0, 0], [1, 0.1, 0], [0, 1, 0], [0, 1, 0.1], [0, 0, 0]]
    assert "form 2 clusters of 2 units each, well apart" in sentence(apart)
    assert "1 unit never changes" in sentence(apart)
    assert "units, hardly apart" in sentence(np.eye(8))  # all trees of these are equally good


# ---------------------------------------------------------------------------------------------------- controls


def test_shuffled_weights_are_the_same_numbers_in_another_order():
    chain = networks.freeze(_chain())
    other = _controls.shuffled(chain.segments("relu"), jax.random.key(0))
    pairs = zip(jax.tree.leaves(chain.segments("relu")), jax.tree.leaves(other), strict=True)
    changed = [bool((before != after).any()) for before, after in pairs if np.sort(before, None).any()]
    for before, after in zip(jax.tree.leaves(chain), jax.tree.leaves(other), strict=True):
        np.testing.assert_array_equal(np.sort(before, None), np.sort(after, None))
    assert any(changed)


def test_attributions_are_compared_at_the_values_that_are_not_zero():
    inputs = np.array([[0.0, 0, 0, 1, 2, 3]])
    first, second = np.array([[0.0, 0, 0, 1, 2, 3]]), np.array([[0.0, 0, 0, 3, 2, 1]])
    assert _controls.rank_correlation(first, first, inputs) == pytest.approx(1)
    assert _controls.rank_correlation(first, second, inputs) == pytest.approx(-1)
    assert np.isnan(_controls.rank_correlation(first, second, 0 * inputs))


# ---------------------------------------------------------------------------------------------------- costs


def test_a_plan_names_every_method_and_what_is_left_out():
    small = interp_jax.plan(_chain(), np.tile(INPUTS, (20, 1)), budget="seconds")
    assert [each.name for each in small.methods] == list(calling.PARTS)
    assert (small.rows, small.given_rows) == (600, 3200)
    assert small.peak_bytes > 0
    assert small.seconds > 0
    assert "600 of 3,200 rows" in repr(small)
    assert "left out: it needs labels" in repr(small)
    assert "<td>core_units</td>" in small._repr_html_()


def test_a_plan_takes_shapes_alone(monkeypatch):
    machine = planning._Machine(1e-6, 1e-6, 0.3, 1.0, 0.01, 1e6)
    monkeypatch.setattr(planning, "_measured", lambda _: machine)
    rows, labels = jax.ShapeDtypeStruct((ROWS, FEATURES), jnp.float32), jax.ShapeDtypeStruct((ROWS,), jnp.int32)
    by_shape = interp_jax.plan(_chain(), rows, labels, budget="seconds")
    by_rows = interp_jax.plan(_chain(), INPUTS, LABELS, budget="seconds")
    assert [each.reason for each in by_shape.methods] == [None] * len(calling.PARTS)
    for first, second in zip(by_shape.methods, by_rows.methods, strict=True):
        assert first.peak_bytes == pytest.approx(second.peak_bytes), first.name
        assert first.seconds == pytest.approx(second.seconds), first.name
    many = interp_jax.plan(_chain(), jax.ShapeDtypeStruct((10**9, FEATURES), jnp.bfloat16), budget="minutes")
    assert (many.rows, many.given_rows) == (4_000, 10**9)
    assert many.peak_bytes > by_shape.peak_bytes
    quantities = interp_jax.plan(_chain(), rows, jax.ShapeDtypeStruct((ROWS, 1), jnp.float32), budget="seconds")
    assert {each.name for each in quantities.methods if each.reason is None} == {"modules", "controls"}


@pytest.mark.parametrize(
    ("rows", "labels", "message"),
    [
        ((ROWS, FEATURES), LABELS, r"labels: found int32 \[160\], wanted None or a jax.ShapeDtypeStruct"),
        ((ROWS, FEATURES), jax.ShapeDtypeStruct((3,), jnp.int32), r"labels: found shape \[3\], wanted 160 rows"),
        ((), None, r"inputs: found shape \[\], wanted"),
        ((4, FEATURES), None, "inputs: found 4 rows, wanted at least 8"),
    ],
)
def test_shapes_that_do_not_fit_are_named(rows, labels, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        interp_jax.plan(_chain(), jax.ShapeDtypeStruct(rows, jnp.float32), labels, budget="seconds")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux says what memory a method takes")
@pytest.mark.parametrize("shape", interpret_memory.SHAPES)
def test_memory_is_within_a_factor_of_three_of_what_is_expected(shape):
    command = [sys.executable, "-m", "tests.interpret_memory", shape]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True)
    peaks = json.loads(done.stdout.splitlines()[-1])
    assert list(peaks) == list(calling.PARTS)
    # A method that runs after others uses memory that they have freed, so that it may seem to need less.
    freed = 64 * 2**20
    wrong = {name: each for name, each in peaks.items() if not each[1] / 3 < each[0] < each[1] * 3 + freed}
    assert not wrong, f"expected and measured bytes: {wrong}"


def test_costs_grow_with_rows_the_budget_and_a_slower_network(monkeypatch):
    machine = planning._Machine(1e-6, 1e-6, 0.3, 1.0, 0.01, 1e6)
    monkeypatch.setattr(planning, "_measured", lambda _: machine)
    few, many = _usual(), _subject(inputs=np.tile(INPUTS, (3, 1)), labels=np.tile(LABELS, 3))
    usual = planning.planned(few, BUDGETS["seconds"], {})
    for subject, budget, changed in [
        (many, "seconds", machine),
        (few, "hours", machine),
        (few, "seconds", machine._replace(forward=1e-3, tail=1e-3)),
        (few, "seconds", machine._replace(compiling=3.0)),
    ]:
        monkeypatch.setattr(planning, "_measured", lambda _, changed=changed: changed)
        assert planning.planned(subject, BUDGETS[budget], {}).seconds > usual.seconds
    assert planning.planned(many, BUDGETS["seconds"], {}).peak_bytes > usual.peak_bytes


def test_the_plan_is_printed_before_anything_is_run(light, tmp_path, capsys):
    interp_jax.interpret(_chain(), INPUTS, LABELS, root=tmp_path)
    printed = capsys.readouterr().out
    assert printed.index("Plan: ") < printed.index("methods: 7")
    assert "What is run, and what it was expected to cost before" in _page(
        interp_jax.interpret(_chain(), INPUTS, LABELS, root=tmp_path)
    )


# ---------------------------------------------------------------------------------------------------- command line

MODEL = """
import jax
from interp_jax import networks
network = networks.perceptron(jax.random.key(0), (6, 8, 3))
def build():
    return network
def needs(rows):
    return rows
"""


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A model and rows in files."""
    (tmp_path / "model_of_a_user.py").write_text(MODEL)
    np.savez(tmp_path / "rows.npz", inputs=INPUTS, labels=LABELS, other=INPUTS[:, :2])
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    sys.modules.pop("model_of_a_user", None)


def test_the_command_line_prints_the_environment_for_reports_of_faults(capsys):
    assert main(["--version"]) == 0
    printed = dict(line.split(" ", 1) for line in capsys.readouterr().out.splitlines())
    assert printed["interp_jax"] == interp_jax.__version__
    assert printed["jax"] == jax.__version__
    assert {"python", "platform", "numpy", "flax", "devices"} <= printed.keys()


def test_the_command_line_runs_a_network_from_a_file_on_rows_from_a_file(files, light, capsys):
    model = f"{files / 'model_of_a_user.py'}:build"
    arguments = [model, "--data", str(files / "rows.npz"), "--root", str(files / "runs"), "--budget", "seconds"]
    assert main([*arguments, "--name", "first"]) == 0
    assert (files / "runs" / "interpret" / "first" / "report.html").exists()
    assert light == list(calling.PARTS)
    assert main([*arguments, "--plan"]) == 0
    assert "Plan: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--inputs", "rows"], r"found arrays 'inputs', 'labels', 'other', wanted 'rows'"),
        (["--labels", "truth"], r"found arrays 'inputs', 'labels', 'other', wanted 'truth'"),
        (["--inputs", "other"], r"inputs: found"),
        (["--layer", "nowhere"], r"layer: found 'nowhere'"),
    ],
)
def test_the_command_line_refuses_what_cannot_be_used(files, options, message, capsys):
    model = f"{files / 'model_of_a_user.py'}:build"
    assert main([model, "--data", str(files / "rows.npz"), "--root", str(files / "runs"), *options]) == 2
    assert message in capsys.readouterr().err


def test_a_model_is_called_only_if_it_needs_nothing(files):
    file = files / "model_of_a_user.py"
    assert isinstance(load_network(f"{file}:build"), networks.Chain)
    assert isinstance(load_network(f"{file}:network"), networks.Chain)
    assert load_network(f"{file}:needs")(3) == 3
    for wrong, message in [
        (f"{file}:built", r"model: found no 'built' in .*, wanted one of .*build"),
        (f"{file}", r"model: found '.*', wanted a file and a name in it"),
        (f"{file}:a b", r"model: found '.*', wanted a file and a name in it"),
    ]:
        with pytest.raises(ValueError, match=message):
            load_network(wrong)
    with pytest.raises(FileNotFoundError, match="model: found no file"):
        load_network(f"{files / 'absent.py'}:build")


def test_nothing_is_unpickled(files):
    np.savez(files / "objects.npz", inputs=np.array([{}], object))
    with pytest.raises(ValueError, match="without pickled parts"):
        load_rows(files / "objects.npz", "inputs", None)
    assert load_rows(files / "rows.npz", "other", None)[1] is not None
    np.savez(files / "bare.npz", inputs=INPUTS)
    assert load_rows(files / "bare.npz", "inputs", None)[1] is None


def test_importing_the_package_does_not_import_the_report():
    code = "import interp_jax, sys; print([m for m in sys.modules if m.startswith(('interp_jax.int', 'matplotlib'))])"
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1], capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


# ---------------------------------------------------------------------------------------------------- digits


@pytest.mark.slow
def test_digits_have_a_full_report_in_about_the_time_that_was_expected(tmp_path):
    digits = data.load("digits", split="train")
    images, rngs = digits.inputs.reshape(-1, 64), nnx.Rngs(0)
    net = networks.Chain(dense1=nnx.Linear(64, 40, rngs=rngs), relu1=nnx.relu, dense2=nnx.Linear(40, 10, rngs=rngs))
    options = {"epochs": 30, "minibatch_size": 100, "optimizer": optax.adam(3e-3)}
    net = networks.fit(net, images, digits.labels, key=jax.random.key(1), **options).network
    result = interp_jax.interpret(net, images, digits.labels, root=tmp_path, input_shape=[8, 8])
    assert not result.left_out
    total = json.loads((result.report.parent / "timing.json").read_text())["total"]
    assert total < 180
    assert total / 3 < result.plan.seconds < total * 3
    selections = result.results["core_units"].selections
    assert list(selections) == list(range(10))
    assert np.median(list(result.results["core_units"].held_out.values())) > 0.9
    assert result.results["rules"].fidelity > result.results["rules"].direct
    assert "needs" in result.findings[0]
    pictures = {path.stem for path in (result.report.parent / "figures").glob("*.png")}
    assert pictures == {"modules", "core_units", "rules", "deviations", "ascent", "deletion", "mean_maps"}
