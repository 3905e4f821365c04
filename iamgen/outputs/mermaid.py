"""Function, role, action and resource as a Mermaid flow chart."""

from iamgen.model.decision import Verdict
from iamgen.model.result import Suggestion, SuggestResult
from iamgen.outputs._escape import capped, mermaid
from iamgen.plugins import OutputFormat

MAX_ROWS = 200
"""Rows per function; a chart with more cannot be read."""


def render(result: SuggestResult) -> str:
    """Return a chart: each needed action on the way from its role to its resource."""
    chart = _Chart()
    for suggestion in result.functions:
        _draw(chart, suggestion)
    return "\n".join(["flowchart LR", *chart.lines]) + "\n"


class _Chart:
    """Nodes by what they stand for, and edges, each once."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._nodes: dict[tuple[str, str], str] = {}
        self._edges: set[tuple[str, str]] = set()

    def node(self, kind: str, label: str, shape: tuple[str, str]) -> str:
        """Return the id of a node, drawn when it is new."""
        key = (kind, label)
        if key not in self._nodes:
            self._nodes[key] = f"{kind}{len(self._nodes)}"
            text = mermaid(capped(label, 120))
            self.lines.append(f'  {self._nodes[key]}{shape[0]}"{text}"{shape[1]}')
        return self._nodes[key]

    def edge(self, start: str, end: str, line: str = "-->") -> None:
        """Draw an edge once."""
        if (start, end) not in self._edges:
            self._edges.add((start, end))
            self.lines.append(f"  {start} {line} {end}")


def _draw(chart: _Chart, suggestion: Suggestion) -> None:
    function = chart.node("function", suggestion.function.name, ("([", "])"))
    role_name = suggestion.role.name or suggestion.role.key or f"{suggestion.function.name} role"
    role = chart.node("role", role_name, ("[[", "]]"))
    chart.edge(function, role)
    rows = [
        row
        for row in suggestion.permissions
        if row.verdict is not Verdict.REMOVE and row.verdict is not Verdict.REVIEW
    ]
    for row in rows[:MAX_ROWS]:
        action = chart.node("action", row.action, ("(", ")"))
        resource = chart.node("resource", row.resource.symbolic, ("[(", ")]"))
        chart.edge(role, action)
        chart.edge(action, resource)
    for row in suggestion.permissions:
        if row.verdict is Verdict.REVIEW and row.kept is not None:
            kept = chart.node("kept", f"{row.action} kept unknown", ("{{", "}}"))
            chart.edge(role, kept, "-.->")
    if len(rows) > MAX_ROWS:
        more = chart.node("more", f"{len(rows) - MAX_ROWS} more of {function}", ("(", ")"))
        chart.edge(role, more)


PLUGIN = OutputFormat(name="mermaid", suffix=".mmd", renders=(SuggestResult,), render=render)
