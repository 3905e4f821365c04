"""The role of a CloudFormation or SAM template, written in place.

What is spliced: the statement list that changes, single entries of `Policies` and of
`ManagedPolicyArns` whose grants the statements replace, and nothing else. A form that is not known
here is refused before anything is written; the result is parsed again and compared.
"""

from collections.abc import Mapping
from typing import Any

from iamgen.model.notation import cloudformation_statements
from iamgen.model.symbol import References
from iamgen.patch._edits import Splice, apply, merged, refuse
from iamgen.patch._layout import (
    dash_indent_of,
    flow_text,
    insert_key,
    is_json,
    newline_of,
    remove_entries,
    remove_key,
    replace_value,
)
from iamgen.patch._positions import Node, parse, value_of
from iamgen.patch._target import Note, PatchTarget
from iamgen.patch._template import SAM_FUNCTION, names_in, references

ROLE = "AWS::IAM::Role"
POLICIES = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
VERSION = "2012-10-17"
_MANAGED_PREFIX = ":iam::aws:policy/"


def patch_template(text: str, path: str, target: PatchTarget) -> tuple[list[Splice], tuple[Note, ...]]:
    """Return the splices that make a template's role say the target's policy; none when it does.

    Raises:
        InputError: the text is no template, or its form cannot be patched; nothing is half written.
    """
    root = parse(text, path)
    resources = root.get("Resources")
    if resources is None or resources.kind != "map":
        raise refuse(f"{path} Resources", "there are no resources")
    patcher = _Patcher(text, path, root, resources, target)
    splices = merged(patcher.run(), path)
    _check(text, path, splices, patcher)
    return splices, tuple(patcher.notes)


