"""The papers, each with its sections and their claims."""

from experiments.claims.papers import hierarchical_modules, identity_layers, thesis

PAPERS = (hierarchical_modules.PAPER, identity_layers.PAPER, thesis.PAPER)
