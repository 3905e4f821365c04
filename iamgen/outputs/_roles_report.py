"""The answer of `roles` as text and JSON."""

import json
from typing import Any

from iamgen.model.explain import RolesReport, RoleUse
from iamgen.outputs._escape import terminal
from iamgen.outputs._json_suggest import location_row

MAX_NAMES = 6


def roles_text(report: RolesReport) -> str:
    """Return the report for people at a terminal."""
    lines: list[str] = []
    shared = [use for use in report.roles if len(use.functions) > 1 or use.unknown_users]
    alone = len(report.roles) - len(shared)
    for use in shared:
        lines += [*_use(use), ""]
    if alone:
        lines.append(f"{alone} role{'s' if alone != 1 else ''} used by one function each")
    related = [group for group in report.clusters if len(group) > 1]
    if related:
        lines.append("functions with like needs:")
        lines += [f"  {_names(group)}" for group in related]
    if report.plan:
        lines.append(f"split per {report.pattern}:")
        for move in report.plan:
            how = (
                f"iamgen patch --split --function {terminal(move.functions[0])}"
                if move.patch
                else "by hand: iamgen suggest --format cloudformation shows the role"
            )
            lines.append(
                f"  {terminal(move.role)} for {_names(move.functions)}: "
                f"{move.permissions} permissions, out of {terminal(move.from_role or '')} ({how})"
            )
    for crossing in report.crossings:
        lines.append(
            f"{terminal(crossing.function)} ({crossing.environment}) reaches {crossing.other}: "
            f"{terminal(crossing.action)} on {terminal(crossing.resource)}"
        )
    for name, environments in report.environments:
        lines.append(
            f"{terminal(name)} is deployed to {', '.join(environments)}: "
            "take the policy with references (--format cloudformation), one for all"
        )
    return "\n".join(lines).rstrip("\n") + "\n" if lines else "no roles\n"


def _use(use: RoleUse) -> list[str]:
    place = f"   {terminal(str(use.location))}" if use.location is not None else ""
    lines = [
        f"{terminal(use.role)}   {len(use.functions)} functions, "
        f"{use.permissions} permissions{place}"
    ]
    for cost in use.costs:
        gained = (
            f"gains {cost.extra_permissions} permissions "
            f"({len(cost.extra_actions)} actions, {len(cost.extra_resources)} resources)"
        )
        lines.append(f"  {terminal(cost.function)}: {cost.own} of its own, {gained}")
        if cost.extra_escalation:
            sets = ", ".join(cost.extra_escalation)
            lines.append(f"    sharing completes escalation sets: {terminal(sets)}")
    if use.unknown_users:
        lines.append(f"  also used by {_names(use.unknown_users)}: not functions of this project")
    return lines


def _names(names: tuple[str, ...]) -> str:
    shown = ", ".join(terminal(name) for name in names[:MAX_NAMES])
    return f"{shown} and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else shown


def roles_json(report: RolesReport) -> str:
    """Return the report as JSON."""
    document: dict[str, Any] = {
        "schema_version": "1.0",
        "pattern": report.pattern,
        "roles": [
            {
                "role": use.role,
                "functions": list(use.functions),
                "unknown_users": list(use.unknown_users),
                "permissions": use.permissions,
                "location": location_row(use.location),
                "sharing": [
                    {
                        "function": cost.function,
                        "own": cost.own,
                        "extra_permissions": cost.extra_permissions,
                        "extra_actions": list(cost.extra_actions),
                        "extra_resources": list(cost.extra_resources),
                        "extra_escalation": list(cost.extra_escalation),
                    }
                    for cost in use.costs
                ],
            }
            for use in report.roles
        ],
        "clusters": [list(group) for group in report.clusters],
        "plan": [
            {
                "role": move.role,
                "functions": list(move.functions),
                "from_role": move.from_role,
                "template": move.template,
                "permissions": move.permissions,
                "patch": move.patch,
            }
            for move in report.plan
        ],
        "crossings": [
            {
                "function": crossing.function,
                "environment": crossing.environment,
                "other": crossing.other,
                "action": crossing.action,
                "resource": crossing.resource,
            }
            for crossing in report.crossings
        ],
        "environments": {name: list(found) for name, found in report.environments},
    }
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"
