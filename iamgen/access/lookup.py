"""What a look-up in the access maps answers: frozen entries, and the tiny language of their conditions.

The entries say what AWS evaluates for one SDK operation: which actions, on which resources, and which members of the
call's input name those resources. `iamgen.access.maps` makes them from the files; nothing here does I/O.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from iamgen.access.transforms import apply
from iamgen.model.condition import Condition

WHOLE = "*"
"""The placeholder that stands for the whole ARN: its member holds the ARN itself."""

Argument = str | bool | None
"""What is known of one member: False absent, True there with an unknown value, a text its value, None unseen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """A condition over the call's input, three-valued: it holds, it does not, or nobody can see.

    `test` is one of: `has` (the member is passed), `eq`, `begins`, `contains` (its value is, begins with or holds one of
    `values`, letter case ignored), `arn` (it is an ARN that holds one of `values`, any ARN without values), `fits` (the
    transform `values[0]` fits it), `roles` (the task definition that `path` names has roles of its own), `not`, `may` (it
    holds unless that can be ruled out), `all`, `any` (over `of`), `key` (the resource of type `path` that
    the call works on is encrypted with a customer's key: only the template or the account can tell), and `feature` (the
    Service Authorization Reference lists the action for some feature of the operation). The last two are unseen here.
    """

    test: str
    path: str = ""
    values: tuple[str, ...] = ()
    of: tuple["When", ...] = ()

    def decide(self, argument: Callable[[str], Argument]) -> bool | None:
        """Return whether it holds; None where an argument cannot be seen."""
        match self.test:
            case "has":
                seen = argument(self.path)
                return None if seen is None else seen is not False
            case "eq" | "arn" | "begins" | "contains":
                return self._compare(argument(self.path))
            case "not":
                inner = self.of[0].decide(argument)
                return None if inner is None else not inner
            case "may":
                return self.of[0].decide(argument) is not False
            case "all" | "any":
                answers = [part.decide(argument) for part in self.of]
                deciding = self.test == "any"
                if deciding in answers:
                    return deciding
                return None if None in answers else not deciding
            case "fits":
                seen = argument(self.path)
                if not isinstance(seen, str):
                    return None if seen is None or seen is True else False
                return bool(apply(self.values[0], seen))
            case _:
                return None

    def _compare(self, seen: Argument) -> bool | None:
        if seen is False:
            return False
        if not isinstance(seen, str):
            return None
        text, values = seen.strip().lower(), [value.lower() for value in self.values]
        match self.test:
            case "eq":
                holds = text in values
            case "begins":
                holds = any(text.startswith(value) for value in values)
                return None if not holds and "*" in text[: max(map(len, values))] else holds
            case "contains":
                holds = any(value in text for value in values)
            case _:
                holds = text.startswith("arn:") and (not values or any(value in text for value in values))
        return None if not holds and "*" in text else holds

    @property
    def text(self) -> str:
        """The condition as one line for people (`ACL`, `SourceLanguageCode = auto`, `not IndexName`)."""
        match self.test:
            case "has":
                return self.path
            case "begins":
                return f"{self.path} begins with {' | '.join(self.values)}"
            case "contains":
                return f"{self.path} contains {' | '.join(self.values)}"
            case "fits":
                return f"{self.path} is a {self.values[0]}"
            case "roles":
                return f"{self.path} has roles"
            case "eq":
                return f"{self.path} = {' | '.join(self.values)}"
            case "arn":
                return f"{self.path} is an ARN" + (f" of {' | '.join(self.values)}" if self.values else "")
            case "not":
                return f"not {self.of[0].text}"
            case "may":
                return self.of[0].text
            case "all":
                return " and ".join(part.text for part in self.of)
            case "any":
                return " or ".join(part.text for part in self.of)
            case "key":
                return f"the {self.path or 'resource'} has a customer key"
            case _:
                return "a feature of the operation is used"


def when_from_json(data: Any) -> When | None:
    """Return the condition written in a map file, None for none.

    `{"has": "ACL"}`, `{"eq": ["Type", "SecureString"]}`, `{"arn": ["Bucket", ":s3-outposts:"]}`, `{"not": …}`,
    `{"all": […]}`, `{"any": […]}`, `{"key": "sqs/queue"}`, `{"feature": ""}`.
    """
    if not data:
        return None
    ((test, body),) = data.items()
    if test == "has":
        return When(test=test, path=body)
    if test in ("eq", "arn", "begins", "contains", "fits"):
        return When(test=test, path=body[0], values=tuple(body[1:]))
    if test in ("not", "may"):
        inner = when_from_json(body)
        return When(test=test, of=(inner,) if inner else ())
    if test in ("all", "any"):
        return When(test=test, of=tuple(part for part in map(when_from_json, body) if part))
    return When(test=test, path=body if isinstance(body, str) else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceEntry:
    """One resource type of an action.

    All entries of an action whose `when` holds are needed together; entries that bind the whole ARN to one member are
    alternatives, told apart by the value.
    """

    type: str
    """`s3/object`: prefix and type of the Service Authorization Reference; `*` for no resource."""
    arn: str
    """ARN template with `${Placeholder}`, or `*`."""
    bind: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Placeholder -> (member path, transform). Placeholder `*` binds the whole ARN. A placeholder that is not
    here is not named by the call: a wildcard."""
    when: When | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionEntry:
    """One action that an operation needs."""

    action: str
    """Canonical: `s3:GetObject`."""
    when: When | None = None
    resources: tuple[ResourceEntry, ...] = ()
    conditions: tuple[Condition, ...] = ()
    """Conditions the grant can carry (`iam:PassedToService`, `kms:ViaService`)."""
    implied: bool = False
    """Made with the caller's credentials by the service, not the operation's own action."""
    source: str = ""
    """name, verb, link, doc, hand, rule, guess."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationEntry:
    """What one SDK operation needs."""

    service: str
    """The boto3 client name."""
    operation: str
    method: str
    """snake_case, as boto3 spells it."""
    status: str
    """`known`, `no-iam` (IAM evaluates nothing), `unknown` (no source knows; `actions` hold the guess)."""
    actions: tuple[ActionEntry, ...] = ()
    source: str = ""
    note: str = ""
    checked: str = ""
    """When a hand fact was checked, `2026-11`; empty for derived facts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventEntry:
    """What one CloudTrail event means."""

    service: str | None
    operation: str | None
    entry: OperationEntry | None
    """None where the event is ignored or no operation is known; then see `ignored` and `action`."""
    ignored: str | None = None
    """Why the event grants nothing: `service-event`, `sign-in`, `console-only`."""
    action: str | None = None
    """The action where the event is named after an action and no operation (`s3:GetAccelerateConfiguration`)."""
    members: Mapping[str, str] = field(default_factory=dict)
    """Input member -> spelling in requestParameters, where it is more than letter case (`Bucket` -> `bucketName`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionInfo:
    """What the Service Authorization Reference says of one action."""

    name: str
    """Canonical, with prefix: `s3:GetObject`."""
    access_level: str
    """List, Read, Write, Tagging, Permissions management."""
    resource_types: tuple[str, ...] = ()
    """`s3/object`; empty where the action has no resource level. ARN templates: `AccessMaps.resource_arn`."""
    required_types: tuple[str, ...] = ()
    condition_keys: tuple[str, ...] = ()
    dependent_actions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueAction:
    """One row of the universe: name and access level."""

    name: str
    access_level: str
