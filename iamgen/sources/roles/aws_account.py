"""Current roles live from an AWS account, read-only (`--current live`).

Roles come from `GetAccountAuthorizationDetails`; where that is refused and the roles that matter are
known, each is read by itself. Nothing is written.
"""

from collections.abc import Iterator
from typing import Any

from iamgen.errors import AccessError
from iamgen.model.function import Role
from iamgen.model.observation import Gap
from iamgen.plugins import RoleOptions, RoleSource
from iamgen.sources._aws_session import open_session, reason
from iamgen.sources._role_details import account_roles, known_documents, role_of

_PLACE = "AWS account"
_DENIED = frozenset(("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"))


def _read(location: str, options: RoleOptions) -> Iterator[Role | Gap]:
    del location
    from botocore.exceptions import BotoCoreError, ClientError

    iam = open_session(options.profile, options.region, options.assume_role).client("iam")
    try:
        document = _details(iam)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code")
        if code not in _DENIED or not options.wanted:
            raise AccessError(reason(error)) from error
        document = None
    except BotoCoreError as error:
        raise AccessError(reason(error)) from error
    if document is not None:
        wanted = frozenset(options.wanted)
        found = list(account_roles(document, _PLACE, options.managed_policies, "account"))
        named = [r for r in found if isinstance(r, Role) and r.arn in wanted]
        gaps = [gap for gap in found if isinstance(gap, Gap)]
        chosen: list[Role | Gap] = [*named, *gaps] if named else found
        yield from chosen
        return
    try:
        for arn in options.wanted:
            yield _role(iam, arn, options)
    except (BotoCoreError, ClientError) as error:
        raise AccessError(reason(error)) from error


def _details(iam: Any) -> dict[str, Any]:
    document: dict[str, Any] = {"RoleDetailList": [], "Policies": []}
    pages = iam.get_paginator("get_account_authorization_details").paginate(
        Filter=["Role", "LocalManagedPolicy", "AWSManagedPolicy"]
    )
    for page in pages:
        for key, rows in document.items():
            rows.extend(page.get(key, ()))
    return document


def _role(iam: Any, arn: str, options: RoleOptions) -> Role:
    name = arn.rpartition("/")[2]
    entry = dict(iam.get_role(RoleName=name)["Role"])
    entry["RolePolicyList"] = [
        iam.get_role_policy(RoleName=name, PolicyName=policy)
        for page in iam.get_paginator("list_role_policies").paginate(RoleName=name)
        for policy in page["PolicyNames"]
    ]
    attached = [
        row
        for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=name)
        for row in page["AttachedPolicies"]
    ]
    entry["AttachedManagedPolicies"] = attached
    boundary = entry.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    arns = [row["PolicyArn"] for row in attached] + ([boundary] if boundary else [])
    own = {policy: _document(iam, policy) for policy in arns}
    return role_of(entry, _PLACE, name, known_documents(own, options.managed_policies), "account")


def _document(iam: Any, arn: str) -> Any:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


PLUGIN = RoleSource(name="aws-account", schemes=("live",), read_roles=_read)
