"""The AWS session that flags ask for: boto3's own chain, a profile, a region, a role to assume."""

from typing import TYPE_CHECKING

from iamgen.errors import AccessError

if TYPE_CHECKING:
    from boto3.session import Session


def open_session(profile: str | None, region: str | None, assume_role: str | None) -> "Session":
    """Return a session.

    Raises:
        AccessError: there is no such profile, or the role cannot be assumed.
    """
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        session = boto3.session.Session(profile_name=profile, region_name=region)
        if assume_role is None:
            return session
        answer = session.client("sts").assume_role(RoleArn=assume_role, RoleSessionName="iamgen")
    except (BotoCoreError, ClientError) as error:
        raise AccessError(reason(error)) from error
    keys = answer["Credentials"]
    return boto3.session.Session(
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        region_name=region,
    )


def reason(error: Exception) -> str:
    """Return one line about an error of AWS, without request data."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        code = response.get("Error", {}).get("Code", "error")
        operation = getattr(error, "operation_name", "the call")
        return f"AWS refused {operation}: {code}"
    return f"AWS could not be reached: {type(error).__name__}"
