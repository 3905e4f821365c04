"""The event selectors of an account's trails, live."""

from typing import Any

from iamgen.errors import AccessError
from iamgen.sources._trail.listing import Connection, client


def live_selectors(connection: Connection) -> list[dict[str, Any]]:
    """Return the event selectors of each trail, with what says which accounts and regions it records.

    Raises:
        AccessError: CloudTrail could not be reached or refused.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    trails = client("cloudtrail", connection)
    found: list[dict[str, Any]] = []
    try:
        for trail in trails.describe_trails()["trailList"]:
            answer = trails.get_event_selectors(TrailName=trail["TrailARN"])
            found.append(
                {
                    "TrailARN": trail["TrailARN"],
                    "IsMultiRegionTrail": bool(trail.get("IsMultiRegionTrail")),
                    "IsOrganizationTrail": bool(trail.get("IsOrganizationTrail")),
                    "EventSelectors": answer.get("EventSelectors") or [],
                    "AdvancedEventSelectors": answer.get("AdvancedEventSelectors") or [],
                }
            )
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        raise AccessError(
            f"CloudTrail refused: {code}",
            hint="reading selectors needs cloudtrail:DescribeTrails and cloudtrail:GetEventSelectors",
        ) from error
    except BotoCoreError as error:
        raise AccessError(f"CloudTrail could not be reached: {error}") from error
    return found
