"""CNN-INTE: approximates a hidden layer with a shallow decision tree over clusters of its activations."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "class_separability": ["Separability", "separability"],
        "explanation": ["Explanation", "Hypothesis", "Level"],
        "factors": ["CLUSTERINGS", "Factors", "READINGS"],
        "fitting": ["fit"],
        "forests": ["Forests"],
        "leaves": ["VOTES", "boxes", "leaf_weights"],
        "model": ["Explainer"],
        "refinement": ["refine"],
        "rules": ["DecisionSet", "Rule", "learn_rules"],
        "storage": ["load"],
        "tree": ["CRITERIA", "SPLITS", "Tree", "grow"],
    },
)
