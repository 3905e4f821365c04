"""Conditions: when a statement counts.

A condition is one operator over one key. Within it the values are alternatives (for a negated
operator: none of them); the conditions of a statement must all hold.
Source: IAM User Guide, "IAM JSON policy elements: Condition operators" (checked 2026-11).
"""

from dataclasses import dataclass

from iamgen.errors import InputError

OPERATORS = (
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnNotEquals",
    "ArnLike",
    "ArnNotLike",
    "Null",
)
QUALIFIERS = ("ForAllValues", "ForAnyValue")

_CANONICAL = {name.lower(): name for name in OPERATORS}
_CANONICAL_QUALIFIERS = {name.lower(): name for name in QUALIFIERS}


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator over one key."""

    operator: str
    """Without qualifier and `IfExists`, in AWS's spelling."""
    key: str
    values: tuple[str, ...]
    qualifier: str | None = None
    """ForAllValues, ForAnyValue or None."""
    if_exists: bool = False

    @classmethod
    def parse(cls, name: str, key: str, values: tuple[str, ...], *, place: str = "") -> "Condition":
        """Return the condition of an operator as written, such as `ForAnyValue:StringLikeIfExists`.

        Raises:
            InputError: there is no such operator.
        """
        written, colon, rest = name.partition(":")
        qualifier = _CANONICAL_QUALIFIERS.get(written.strip().lower()) if colon else None
        operator = (rest if colon else written).strip()
        if_exists = operator.lower().endswith("ifexists")
        if if_exists:
            operator = operator[: -len("IfExists")]
        known = _CANONICAL.get(operator.lower())
        if known is None or (colon and qualifier is None) or (if_exists and known == "Null"):
            raise InputError(f"`{name}` is no condition operator", place=place, hint=_nearest(operator))
        return cls(known, key, values, qualifier, if_exists)

    @property
    def name(self) -> str:
        """The operator as it is written in a policy."""
        prefix = f"{self.qualifier}:" if self.qualifier else ""
        return f"{prefix}{self.operator}{'IfExists' if self.if_exists else ''}"

    @property
    def sort_key(self) -> tuple[str, str, tuple[str, ...]]:
        """An order that does not depend on how the policy was written."""
        return self.name, self.key.lower(), tuple(sorted(self.values))


def _nearest(operator: str) -> str:
    import difflib

    near = difflib.get_close_matches(operator.lower(), list(_CANONICAL), n=1)
    return f"did you mean `{_CANONICAL[near[0]]}`?" if near else ""
