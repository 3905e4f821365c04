"""Current roles from files: policies, roles with their policies, saved account details, folders.

A file is one of: a policy document; an object from role ARN or name to policy document; a role
(`aws iam get-role`, with `RolePolicyList` and `AttachedManagedPolicies` beside it); the answer of
`aws iam get-account-authorization-details`. In a folder each file is a role of its own under the
file's name, each sub-folder a role with one policy a file.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from iamgen.errors import InputError
from iamgen.model.function import Role, RolePolicy
from iamgen.model.observation import Gap, GapReason, Location
from iamgen.model.policy import Policy
from iamgen.model.value import Text
from iamgen.plugins import RoleOptions, RoleSource
from iamgen.sources import _yaml
from iamgen.sources._project import MAX_BYTES
from iamgen.sources._role_details import account_roles, known_documents, role_of, unwrapped


def _read(location: str, options: RoleOptions) -> Iterator[Role | Gap]:
    path = Path(location)
    if not path.is_dir():
        yield from _file(path, options)
        return
    for entry in sorted(path.iterdir()):
        if entry.is_dir():
            yield from _folder(entry)
        elif entry.suffix == ".json":
            try:
                yield from _file(entry, options)
            except InputError as error:
                yield Gap(GapReason.POLICY_UNKNOWN, str(error), Location(str(entry)), None)


def _load(path: Path) -> Any:
    try:
        if path.stat().st_size > MAX_BYTES * 10:
            raise InputError("is larger than 100 MB", place=str(path))
        data = path.read_bytes()
    except OSError as error:
        raise InputError("cannot be read", place=str(path)) from error
    return _yaml.parse_json(data, str(path))


def _file(path: Path, options: RoleOptions) -> Iterator[Role | Gap]:
    document = _load(path)
    place = str(path)
    if not isinstance(document, dict):
        raise InputError("is neither a policy nor a role", place=place)
    if "RoleDetailList" in document:
        yield from account_roles(document, place, options.managed_policies, "file")
        return
    role = document.get("Role") if isinstance(document.get("Role"), dict) else None
    parts = ("RolePolicyList", "AttachedManagedPolicies", "AssumeRolePolicyDocument")
    if role is not None or any(key in document for key in parts):
        entry = {**(role or {}), **{k: v for k, v in document.items() if k != "Role"}}
        yield role_of(entry, place, "", known_documents({}, options.managed_policies), "file")
        return
    inner = unwrapped(document)
    if isinstance(inner, dict) and "Statement" in inner:
        name = document.get("RoleName")
        yield _bare(path.stem, place, inner, name if isinstance(name, str) else None)
        return
    if document and all(isinstance(v, dict) and "Statement" in v for v in document.values()):
        for key in sorted(document):
            yield _bare(str(key), place, document[key], str(key).rpartition("/")[2])
        return
    raise InputError(
        "is neither a policy nor a role",
        place=place,
        hint="a policy has `Statement`, account details have `RoleDetailList`",
    )


def _bare(key: str, place: str, document: Any, name: str | None) -> Role:
    policy = RolePolicy(
        name=key.rpartition("/")[2],
        kind="inline",
        origin="file",
        policy=Policy.from_document(document, place),
        location=Location(place),
    )
    is_role = ":role/" in key
    return Role(
        key=key,
        name=Text.of(name or key.rpartition("/")[2]),
        arn=key if is_role else None,
        policies=(policy,),
        origin="file",
        location=Location(place),
    )


def _folder(folder: Path) -> Iterator[Role | Gap]:
    policies: list[RolePolicy] = []
    gaps: list[Gap] = []
    for file in sorted(folder.glob("*.json")):
        place = Location(str(file))
        try:
            document = unwrapped(_load(file))
            policy = Policy.from_document(document, str(file))
        except InputError as error:
            gaps.append(Gap(GapReason.POLICY_UNKNOWN, str(error), place, None))
            continue
        policies.append(RolePolicy(name=file.stem, kind="inline", origin="file", policy=policy, location=place))
    if policies or gaps:
        yield Role(
            key=folder.name,
            name=Text.of(folder.name),
            policies=tuple(policies),
            origin="file",
            location=Location(str(folder)),
            gaps=tuple(gaps),
        )


PLUGIN = RoleSource(name="files", schemes=("file",), read_roles=_read)
