"""Add what no name shows: passed roles, tags on create, forwarded and implied calls, dependent actions."""

import fnmatch
import re
from dataclasses import dataclass
from typing import Any

from iamgen.access.build.catalogue import Action, Catalogue
from iamgen.access.build.models import Member, Operation, Service

Row = dict[str, Any]
"""One action in the form of the generated files."""

_ROLE = re.compile(r"(^|[a-z_])[Rr]ole(s)?(A[rR][nN](s)?|Name)?$|^role(Arn)?$|RoleA(rn|RN)s?$")
_TAG_MEMBERS = (
    "Tags",
    "tags",
    "TagSpecifications",
    "TagSpecification",
    "TagList",
    "tagList",
    "TagSet",
    "tagSpecifications",
)
_TAG_ACTIONS = (
    "TagResource",
    "CreateTags",
    "AddTagsToResource",
    "AddTags",
    "TagQueue",
    "TagDeliveryStream",
    "CreateOrUpdateTags",
    "AddTagsToStream",
    "AddTagsToCertificate",
    "AddTagsToOnPremisesInstances",
    "TagResources",
)
_CREATES = re.compile(
    r"^(Create|Register|Import|Copy|Allocate|Request|Run|Restore|Start|Put|Purchase|Submit|Publish|Provision|Add|Update|Clone|Upload|Associate|Define|Save|Enable|Batch)"
)


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a rule looks at."""

    service: Service
    operation: Operation
    prefix: str
    catalogue: Catalogue
    rules: Row
    types: dict[str, str]


def add(context: Context, rows: list[Row], main: list[Action]) -> None:
    """Append the actions that rules add to an operation's own."""
    have = {row["x"] for row in rows}
    dependents = {each for action in main for each in action.dependents}
    extra: list[Row] = []
    extra += _tags(context, rows, dependents, have)
    extra += _pass_role(context, dependents, have)
    extra += _by_hand(context, rows)
    named = have | {row["x"] for row in extra}
    for action in sorted(dependents - named):
        prefix, _, name = action.partition(":")
        known = context.catalogue.prefixes.get(prefix)
        if known and name in known.actions and prefix != "kms" and action != "iam:PassRole":
            extra.append({"x": action, "w": {"feature": ""}, "s": "dependent"})
    rows += extra


def _tags(context: Context, rows: list[Row], dependents: set[str], have: set[str]) -> list[Row]:
    operation = context.operation
    member = next((each for each in _TAG_MEMBERS if each in operation.roots), None)
    if member is None or not rows or not _CREATES.match(operation.name) or "Tag" in operation.name:
        return []
    known = context.catalogue.prefixes.get(context.prefix)
    if known is None or context.service.name in ("s3", "apigateway", "apigatewayv2"):
        return []
    names = [each.partition(":")[2] for each in sorted(dependents) if each.startswith(f"{context.prefix}:")]
    tagging = [each for each in names if each in known.actions and known.actions[each].level == "Tagging"]
    if not tagging:
        subject = re.sub(r"^[A-Z][a-z]+", "", operation.name)
        tagging = [each for each in (f"Tag{subject}", *_TAG_ACTIONS) if each in known.actions][:1]
    return [
        {
            "x": f"{context.prefix}:{name}",
            "w": {"has": member},
            "r": _matching(context, rows[0].get("r", []), known.actions[name]),
            "s": "rule",
        }
        for name in tagging[:1]
        if f"{context.prefix}:{name}" not in have
    ]


def _matching(context: Context, rows: list[Any], action: Action) -> list[Any]:
    """Return the main action's resources as far as the tagging action has those types."""
    types = {f"{context.prefix}/{name}" for name in action.types}
    if context.prefix == "ec2":
        context.types["ec2/any"] = "arn:${Partition}:ec2:${Region}:*:*/${ResourceId}"
        return [["ec2/any", {}]]
    kept = [list(row) for row in rows if row[0] in types]
    if kept:
        return kept
    others = [list(row) for row in rows if row[0] != "*"]
    if types and others:
        return others
    subject = re.sub(r"^[A-Z][a-z]+", "", context.operation.name).lower()
    fitting = sorted(
        name for name in action.types if re.sub(r"[^a-z0-9]", "", name.lower()) in (subject, f"{subject}s")
    )
    return [[_note_type(context, context.prefix, name), {}] for name in fitting] or [["*", {}]]


def role_members(operation: Operation) -> list[Member]:
    """Return the members that hold a role."""
    found = [
        each
        for each in operation.members
        if each.kind == "string"
        and _ROLE.search(each.name)
        and not each.path.endswith("{keys}")
        and not re.search(r"(Session|Mapping|Type|Assumed|Invoker|Previous|External|Cross)", each.name)
        and _holds_role(each)
    ]
    best = min((each.depth for each in found), default=0)
    return [each for each in found if each.depth == best or each.required or len(found) <= 6]


def _holds_role(member: Member) -> bool:
    text = f"{member.shape} {member.pattern} {member.doc}"
    return bool(re.search(r"\brole\b|Role", text)) and bool(re.search(r"ARN|Amazon Resource Name|arn|IAM", text))


