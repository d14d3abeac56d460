"""Valid calls of the reports."""

from matplotlib.figure import Figure

from tests.battery.arguments import Fresh
from tests.battery.calls.instances import folder


def _figure():
    figure = Figure(figsize=(1, 1))
    figure.subplots().plot([0, 1])
    return figure


TABLE = {"header": ["name", "value"], "rows": [["a", 1], ["b", None]]}

CALLS = {
    "Run.open": lambda: {
        "study": "study",
        "name": "run",
        "config": {"seed": 0},
        "lead": "A lead.",
        "sections": ("first",),
        "root": Fresh(folder),
    },
    "Run.finished": lambda: {"id": "first"},
    "Run.checkpoint": lambda: {"name": "net"},
    "Run.environment": lambda: {"mapping": {"device": "cpu"}},
    "Run.result": lambda: {"id": "first"},
    "Run.section": lambda: {"id": "first"},
    "Section.finding": lambda: {"sentence": "Half of them do."},
    "Section.text": lambda: {"paragraph": "A paragraph."},
    "Section.table": lambda: TABLE | {"caption": "A caption."},
    "Section.figure": lambda: {"name": "figure", "figure": Fresh(_figure), "caption": "A caption."},
    "Section.metrics": lambda: {"mapping": {"rate": 0.5}},
    "Section.record": lambda: {"seconds": 1.0},
    "reports.summary": lambda: TABLE,
}
