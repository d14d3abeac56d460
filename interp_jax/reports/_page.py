"""The report as one self-contained HTML file."""

import base64
import functools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

from interp_jax.reports._settings import flatten


def render(
    *,
    run: str,
    title: str,
    lead: str,
    sections: Mapping[str, dict[str, Any]],
    images: Mapping[str, bytes],
    declared: int,
    config: dict[str, Any],
    environment: dict[str, Any],
    seconds: float,
) -> str:
    """The page as HTML text: every text is escaped, every figure is embedded, no address is loaded.

    Args:
        run: the names of the study and the run.
        title: the heading.
        lead: the first paragraph.
        sections: records of the finished sections by identifier, in page order.
        images: PNG bytes by figure name.
        declared: total number of sections of the run.
        config: the run's settings.
        environment: device, versions and date.
        seconds: total time of the finished sections; 0 if it is not known.
    """
    return _template().render(
        run=run,
        title=title,
        lead=lead,
        sections=sections,
        findings=[
            (id, block["text"])
            for id, section in sections.items()
            for block in section["blocks"]
            if block["kind"] == "finding"
        ],
        images={name: base64.b64encode(image).decode() for name, image in images.items()},
        declared=declared,
        config={name: _show(value) for name, value in flatten(config).items()},
        environment={name: _show(value) for name, value in environment.items()},
        duration=duration(seconds) if seconds else None,
    )


def signs(text: str) -> str:
    """The text with hyphens that stand before a number as minus signs, and zeros without one.

    Example:
        >>> signs("-0.5 at -9 to 9, not in 100-25-10; -0.00; 2e-05")
        '−0.5 at −9 to 9, not in 100-25-10; 0.00; 2e−05'
    """
    return re.sub(r"−(0(?:\.0+)?)(?![.\d])", r"\1", re.sub(r"(?:(?<![\w-])|(?<=\de))-(?=\.?\d)", "−", text))


def duration(seconds: float) -> str:
    """A time in one or two units.

    Example:
        >>> duration(0.4), duration(75.0), duration(7500.0)
        ('0.4 s', '1 min 15 s', '2 h 05 min')
    """
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min"


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,  # for every file name: ".jinja" does not imply HTML
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["signs"] = signs
    return environment.get_template("report.html.jinja")


def _show(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_show(item) for item in value) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_show(item)}" for name, item in value.items()) or "none"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
