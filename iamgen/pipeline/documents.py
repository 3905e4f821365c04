"""Policies of `diff` and `simulate`: from files, folders, standard input and templates to layers.

What enters is a place as the user writes it; what leaves are the layers of one role and what could
not be read. Documents are data: nothing is resolved, imported or run, a duplicate key is an error,
and sizes are bounded.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from iamgen.errors import InputError, UsageError
from iamgen.model.function import Deployment, Role
from iamgen.model.observation import Gap, GapReason, Location
from iamgen.model.policy import Policy
from iamgen.semantics.layers import Layers

MAX_BYTES = 10_000_000
_WRAPPERS = ("PolicyDocument", "Document", "policy", "document")


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of a comparison."""

    name: str
    layers: Layers
    gaps: tuple[Gap, ...] = ()


def read_side(place: str, standard_input: Callable[[], str], project: Path | None = None) -> Side:
    """Return the layers of a place.

    A place is a file with one policy, a list of policies, or an answer of the AWS CLI that holds
    one; a folder of such files (their union); `-`; or `template.yaml:Id` for a role, or the role of
    a function, in a template.

    Raises:
        UsageError: there is no such place, or it holds several roles.
        InputError: it cannot be read, with the path to the spot.
    """
    if place == "-":
        return Side(name="-", layers=_layers(load(standard_input(), "-"), "-"))
    path = Path(place)
    if path.is_dir():
        return _folder(path)
    if path.is_file():
        return Side(name=place, layers=_layers(load(_text(path), place), place))
    file, colon, name = place.rpartition(":")
    if colon and Path(file).is_file():
        return _role(Path(file), name, project or Path.cwd())
    raise UsageError(f"`{place}` is not there", hint="name a file, a folder, `-`, or template:Id")


def read_policy(place: str, standard_input: Callable[[], str]) -> Policy:
    """Return the one policy of a file or of standard input.

    Raises:
        UsageError: there is no such file.
        InputError: it is no policy.
    """
    policies = read_policies(place, standard_input)
    if len(policies) != 1:
        raise InputError(f"holds {len(policies)} policies, not one", place=place)
    return policies[0]


def read_policies(place: str, standard_input: Callable[[], str]) -> tuple[Policy, ...]:
    """Return the identity policies of a place.

    Raises:
        UsageError: there is no such place.
        InputError: it cannot be read, with the path to the spot.
    """
    return read_side(place, standard_input).layers.identity


