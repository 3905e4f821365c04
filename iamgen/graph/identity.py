"""One thing, one name: functions of templates and functions of the log joined (design 3.1).

A function of the template and one of the log are one if the names are equal, or the log's name fits
`<stack>-<LogicalId>-<generated>` for a known stack name. Several candidates are a gap that lists them, never a guess.
"""

import re
from dataclasses import dataclass

from iamgen.model.function import FunctionRef
from iamgen.model.observation import Gap, GapReason

GENERATED = r"-[A-Za-z0-9]{8,13}"
"""What CloudFormation puts behind a name it makes up.

Source: CloudFormation User Guide, physical IDs (checked 2026-11).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateName:
    """What a template says of a function's name."""

    ref: FunctionRef
    name: str | None
    """Explicit name, with values of parameters put in; `*` for a part that is not known."""
    stacks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identities:
    """Which function of the log is which function of a template."""

    joined: tuple[tuple[str, tuple[str, ...]], ...]
    """Function id -> ARNs in the log."""
    unjoined: tuple[str, ...]
    """ARNs that no template function fits."""
    gaps: tuple[Gap, ...]


def identify(
    templates: tuple[TemplateName, ...], arns: tuple[str, ...], *, account: str | None = None
) -> Identities:
    """Return the joins; with `account` only functions of that account count."""
    wanted = [arn for arn in arns if account is None or _field(arn, 4) == account]
    joined: list[tuple[str, tuple[str, ...]]] = []
    gaps: list[Gap] = []
    taken: set[str] = set()
    for template in templates:
        fits = [arn for arn in wanted if _fits(template, _name(arn))]
        accounts = sorted({_field(arn, 4) for arn in fits})
        names = sorted({_name(arn) for arn in fits})
        if len(accounts) > 1 or (len(names) > 1 and template.name is None):
            gaps.append(
                Gap(
                    reason=GapReason.IDENTITY_AMBIGUOUS,
                    detail=f"{template.ref.id} fits {', '.join(sorted(fits)[:6])}",
                    function=template.ref.id,
                )
            )
            taken.update(fits)
            continue
        if fits:
            joined.append((template.ref.id, tuple(sorted(fits))))
            taken.update(fits)
    rest = tuple(sorted(arn for arn in wanted if arn not in taken))
    return Identities(joined=tuple(joined), unjoined=rest, gaps=tuple(gaps))


def _fits(template: TemplateName, name: str) -> bool:
    if template.name is not None:
        if "*" not in template.name:
            return template.name == name
        pattern = ".+".join(re.escape(piece) for piece in template.name.split("*"))
        return set(template.name) != {"*"} and re.fullmatch(pattern, name) is not None
    logical = template.ref.logical_id or template.ref.id
    return any(
        re.fullmatch(re.escape(f"{stack}-{logical}"[:50]) + r"[A-Za-z0-9-]*" + GENERATED, name)
        or re.fullmatch(re.escape(f"{stack}-{logical}") + GENERATED, name)
        for stack in template.stacks
    )


def _name(arn: str) -> str:
    return arn.split(":")[6] if arn.count(":") >= 6 else arn.rpartition(":")[2]


def _field(arn: str, index: int) -> str:
    fields = arn.split(":")
    return fields[index] if len(fields) > index else ""
