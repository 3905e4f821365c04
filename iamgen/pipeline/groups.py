"""Roles and the functions that use them: what a verdict is taken for."""

import re
from dataclasses import dataclass, replace

from iamgen.model.function import FunctionRef, Role
from iamgen.model.observation import Gap, Outcome
from iamgen.pipeline.functions import Subject
from iamgen.pipeline.journey import Journey
from iamgen.pipeline.scan import key


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One role with all functions known to use it."""

    key: str
    subjects: tuple[Subject, ...]
    role: Role | None
    """The role that verdicts are taken against: `--current`, else the template's."""
    template_role: Role | None = None
    role_arn: str | None = None
    unknown_users: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()


def group_by_role(journey: Journey, *, orphans: bool = False) -> tuple[Group, ...]:
    """Return the roles of the chosen functions, each with its neighbours, in the order of the functions.

    With `orphans` the Lambda roles of `--current` that no known function uses are there as well, each alone.
    """
    current, gaps = read_current(journey)
    arn_of = dict(journey.usage.roles) if journey.usage is not None else {}
    members: dict[str, list[Subject]] = {}
    arns: dict[str, str] = {}
    for subject in journey.subjects:
        arn = next((arn_of[a] for a in subject.log_arns if a in arn_of), None)
        ident = subject.role_key or (f"arn:{arn}" if arn else f"function:{key(subject)}")
        members.setdefault(ident, []).append(subject)
        if arn is not None:
            arns.setdefault(ident, arn)
    chosen = {key(s) for s in journey.chosen}
    wanted = {ident: some for ident, some in members.items() if any(key(s) in chosen for s in some)}
    groups = []
    for ident, subjects in wanted.items():
        template_role = subjects[0].role
        role_arn = arns.get(ident) or (template_role.arn if template_role else None)
        role = _current_role(current, subjects, template_role, role_arn, alone=len(wanted) == 1)
        users = journey.usage.unknown_users(role_arn) if journey.usage is not None and role_arn is not None else ()
        groups.append(
            Group(
                key=ident,
                subjects=tuple(subjects),
                role=role or template_role,
                template_role=template_role,
                role_arn=role_arn or (role.arn if role else None),
                unknown_users=users,
                gaps=gaps,
            )
        )
    if journey.request.by_role and journey.request.all_functions:
        groups.extend(_roles_alone(journey, {group.role_arn for group in groups}))
    if orphans:
        taken = {id(group.role) for group in groups}
        groups.extend(
            Group(
                key=role.arn or role.key,
                subjects=(Subject(ref=FunctionRef(id=role.arn or role.key, name=_name(role))),),
                role=role,
                role_arn=role.arn or role.key,
                unknown_users=journey.usage.unknown_users(role.arn) if journey.usage is not None and role.arn else (),
                gaps=gaps,
            )
            for role in current
            if id(role) not in taken and _is_for_lambda(role)
        )
    return tuple(groups)


def _is_for_lambda(role: Role) -> bool:
    """Whether Lambda may take the role; a role whose trust policy is not known may be one."""
    if role.trust is None:
        return True
    return any(
        "lambda.amazonaws.com" in values
        for statement in role.trust.statements
        if statement.is_allow and statement.principals is not None
        for _, values in statement.principals
    )


def _roles_alone(journey: Journey, known: set[str | None]) -> list[Group]:
    """Return the roles of the log that no known function uses; they are answered per role only."""
    if journey.usage is None:
        return []
    found = []
    for arn, facts in journey.usage.role_facts.items():
        if arn in known or not any(fact.outcome is Outcome.ALLOWED for fact in facts):
            continue
        ref = FunctionRef(id=arn, name=arn.rpartition("/")[2], account=arn.split(":")[4])
        found.append(
            Group(
                key=f"arn:{arn}",
                subjects=(Subject(ref=ref),),
                role=None,
                role_arn=arn,
                unknown_users=journey.usage.unknown_users(arn),
            )
        )
    return found


def read_current(journey: Journey) -> tuple[tuple[Role, ...], tuple[Gap, ...]]:
    """Return the roles that `--current` names, and what of it could not be read."""
    request = journey.request
    if not request.current:
        return (), ()
    from iamgen.sources.current import read_roles

    roles: list[Role] = []
    gaps: list[Gap] = []
    wanted = tuple(sorted(dict(journey.usage.roles).values()) if journey.usage is not None else ())
    for place in request.current:
        for one in read_roles(
            place,
            maps=journey.maps,
            managed_policies=request.managed_policies,
            profile=request.profile,
            region=request.region,
            assume_role=request.assume_role,
            wanted=wanted,
        ):
            if isinstance(one, Gap):
                gaps.append(one)
            else:
                roles.append(one)
    return tuple(roles), tuple(gaps)


def _current_role(
    roles: tuple[Role, ...],
    subjects: list[Subject],
    template_role: Role | None,
    role_arn: str | None,
    *,
    alone: bool,
) -> Role | None:
    """Return the role of `--current` that is this one: by ARN, by name, by CloudFormation's naming, or the only one."""
    if role_arn is not None:
        for role in roles:
            if role.arn == role_arn:
                return role
    names = set()
    if template_role is not None and template_role.name is not None and template_role.name.literal:
        names.add(template_role.name.literal)
    if role_arn is not None:
        names.add(role_arn.rpartition("/")[2])
    for role in roles:
        if _name(role) in names:
            return role
    if template_role is not None:
        stacks = {s.deployment.stack_name for s in subjects if s.deployment is not None}
        for role in roles:
            for stack in stacks - {None}:
                if re.fullmatch(re.escape(f"{stack}-{template_role.key}") + r"-[A-Za-z0-9]{8,13}", _name(role)):
                    return role
    functions = {s.ref.name for s in subjects} | {s.ref.id for s in subjects}
    for role in roles:
        if _name(role) in functions:
            return role
    if alone and len(roles) == 1 and (roles[0].arn is None or not role_arn):
        return replace(roles[0], key=template_role.key) if template_role else roles[0]
    return None


def _name(role: Role) -> str:
    if role.name is not None and role.name.literal:
        return role.name.literal
    return (role.arn or role.key).rpartition("/")[2]
