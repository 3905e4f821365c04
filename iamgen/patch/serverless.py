"""The statements of a serverless.yml, written in place.

Known forms: `provider.iam.role.statements` and the older `provider.iamRoleStatements`, which all
functions share, and `functions.<key>.iamRoleStatements` of the plug-in that gives a function a
role of its own.
"""

from collections.abc import Mapping
from typing import Any

from iamgen.model.notation import cloudformation_statements
from iamgen.patch._edits import Splice, apply, merged, refuse
from iamgen.patch._layout import insert_key, replace_value
from iamgen.patch._positions import Node, parse, value_of
from iamgen.patch._target import Note, PatchTarget
from iamgen.patch._template import references

SHARED_ROLE = "IamRoleLambdaExecution"
"""The framework's own name of the role that all functions share."""


def patch_serverless(text: str, path: str, target: PatchTarget) -> tuple[list[Splice], tuple[Note, ...]]:
    """Return the splices that make a service's role say the target's policy; none when it does.

    Raises:
        InputError: the text is no serverless.yml, or its form cannot be patched.
    """
    root = parse(text, path)
    holder, route = _holder(root, path, target)
    document = value_of(root)
    known = references(_template(document), target.types, SHARED_ROLE)
    statements = cloudformation_statements(target.policy, target.symbolic, known)
    place = f"{path} {'.'.join(route)}"
    node = holder.get("statements" if route[-1] == "statements" else route[-1])
    if node is not None and value_of(node) == statements:
        return [], ()
    if node is None:
        value: Any = statements
        depth = len(route) - 1
        while depth > 0 and root.at(*route[:depth]) is not holder:
            value = {route[depth]: value}
            depth -= 1
        splice = insert_key(text, root, holder, route[depth], value, place)
    elif node.tag is not None or node.kind != "list":
        raise refuse(place, "it is no plain list of statements")
    else:
        splice = replace_value(text, root, node, statements, place)
    splices = merged([splice], path)
    _check(text, path, splices, document, route, statements)
    return splices, ()


def _holder(root: Node, path: str, target: PatchTarget) -> tuple[Node, tuple[str, ...]]:
    """Return the mapping that holds the statements, and the route to them."""
    functions = root.get("functions")
    if len(target.functions) == 1 and functions is not None and functions.kind == "map":
        own = functions.get(target.functions[0])
        if own is not None and own.get("role") is not None:
            raise refuse(f"{path} functions.{target.functions[0]}.role")
        if own is not None and own.get("iamRoleStatements") is not None:
            return own, ("functions", target.functions[0], "iamRoleStatements")
    provider = root.get("provider")
    if provider is None or provider.kind != "map":
        raise refuse(f"{path} provider")
    if provider.get("iamRoleStatements") is not None:
        return provider, ("provider", "iamRoleStatements")
    route = ("provider", "iam", "role", "statements")
    if provider.get("role") is not None:
        raise refuse(f"{path} provider.role", "the service states no role of its own")
    holder = provider
    for key in ("iam", "role"):
        inner = holder.get(key)
        if inner is None:
            return holder, route
        if inner.kind != "map" or inner.tag is not None:
            raise refuse(f"{path} provider.iam.role", "the service states no role of its own")
        holder = inner
    return holder, route


def _template(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the CloudFormation resources of a service, which are a mapping or a list of them."""
    found: dict[str, Any] = {SHARED_ROLE: {"Type": "AWS::IAM::Role"}}
    resources = document.get("resources")
    parts = resources if isinstance(resources, list) else [resources]
    for part in parts:
        inner = part.get("Resources") if isinstance(part, Mapping) else None
        if isinstance(inner, Mapping):
            found |= {str(key): value for key, value in inner.items()}
    functions = document.get("functions")
    if isinstance(functions, Mapping):
        for key in functions:
            # NOTE: each function of the framework depends on the role that all share.
            found[_logical_id(str(key))] = {
                "Type": "AWS::Lambda::Function",
                "DependsOn": [SHARED_ROLE],
            }
    return {"Resources": found}


def _logical_id(key: str) -> str:
    """Return the name that the framework gives a function's resource.

    Source: Serverless Framework docs, "AWS CloudFormation Resource Reference" (checked 2026-11).
    """
    plain = key.replace("-", "Dash").replace("_", "Underscore")
    return f"{plain[:1].upper()}{plain[1:]}LambdaFunction"


def _check(
    text: str,
    path: str,
    splices: list[Splice],
    before: dict[str, Any],
    route: tuple[str, ...],
    statements: list[Any],
) -> None:
    """Read the result again: the statements are the proposal, all else is as it was."""
    after = value_of(parse(apply(text, splices), path))
    if _taken(after, route) != statements:
        raise refuse(f"{path} {'.'.join(route)}", "it does not read back as it was written")
    _taken(before, route)
    if _pruned(before) != _pruned(after):
        raise refuse(path, "something else would change with it")


def _taken(document: dict[str, Any], route: tuple[str, ...]) -> Any:
    """Take out what stands at a route and return it."""
    for key in route[:-1]:
        inner = document.get(key)
        if not isinstance(inner, dict):
            return None
        document = inner
    return document.pop(route[-1], None)


def _pruned(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document without an empty `iam` of the provider: the patch may have made it."""
    provider = document.get("provider")
    if not isinstance(provider, dict) or not isinstance(provider.get("iam"), dict):
        return document
    iam = {key: value for key, value in provider["iam"].items() if value != {}}
    rest = {key: value for key, value in provider.items() if key != "iam"}
    return {**document, "provider": {**rest, "iam": iam} if iam else rest}
