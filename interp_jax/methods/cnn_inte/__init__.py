"""A shallow tree over the clusters of a hidden layer that explains what the layer decides (CNN-INTE)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "explanation": ["Explanation", "Hypothesis", "Level"],
        "factors": ["CLUSTERINGS", "Factors", "READINGS"],
        "fitting": ["fit"],
        "forests": ["Forests"],
        "leaves": ["VOTES", "boxes", "leaf_weights"],
        "model": ["Explainer", "load"],
        "refinement": ["refine"],
        "rules": ["DecisionSet", "Rule", "learn_rules"],
        "class_separability": ["Separability", "separability"],
        "tree": ["CRITERIA", "SPLITS", "Tree", "grow"],
    },
)
