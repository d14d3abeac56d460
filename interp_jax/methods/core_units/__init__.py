"""The fewest units of a layer that preserve a class's decisions: gates, sets, and what to compare them with."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_tails": ["LinearTail", "SubsetTail"],
        "baselines": [
            "activation_magnitude",
            "fewest",
            "gradient_times_activation",
            "greedy",
            "nested_holding",
            "outgoing_magnitude",
        ],
        "decisions": ["ClassData", "center_score", "class_data", "is_target", "rate_held"],
        "gates": [
            "ALPHAS",
            "gate",
            "hard_concrete",
            "objective",
            "open_probability",
            "relaxation_penalty",
            "straight_through",
        ],
        "holding": ["holding_rate", "holding_rates"],
        "inputs": ["InputSelection", "select_for_inputs"],
        "selection": ["Selection", "select"],
        "sufficiency": ["Necessity", "disjoint_sets", "necessity"],
        "sweeping": ["Sweep", "sweep"],
    },
)
