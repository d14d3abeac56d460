"""The papers, each with its sections and their claims."""

from experiments.claims.claim import Paper

PAPERS: tuple[Paper, ...] = ()
