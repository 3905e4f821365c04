"""Find the members of an operation's input that name its resources.

Each resource type of an action has an ARN template. A member that holds the whole ARN is best; else each placeholder
is matched against the members by name, shape and position, each way with a score, and the best above the bar wins.
A placeholder nobody passes stays a wildcard: the type, never `*`.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from iamgen.access.build.models import Member, Operation

Binding = dict[str, tuple[str, str]]
"""Placeholder -> (member path, transform); `*` for the whole ARN."""

FREE = frozenset({"Partition", "Region", "Account", "AccountId"})
_BAR = 60
_WEAK = 75
"""A bare name that is the only candidate; `weak` in naming.toml takes back what it does not name."""
_SUFFIXES = re.compile(r"(withoutleadingslash|withpath|names|ids|arns|identifiers|identifier|name|arn|url|uri|id)$")
_CREATES = re.compile(r"^(Create|Register|Import|Copy|Allocate|Request|Run|Restore|Start|Submit)")
_OLD = re.compile(r"^(source|old|previous|parent|target)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to fill a placeholder."""

    score: int
    member: Member
    transform: str


@cache
def placeholders(arn: str) -> tuple[str, ...]:
    """Return the placeholders of an ARN template, in order."""
    return tuple(match.strip() for match in re.findall(r"\$\{([^}]+)\}", arn))