def load(text: str, place: str) -> Any:
    """Return JSON whose objects have each key once.

    Raises:
        InputError: it is no JSON, or a key stands twice.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            seen: set[str] = set()
            for key, _ in pairs:
                if key in seen:
                    raise InputError(f"`{key[:80]}` stands twice in one object", place=place)
                seen.add(key)
        return found

    try:
        return json.loads(text, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        raise InputError(
            f"is no JSON: {error.msg}", place=f"{place}:{error.lineno}:{error.colno}"
        ) from None
    except RecursionError:
        raise InputError("is nested too deeply", place=place) from None


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"is larger than {MAX_BYTES} bytes", place=str(path))
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=str(path)) from None
    except UnicodeDecodeError:
        raise InputError("is not UTF-8", place=str(path)) from None


def _folder(path: Path) -> Side:
    files = sorted(file for file in path.rglob("*.json") if file.is_file())
    if not files:
        raise InputError("holds no JSON file", place=str(path))
    policies: list[Policy] = []
    gaps: list[Gap] = []
    for file in files:
        document = load(_text(file), str(file))
        if not _looks_like_policies(document):
            where = Location(path=file.as_posix())
            gaps.append(Gap(GapReason.POLICY_UNKNOWN, "is no policy document", where))
            continue
        policies += _layers(document, str(file)).identity
    return Side(name=str(path), layers=Layers(identity=tuple(policies)), gaps=tuple(gaps))


def _looks_like_policies(document: Any) -> bool:
    if isinstance(document, list):
        return bool(document) and all(_looks_like_policies(entry) for entry in document)
    if not isinstance(document, dict):
        return False
    return "Statement" in document or any(
        key in document for key in (*_WRAPPERS, "PolicyVersion", "RoleDetailList", "RolePolicyList")
    )


def _layers(document: Any, place: str, route: str = "") -> Layers:
    """Return the layers of a JSON value, whatever wraps its policies."""
    where = f"{place}: {route}" if route else place
    if isinstance(document, list):
        found: list[Policy] = []
        for index, entry in enumerate(document):
            found += _layers(entry, place, f"{route}[{index}]").identity
        return Layers(identity=tuple(found))
    if not isinstance(document, dict) or "Statement" in document:
        return Layers(identity=(_policy(document, place, route),))
    if "PolicyVersion" in document:
        return _layers(document["PolicyVersion"], place, _join(route, "PolicyVersion"))
    for key in _WRAPPERS:
        if key in document and isinstance(document[key], dict):
            return Layers(identity=(_policy(document[key], place, _join(route, key)),))
    if "RoleDetailList" in document:
        return _account(document, place)
    if "RolePolicyList" in document or "AttachedManagedPolicies" in document:
        return _role_detail(document, {}, place, route)
    if document and all(isinstance(v, dict) and "Statement" in v for v in document.values()):
        if len(document) == 1:
            key, value = next(iter(document.items()))
            return Layers(identity=(_policy(value, place, _join(route, key)),))
        names = ", ".join(sorted(document)[:5])
        raise InputError(
            f"holds the policies of {len(document)} roles", place=where, hint=f"one of: {names}"
        )
    return Layers(identity=(_policy(document, place, route),))


def _join(route: str, key: str) -> str:
    return f"{route}.{key}" if route else key


def _policy(document: Any, place: str, route: str) -> Policy:
    try:
        return Policy.from_document(document, route)
    except InputError as error:
        spot = f"{place}: {error.place}" if error.place else place
        raise InputError(error.message, place=spot, hint=error.hint) from None


def _account(document: dict[str, Any], place: str) -> Layers:
    """Return the one role of `aws iam get-account-authorization-details`."""
    roles = document["RoleDetailList"]
    if not isinstance(roles, list) or len(roles) != 1:
        count = len(roles) if isinstance(roles, list) else 0
        raise InputError(f"holds {count} roles, not one", place=f"{place}: RoleDetailList")
    managed: dict[str, Any] = {}
    for entry in document.get("Policies") or []:
        for version in entry.get("PolicyVersionList") or []:
            if version.get("IsDefaultVersion"):
                managed[str(entry.get("Arn"))] = version.get("Document")
    return _role_detail(roles[0], managed, place, "RoleDetailList[0]")


def _role_detail(role: dict[str, Any], managed: dict[str, Any], place: str, route: str) -> Layers:
    from iamgen.access.maps import open_maps

    def document(arn: str, spot: str) -> Policy:
        found = managed.get(arn) or open_maps().managed_policy(arn)
        if found is None:
            raise InputError(f"the document of `{arn}` is not known", place=f"{place}: {spot}")
        return _policy(found, place, spot)

    policies: list[Policy] = []
    for index, entry in enumerate(role.get("RolePolicyList") or []):
        spot = _join(route, f"RolePolicyList[{index}]")
        policies.append(_policy(entry.get("PolicyDocument"), place, f"{spot}.PolicyDocument"))
    for index, entry in enumerate(role.get("AttachedManagedPolicies") or []):
        spot = _join(route, f"AttachedManagedPolicies[{index}]")
        policies.append(document(str(entry.get("PolicyArn")), spot))
    limit = role.get("PermissionsBoundary") or {}
    arn = limit.get("PermissionsBoundaryArn")
    boundary = document(str(arn), _join(route, "PermissionsBoundary")) if arn else None
    return Layers(identity=tuple(policies), boundary=boundary)


# --- a role of a template ----------------------------------------------------------------------


def _role(template: Path, name: str, project: Path) -> Side:
    from iamgen.facts.naming import naming_of
    from iamgen.model.request import SuggestRequest
    from iamgen.pipeline.templates import read_templates

    request = SuggestRequest(project=project, template=template)
    deployments, gaps = read_templates(request)
    found: list[tuple[Deployment, Role]] = []
    for deployment in deployments:
        keys = {name} | {f.role for f in deployment.functions if f.id == name and f.role}
        found += [(deployment, role) for role in deployment.roles if role.key in keys]
    if not found:
        known = sorted({role.key for deployment in deployments for role in deployment.roles})
        raise UsageError(
            f"`{template}` has no role or function `{name}`",
            hint=f"known: {', '.join(known[:10])}" if known else "",
        )
    deployment, role = found[0]
    naming = naming_of(deployment)
    identity = tuple(
        naming.concrete_policy(p.policy) for p in role.policies if p.policy is not None
    )
    unknown = tuple(
        Gap(
            GapReason.POLICY_UNKNOWN,
            f"the document of `{p.arn or p.name}` is not known",
            p.location,
        )
        for p in role.policies
        if p.policy is None
    )
    layers = Layers(identity=identity)
    if role.boundary is not None:
        layers = replace(layers, boundary=naming.concrete_policy(role.boundary))
    return Side(name=f"{template}:{name}", layers=layers, gaps=(*gaps, *role.gaps, *unknown))
