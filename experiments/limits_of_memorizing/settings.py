"""The study's settings."""

import dataclasses
from typing import Literal

from experiments.settings import StudySettings


@dataclasses.dataclass(frozen=True)
class Settings(StudySettings):
    """Networks trained on labels of which a share is shuffled: steps, regularizers, sensitivity, answers on new rows.

    python -m experiments.limits_of_memorizing                              digits, 71 s of CPU time
    python -m experiments.limits_of_memorizing --preset paper --data jumps  five networks of each kind
    python -m experiments.limits_of_memorizing --preset paper --data mnist --epochs 64 --regularized-epochs 32
        --stopped-epochs 100 --patience 10 --learning-rate 0.1 --widths 0.25 0.5 1 --near-rows 300
    """

    data: Literal["digits", "jumps", "mnist"] = "digits"
    """Digits come with scikit-learn, jump signals are generated."""
    seeds: int = 2
    """Networks trained of each kind."""
    train_rows: int | None = None
    """Training rows; by default 1,000 of digits, 12,000 jump signals as in the thesis, 3,000 of MNIST."""
    epochs: int = 256
    """Most epochs until the training rows are fitted, a power of two."""
    fitted: float = 0.99
    """Share of the training rows that are to be classified as trained."""
    regularized_epochs: int = 128
    """Epochs with each regularizer."""
    dropout: tuple[float, ...] = (0.2, 0.5)
    """Rates of dropout of hidden units."""
    decay: tuple[float, ...] = (0.01, 0.1)
    """Strengths of weight decay, as in AdamW."""
    depths: tuple[int, ...] = (2, 3, 4)
    """Layers of the networks on the true task that are trained with and without regularizers."""
    widths: tuple[float, ...] = (0.5, 1.0, 2.0)
    """Widths of the hidden layers, as shares of the usual one, from narrow to wide."""
    parts: tuple[float, ...] = (0.25, 0.5, 1.0)
    """Shares of the training rows, from few to all."""
    descent_epochs: int = 1024
    """Most epochs of the thesis' plain descent on shuffled labels, a power of two."""
    stopped_epochs: int = 200
    """Most epochs of networks with early stopping."""
    patience: int = 20
    """Epochs without a better validation loss before their training stops."""
    learning_rate: float = 0.01
    """Rate of the plain descent, by default the thesis'."""
    near_rows: int = 300
    """Held-out rows around which other answers are searched."""

    def check(self, **least: float) -> None:
        """Checks every field."""
        super().check(train_rows=400, near_rows=10, depths=2, **least)
        for name in ("dropout", "decay", "depths", "widths", "parts"):
            values = getattr(self, name)
            if not values or list(values) != sorted(set(values)):
                raise ValueError(f"{name}: found {values}, wanted different numbers in ascending order")
        if self.parts[-1] != 1:
            raise ValueError(f"parts: found {self.parts}, wanted all rows, 1.0, at the end")
        if self.dropout[-1] >= 1:
            raise ValueError(f"dropout: found {self.dropout}, wanted rates below 1")
        if max(self.depths) > 4:
            raise ValueError(f"depths: found {self.depths}, wanted at most 4 layers")
        for name in ("epochs", "descent_epochs"):
            if (count := getattr(self, name)) & (count - 1):
                raise ValueError(f"{name}: found {count}, wanted a power of two")
        if self.fitted >= 1:
            raise ValueError(f"fitted: found {self.fitted}, wanted a share below 1")


PRESETS = {
    "quick": Settings(
        learning_rate=0.1,
        dropout=(0.2,),
        decay=(0.01,),
        depths=(4,),
        widths=(0.5, 1.0),
        parts=(0.5, 1.0),
        regularized_epochs=128,
    ),
    "paper": Settings(
        preset="paper",
        seeds=5,
        epochs=1024,
        regularized_epochs=512,
        descent_epochs=8192,
        stopped_epochs=1_000,
        patience=60,
        near_rows=1_000,
    ),
}
