"""One thing, one name: symbolic ARN text to an ARN pattern, and a logged ARN back to it.

What enters is what one template says of its resources and what is known of account, region,
partition and stack. `concrete` puts names in: the explicit one where the template states it, else
the pattern by which CloudFormation makes one up. `symbolic_of` goes the other way; where several
resources fit, it answers with none and `candidates` lists them: never a guess. No I/O.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from iamgen.access.resource_types import (
    ResourceType,
    reference_text,
    resource_types,
    symbolic_text,
)
from iamgen.model.condition import Condition
from iamgen.model.fact import ResourcePattern
from iamgen.model.function import Deployment, TemplateResource
from iamgen.model.policy import Policy, Statement
from iamgen.model.value import TemplateRef, Text, Value

_TOKEN = re.compile(r"\$\{(\w+|AWS::\w+)\}|\{([^{}]+)\}|\$\{[^{}]*\}")
_SHORT = 24
"""Characters of stack name and logical id that survive when CloudFormation shortens a name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceName:
    """What is known of one resource's name."""

    resource: TemplateResource
    identity: str
    """What stands in its ARN: a name, a pattern with `*`, or `*`."""
    explicit: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """The names of one template in one place of deployment. Make one with `naming_of`."""

    partition: str | None = None
    region: str | None = None
    account: str | None = None
    stack: str | None = None
    names: Mapping[str, ResourceName] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    spellings: Mapping[str, str] = field(default_factory=dict)
    """ARN of a resource as its explicit name spells it -> the same with `{LogicalId}`."""

    def concrete(self, symbolic: str) -> str:
        """Return the ARN pattern of a symbolic ARN; what nobody knows becomes `*`."""
        text = _TOKEN.sub(lambda match: self._token(match, symbolic), symbolic)
        while "**" in text:
            text = text.replace("**", "*")
        return text

    def pattern(self, symbolic: str) -> ResourcePattern:
        """Return a resource in both spellings."""
        return ResourcePattern(symbolic, self.concrete(symbolic))

    def concrete_policy(self, policy: Policy) -> Policy:
        """Return a policy of a template with names in place of tokens."""
        return replace(policy, statements=tuple(self._statement(s) for s in policy.statements))

    def condition(self, condition: Condition) -> Condition:
        """Return a condition of an allow with names in place of tokens.

        StringEquals reads `*` as a letter, so a value that nobody knows whole (`s3.*.amazonaws.com`)
        turns it into StringLike; without that the statement would grant nothing.
        """
        values = tuple(self.concrete(text) for text in condition.values)
        if values == condition.values:
            return condition
        like = condition.operator == "StringEquals" and any("*" in value for value in values)
        return replace(condition, operator="StringLike" if like else condition.operator, values=values)

    def reference(self, part: TemplateRef) -> str | None:
        """Return the symbolic text of a reference, None when nothing is known of it."""
        text = reference_text(part, self.resources())
        return None if text == "*" else text

    def text(self, value: Value | None) -> str | None:
        """Return the symbolic text of a scalar value, None for what is none."""
        return symbolic_text(value, self.resources()) if isinstance(value, Text) else None

    def kms_key(self, symbolic: str) -> Value | None:
        """Return the customer key of the resource that a symbolic ARN names, None without one."""
        for name in re.findall(r"(?<!\$)\{([^{}]+)\}", self.canonical(symbolic)):
            known = self.names.get(name)
            if known is None or known.resource.kms_key is None:
                continue
            kind = resource_types().get(known.resource.type)
            if kind is not None and f":{kind.service}:" in symbolic:
                return known.resource.kms_key
        return None

    def resource(self, logical_id: str) -> TemplateResource | None:
        """Return a resource of the template, None for a name that is none."""
        known = self.names.get(logical_id)
        return None if known is None else known.resource

    def of_type(self, kind: str) -> tuple[str, ...]:
        """Return the logical ids of the resources of a CloudFormation type, sorted."""
        return tuple(sorted(n for n, known in self.names.items() if known.resource.type == kind))

    def canonical(self, symbolic: str) -> str:
        """Return a symbolic ARN with `{LogicalId}` where it spells the name of a resource."""
        if symbolic.startswith(f"arn:{self.partition or 'aws'}:"):
            rest = symbolic.partition(":")[2].partition(":")[2]
            spelled = self.canonical("arn:${Partition}:" + rest)
            return spelled if "{" in spelled[len("arn:${Partition}") :] else symbolic
        for end in _ends(symbolic):
            token = self.spellings.get(symbolic[:end])
            if token is not None:
                return token + symbolic[end:]
        return symbolic

    def symbolic_of(self, arn: str) -> str | None:
        """Return the symbolic spelling of a logged ARN, None when no or several resources fit."""
        found = self._matches(arn)
        return found[0][1] if len(found) == 1 else None

    def candidates(self, arn: str) -> tuple[str, ...]:
        """Return the logical ids that a logged ARN may belong to, sorted."""
        return tuple(name for name, _ in self._matches(arn))

    # -- inside --

    def resources(self) -> Mapping[str, TemplateResource]:
        """Return the resources behind the names."""
        return _Resources(self.names)

    def _token(self, match: re.Match[str], symbolic: str) -> str:
        if match[1] is not None:
            word = match[1].removeprefix("AWS::")
            word = {"AccountId": "Account"}.get(word, word)
            known = {
                "Partition": self.partition,
                "Region": self.region,
                "Account": self.account,
                "StackName": self.stack,
            }
            return known.get(word) or "*"
        if match[2] is None:
            return match[0]
        name = match[2]
        resource = self.names.get(name)
        if resource is not None:
            kind = resource_types().get(resource.resource.type)
            suffix = "" if kind is None or kind.suffix_always else kind.suffix
            rest = symbolic[match.end() :]
            if suffix and rest.startswith(suffix):
                suffix = ""
            if resource.explicit:
                return resource.identity + suffix
            return resource.identity
        return self.parameters.get(name) or "*"

    def _statement(self, statement: Statement) -> Statement:
        return replace(
            statement,
            resources=tuple(self.concrete(text) for text in statement.resources),
            not_resources=tuple(self.concrete(text) for text in statement.not_resources),
            conditions=tuple(
                self.condition(condition)
                if statement.effect == "Allow"
                else replace(condition, values=tuple(self.concrete(text) for text in condition.values))
                for condition in statement.conditions
            ),
        )

    def _matches(self, arn: str) -> tuple[tuple[str, str], ...]:
        exact: list[tuple[str, str]] = []
        loose: list[tuple[str, str]] = []
        for logical_id in sorted(self.names):
            known = self.names[logical_id]
            kind = resource_types().get(known.resource.type)
            if kind is None or not re.search(r"[\w]", known.identity):
                continue
            match = _regex(self.concrete(kind.arn), known.identity, kind.suffix).fullmatch(arn)
            if match is None:
                continue
            token = kind.arn.replace("{}", "{" + logical_id + "}")
            spelled = token + (match["rest"] or "")
            (exact if known.explicit and "*" not in known.identity else loose).append((logical_id, spelled))
        return tuple(exact or loose)


