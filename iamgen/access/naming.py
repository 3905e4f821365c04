"""The only place where SDK and event names are made canonical."""

import re

DATED = re.compile(r"_?20\d\d_?\d\d_?\d\d(v\d+)?$")
"""The version suffix of Lambda and CloudFront events (`CreateFunction20150331`, `UpdateFunctionCode20150331v2`)."""

_BREAKS = (
    re.compile(r"(.)([A-Z][a-z]+)"),
    re.compile(r"([a-z0-9])([A-Z])"),
)


def snake(name: str) -> str:
    """Return a CamelCase name in snake_case, the plain way (the maps carry boto3's own spelling of each method)."""
    text = name
    for pattern in _BREAKS:
        text = pattern.sub(r"\1_\2", text)
    return text.lower()


def folded(name: str) -> str:
    """Return a name as it is compared across SDKs: lower case, letters and digits only."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def undated(event_name: str) -> str:
    """Return an event name without a dated version suffix."""
    return DATED.sub("", event_name)


def event_prefix(event_source: str) -> str:
    """Return the part of an event source that names the service (`monitoring` of `monitoring.amazonaws.com`)."""
    source = event_source.lower()
    return source.removesuffix(".amazonaws.com").removesuffix(".aws.internal")
