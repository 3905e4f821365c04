"""Where logs lie, and over which window they are read: what the options of a run say, made definite."""

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from iamgen.errors import InputError, UsageError
from iamgen.graph.attribute import LambdaNames
from iamgen.model.observation import ApiEvent, Coverage, Gap
from iamgen.model.request import SuggestRequest
from iamgen.model.trail import Change
from iamgen.plugins import TimeWindow
from iamgen.sources._trail.listing import Connection

DEFAULT_STORE = Path(".iamgen") / "usage.db"


def connection_of(request: SuggestRequest) -> Connection:
    """Return how a request reaches AWS."""
    return Connection(
        profile=request.profile,
        region=request.region,
        endpoint_url=os.environ.get("AWS_ENDPOINT_URL"),
        role_arn=request.assume_role,
    )


def split_places(places: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return (places of files, other places); a usage snapshot is one of the others."""
    files: list[str] = []
    others: list[str] = []
    for place in places:
        scheme = place.partition(":")[0] if re.match(r"[a-z0-9]+:", place) else place
        if scheme in ("athena", "lookup", "spark") or is_snapshot(place):
            others.append(place)
        elif re.match(r"[a-z0-9]+://", place) and scheme != "s3":
            raise UsageError(
                f"no log source for `{scheme}:`", place="--logs", hint="a folder, a file, s3://…, athena:…, lookup"
            )
        else:
            files.append(place)
    return files, others


def is_snapshot(place: str) -> bool:
    """Whether a place is a file of `logs export`."""
    path = Path(place)
    if not place.endswith(".json") or not path.is_file():
        return False
    with path.open("rb") as handle:
        return b'"iamgen_usage"' in handle.read(200)


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherEvents:
    """Events that do not go through the store: they were counted where they lie, or exported before."""

    events: tuple[ApiEvent, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    changes: tuple[Change, ...] = ()
    gaps: tuple[Gap, ...] = ()
    places: tuple[str, ...] = ()
    files: tuple[int, int, int] = (0, 0, 0)
    """In, read, bad."""
    bad_records: int = 0


def window_of(request: SuggestRequest, newest: str | None) -> TimeWindow:
    """Return the window of a request; a span such as `90d` counts back from `--as-of`, else from the newest event."""
    anchor = request.as_of or newest
    return TimeWindow(since=_moment(request.since, anchor, "--since"), until=_moment(request.until, anchor, "--until"))


def _moment(text: str | None, anchor: str | None, option: str) -> str | None:
    if text is None:
        return None
    span = re.fullmatch(r"(\d+)([dw])", text)
    if span:
        if anchor is None:
            return None
        days = int(span[1]) * (7 if span[2] == "w" else 1)
        return (date.fromisoformat(anchor[:10]) - timedelta(days=days)).isoformat()
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError as error:
        raise UsageError(f"`{text}` is no date and no span", place=option, hint="write 2026-01-31 or 90d") from error


def lambda_names(table: Mapping[str, object]) -> LambdaNames:
    """Return what the table `logs` of the maps says about Lambda's sessions."""
    names = table["lambda"]
    sessions = table["sessions"]
    if not isinstance(names, dict) or not isinstance(sessions, dict):
        raise TypeError("the table logs of the access maps has another form")
    source, event = names["assume"]
    return LambdaNames(
        service=str(names["service"]), assume=(str(source), str(event)), service_sessions=tuple(sessions["service"])
    )


def read_selectors(place: str, request: SuggestRequest) -> list[tuple[str, str]]:
    """Return (trail, document) of the event selectors in a file, or of all trails of the account with `live`.

    Raises:
        InputError: the file holds no event selectors.
        AccessError: CloudTrail could not be reached or refused.
    """
    if place == "live":
        from iamgen.sources._trail.selectors import live_selectors

        documents = live_selectors(connection_of(request))
    else:
        try:
            loaded = json.loads(Path(place).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"cannot read event selectors: {error}", place=place) from error
        documents = loaded if isinstance(loaded, list) else [loaded]
    found = []
    document: Any
    for number, document in enumerate(documents):
        if not isinstance(document, dict) or not ({"EventSelectors", "AdvancedEventSelectors"} & set(document)):
            raise InputError(
                "no event selectors",
                place=f"{place}[{number}]",
                hint="give what `aws cloudtrail get-event-selectors` prints",
            )
        found.append((str(document.get("TrailARN") or f"{place}[{number}]"), json.dumps(document, sort_keys=True)))
    return found
