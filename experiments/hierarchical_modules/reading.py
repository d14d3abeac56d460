"""Descriptions of the roles of clusters in words."""

import numpy as np

_ROWS, _COLUMNS = ("top", "middle", "bottom"), ("left", "center", "right")
LEAST = 0.1  # weaker correlations are omitted


def outputs_in_words(values: np.ndarray, names, most: int = 3) -> str:
    r"""The outputs with the strongest positive and negative correlations with a cluster, at most ``most`` of each.

    >>> outputs_in_words(np.array([0.5, -0.3, 0.05, 0.2]), ("0", "1", "2", "3")).replace("\u00a0", " ")
    'raises 0 (+0.50), 3 (+0.20); lowers 1 (−0.30)'
    """
    raised, lowered = _strongest(values, names, most), _strongest(-values, names, most)
    parts = [f"raises {', '.join(raised)}"] if raised else []
    parts += [f"lowers {', '.join(lowered)}".replace("+", "−")] if lowered else []
    return "; ".join(parts) or "no output with a notable correlation"


def picture_in_words(values: np.ndarray) -> str:
    r"""The parts of a 3 × 3 grid on an image with the strongest correlations with a cluster.

    >>> picture_in_words(np.array([[0.4, 0.4, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, -0.3]])).replace("\u00a0", " ")
    'ink at the top left (+0.40), top center (+0.40); no ink at the bottom right (−0.30)'
    """
    grid = [
        (
            f"{row} {column}",
            np.nan_to_num(np.mean(block, where=np.isfinite(block))) if np.isfinite(block).any() else 0.0,
        )
        for row, band in zip(_ROWS, np.array_split(values, 3, axis=0), strict=True)
        for column, block in zip(_COLUMNS, np.array_split(band, 3, axis=1), strict=True)
    ]
    names, means = zip(*grid, strict=True)
    ink = _strongest(np.array(means), names, 2)
    none = _strongest(-np.array(means), names, 2)
    parts = [f"ink at the {', '.join(ink)}"] if ink else []
    parts += [f"no ink at the {', '.join(none)}".replace("+", "−")] if none else []
    return "; ".join(parts) or "no part of the image"


def series_in_words(values: np.ndarray, items) -> str:
    """The months of prices with the strongest correlations, at least half a year apart; recent months first.

    >>> prices = np.zeros((2, 24))
    >>> prices[0, [23, 22, 11]], prices[1, 4] = (0.6, 0.5, 0.4), -0.5
    >>> series_in_words(prices, ("taro", "carrot"))
    'high taro 1, 13 months before (+0.60, +0.40); low carrot 20 months before (−0.50)'
    """
    parts = []
    for sign, what in ((1, "high"), (-1, "low")):
        best = int(np.argmax((sign * values).max(axis=1)))
        peaks: list[int] = []
        for month in np.argsort(-sign * values[best], kind="stable"):
            if sign * values[best, month] >= LEAST and all(abs(month - peak) >= 6 for peak in peaks):
                peaks.append(int(month))
        peaks = sorted(peaks[:3], reverse=True)
        if peaks:
            months = ", ".join(f"{values.shape[1] - month}" for month in peaks)
            strengths = ", ".join(_signed(values[best, month]) for month in peaks)
            parts.append(f"{what} {items[best]} {months} month{'' if months == '1' else 's'} before ({strengths})")
    return "; ".join(parts) or "no month with a notable correlation"


def _strongest(values, names, most):
    chosen = [index for index in np.argsort(-values, kind="stable")[:most] if values[index] >= LEAST]
    return [f"{names[index]} ({_signed(values[index])})".replace(" (", "\u00a0(") for index in chosen]


def _signed(value) -> str:
    return f"{value:+.2f}".replace("-", "−")
