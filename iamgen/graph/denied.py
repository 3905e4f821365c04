"""The text of a refused call, read: who, what, on what, and which layer said no.

Known wordings: IAM's own (with and without a reason), its encoded and its decoded form, the
messages of Lambda about the execution role, and a whole CloudTrail record or SDK error that holds
one of these. What a text does not say stays unknown.
Source: IAM User Guide, "Troubleshoot access denied error messages" (checked 2026-11).
"""

import json
import re
from typing import Any

from iamgen.model.explain import DeniedMessage

MAX_CHARS = 100_000
_CORE = re.compile(
    r"(?:User:?|user|principal)?\s*:?\s*(?P<principal>arn:[^\s,]+|anonymous)?\s*"
    r"(?:is|are) not authorized to perform:?\s*(?P<action>[A-Za-z0-9-]+:[A-Za-z0-9*]+)"
    r"(?:\s+on (?:resource|the resource):?\s*(?P<resource>\S+))?",
    re.IGNORECASE,
)
_LAMBDA = re.compile(
    r"role (?:defined for the function )?(?:is not authorized|does not have permissions?) to call "
    r"(?P<operation>[A-Za-z]+) on (?P<service>[A-Za-z0-9 ]+)",
    re.IGNORECASE,
)
_LAMBDA_NETWORK = re.compile(
    r"role does not have permissions to call (?P<operation>[A-Za-z]+) on (?P<service>EC2)",
    re.IGNORECASE,
)
_ENCODED = re.compile(r"Encoded authorization failure message:?\s*\S+", re.IGNORECASE)
_NO_PERMISSION = re.compile(r"\bno (?P<layer>[a-z -]+?) allows\b", re.IGNORECASE)
_EXPLICIT = re.compile(
    r"explicit deny in an? (?P<layer>[a-z -]+?)(?:[.,;:\"']|$|\s*\()", re.IGNORECASE
)
_LAYERS = (
    ("permissions boundar", "boundary"),
    ("service control polic", "scp"),
    ("resource control polic", "rcp"),
    ("session polic", "session"),
    ("resource-based polic", "resource-policy"),
    ("vpc endpoint polic", "endpoint"),
    ("identity-based polic", "identity"),
)


def parse_denied(text: str) -> DeniedMessage:
    """Return what a message says; `action` is None when no wording is known."""
    text = " ".join(text[:MAX_CHARS].split())
    record = _record(text)
    if record is not None:
        found = _decoded(record)
        if found is not None:
            return found
        text = " ".join(str(value) for value in _strings(record))
    core = _CORE.search(text)
    if core is not None:
        layer, explicit = _layer(text[core.end() :])
        resource = core.group("resource")
        return DeniedMessage(
            action=core.group("action"),
            resource=resource.rstrip(".,;\"'") if resource else None,
            principal=core.group("principal"),
            layer=layer,
            explicit=explicit,
        )
    lambda_ = _LAMBDA.search(text) or _LAMBDA_NETWORK.search(text)
    if lambda_ is not None:
        service = lambda_.group("service").strip().split()[0].lower()
        return DeniedMessage(action=f"{service}:{lambda_.group('operation')}", layer="identity")
    return DeniedMessage(action=None, encoded=_ENCODED.search(text) is not None)


def _layer(text: str) -> tuple[str, bool]:
    explicit = _EXPLICIT.search(text)
    if explicit is not None:
        return _named(explicit.group("layer")), True
    missing = _NO_PERMISSION.search(text)
    if missing is not None:
        return _named(missing.group("layer")), False
    return "unknown", "explicit deny" in text.lower()


def _named(text: str) -> str:
    lowered = text.lower()
    return next((layer for start, layer in _LAYERS if start in lowered), "unknown")


def _record(text: str) -> Any | None:
    start = text.find("{")
    if start < 0:
        return None
    try:
        value, _ = json.JSONDecoder().raw_decode(text[start:])
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _decoded(record: Any) -> DeniedMessage | None:
    """Return what `sts:DecodeAuthorizationMessage` tells, None for another record."""
    inner = record.get("DecodedMessage", record)
    if isinstance(inner, str):
        inner = _record(inner) or {}
    context = inner.get("context") if isinstance(inner, dict) else None
    if not isinstance(context, dict) or not isinstance(context.get("action"), str):
        return None
    principal = context.get("principal")
    resource = context.get("resource")
    return DeniedMessage(
        action=context["action"],
        resource=resource if isinstance(resource, str) else None,
        principal=principal.get("arn") if isinstance(principal, dict) else None,
        layer="identity" if not inner.get("explicitDeny") else "unknown",
        explicit=bool(inner.get("explicitDeny")),
    )


def _strings(value: Any) -> list[str]:
    found: list[str] = []
    todo = [value]
    while todo and len(found) < 1_000:
        current = todo.pop(0)
        if isinstance(current, str):
            found.append(current)
        elif isinstance(current, dict):
            todo += list(current.values())
        elif isinstance(current, list):
            todo += current
    return found
