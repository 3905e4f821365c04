"""Requests against policies: what `iamgen simulate` answers, one by one or as JSON lines."""

from collections.abc import Iterable, Iterator
from typing import Any

from iamgen.errors import InputError
from iamgen.model.diff import Request
from iamgen.model.policy import Policy
from iamgen.pipeline.documents import load
from iamgen.semantics.evaluate import Answer, evaluate
from iamgen.semantics.layers import Layers

MAX_LINE = 10_000_000


def simulate(request: Request, layers: Layers) -> Answer:
    """Return IAM's decision on a request."""
    return evaluate(request, layers)


def simulate_lines(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield one answer for each request line; a bad line gives an `error` and no decision.

    Fields of a line: id, action, resource, context, principal, account, identity[], boundary,
    session, scps[][], rcps[][], resourcePolicy. Others are ignored.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        identifier: Any = None
        try:
            if len(line) > MAX_LINE:
                raise InputError(f"is longer than {MAX_LINE} characters")
            document = load(line, f"line {number}")
            if not isinstance(document, dict):
                raise InputError("must be an object")
            identifier = document.get("id", number)
            request, layers = read_case(document)
        except InputError as error:
            place = (
                error.place if error.place.startswith("line ") else f"line {number} {error.place}"
            )
            yield {
                "id": identifier if identifier is not None else number,
                "decision": None,
                "statement": None,
                "error": f"{place.strip()}: {error.message}",
            }
            continue
        yield answer_row(identifier, evaluate(request, layers))


def answer_row(identifier: Any, answer: Answer) -> dict[str, Any]:
    """Return an answer as JSON values."""
    row = {
        "id": identifier,
        "decision": answer.decision,
        "statement": answer.statement,
        "layer": answer.layer,
    }
    if answer.ambiguous:
        row["ambiguous"] = list(answer.ambiguous)
    return row


def read_case(document: dict[str, Any]) -> tuple[Request, Layers]:
    """Return the request and the layers of a JSON object.

    Raises:
        InputError: a field is missing or malformed, with the path to the spot.
    """
    request = Request(
        action=_string(document, "action"),
        resource=_string(document, "resource", "*"),
        context=_context(document.get("context")),
        principal=_optional(document, "principal"),
        account=_optional(document, "account"),
    )
    layers = Layers(
        identity=_policies(document.get("identity"), "identity"),
        boundary=_policy(document.get("boundary"), "boundary"),
        session=_policy(document.get("session"), "session"),
        scps=_levels(document.get("scps"), "scps"),
        rcps=_levels(document.get("rcps"), "rcps"),
        resource_policy=_policy(document.get("resourcePolicy"), "resourcePolicy"),
    )
    return request, layers


def _string(document: dict[str, Any], key: str, default: str | None = None) -> str:
    value = document.get(key, default)
    if not isinstance(value, str) or not value:
        raise InputError("must be a string", place=key)
    return value


def _optional(document: dict[str, Any], key: str) -> str | None:
    value = document.get(key)
    if value is not None and not isinstance(value, str | int):
        raise InputError("must be a string", place=key)
    return None if value is None else str(value)


def _context(value: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if value is None:
        return ()
    if not isinstance(value, dict):
        raise InputError("must be an object", place="context")
    return tuple(
        sorted((str(key), _values(entry, f"context.{key}")) for key, entry in value.items())
    )


def _values(value: Any, place: str) -> tuple[str, ...]:
    entries = value if isinstance(value, list) else [value]
    found = []
    for entry in entries:
        if isinstance(entry, bool):
            found.append("true" if entry else "false")
        elif isinstance(entry, str | int | float):
            found.append(str(entry))
        elif entry is not None:
            raise InputError("must be a string or a list of strings", place=place)
    return tuple(found)


def _policies(value: Any, place: str) -> tuple[Policy, ...]:
    if value is None:
        return ()
    entries = value if isinstance(value, list) else [value]
    return tuple(
        Policy.from_document(entry, f"{place}[{index}]") for index, entry in enumerate(entries)
    )


def _policy(value: Any, place: str) -> Policy | None:
    return None if value is None else Policy.from_document(value, place)


def _levels(value: Any, place: str) -> tuple[tuple[Policy, ...], ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise InputError("must be a list of levels, each a list of policies", place=place)
    return tuple(_policies(level, f"{place}[{index}]") for index, level in enumerate(value))
