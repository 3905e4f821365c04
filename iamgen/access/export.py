"""The whole of the maps as one object, in plain words: for people's tools and for measuring."""

from typing import Any

from iamgen.access.lookup import WHOLE, ActionEntry, OperationEntry, ResourceEntry
from iamgen.access.maps import AccessMaps, iterate


def export(maps: AccessMaps) -> dict[str, Any]:
    """Return every operation, key `service:Operation`, with its actions and resource rows; transforms left out."""
    return {f"{entry.service}:{entry.operation}": export_entry(entry) for entry in iterate(maps)}


def export_entry(entry: OperationEntry) -> dict[str, Any]:
    """Return one operation in the exported form."""
    row: dict[str, Any] = {
        "actions": [
            {"action": each.action, "when": each.when.text} if each.when else each.action for each in entry.actions
        ],
        "resources": [_resource(action, resource) for action in entry.actions for resource in action.resources],
    }
    if entry.status == "unknown":
        row["status"] = entry.status
    return row


def _resource(action: ActionEntry, resource: ResourceEntry) -> dict[str, Any]:
    row: dict[str, Any] = {"action": action.action, "arn": resource.arn}
    if WHOLE in resource.bind:
        path, transform = resource.bind[WHOLE]
        if transform in ("arn", "each"):
            row["arn"] = "${" + path + "}"
        else:
            row["bind"] = {WHOLE: path}
    elif resource.bind:
        row["bind"] = {name: path for name, (path, _) in resource.bind.items() if not path.startswith("@")}
    elif resource.arn != "*":
        row["bind"] = {}
    when = resource.when or action.when
    if when:
        row["when"] = when.text
    return row
