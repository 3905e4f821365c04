"""What HTML pages share: the frame, the style, the table script, and inline SVG charts with their data beside them.

Every text that iamgen did not write goes through Jinja's autoescape after hidden characters are spelled out.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from iamgen.outputs._catalogue import say
from iamgen.outputs._escape import visible

PALETTE = ("#2f6fb3", "#3a9a6a", "#c98a1b", "#9a9a9a", "#b5442e")


@cache
def environment() -> Any:
    """Return the Jinja environment; templates are the package's own."""
    import jinja2

    made = jinja2.Environment(
        loader=jinja2.PackageLoader("iamgen.outputs", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    made.filters["seen"] = lambda value: visible(str(value))
    made.filters["said"] = lambda finding: say(finding, visible)
    made.filters["count"] = lambda value: f"{value:,}"
    return made


def page(template: str, **values: object) -> str:
    """Return a rendered template."""
    text: str = environment().get_template(template).render(**values)
    return text


def bars(rows: Iterable[tuple[str, tuple[float, ...]]], *, width: int = 520, height: int = 16) -> list[dict[str, Any]]:
    """Return horizontal bars, one group of series a row, scaled to the largest value."""
    listed = list(rows)
    top = max((value for _, values in listed for value in values), default=0) or 1
    return [
        {
            "label": label,
            "y": index * (height + 6),
            "bars": [
                {"w": round(width * value / top, 1), "value": value, "colour": PALETTE[n], "y": n * (height / len(values))}
                for n, value in enumerate(values)
            ],
            "h": round(height / max(1, len(values)), 2),
        }
        for index, (label, values) in enumerate(listed)
    ]


def line(points: Sequence[float], *, width: int = 520, height: int = 120) -> dict[str, Any]:
    """Return a polyline scaled to its own range, with its dots."""
    top = max(points, default=0) or 1
    step = width / max(1, len(points) - 1)
    dots = [(round(n * step, 1), round(height - height * value / top, 1), value) for n, value in enumerate(points)]
    return {"path": " ".join(f"{x},{y}" for x, y, _ in dots), "dots": dots, "top": top}