@cache
def folded(text: str) -> str:
    """Return a name as it is compared."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


@cache
def stem(text: str) -> str:
    """Return a folded name without its Name, Id, Arn, …; the name itself where nothing would be left."""
    name = folded(text)
    return _SUFFIXES.sub("", name) or name


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """How one resource type is named by the input."""

    binding: Binding
    open: int = 0
    """Placeholders that nothing fills."""
    score: float = 0
    alternative: Binding | None = None
    """The whole ARN, where the call takes either its parts or the ARN."""


def bind(prefix: str, type_name: str, arn: str, operation: Operation, naming: dict[str, Any]) -> Bound:
    """Return the binding of one resource type."""
    wanted = [
        name for name in placeholders(arn) if (name not in FREE or (prefix == "organizations" and name == "AccountId"))
    ]
    passed = [name for name in wanted if not _server_made(prefix, type_name, name, naming)]
    if not passed:
        return Bound(binding={})
    whole = _best(_whole(each, type_name, passed, arn, operation) for each in operation.members)
    fields: dict[str, Candidate] = {}
    taken: set[str] = set()
    folded_members = {folded(each.name) for each in operation.members}
    for name in sorted(passed, key=lambda each: (folded(each) not in folded_members, passed.index(each))):
        found = _field(prefix, type_name, name, passed, operation, naming, taken)
        if found:
            fields[name] = found
            taken.add(found.member.path)
    average = sum(each.score for each in fields.values()) / len(passed)
    for key in (f"{prefix}/{type_name}:*", f"{prefix}:*@{operation.name}"):
        for path in naming["aliases"].get(key, ()):
            member = operation.by_path.get(path)
            if member:
                whole = Candidate(110, member, "each" if member.listed else "arn")
    direct: Binding = {}
    if whole:
        direct = {"*": (whole.member.path, _chosen(prefix, type_name, "*", whole, naming))}
    parts: Binding = {
        name: (each.member.path, _chosen(prefix, type_name, name, each, naming)) for name, each in fields.items()
    }
    open_count = len(passed) - len(fields)
    optional = whole is not None and not whole.member.required and whole.member.path not in taken
    strong = open_count == 0 and all(each.score >= _WEAK - 5 for each in fields.values())
    if optional and strong and all(each.member.required for each in fields.values()):
        return Bound(binding=parts, score=average)
    either = optional and strong and not any(each.member.required for each in fields.values())
    if whole and whole.score > average + 2 and not either:
        return Bound(binding=direct, score=whole.score)
    either = either or (
        optional
        and whole is not None
        and whole.score >= _BAR
        and open_count == 0
        and not any(each.member.required for each in fields.values())
    )
    return Bound(binding=parts, open=open_count, score=average, alternative=direct if either else None)


def _chosen(prefix: str, type_name: str, name: str, found: Candidate, naming: dict[str, Any]) -> str:
    for key in (
        f"{prefix}/{type_name}:{name}@{found.member.name}",
        f"{prefix}/{type_name}:{name}",
        f"{prefix}:{name}",
    ):
        if key in naming["transforms"]:
            return str(naming["transforms"][key])
    return found.transform


def _server_made(prefix: str, type_name: str, name: str, naming: dict[str, Any]) -> bool:
    exceptions = naming["unbound"]["except"]
    if f"{prefix}/{type_name}" in exceptions or f"{prefix}/*" in exceptions:
        return False
    names = naming["unbound"]["names"]
    return name in names or f"{prefix}:{name}" in names


def _best(candidates: Any) -> Candidate | None:
    best: Candidate | None = None
    for each in candidates:
        if each and each.score >= _BAR - 10 and (best is None or each.score > best.score):
            best = each
    return best


def _shift(member: Member) -> int:
    points = -6 * member.depth + (5 if member.required else 0)
    return points - (6 if _OLD.match(member.name) else 0)


def _speaks_of_arns(member: Member) -> bool:
    return "ARN" in member.doc or "Arn" in member.doc or "arn" in member.pattern


def _whole(member: Member, type_name: str, passed: list[str], arn: str, operation: Operation) -> Candidate | None:
    name = folded(member.name)
    is_arn = bool(re.search(r"arns?$", name)) or (
        bool(re.search(r"Arns?(String|List|Type)?$", member.shape)) and not name.endswith("name")
    )
    if member.pattern.lstrip("^(").startswith("arn") and "|" not in member.pattern.rpartition(":")[0]:
        is_arn = is_arn or not re.search(r"\)\??[^:]*$", member.pattern[:4])
    if "role" in name and "role" not in folded(type_name):
        return None
    base = re.sub(r"arns?$", "", name)
    goals = {folded(type_name.partition("~")[0]), stem(passed[-1]), folded(passed[-1])}
    score = 0
    if is_arn:
        if base in goals or (base and base + "s" in goals) or stem(base) in goals:
            score = 100
        elif base and any(goal.endswith(base) or base.endswith(goal) for goal in goals if len(goal) > 2):
            score = 80
        elif name in (
            "resourcearn",
            "resource",
            "targetarn",
            "arn",
            "resourcearnlist",
            "resourcearns",
        ) and (member.depth == 0 or member.required):
            score = 70
        elif stem(member.shape) in goals:
            score = 72
        elif (
            member.depth == 0
            and member.required
            and not re.search(r"(?i)role|principal|certificate|policy|key|user", member.name)
            and _only_arn(member, operation)
        ):
            score = 66
    elif (
        name
        in (
            "resourcename",
            "resourceid",
            "resources",
            "resource",
            "resourceidentifier",
            "resourceids",
        )
        and member.depth == 0
        and _speaks_of_arns(member)
    ):
        score = 64
    if not score:
        return None
    score += _shift(member)
    if member.pattern and _refuses(member.pattern, arn):
        score -= 40
    return Candidate(score, member, "each" if member.listed else "arn")


def _only_arn(member: Member, operation: Operation) -> bool:
    """Return whether no other top-level member holds an ARN, roles aside."""
    return not any(
        re.search(r"(?i)arns?$", each.name)
        and each.depth == 0
        and each is not member
        and not re.search(r"(?i)role", each.name)
        and each.required
        for each in operation.members
    )


@cache
def _refuses(pattern: str, arn: str) -> bool:
    sample = re.sub(r"\$\{Partition\}", "aws", arn)
    sample = re.sub(r"\$\{Region\}", "us-east-1", sample)
    sample = re.sub(r"\$\{Account(Id)?\}", "123456789012", sample)
    samples = [
        re.sub(r"\$\{[^}]+\}", text, sample)
        for text in ("abcdef12", "1234567890", "12345678-1234-1234-1234-123456789012", "ABCDEFGHIJ")
    ]
    try:
        return not any(re.search(pattern, each) for each in samples)
    except re.error:
        return False


def _field(
    prefix: str,
    type_name: str,
    name: str,
    passed: list[str],
    operation: Operation,
    naming: dict[str, Any],
    taken: set[str],
) -> Candidate | None:
    aliases = naming["aliases"]
    for key in (f"{prefix}/{type_name}:{name}", f"{prefix}:{name}"):
        for path in aliases.get(key, ()):
            member = operation.by_path.get(path)
            if member and member.path not in taken:
                return Candidate(105, member, _transform(member, name))
    best: Candidate | None = None
    for member in operation.members:
        if member.path in taken:
            continue
        score = _field_score(member, type_name, name, passed, operation)
        if score <= _WEAK and member.name in naming["weak"].get(f"{prefix}/{type_name}", ()):
            continue
        if score >= _BAR and (best is None or score > best.score):
            best = Candidate(score, member, _transform(member, name))
    return best


def _field_score(member: Member, type_name: str, name: str, passed: list[str], operation: Operation) -> int:
    want, have = folded(name), folded(member.name)
    if member.kind not in ("string", "integer", "long"):
        return 0
    kind = folded(type_name.partition("~")[0])
    creates = bool(_CREATES.match(operation.name))
    if creates and want.endswith("id") and not have.endswith(("id", "identifier", "arn", "ids", "identifiers", "arns")):
        return 0
    score = 0
    last = name == passed[-1]
    if have == want:
        score = 100
    elif have in (want + "s", want + "list") or want == have + "s":
        score = 97
    elif stem(have) == stem(want) and stem(want) not in ("", "name", "id"):
        score = 92 if have.endswith(("name", "id", "identifier", "arn")) else 90
    elif last and stem(have) in (kind, f"{kind}s"):
        score = 88
    elif (
        (last or stem(want) == kind)
        and have in ("name", "id", "identifier", "names", "ids", "identifiers", "arn")
        and member.depth == 0
        and (kind in folded(operation.name) or stem(want) in folded(operation.name))
    ):
        score = 80
    elif have.endswith(want) and len(want) > 3:
        score = 72
    elif last and len(passed) == 1 and have in ("name", "id", "identifier") and member.depth == 0:
        score = 70
    elif (
        stem(want) != "resource"
        and stem(member.shape) in (stem(want), want)
        and len(stem(want)) > 3
        and not _OLD.match(member.shape)
    ):
        score = 66
    elif len(stem(want)) > 3 and (have.endswith(stem(want)) or stem(have).endswith(stem(want))):
        score = 65
    elif last and len(stem(have)) > 2 and stem(want).endswith(stem(have)) and have != stem(have):
        score = 63
    if not score:
        return 0
    if score < 90 and have.startswith(("next", "client", "max")):
        return 0
    return score + _shift(member) if score > 0 else 0


def _transform(member: Member, placeholder: str) -> str:
    name = folded(member.name)
    if name.endswith(("url", "urls")):
        return "url_last"
    if name.endswith(("arn", "arns")) or _speaks_of_arns(member):
        return "arn_or_name"
    if placeholder.endswith("WithoutLeadingSlash"):
        return "strip_leading_slash"
    return "raw"
