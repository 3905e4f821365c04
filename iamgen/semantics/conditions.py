"""Condition operators on one concrete request.

What enters is a condition and the values of its key in the request, what leaves is whether it
holds. The comparison has operators of its own (`iamgen.semantics.contexts`), so that each can find
the other's mistakes.
Source: IAM User Guide, "Condition operators" and "Single-valued vs. multivalued context keys"
(checked 2026-11).
"""

import datetime
import ipaddress
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from iamgen.model.condition import Condition
from iamgen.model.glob import Glob

Context = Mapping[str, tuple[str, ...]]
"""Condition key, folded to lower case, to its values; an absent key is not there."""

_HIDDEN = str.maketrans({"*": "\ue000", "?": "\ue001"})
_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_DEFAULT = re.compile(r"^\s*([^,\s]+)\s*,\s*'([^']*)'\s*$")


def hidden(text: str) -> str:
    """Return text whose `*` and `?` have lost their power; match it against `hidden` text only."""
    return text.translate(_HIDDEN)


def substituted(text: str, context: Context) -> str | None:
    """Return a pattern with its policy variables replaced, the values `hidden`.

    None where a variable has no value: absent, without default, or multivalued.
    Source: IAM User Guide, "IAM policy elements: Variables and tags" (checked 2026-11).
    """
    missing = False

    def value_of(match: re.Match[str]) -> str:
        nonlocal missing
        name = match.group(1)
        if name in ("*", "?", "$"):
            return hidden(name)
        with_default = _DEFAULT.match(name)
        key = with_default.group(1) if with_default else name.strip()
        values = context.get(key.lower(), ())
        if len(values) == 1:
            return hidden(values[0])
        if with_default and not values:
            return hidden(with_default.group(2))
        missing = True
        return ""

    written = _VARIABLE.sub(value_of, text)
    return None if missing else written


def holds(condition: Condition, context: Context, *, variables: bool) -> bool:
    """Whether a condition holds for a request; `variables` says if `${…}` is replaced."""
    values = context.get(condition.key.lower(), ())
    if condition.operator == "Null":
        wanted = {value.lower() for value in condition.values}
        return ("false" if values else "true") in wanted
    if not values:
        return _holds_absent(condition)
    negated = "Not" in condition.operator
    compare = _comparison(condition, context, variables=variables)
    hits = (compare(value) for value in values)
    if condition.qualifier == "ForAllValues":
        return not any(hits) if negated else all(hits)
    if condition.qualifier == "ForAnyValue":
        return not all(hits) if negated else any(hits)
    return not any(hits) if negated else any(hits)


def _holds_absent(condition: Condition) -> bool:
    if condition.if_exists or condition.qualifier == "ForAllValues":
        return True
    if condition.qualifier == "ForAnyValue":
        return False
    return "Not" in condition.operator


def _comparison(condition: Condition, context: Context, *, variables: bool) -> Callable[[str], bool]:
    """Return whether a request value equals one of the condition's values, negation left out."""
    operator = condition.operator.replace("Not", "")
    expected: list[str] = []
    is_text = operator.startswith(("String", "Arn"))
    for value in condition.values:
        if variables and is_text and "${" in value:
            written = substituted(value, context)
            if written is not None:
                expected.append(written)
        elif operator in ("StringLike", "ArnLike", "ArnEquals") or not is_text:
            expected.append(value)
        else:
            expected.append(hidden(value))
    test = _TESTS[operator]
    if is_text:
        return lambda value: any(test(entry, hidden(value)) for entry in expected)
    return lambda value: any(test(entry, value) for entry in expected)


def _ignore_case(expected: str, value: str) -> bool:
    return expected.lower() == value.lower()


def _like(expected: str, value: str) -> bool:
    return Glob(expected).matches(value)


def _arn_like(expected: str, value: str) -> bool:
    if expected == "*":
        return True
    patterns, fields = expected.split(":", 5), value.split(":", 5)
    if len(patterns) != 6 or len(fields) != 6:
        return False
    return all(Glob(pattern).matches(field) for pattern, field in zip(patterns, fields, strict=True))


def _boolean(expected: str, value: str) -> bool:
    return expected.lower() == value.lower() and value.lower() in ("true", "false")


@lru_cache(maxsize=4096)
def number(text: str) -> Decimal | None:
    """Return a number, None for text that is none."""
    if len(text) > 64:
        return None
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value.adjusted()) < 64 else None


@lru_cache(maxsize=4096)
def moment(text: str) -> Decimal | None:
    """Return seconds since 1970 of an ISO 8601 date or of epoch seconds, None for other text."""
    text = text.strip()
    if re.fullmatch(r"\d{4}", text):
        text = f"{text}-01-01"
    elif re.fullmatch(r"\d{4}-\d{2}", text):
        text = f"{text}-01"
    elif re.fullmatch(r"-?\d{5,}(\.\d+)?", text):
        return number(text)
    try:
        when = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=datetime.UTC)
    since = when - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    seconds = Decimal(since.days * 86_400 + since.seconds)
    return seconds + Decimal(since.microseconds) / 1_000_000


def _ordered(
    read: Callable[[str], Decimal | None], compare: Callable[[Decimal, Decimal], bool]
) -> Callable[[str, str], bool]:
    def test(expected: str, value: str) -> bool:
        left, right = read(value), read(expected)
        return left is not None and right is not None and compare(left, right)

    return test


def _in_network(expected: str, value: str) -> bool:
    try:
        network = ipaddress.ip_network(expected.strip(), strict=False)
        address = ipaddress.ip_network(value.strip(), strict=False)
    except ValueError:
        return False
    if isinstance(network, ipaddress.IPv4Network) and isinstance(address, ipaddress.IPv4Network):
        return address.subnet_of(network)
    if isinstance(network, ipaddress.IPv6Network) and isinstance(address, ipaddress.IPv6Network):
        return address.subnet_of(network)
    return False


_TESTS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": str.__eq__,
    "StringEqualsIgnoreCase": _ignore_case,
    "StringLike": _like,
    "ArnLike": _arn_like,
    "ArnEquals": _arn_like,
    "Bool": _boolean,
    "BinaryEquals": str.__eq__,
    "IpAddress": _in_network,
}
for _kind, _read in (("Numeric", number), ("Date", moment)):
    _TESTS[f"{_kind}Equals"] = _ordered(_read, Decimal.__eq__)
    _TESTS[f"{_kind}LessThan"] = _ordered(_read, Decimal.__lt__)
    _TESTS[f"{_kind}LessThanEquals"] = _ordered(_read, Decimal.__le__)
    _TESTS[f"{_kind}GreaterThan"] = _ordered(_read, Decimal.__gt__)
    _TESTS[f"{_kind}GreaterThanEquals"] = _ordered(_read, Decimal.__ge__)
