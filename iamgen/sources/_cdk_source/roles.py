"""Roles of a CDK application: what its own statements and CDK's grant methods put into them."""

from typing import Any

from iamgen.access.maps import open_maps
from iamgen.access.resource_types import symbolic_text
from iamgen.errors import InputError
from iamgen.model.function import Role, RolePolicy, TemplateResource
from iamgen.model.observation import Gap, GapReason, Location
from iamgen.model.policy import Policy, Statement
from iamgen.model.value import ListValue, Text, Value
from iamgen.sources._cdk_source.references import construct_type, imported, to_value
from iamgen.sources._cdk_source.things import External, Member, MethodCall, Thing
from iamgen.sources._stack_roles import LAMBDA_TRUST


class RoleBuilder:
    """Collects the policies of one role."""

    def __init__(self, key: str, resources: dict[str, TemplateResource]) -> None:
        self.key = key
        self.resources = resources
        self.policies: list[RolePolicy] = []
        self.statements: list[tuple[Statement, Location, str]] = []
        self.gaps: list[Gap] = []

    def managed(self, name: str, origin: str, place: Location | None) -> None:
        """Add an AWS managed policy by name."""
        document = open_maps().managed_policy(name.rpartition("/")[2])
        if document is None:
            self.gaps.append(Gap(GapReason.POLICY_UNKNOWN, f"managed policy `{name}`", place, None))
        self.policies.append(
            RolePolicy(
                name=name.rpartition("/")[2],
                kind="aws",
                origin=origin,
                policy=None if document is None else Policy.from_document(document, name),
                arn="arn:${Partition}:iam::aws:policy/" + name,
                location=place,
            )
        )

    def managed_thing(self, value: Any, place: Location) -> None:
        """Add what `ManagedPolicy.from…` or a managed policy of the application gives."""
        if isinstance(value, Thing) and value.path.endswith("fromAwsManagedPolicyName"):
            name = value.args[0].literal if value.args and isinstance(value.args[0], Text) else None
            if name is not None:
                self.managed(name, "template", place)
                return
        if isinstance(value, Thing) and value.path in ("iam.ManagedPolicy", "iam.Policy"):
            self.document(value, place)
            return
        self.gaps.append(Gap(GapReason.POLICY_UNKNOWN, "a managed policy", place, None))

    def document(self, value: Any, place: Location) -> None:
        """Add the statements of a policy or a policy document."""
        if not isinstance(value, Thing):
            self.gaps.append(Gap(GapReason.POLICY_UNKNOWN, "a policy document", place, None))
            return
        inner = value.props.get("document")
        for source in (value, inner):
            if not isinstance(source, Thing):
                continue
            for statement in _items(source.props.get("statements")):
                self.statement(statement, place, "template")
            for call in source.calls:
                if call.name == "addStatements":
                    for statement in call.args:
                        self.statement(statement, place, "template")

    def statement(self, value: Any, place: Location, origin: str) -> None:
        """Add a policy statement of the application."""
        if not isinstance(value, Thing) or "PolicyStatement" not in value.path:
            self.gaps.append(Gap(GapReason.POLICY_UNKNOWN, "a policy statement", place, None))
            return
        props = dict(value.props)
        for call in value.calls:
            key = {"addActions": "actions", "addResources": "resources"}.get(call.name)
            if key is not None:
                props[key] = [*_items(props.get(key)), *call.args]
            elif call.name == "addAllResources":
                props["resources"] = [*_items(props.get("resources")), Text.of("*")]
        raw = value.path.endswith("fromJson")
        document: dict[str, Any] = {"Effect": "Deny" if _tail(props.get("effect")).upper() == "DENY" else "Allow"}
        for key, name in (
            ("actions", "Action"),
            ("resources", "Resource"),
            ("notActions", "NotAction"),
            ("notResources", "NotResource"),
        ):
            given = props.get(name if raw else key)
            texts = [self.spelled(item) for item in _items(given)]
            if texts:
                document[name] = texts
        conditions = props.get("Condition" if raw else "conditions")
        if isinstance(conditions, dict):
            document["Condition"] = self._conditions(conditions)
        try:
            statement = Statement.from_document(document, str(place))
        except InputError as error:
            self.gaps.append(Gap(GapReason.POLICY_UNKNOWN, error.message, place, None))
            return
        self.statements.append((statement, place, origin))

    def framework(self, actions: tuple[str, ...], resources: tuple[str, ...], place: Any) -> None:
        """Add what CDK grants by itself."""
        self.statements.append((Statement(actions=actions, resources=resources), place, "framework"))

    def spelled(self, value: Any) -> str:
        """Return a value as a policy spells it."""
        found = to_value(value)
        return symbolic_text(found, self.resources) if isinstance(found, Text) else "*"

    def _conditions(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._conditions(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.spelled(item) for item in value]
        return self.spelled(value)

    def grant(self, call: MethodCall, place: Location) -> None:
        """Add what a grant method of a construct writes."""
        receiver = call.receiver
        looked_up = imported(receiver)
        kind = looked_up[0] if looked_up is not None else construct_type(receiver)
        table: dict[str, Any] = open_maps().table("cdk")["grants"]
        name = None if kind is None else kind.type.replace("GlobalTable", "Table")
        row = table.get(name or "", {})
        actions = row.get(call.name)
        if call.name == "grant":
            actions = [self.spelled(item) for item in call.args[1:]]
        if kind is None or not actions:
            detail = f"`{call.name}` of `{receiver.path}`"
            self.gaps.append(Gap(GapReason.POLICY_UNKNOWN, detail, place, None))
            return
        arn = self._arn(receiver)
        tails = row.get("on", [""]) if call.name != "grant" else [""]
        resources = tuple(dict.fromkeys(arn + tail for tail in tails))
        self.statements.append((Statement(actions=tuple(actions), resources=resources), place, "framework"))

    def _arn(self, receiver: Thing) -> str:
        looked_up = imported(receiver)
        kind = looked_up[0] if looked_up is not None else construct_type(receiver)
        if kind is not None and receiver.identity:
            return kind.arn_of("{" + receiver.identity + "}")
        return self.spelled(Member(receiver, "resourceArn"))

    def role(self, *, name: Value | None, place: Location | None, implicit: bool) -> Role:
        """Return the role with all that was collected; statements of one origin are one policy."""
        for origin in ("template", "framework"):
            own = [(s, spot) for s, spot, kind in self.statements if kind == origin]
            if own:
                self.policies.append(
                    RolePolicy(
                        name=f"{self.key}DefaultPolicy" + ("" if origin == "template" else "Grants"),
                        kind="inline",
                        origin=origin,
                        policy=Policy(tuple(dict.fromkeys(s for s, _ in own))),
                        location=own[0][1],
                    )
                )
        return Role(
            key=self.key,
            name=name if isinstance(name, Text) else None,
            policies=tuple(self.policies),
            trust=LAMBDA_TRUST,
            location=place,
            implicit=implicit,
            gaps=tuple(dict.fromkeys(self.gaps)),
        )


def _items(value: Any) -> list[Any]:
    if isinstance(value, ListValue):
        return list(value.items)
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def _tail(value: Any) -> str:
    if isinstance(value, External | Thing):
        return value.path.rpartition(".")[2]
    return value.literal or "" if isinstance(value, Text) else ""
