"""The fewest units of a layer that keep a class's decisions: gates, sets, and what to compare them with."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "class_rows": ["ClassData", "class_data"],
        "decisions": ["center_score", "holding_rate", "is_target", "rate_held"],
        "gates": [
            "gate",
            "hard_concrete",
            "objective",
            "open_probability",
            "relaxation_penalty",
            "straight_through",
        ],
        "inputs": ["InputSelection", "select_for_inputs"],
        "rankings": [
            "activation_magnitude",
            "fewest",
            "gradient_times_activation",
            "greedy",
            "nested_holding",
            "outgoing_magnitude",
        ],
        "selection": ["Selection", "select"],
        "sufficiency": ["Necessity", "disjoint_sets", "necessity"],
        "sweeping": ["ALPHAS", "Sweep", "sweep"],
    },
)
