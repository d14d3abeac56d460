"""Modules of hidden units: a tree of all resolutions, which resolutions to read, and how far to trust it."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "vectors": ["FeatureVectors", "feature_vectors", "network_vectors"],
        "tree": ["Hierarchy", "build"],
        "resolutions": ["lifetimes", "representative_resolutions"],
        "support": ["Support", "bootstrap_weights", "partition_support", "tree_clusters", "tree_support"],
        "agreement": ["Agreement", "Matching", "match_units", "partition_agreement", "tree_agreement"],
        "effects": ["effect_magnitudes", "input_effects", "output_effects"],
    },
)
