"""The papers, each with its sections and their claims."""

from experiments.claims.papers import hierarchical_modules, identity_layers

PAPERS = (hierarchical_modules.PAPER, identity_layers.PAPER)
