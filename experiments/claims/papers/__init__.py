"""The papers, each with its sections and their claims."""

from experiments.claims.papers import cnn_inte, core_units, hierarchical_modules, identity_layers, thesis

PAPERS = (hierarchical_modules.PAPER, core_units.PAPER, thesis.PAPER, cnn_inte.PAPER, identity_layers.PAPER)