class _Patcher:
    """Collects the splices of one role."""

    def __init__(self, text: str, path: str, root: Node, resources: Node, target: PatchTarget) -> None:
        self.text = text
        self.path = path
        self.root = root
        self.resources = resources
        self.target = target
        self.template: dict[str, Any] = value_of(root)
        self.notes: list[Note] = []
        self.written: list[tuple[tuple[str, ...], Any]] = []
        """Routes and what must stand there afterwards."""
        self.touched: set[tuple[str, ...]] = set()
        """Routes that may differ afterwards."""

    def run(self) -> list[Splice]:
        """Return the splices, in no order."""
        target = self.target
        role = target.role
        if role is None or role not in self.template["Resources"]:
            function = target.functions[0]
            body = self.resource(function)
            given = body.at("Properties", "Role")
            if body.get("Type") is None or value_of(body).get("Type") != SAM_FUNCTION:
                role = self._role_behind(function, given)
            elif given is None:
                return self._explicit(function) if target.explicit_role else self._sam(function)
            else:
                role = self._role_behind(function, given)
        if value_of(self.resource(role)).get("Type") != ROLE:
            raise refuse(self.place(role), "it is no role")
        return self._split(role) if target.split else self._role(role)

    def place(self, *route: str) -> str:
        """Return a place in this file for a person."""
        return f"{self.path} Resources.{'.'.join(route)}"

    def resource(self, logical_id: str) -> Node:
        """Return the node of a resource."""
        node = self.resources.get(logical_id)
        if node is None or node.kind != "map" or node.tag is not None:
            raise refuse(self.place(logical_id), "there is no such resource")
        return node

    def properties(self, logical_id: str) -> Node:
        """Return the properties of a resource."""
        node = self.resource(logical_id).get("Properties")
        if node is None or node.kind != "map" or node.tag is not None:
            raise refuse(self.place(logical_id, "Properties"), "it has no properties")
        return node

    def statements(self, holder: str) -> list[Any]:
        """Return the statements as CloudFormation values, seen from their holder."""
        known = references(self.template, self.target.types, holder)
        return self.written_with(known)

    def written_with(self, known: References) -> list[Any]:
        """Return the statements with what the names stand for."""
        return cloudformation_statements(self.target.policy, self.target.symbolic, known)

    def _role_behind(self, function: str, given: Node | None) -> str:
        names = list(names_in(value_of(given))) if given is not None else []
        if len(names) != 1 or names[0] not in self.template["Resources"]:
            raise refuse(self.place(function, "Properties", "Role"), "the role is not in this template")
        return names[0]

    # -- the policies of a SAM function --

    def _sam(self, function: str) -> list[Splice]:
        properties = self.properties(function)
        route = ("Resources", function, "Properties", "Policies")
        place = self.place(function, "Properties", "Policies")
        statements = self.statements(function)
        fresh = {"Version": VERSION, "Statement": statements}
        policies = properties.get("Policies")
        self.touched.add(route)
        if policies is None:
            if not statements:
                return []
            self.written.append((route, [fresh]))
            return [insert_key(self.text, self.root, properties, "Policies", [fresh], place)]
        if policies.tag is not None:
            raise refuse(place, f"it is a {policies.tag}")
        if policies.kind == "scalar":
            kept = [] if self._is_replaced(value_of(policies), place) else [policies.text]
            self.written.append((route, [fresh, *kept]))
            return [self._replace_scalar(properties, "Policies", [fresh, *kept], place)]
        if policies.kind == "map":
            if policies.get("Statement") is None:
                if not self._is_replaced(value_of(policies), place):
                    raise refuse(place)
                self.written.append((route, [fresh]))
                return [replace_value(self.text, self.root, policies, [fresh], place)]
            return self._statement_list(policies, (*route, "Statement"), statements, place)
        return self._policy_list(policies, route, statements, fresh, place)

    def _policy_list(
        self,
        policies: Node,
        route: tuple[str, ...],
        statements: list[Any],
        fresh: dict[str, Any],
        place: str,
    ) -> list[Splice]:
        """Return the splices for a list of documents, names and templates."""
        documents: list[int] = []
        gone: list[int] = []
        for index, item in enumerate(policies.items):
            if item.kind == "map" and item.tag is None and item.get("Statement") is not None:
                documents.append(index)
            elif self._is_replaced(value_of(item), f"{place}[{index}]"):
                gone.append(index)
        if documents and statements:
            first = policies.items[documents[0]]
            spot = f"{place}[{documents[0]}]"
            kept = [
                value_of(item)
                for index, item in enumerate(policies.items)
                if index not in documents[1:] and index not in gone
            ]
            at = sum(1 for index in range(documents[0]) if index not in gone)
            kept[at] = {**value_of(first), "Statement": statements}
            splices = self._statement_list(first, (), statements, spot)
            self.written.append((route, kept))
            others = [*documents[1:], *gone]
            return splices + remove_entries(self.text, policies, others, place)
        kept = [
            value_of(item) for index, item in enumerate(policies.items) if index not in documents and index not in gone
        ]
        value = [fresh, *kept] if statements else kept
        if value == value_of(policies):
            return []
        self.written.append((route, value))
        return [replace_value(self.text, self.root, policies, value, place)]

    def _statement_list(
        self, document: Node, route: tuple[str, ...], statements: list[Any], place: str
    ) -> list[Splice]:
        """Return the splice for the statement list of one document, none when it says the same."""
        node = document.get("Statement")
        if node is None or node.tag is not None or document.tag is not None:
            raise refuse(place, "it has no plain statement list")
        if value_of(node) == statements:
            return []
        if route:
            self.written.append((route, statements))
        return [replace_value(self.text, self.root, node, statements, f"{place}.Statement")]

    def _replace_scalar(self, mapping: Node, key: str, value: Any, place: str) -> Splice:
        """Return the splice that puts a list in place of a scalar behind its key."""
        node, name = mapping.get(key), mapping.key(key)
        assert node is not None  # noqa: S101  INVARIANT: the caller found it
        assert name is not None  # noqa: S101
        if node.anchored:
            raise refuse(place, "it has an anchor or is an alias")
        if mapping.flow or is_json(self.text):
            return Splice(node.start, node.end, flow_text(value, None))
        from iamgen.model.notation import yaml_lines

        colon = self.text.index(":", name.end) + 1
        indent = dash_indent_of(self.root)
        lines = yaml_lines(value, name.column + indent, dash_indent=indent)
        break_ = newline_of(self.text)
        return Splice(colon, node.end, break_ + break_.join(lines))

    def _is_replaced(self, entry: Any, place: str) -> bool:
        """Whether the new statements carry all that an attached policy grants, so that it goes."""
        if isinstance(entry, str):
            name = entry
        elif isinstance(entry, Mapping) and set(entry) == {"Fn::Sub"}:
            name = str(entry["Fn::Sub"])
        elif isinstance(entry, Mapping) and set(entry) == {"Ref"}:
            kind = self.template["Resources"].get(entry["Ref"], {}).get("Type")
            return bool(kind == "AWS::IAM::ManagedPolicy")
        elif isinstance(entry, Mapping) and len(entry) == 1:
            ((key, _),) = entry.items()
            if key in ("Fn::If", "Fn::ImportValue", "Fn::GetAtt", "Fn::Join", "Fn::FindInMap"):
                raise refuse(place, f"it is a {key}")
            return bool(key.endswith(("Policy", "Policy_v2")))
        else:
            raise refuse(place)
        if name.startswith("arn:") and _MANAGED_PREFIX not in name:
            self.notes.append(Note(key="managed-kept", detail=name, place=place))
            return False
        known = self.target.is_known(name.rpartition("/")[2])
        self.notes.append(Note(key="managed-replaced" if known else "managed-kept", detail=name, place=place))
        return known

    # -- an explicit role --

    def _explicit(self, function: str) -> list[Splice]:
        """Return the splices that give a SAM function a role of its own."""
        trust = {
            "Version": VERSION,
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
        return self._own_role(function, {"AssumeRolePolicyDocument": trust})

    def _split(self, role: str) -> list[Splice]:
        """Return the splices that take a function out of a shared role."""
        old = value_of(self.properties(role))
        kept = {
            key: old[key] for key in ("AssumeRolePolicyDocument", "PermissionsBoundary", "Path", "Tags") if key in old
        }
        return self._own_role(self.target.functions[0], kept)

    def _own_role(self, function: str, start: dict[str, Any]) -> list[Splice]:
        """Return the splices that add a role for one function and make the function use it."""
        role = f"{function}Role"
        properties = self.properties(function)
        given = properties.get("Role")
        reference = {"Fn::GetAtt": [role, "Arn"]}
        if role in self.template["Resources"]:
            if given is not None and value_of(given) == reference:
                return self._role(role)
            raise refuse(self.place(role), "the name is taken")
        known = references(self.template, self.target.types, function)
        policy = {
            "PolicyName": function,
            "PolicyDocument": {"Version": VERSION, "Statement": self.written_with(known)},
        }
        body = {"Type": ROLE, "Properties": {**start, "Policies": [policy]}}
        base = ("Resources", function, "Properties")
        self.touched |= {("Resources", role), (*base, "Role"), (*base, "Policies")}
        self.written += [(("Resources", role), body), ((*base, "Role"), reference)]
        place = self.place(function)
        added = insert_key(self.text, self.root, self.resources, role, body, self.place(role))
        splices: list[Splice] = []
        if properties.get("Policies") is not None:
            splices.append(remove_key(self.text, properties, "Policies", place))
        if given is None:
            key = insert_key(self.text, self.root, properties, "Role", reference, place)
            splices = _joined(splices, key)
        else:
            splices.append(self._replace_reference(given, reference, f"{place}.Properties.Role"))
        return _joined(splices, added)

    def _replace_reference(self, node: Node, value: Any, place: str) -> Splice:
        """Return the splice that puts another reference in place of a scalar one."""
        if node.anchored:
            raise refuse(place, "it has an anchor or is an alias")
        if node.flow or is_json(self.text):
            return Splice(node.start, node.end, flow_text(value, None))
        from iamgen.model.notation import yaml_inline

        return Splice(node.start, node.end, yaml_inline(value))

    # -- a role --

    def _role(self, role: str) -> list[Splice]:
        properties = self.properties(role)
        base = ("Resources", role, "Properties")
        self.touched |= {(*base, "Policies"), (*base, "ManagedPolicyArns")}
        splices = self._arns(role, properties)
        holders = self._holders(role)
        policies = properties.get("Policies")
        place = self.place(role, "Properties", "Policies")
        if policies is not None and (policies.kind != "list" or policies.tag is not None):
            raise refuse(place)
        inline = policies.items if policies is not None else []
        if policies is not None and inline:
            splices += self._inline(role, policies, place)
            splices += self._remove_holders(holders)
        elif holders:
            first = holders[0]
            document = self.properties(first).get("PolicyDocument")
            if document is None:
                raise refuse(self.place(first, "Properties", "PolicyDocument"))
            route = ("Resources", first, "Properties", "PolicyDocument", "Statement")
            self.touched.add(route)
            spot = self.place(first, "Properties", "PolicyDocument")
            splices += self._statement_list(document, route, self.statements(first), spot)
            splices += self._remove_holders(holders[1:])
        else:
            statements = self.statements(role)
            if not statements:
                return splices
            entry = {
                "PolicyName": role,
                "PolicyDocument": {"Version": VERSION, "Statement": statements},
            }
            self.written.append(((*base, "Policies"), [entry]))
            if policies is not None:
                splices.append(replace_value(self.text, self.root, policies, [entry], place))
            else:
                added = insert_key(self.text, self.root, properties, "Policies", [entry], place)
                splices = _joined(splices, added)
        return splices

    def _inline(self, role: str, policies: Node, place: str) -> list[Splice]:
        """Return the splices for the inline policies: the first carries all, the others go."""
        for index, item in enumerate(policies.items):
            document = item.get("PolicyDocument")
            if item.kind != "map" or item.tag is not None or document is None:
                raise refuse(f"{place}[{index}]")
        statements = self.statements(role)
        route = ("Resources", role, "Properties", "Policies")
        if not statements:
            self.written.append((route, None))
            return [remove_key(self.text, self.properties(role), "Policies", place)]
        first = policies.items[0]
        document = first.get("PolicyDocument")
        assert document is not None  # noqa: S101  INVARIANT: asked above
        expected = value_of(first)
        expected["PolicyDocument"] = {**expected["PolicyDocument"], "Statement": statements}
        self.written.append((route, [expected]))
        splices = self._statement_list(document, (), statements, f"{place}[0].PolicyDocument")
        others = list(range(1, len(policies.items)))
        return splices + remove_entries(self.text, policies, others, place)

    def _arns(self, role: str, properties: Node) -> list[Splice]:
        arns = properties.get("ManagedPolicyArns")
        if arns is None:
            return []
        place = self.place(role, "Properties", "ManagedPolicyArns")
        if arns.kind != "list" or arns.tag is not None:
            raise refuse(place)
        gone = [
            index
            for index, item in enumerate(arns.items)
            if self._is_replaced(_flattened(value_of(item)), f"{place}[{index}]")
        ]
        if gone and len(gone) == len(arns.items):
            return [remove_key(self.text, properties, "ManagedPolicyArns", place)]
        return remove_entries(self.text, arns, gone, place)

    def _holders(self, role: str) -> list[str]:
        """Return the policies of the template that are attached to this role alone, in order."""
        found = []
        for logical_id, body in self.template["Resources"].items():
            if not isinstance(body, Mapping) or body.get("Type") not in POLICIES:
                continue
            properties = body.get("Properties")
            if not isinstance(properties, Mapping):
                continue
            roles = properties.get("Roles", ())
            if role not in list(names_in(roles)):
                continue
            others = len(roles) > 1 if isinstance(roles, list) else True
            if others or properties.get("Users") or properties.get("Groups"):
                raise refuse(self.place(logical_id), "other roles use this policy as well")
            found.append(logical_id)
        return found

    def _remove_holders(self, holders: list[str]) -> list[Splice]:
        splices = []
        for logical_id in holders:
            used = any(
                logical_id in set(names_in(body)) or logical_id in _depends(body)
                for name, body in self.template["Resources"].items()
                if name != logical_id
            )
            used = used or logical_id in set(names_in(self.template.get("Outputs")))
            if used:
                raise refuse(self.place(logical_id), "something else refers to this policy")
            self.touched.add(("Resources", logical_id))
            splices.append(remove_key(self.text, self.resources, logical_id, self.place(logical_id)))
        return splices


def _joined(splices: list[Splice], added: Splice) -> list[Splice]:
    """Return the splices with an insertion that may stand where one of them ends."""
    for index, splice in enumerate(splices):
        if splice.end == added.start and splice.start < splice.end:
            both = Splice(splice.start, splice.end, splice.text + added.text)
            return [*splices[:index], both, *splices[index + 1 :]]
        if splice.start == added.start and splice.end == added.end:
            both = Splice(splice.start, splice.end, splice.text + added.text)
            return [*splices[:index], both, *splices[index + 1 :]]
    return [*splices, added]


def _flattened(entry: Any) -> Any:
    """Return `Fn::Join` of texts and pseudo parameters as one text, all else as it is."""
    if isinstance(entry, Mapping) and set(entry) == {"Fn::Join"}:
        joined = entry["Fn::Join"]
        if isinstance(joined, list) and len(joined) == 2 and isinstance(joined[1], list):
            parts = [
                "${" + str(part["Ref"]) + "}" if isinstance(part, Mapping) and set(part) == {"Ref"} else part
                for part in joined[1]
            ]
            if all(isinstance(part, str) for part in parts):
                return str(joined[0]).join(parts)
    return entry


def _depends(body: Any) -> tuple[str, ...]:
    depends = body.get("DependsOn", ()) if isinstance(body, Mapping) else ()
    return (depends,) if isinstance(depends, str) else tuple(depends or ())


def _check(text: str, path: str, splices: list[Splice], patcher: _Patcher) -> None:
    """Read the result again: the policy is the proposal, all else is as it was.

    Raises:
        InputError: it is not.
    """
    if not splices:
        return
    after = value_of(parse(apply(text, splices), path))
    for route, expected in patcher.written:
        if _at(after, route) != expected:
            raise refuse(f"{path} {'.'.join(route)}", "it does not read back as it was written")
    if _without(patcher.template, patcher.touched) != _without(after, patcher.touched):
        raise refuse(path, "something else would change with it")


def _at(value: Any, route: tuple[str, ...]) -> Any:
    for key in route:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _without(value: Any, routes: set[tuple[str, ...]]) -> Any:
    """Return the value without what stands at the routes."""
    if not isinstance(value, Mapping):
        return value
    heads = {route[0] for route in routes if len(route) == 1}
    return {
        key: _without(entry, {route[1:] for route in routes if route[0] == key and len(route) > 1})
        for key, entry in value.items()
        if key not in heads
    }
