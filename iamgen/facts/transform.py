"""From the value of an input member to the part of an ARN that it names, by the transforms of the access maps.

Values are symbolic text: literal characters, `{LogicalId}` and `${Region}` tokens, and `*` where nobody knows. A value
that is a whole ARN where a name may stand comes back as an ARN.
"""

from dataclasses import dataclass

from iamgen.access.transforms import apply


@dataclass(frozen=True, slots=True)
class Named:
    """What a value names: the text, and whether it is a whole ARN."""

    text: str
    is_arn: bool = False
    known: bool = True
    """False when the value says nothing about the part (`*`)."""


def transform(name: str, value: str) -> tuple[Named, ...]:
    """Return what a value names under a transform: several for some, none where the value does not fit."""
    known = bool(set(value) - {"*"})
    return tuple(
        Named(text, is_arn=is_arn(text), known=known and bool(set(text) - {"*"})) for text in apply(name, value)
    )


def is_arn(value: str) -> bool:
    """Whether a symbolic text is an ARN."""
    return value.startswith("arn:")


def resource_part(arn: str) -> str:
    """Return the sixth field of a symbolic ARN, tokens kept whole."""
    return split_arn(arn)[5]


def split_arn(arn: str) -> tuple[str, str, str, str, str, str]:
    """Return the six fields of a symbolic ARN; colons inside tokens do not split."""
    fields: list[str] = []
    depth, start = 0, 0
    for index, char in enumerate(arn):
        if char == "{":
            depth += 1
        elif char == "}":
            depth = max(0, depth - 1)
        elif char == ":" and depth == 0 and len(fields) < 5:
            fields.append(arn[start:index])
            start = index + 1
    fields.append(arn[start:])
    fields.extend("" for _ in range(6 - len(fields)))
    return (fields[0], fields[1], fields[2], fields[3], fields[4], fields[5])