class _Resources(Mapping[str, TemplateResource]):
    """The resources behind names, as a mapping."""

    def __init__(self, names: Mapping[str, ResourceName]) -> None:
        self._names = names

    def __getitem__(self, key: str) -> TemplateResource:
        return self._names[key].resource

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def naming_of(
    deployment: Deployment | None,
    *,
    partition: str | None = None,
    region: str | None = None,
    account: str | None = None,
    stack: str | None = None,
) -> Naming:
    """Return the naming of a deployment; what is None of account, region and so on becomes `*`."""
    stack = stack or (None if deployment is None else deployment.stack_name)
    if deployment is None:
        return Naming(partition=partition, region=region, account=account, stack=stack)
    resources = {resource.logical_id: resource for resource in deployment.resources}
    naming = Naming(
        partition=partition,
        region=region or deployment.region,
        account=account or deployment.account,
        stack=stack,
        parameters=dict(deployment.parameters),
    )
    names = {
        logical_id: _name(naming, resource, resources, deployment.kind) for logical_id, resource in resources.items()
    }
    named = replace(naming, names=names)
    return replace(named, spellings=_spellings(named))


def _spellings(naming: Naming) -> dict[str, str]:
    found: dict[str, str] = {}
    for logical_id in sorted(naming.names):
        known = naming.names[logical_id]
        kind = resource_types().get(known.resource.type)
        if kind is None or known.resource.name is None:
            continue
        spelled = symbolic_text(known.resource.name, naming.resources())
        if "*" in spelled or not spelled:
            continue
        token = kind.arn.replace("{}", "{" + logical_id + "}")
        for name in (spelled, naming.concrete(spelled)):
            found.setdefault(kind.arn.replace("{}", kind.bare(name) + kind.suffix), token)
    return found


