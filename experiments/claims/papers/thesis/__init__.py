"""The claims of the thesis, chapter by chapter."""

from experiments.claims.claim import Paper
from experiments.claims.papers.thesis import (
    chapter_1,
    chapter_2,
    chapter_3,
    chapter_4,
    chapter_5,
    chapter_6,
    chapter_7,
)

CHAPTERS = chapter_1, chapter_2, chapter_3, chapter_4, chapter_5, chapter_6, chapter_7
PAPER = Paper(
    "Chen 2017",
    "Y. Chen, Towards explaining neural networks, Utrecht University 2017",
    {section: claims for chapter in CHAPTERS for section, claims in chapter.SECTIONS.items()},
)
