"""Findings of one function's answer (design 7), made from its rows; sentences for them live in the outputs.

Enters: the rows, the role, gaps and listed entries of one function. Leaves: findings in a fixed order, errors first.
"""

from collections import defaultdict

from iamgen.model.config import Listed
from iamgen.model.decision import Decision, Granted, Verdict
from iamgen.model.fact import CodeEvidence, LogEvidence, Origin
from iamgen.model.observation import Gap, Location, Outcome
from iamgen.model.result import DeniedUse, Finding, FindingLevel, RoleInfo

_ERROR, _WARNING, _NOTE = FindingLevel.ERROR, FindingLevel.WARNING, FindingLevel.NOTE
_ORDER = {_ERROR: 0, _WARNING: 1, _NOTE: 2}


def find(
    function: str,
    role: RoleInfo,
    rows: tuple[Decision, ...],
    *,
    denied: tuple[DeniedUse, ...] = (),
    gaps: tuple[Gap, ...] = (),
    listed: tuple[Listed, ...] = (),
    code_analysed: bool = True,
    as_of: str | None = None,
    place: Location | None = None,
) -> tuple[Finding, ...]:
    """Return the findings of one function, errors first."""
    made = _Maker(function=function, role=role.name or role.key or function, place=place)
    found: list[Finding] = []
    for row in rows:
        found.extend(_of_row(made, row, code_analysed=code_analysed))
    found.extend(_removable(made, rows))
    found.extend(_wildcards(made, rows))
    found.extend(_kept(made, rows))
    if code_analysed:
        found.extend(
            made.finding(
                "denied-unexplained", _WARNING, action=one.action, resource=one.resource,
                count=str(one.count), last=one.last[:10],
            )
            for one in denied
        )  # fmt: skip
    found.extend(
        made.finding("unresolved", _NOTE, location=gap.location, detail=f"{gap.reason.value}: {gap.detail}")
        for gap in gaps
    )
    if len(role.shared_by) > 1:
        found.append(made.finding("shared-role", _NOTE, shared_by=", ".join(role.shared_by), gained=str(role.gained)))
    if role.origin != "unknown" and not role.has_boundary:
        found.append(made.finding("missing-boundary", _WARNING, location=role.location))
    found.extend(_listed(made, listed, as_of))
    return tuple(sorted(dict.fromkeys(found), key=lambda f: (_ORDER[f.level], f.id)))


class _Maker:
    def __init__(self, *, function: str, role: str, place: Location | None) -> None:
        self.function = function
        self.role = role
        self.place = place

    def finding(
        self,
        ident: str,
        level: FindingLevel,
        *,
        action: str | None = None,
        resource: str | None = None,
        location: Location | None = None,
        **arguments: str,
    ) -> Finding:
        return Finding(
            id=ident,
            level=level,
            function=self.function,
            role=self.role,
            action=action,
            resource=resource,
            location=location or self.place,
            arguments=tuple(sorted((key, value) for key, value in arguments.items() if value)),
        )


def _of_row(made: _Maker, row: Decision, *, code_analysed: bool) -> list[Finding]:
    where = _location(row)
    resource = row.resource.symbolic
    if row.row == 1 or (row.blocked_by and row.verdict in _NEEDED and "(" not in row.blocked_by):
        return [
            made.finding(
                "blocked", _ERROR, action=row.action, resource=resource, location=where,
                blocked_by=row.blocked_by or "a deny",
            )
        ]  # fmt: skip
    if row.verdict is Verdict.ADD and row.granted in (Granted.NOT, Granted.PART):
        asked = row.origin in (Origin.CODE, Origin.PLATFORM)
        level = _WARNING if row.why == "works-today" else _ERROR
        if asked and row.why != "works-today":
            refused = sum(e.count for e in _events(row, Outcome.DENIED))
            return [
                made.finding(
                    "will-break", level, action=row.action, resource=resource, location=where,
                    count=str(refused) if refused else "",
                )
            ]  # fmt: skip
    if row.row == 7 and row.why == "unexplained-use" and code_analysed:
        events = _events(row, Outcome.ALLOWED)
        return [
            made.finding(
                "unexplained-use", _WARNING, action=row.action, resource=resource,
                count=str(sum(e.count for e in events)),
                last=max((e.last for e in events), default="")[:10],
            )
        ]  # fmt: skip
    if row.row == 0 and row.verdict is Verdict.REMOVE and row.evidence:
        return [
            made.finding(
                "blocked", _ERROR, action=row.action, resource=resource, location=where,
                blocked_by="a deny of iamgen.toml",
            )
        ]  # fmt: skip
    return []


_NEEDED = (Verdict.KEEP, Verdict.NARROW, Verdict.ADD)


def _removable(made: _Maker, rows: tuple[Decision, ...]) -> list[Finding]:
    by_service: dict[str, list[Decision]] = defaultdict(list)
    for row in rows:
        if row.verdict is Verdict.REMOVE and row.statement is not None:
            by_service[(row.actions or (row.action,))[0].partition(":")[0]].append(row)
    found = []
    for service, some in sorted(by_service.items()):
        one = len({r.resource.symbolic for r in some}) == 1
        found.append(
            made.finding(
                "removable", _WARNING, action=some[0].action,
                resource=some[0].resource.symbolic if one else None, service=service,
                count=str(sum(r.actions_count for r in some)), basis=some[0].basis.value,
            )
        )  # fmt: skip
    return found


def _wildcards(made: _Maker, rows: tuple[Decision, ...]) -> list[Finding]:
    """One finding per service that is granted on `*` and used on resources that could be named."""
    broad = {
        action.lower()
        for row in rows
        if row.statement is not None and row.resource.arn == "*"
        for action in row.actions
    }
    by_service: dict[str, list[Decision]] = defaultdict(list)
    for row in rows:
        if row.verdict is Verdict.NARROW and row.resource.arn != "*" and row.action.lower() in broad:
            by_service[row.action.partition(":")[0]].append(row)
    return [
        made.finding(
            "wildcard", _WARNING,
            action=", ".join(dict.fromkeys(row.action for row in some)),
            needed=", ".join(dict.fromkeys(row.resource.symbolic for row in some)),
        )
        for _, some in sorted(by_service.items())
    ]  # fmt: skip


def _kept(made: _Maker, rows: tuple[Decision, ...]) -> list[Finding]:
    found = []
    for row in rows:
        if row.verdict is Verdict.REVIEW and row.kept is not None:
            service = (row.actions or (row.action,))[0].partition(":")[0]
            found.append(
                made.finding(
                    "unknown-kept", _NOTE, action=row.action, resource=row.resource.symbolic,
                    service=service, count=str(row.actions_count),
                )
            )  # fmt: skip
    return found


def _listed(made: _Maker, listed: tuple[Listed, ...], as_of: str | None) -> list[Finding]:
    return [
        made.finding(
            "expired-keep", _WARNING, action=entry.action, resource=entry.resource, owner=entry.owner, expires=entry.expires,
        )
        for entry in listed
        if as_of is not None and entry.expires is not None and entry.expires < as_of[:10]
    ]  # fmt: skip


def _events(row: Decision, outcome: Outcome) -> list[LogEvidence]:
    return [e for e in row.evidence if isinstance(e, LogEvidence) and e.outcome is outcome]


def _location(row: Decision) -> Location | None:
    return next((e.location for e in row.evidence if isinstance(e, CodeEvidence)), None)
