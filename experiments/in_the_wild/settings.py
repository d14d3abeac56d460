"""The study's settings."""

import dataclasses

from experiments.settings import StudySettings


@dataclasses.dataclass(frozen=True)
class Settings(StudySettings):
    """What a network that was trained elsewhere has learned: magika's detector of file types (Apache-2.0).

    pip install -e '.[wild]' && python -m experiments.in_the_wild        the files of this installation, no network
    python -m experiments.in_the_wild --other FOLDER                     beside another version, which
                                        pip install --no-deps --target FOLDER magika==0.6.1 brings
    """

    other: str | None = None
    """A folder into which another version of the package was installed; recorded by its last name alone."""
    files: int = 120
    """Files of a type in each of the three parts, at most."""
    package_files: int = 30
    """Files of a type from one package, at most."""
    compared: int = 1_000
    """Files on which the packaged runtime is compared."""
    types: int = 8
    """Types whose units are searched, at most; python and json first, then those with most files."""
    confidence: float = 0.95
    """Confidence of each certificate."""
    candidates: int = 192
    """Units that are searched: those that make most of the difference to a type's strongest competitor."""
    others: int = 800
    """Files of other types that the search holds a set to, half of them the nearest to the type."""
    steps: int = 100
    """Gradient steps of the gates."""
    starts: int = 2
    """Sets that are refined, the last grown from no units."""
    swaps: int = 0
    """Exchanges of one unit that are tried in the search for a smaller set."""
    search_rows: int = 256
    """Files with the smallest margins, on which sets are compared."""
    holding: float = 0.99
    """The share of decisions that the search asks for."""
    alphas: tuple[float, ...] = (3e-4, 3e-3)
    """Costs of an open gate, one start of the search each."""
    random_sets: int = 30
    """Random sets of as many units, the control."""

    def __post_init__(self):
        """Refuses settings that no run can use."""
        self.check(swaps=0, files=30)
        if not 0.75 <= self.confidence < 1:
            raise ValueError(f"confidence: found {self.confidence}, wanted at least 0.75, below 1")


PRESETS = {
    "quick": Settings(),
    "paper": Settings(preset="paper", files=300, package_files=60, types=16, starts=4, swaps=10),
}
