"""What is so on purpose: cells that would fail by the general rules, each with the reason."""

# (end of the subject's path, argument, variant), "*" for any → why.
DOCUMENTED: dict[tuple[str, str, str], str] = {
    ("prediction_difference", "patch", "list"): "one side an axis",
    ("integrated_gradients", "baseline", "list"): "values that broadcast to a row",
    ("removal_curves", "baseline", "list"): "values that broadcast to a row",
    ("prediction_difference", "stride", "vector"): "one step an axis",
    ("align_signs", "iterations", "zero"): "no step: the vectors as they are",
    ("Moments.init", "columns_a", "zero"): "no columns: correlations of none",
    ("Moments.init", "columns_b", "zero"): "no columns: correlations of none",
    ("jumps.estimates", "first", "out of range"): "positions are counted from any number",
    ("local_response_norm", "radius", "zero"): "every channel by itself",
    ("strongest_inputs", "labels", "*"): "what stands below an image, whatever it is",
    ("strongest_inputs", "units", "*"): "what stands beside a row, whatever it is",
    ("scatter.embedding", "labels", "floats"): "positions are classes too",
    ("scatter.embedding", "labels", "NaN"): "such points are left out",
    ("scatter.embedding", "labels", "infinity"): "such points are left out",
    ("signals.examples", "positions", "floats"): "a jump may lie between two samples",
    ("scatter.embedding", "named", "zero"): "no class has its number written",
    ("trees.resolutions", "numbers", "zero"): "clusters may be counted from 0",
    ("figures.explanation", "most_hypotheses", "zero"): "the tree alone",
    ("layered_network", "first_number", "zero"): "clusters may be counted from 0",
    ("ascent.maximize", "threshold", "infinity"): "no lane converges, all take their steps",
    ("receptive.field", "inputs", "negative"): "token ids are the head's own",
    ("receptive.windows", "inputs", "negative"): "token ids are the head's own",
    **{
        ("receptive.ngrams", "inputs", numbers): "any whole numbers are tokens"
        for numbers in ("negative", "far negative", "beyond 32 bits", "beyond 32 bits, unsigned")
    },
    ("receptive.sliding", "length", "list"): "one length an axis",
    ("receptive.sliding", "width", "list"): "one width an axis",
    ("receptive.sliding", "stride", "list"): "one step an axis",
    ("receptive.sliding", "padding", "zero"): "none",
    ("TopWindows.cut", "inputs", "*"): "values are cut, whatever they are",
    ("ascent.tokens", "threshold", "infinity"): "no lane converges, all take their steps",
    ("core_units.select", "swaps", "zero"): "nothing is exchanged",
    ("core_units.rows_needed", "errors", "zero"): "no decision fails",
    **{
        (f"core_units.{name}", "ablation", "none"): "zero, as in a Selection"
        for name in (
            "certify",
            "gradient_times_activation",
            "greedy",
            "holding_rate",
            "holding_rates",
            "nested_holding",
            "select",
            "sweep",
        )
    },
    ("core_units.masked", "replacement", "none"): "zero",
    ("core_units.class_data", "predictions", "out of range"): "any whole number may be a class",
    ("partition_agreement", "first", "negative"): "any whole numbers tell clusters apart",
    ("partition_agreement", "second", "negative"): "any whole numbers tell clusters apart",
    ("hierarchy.quotient", "labels", "negative"): "units without a cluster",
    ("hierarchy.quotient", "labels", "out of range"): "any whole numbers tell clusters apart",
    ("Hierarchy.expand", "values", "*"): "values are put in their places, whatever they are",
    ("Hierarchy.expand", "fill", "*"): "NaN or infinity may stand for dead units",
    **{
        (f"{network}.call", "masks", f"{numbers} inside"): "gates in training are any numbers"
        for network in ("GatedChain", "TappedNetwork")
        for numbers in ("halves", "twos", "negative", "NaN", "infinity")
    },
    ("cnn_inte.fit", "n_jobs", "minus_one"): "as in scikit-learn: all cores",
    **{
        (f"cnn_inte.{name}", "labels", "one-hot"): "the share of each class, as the docstring says"
        for name in ("fit", "grow", "refine")
    },
    ("cnn_inte.refine", "rounds", "zero"): "no round: rows and shares are counted anew",
    ("networks.apply", "axis", "zero"): "rows lead",
    ("networks.cost", "inputs", "*"): "seconds are measured anew, and converting whole numbers is an operation",
    ("networks.load_arrays", "like", "float64 inside"): "types must agree, as the docstring says",
    ("networks.save_arrays", "tree", "number"): "numbers are stored too",
    ("networks.save_arrays", "tree", "complex inside"): "complex numbers are stored too",
    ("networks.save_arrays", "tree", "ragged list inside"): "lists are parts of a pytree",
}

# Words by which a docstring says what becomes of classes that there are not.
ABSENT = (
    r"absent|outside|left out|no class|counts? nowhere|out of range|other labels?|another label|has no score|"
    r"none of the classes"
)
# Words by which it says what becomes of numbers that are not finite.
NOT_FINITE = r"NaN|infinit|not finite"
# Words by which it says up to what magnitude numbers are taken, or what becomes of larger ones.
OVERFLOW = r"overflow|magnitudes? (up to|below|above|beyond)|1e\d\d|beyond float32"


def entry(path: str, argument: str, variant: str, wrong: str) -> tuple[str, str, str] | None:
    """Where it is written why a cell may be as it is; None where it is nowhere. Raw errors are never on purpose."""
    if wrong.startswith(("raw", "does not", "warns")):
        return None
    for short, name, what in DOCUMENTED:
        if (path == short or path.endswith(f".{short}")) and name in ("*", argument) and what in ("*", variant):
            return short, name, what
    return None