def _ends(text: str) -> Iterator[int]:
    """Yield where a resource's own ARN may end: at the end, then before each `/` or `:`, longest first."""
    yield len(text)
    for position in range(len(text) - 1, 0, -1):
        if text[position] in "/:":
            yield position


def _name(
    naming: Naming,
    resource: TemplateResource,
    resources: Mapping[str, TemplateResource],
    origin: str,
) -> ResourceName:
    kind = resource_types().get(resource.type)
    if resource.name is not None:
        spelled = symbolic_text(resource.name, resources)
        inner = {
            name: ResourceName(resource=other, identity=_made(naming, other, origin), explicit=False)
            for name, other in resources.items()
            if "{" + name + "}" in spelled and name != resource.logical_id
        }
        identity = replace(naming, names=inner).concrete(spelled)
        if kind is not None:
            identity = kind.bare(identity)
        return ResourceName(resource=resource, identity=identity or "*", explicit=bool(identity))
    return ResourceName(resource=resource, identity=_made(naming, resource, origin), explicit=False)


def _made(naming: Naming, resource: TemplateResource, origin: str) -> str:
    """The pattern by which the deployment makes a name up."""
    kind = resource_types().get(resource.type)
    if kind is None or origin == "terraform":
        return "*"
    logical_id = resource.logical_id
    if origin == "cdk-source":
        logical_id = "*" + re.sub(r"[^A-Za-z0-9]", "", logical_id) + "*"
    stack = naming.stack or "*"
    text = _filled(kind, stack, logical_id)
    length = len(text) + 12
    if kind.limit < 255 and (length > kind.limit or (stack == "*" and len(logical_id) > _SHORT)):
        # CloudFormation shortens both parts so that the random end fits.
        short = stack if stack == "*" else stack[:_SHORT] + "*"
        text = _filled(kind, short, logical_id[:_SHORT] + "*")
    while "**" in text:
        text = text.replace("**", "*")
    return text


def _filled(kind: ResourceType, stack: str, logical_id: str) -> str:
    return (
        kind.made.replace("{stack}", stack)
        .replace("{id}", logical_id)
        .replace("{stack:lower}", stack.lower())
        .replace("{id:lower}", logical_id.lower())
    )


@lru_cache(maxsize=4096)
def _regex(arn: str, identity: str, suffix: str) -> re.Pattern[str]:
    """A pattern for ARNs of one resource; `rest` is what stands behind its name."""
    before, _, after = arn.partition("{}")
    end = re.escape(suffix).replace(r"\?", ".") if suffix.startswith("-") else ""
    body = _glob(before) + _glob(identity) + (f"(?:{end})?" if end else "") + _glob(after)
    return re.compile(body + r"(?P<rest>[/:].*)?")


def _glob(text: str) -> str:
    return re.escape(text).replace(r"\*", "[^:/]*").replace(r"\?", "[^:/]")
