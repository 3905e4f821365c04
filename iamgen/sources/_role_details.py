"""Roles as AWS's own answers describe them: `get-account-authorization-details` and its parts."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from iamgen.access.maps import open_maps
from iamgen.errors import InputError
from iamgen.model.function import Role, RolePolicy
from iamgen.model.observation import Gap, GapReason, Location
from iamgen.model.policy import Policy
from iamgen.model.value import Text

Documents = Callable[[str], Any]
"""The document of a managed policy by its ARN, None where it is not known."""


def known_documents(own: dict[str, Any], folder: Path | None) -> Documents:
    """Return a look-up over an answer's own policies, a folder of documents, and AWS's own policies."""

    def document(arn: str) -> Any:
        if arn in own:
            return own[arn]
        name = arn.rpartition("/")[2]
        if folder is not None and name and "/" not in name:
            file = folder / f"{name}.json"
            if file.is_file():
                try:
                    return unwrapped(json.loads(file.read_bytes()))
                except (ValueError, OSError, RecursionError) as error:
                    raise InputError("is no JSON", place=str(file)) from error
        return open_maps().managed_policy(name) if ":aws:policy/" in arn else None

    return document


def unwrapped(value: Any) -> Any:
    """Return a policy document out of what an AWS answer wraps it in; text is decoded."""
    if isinstance(value, str):
        text = unquote(value) if value.lstrip().startswith("%7B") else value
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return None
    for key in ("PolicyVersion", "Document", "PolicyDocument", "document"):
        if isinstance(value, dict) and key in value and "Statement" not in value:
            return unwrapped(value[key])
    return value


def account_roles(document: dict[str, Any], place: str, folder: Path | None, origin: str) -> Iterator[Role | Gap]:
    """Yield the roles of `get-account-authorization-details` that Lambda may assume.

    Raises:
        InputError: it has not the form of such an answer.
    """
    listed = document.get("RoleDetailList")
    if not isinstance(listed, list):
        raise InputError("holds no `RoleDetailList`", place=place)
    own: dict[str, Any] = {}
    for entry in document.get("Policies") or ():
        if not isinstance(entry, dict):
            continue
        for version in entry.get("PolicyVersionList") or ():
            if isinstance(version, dict) and version.get("IsDefaultVersion"):
                own[str(entry.get("Arn"))] = unwrapped(version.get("Document"))
    look_up = known_documents(own, folder)
    for index, entry in enumerate(listed):
        route = f"RoleDetailList[{index}]"
        if not isinstance(entry, dict):
            gap = Location(place, route=route)
            yield Gap(GapReason.POLICY_UNKNOWN, "is no role", gap, None)
            continue
        role = role_of(entry, place, route, look_up, origin)
        if _lambda_may_assume(role):
            yield role


def role_of(entry: dict[str, Any], place: str, route: str, documents: Documents, origin: str) -> Role:
    """Return one role of an answer."""
    gaps: list[Gap] = []
    policies: list[RolePolicy] = []
    for index, row in enumerate(entry.get("RolePolicyList") or ()):
        spot = f"{route}.RolePolicyList[{index}]".lstrip(".")
        name = str(row.get("PolicyName", f"inline{index}")) if isinstance(row, dict) else "?"
        given = unwrapped(row.get("PolicyDocument")) if isinstance(row, dict) else None
        policies.append(
            RolePolicy(
                name=name,
                kind="inline",
                origin=origin,
                policy=_policy(given, place, spot, gaps),
                location=Location(place, route=spot),
            )
        )
    for index, row in enumerate(entry.get("AttachedManagedPolicies") or ()):
        spot = f"{route}.AttachedManagedPolicies[{index}]".lstrip(".")
        arn = str(row.get("PolicyArn", "")) if isinstance(row, dict) else str(row)
        given = unwrapped(row.get("PolicyDocument")) if isinstance(row, dict) else None
        given = given if given is not None else documents(arn)
        policies.append(
            RolePolicy(
                name=arn.rpartition("/")[2],
                kind="aws" if ":aws:policy/" in arn else "managed",
                origin=origin,
                policy=_policy(given, place, spot, gaps, arn),
                arn=arn,
                location=Location(place, route=spot),
            )
        )
    limit = entry.get("PermissionsBoundary")
    boundary_arn = limit.get("PermissionsBoundaryArn") if isinstance(limit, dict) else None
    boundary = None
    if isinstance(boundary_arn, str):
        spot = f"{route}.PermissionsBoundary".lstrip(".")
        boundary = _policy(documents(boundary_arn), place, spot, gaps, boundary_arn)
    trust = unwrapped(entry.get("AssumeRolePolicyDocument"))
    arn_text = entry.get("Arn")
    name_text = entry.get("RoleName")
    return Role(
        key=str(arn_text or name_text or place),
        name=Text.of(name_text) if isinstance(name_text, str) else None,
        arn=arn_text if isinstance(arn_text, str) else None,
        policies=tuple(policies),
        boundary=boundary,
        boundary_arn=boundary_arn if isinstance(boundary_arn, str) else None,
        trust=None if trust is None else _policy(trust, place, route, []),
        origin=origin,
        location=Location(place, route=route),
        gaps=tuple(gaps),
    )


def _policy(document: Any, place: str, route: str, gaps: list[Gap], arn: str = "") -> Policy | None:
    location = Location(place, route=route)
    if document is None:
        detail = f"the document of `{arn}` is not known" if arn else "holds no policy document"
        gaps.append(Gap(GapReason.POLICY_UNKNOWN, detail, location, None))
        return None
    try:
        return Policy.from_document(document, route)
    except InputError as error:
        gaps.append(Gap(GapReason.POLICY_UNKNOWN, str(error), location, None))
        return None


def _lambda_may_assume(role: Role) -> bool:
    if role.trust is None:
        return True
    for statement in role.trust.statements:
        for kind, values in statement.principals or ():
            if kind in ("Service", "*") and any(
                value == "*" or value.startswith(("lambda.", "edgelambda.")) for value in values
            ):
                return True
    return False