def _pass_role(context: Context, dependents: set[str], have: set[str]) -> list[Row]:
    service, operation = context.service.name, context.operation
    key = f"{service}:{operation.name}"
    listed = "iam:PassRole" in dependents
    table = context.rules["pass_role"]
    never = key not in table["except"] and any(fnmatch.fnmatchcase(key, glob) for glob in table["never"])
    if "iam:PassRole" in have or (never and not listed):
        return []
    principal = context.rules["passed_to"].get(service)
    members = role_members(operation)
    if not members:
        if not listed:
            return []
        row: Row = {"x": "iam:PassRole", "w": {"feature": ""}, "r": [["iam/role", {}]], "s": "rule"}
        _note_type(context, "iam", "role")
        return [_passed(row, principal)]
    if not listed and (principal is None or context.prefix == "iam"):
        return []
    _note_type(context, "iam", "role")
    always = [each for each in members if each.required]
    optional = [each for each in members if not each.required]
    made = [_passed(_role_row(each), principal) for each in always]
    made.extend(_passed({**_role_row(each), "w": {"has": each.path}}, principal) for each in optional)
    return made


def _role_row(member: Member) -> Row:
    arn = bool(re.search(r"(?i)arns?$", member.name))
    transform = ("each" if member.listed else "arn") if arn else "arn_or_name"
    bind: Row = {"*": member.path} if transform == "arn" else {"*": [member.path, transform]}
    return {
        "x": "iam:PassRole",
        "r": [["iam/role", bind if arn else {"RoleNameWithPath": [member.path, transform]}]],
        "s": "rule",
    }


def _passed(row: Row, principal: str | None) -> Row:
    if principal:
        row["c"] = [["StringEquals", "iam:PassedToService", [principal]]]
    return row


def _note_type(context: Context, prefix: str, name: str) -> str:
    context.types[f"{prefix}/{name}"] = context.catalogue.prefixes[prefix].types[name]
    return f"{prefix}/{name}"


def _by_hand(context: Context, rows: list[Row]) -> list[Row]:
    made: list[Row] = []
    for rule in context.rules["add"]:
        if not _fits(context, rule):
            continue
        wanted = rule.get("member")
        if wanted is None:
            made += _made(context, rule, None, rows)
            continue
        for path in [wanted] if isinstance(wanted, str) else wanted:
            if path in context.operation.by_path or any(
                each.path.startswith(f"{path}.") for each in context.operation.members
            ):
                made += _made(context, rule, path, rows)
    return made


def _fits(context: Context, rule: Row) -> bool:
    name = context.operation.name
    return (
        fnmatch.fnmatchcase(context.service.name, rule["service"])
        and any(fnmatch.fnmatchcase(name, each) for each in rule["operations"])
        and name not in rule.get("except", ())
    )


def _made(context: Context, rule: Row, path: str | None, rows: list[Row]) -> list[Row]:
    when = _when(rule, path)
    made: list[Row] = []
    for action in rule["actions"]:
        row: Row = {"x": action}
        if when:
            row["w"] = when
        row["r"] = _resources(context, rule, path, action, rows)
        via = rule.get("via")
        if via:
            row["c"] = [["StringEquals", "kms:ViaService", [f"{via}.${{Region}}.amazonaws.com"]]]
        row["i"] = 1
        row["s"] = "rule"
        made.append(row)
    return made


def _when(rule: Row, path: str | None) -> Row | None:
    tests: list[Row] = []
    if "key" in rule:
        tests.append({"key": rule["key"]})
    if "needs" in rule:
        tests.append(rule["needs"])
    if "unless" in rule:
        tests.append({"not": rule["unless"]})
    if "when" in rule:
        tests.append(rule["when"])
    if rule.get("feature"):
        tests.append({"feature": ""})
    if path and not rule.get("always"):
        tests.append({"has": path})
    if not tests:
        return None
    return tests[0] if len(tests) == 1 else {"all": tests}


def _resources(context: Context, rule: Row, path: str | None, action: str, rows: list[Row]) -> list[Any]:
    if "type" not in rule:
        if action.startswith("kms:"):
            return [[_note_type(context, "kms", "key"), {}]]
        if action.startswith(f"{context.prefix}:") and rows and "member" not in rule and "always" not in rule:
            return [list(row) for row in rows[0].get("r", [])]
        return [["*", {}]]
    typed = [{"type": rule["type"], "bind": rule.get("bind", {})}, *rule.get("also", ())]
    return [_typed(context, each["type"], each.get("bind", {}), path) for each in typed]


def _typed(context: Context, type_name: str, values: Row, path: str | None) -> list[Any]:
    prefix, _, name = type_name.partition("/")
    _note_type(context, prefix, name)
    bind: Row = {}
    for placeholder, value in values.items():
        text, transform = (value, None) if isinstance(value, str) else value
        member, _, sibling = text.replace("{m}", path or "").partition("|")
        if sibling:
            member = re.sub(r"[^.]+$", sibling, member)
        if member in context.operation.by_path:
            bind[placeholder] = [member, transform] if transform else member
    return [type_name, bind]
