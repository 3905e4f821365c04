"""The answer of `scan` as text, JSON values and rows."""

from typing import Any

from iamgen.model.fact import CodeEvidence, PlatformEvidence
from iamgen.model.result import SCHEMA_VERSION
from iamgen.model.scan import ScannedFunction, ScanResult
from iamgen.outputs._escape import capped, terminal
from iamgen.outputs._json_suggest import evidence_row, gap_row, widening_row
from iamgen.outputs._text_suggest import short_resource


def scan_document(result: ScanResult) -> dict[str, Any]:
    """Return the answer as JSON values."""
    return {
        "schema_version": SCHEMA_VERSION,
        "sources": list(result.sources),
        "gaps": [gap_row(gap) for gap in result.gaps],
        "skipped": list(result.skipped),
        "functions": [
            {
                "function": one.function.id,
                "name": one.function.name,
                "template": one.function.template,
                "runtime": one.function.runtime,
                "handler": one.function.handler,
                "analysed": one.analysed,
                "files": list(one.files),
                "calls": one.calls,
                "resolved": one.resolved,
                "complete_for": list(one.complete_for),
                "facts": [
                    {
                        "action": fact.action,
                        "resource": fact.resource.arn,
                        "resource_symbolic": fact.resource.symbolic,
                        "conditions": [
                            {"operator": c.name, "key": c.key, "values": list(c.values)}
                            for c in fact.conditions
                        ],
                        "origin": fact.origin.value,
                        "certainty": fact.certainty.value,
                        "possible": fact.possible,
                        "widening": widening_row(fact.widening) if fact.widening else None,
                        "evidence": [evidence_row(e) for e in fact.evidence],
                    }
                    for fact in one.facts
                ],
                "gaps": [gap_row(gap) for gap in one.gaps],
            }
            for one in result.functions
        ],
    }


def scan_text(result: ScanResult) -> str:
    """Return the answer for a terminal."""
    blocks = [_function(one) for one in result.functions]
    if result.skipped:
        blocks.append(f"{len(result.skipped)} functions cannot be affected: {terminal(', '.join(result.skipped[:10]))}")
    blocks.extend(
        f"note: {terminal(str(gap.location or ''))} {gap.reason.value}: {terminal(gap.detail)}" for gap in result.gaps[:20]
    )
    return "\n\n".join(blocks or ["no function was found"]) + "\n"


def scan_rows(result: ScanResult) -> list[tuple[object, ...]]:
    """Return a header and one row per fact."""
    rows: list[tuple[object, ...]] = [
        ("function", "action", "resource", "origin", "certainty", "possible", "place")
    ]
    rows.extend(
        (
            one.function.name, fact.action, fact.resource.symbolic, fact.origin.value,
            fact.certainty.value, fact.possible, _place(fact.evidence),
        )
        for one in result.functions
        for fact in one.facts
    )  # fmt: skip
    return rows


def _function(one: ScannedFunction) -> str:
    head = "   ".join(w for w in (one.function.name, one.function.runtime, one.function.handler) if w)
    complete = "all services" if one.complete_for == ("*",) else ", ".join(one.complete_for) or "no service"
    lines = [
        terminal(head),
        f"  {len(one.files)} files, {one.calls} calls, {one.resolved} resolved, complete for {terminal(complete)}",
    ]
    for fact in one.facts:
        mark = "?" if fact.possible else " "
        lines.append(
            f"  {mark} {terminal(fact.action):40} {terminal(short_resource(fact.resource.symbolic)):50} "
            f"{fact.certainty.value:8} {terminal(_place(fact.evidence))}".rstrip()
        )
    lines.extend(
        f"  gap {terminal(str(gap.location or ''))} {gap.reason.value}: {terminal(capped(gap.detail, 100))}"
        for gap in one.gaps
    )
    return "\n".join(lines)


def _place(evidence: tuple[Any, ...]) -> str:
    for one in evidence:
        if isinstance(one, CodeEvidence):
            return str(one.location)
        if isinstance(one, PlatformEvidence):
            return one.rule
    return ""
