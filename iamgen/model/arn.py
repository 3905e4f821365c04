"""ARNs and ARN patterns.

`arn:partition:service:region:account:resource`, where the resource may itself hold colons. Policy
variables and template tokens (`${aws:PrincipalTag/team}`, `${Account}`, `{OrdersTable}`) are kept
as they are; a colon inside one separates nothing.
"""

from dataclasses import dataclass

from iamgen.errors import InputError
from iamgen.model.glob import Glob


@dataclass(frozen=True, slots=True)
class ArnPattern:
    """An ARN, each field as written; wildcards are allowed in all of them."""

    partition: str
    service: str
    region: str
    account: str
    resource: str
    """All after the fifth colon, such as `table/orders` or `function:f1:prod`."""
    is_any: bool = False
    """The pattern was the lone `*`."""

    @classmethod
    def parse(cls, text: str) -> "ArnPattern":
        """Return the fields of an ARN pattern; `*` has `*` in each.

        Raises:
            InputError: the text has fewer than six fields or does not begin with `arn`.
        """
        if text == "*":
            return ANY_ARN
        fields = split_fields(text)
        if len(fields) < 6 or fields[0] != "arn":
            raise InputError(
                f"`{text}` is no ARN",
                hint="an ARN is written arn:partition:service:region:account:resource",
            )
        return cls(fields[1], fields[2], fields[3], fields[4], ":".join(fields[5:]))

    def __str__(self) -> str:
        if self.is_any:
            return "*"
        return ":".join(("arn", self.partition, self.service, self.region, self.account, self.resource))

    @property
    def glob(self) -> Glob:
        """The whole ARN as one pattern, which is how the Resource element compares."""
        return Glob(str(self))

    @property
    def type_name(self) -> str:
        """The part before the first `/` or `:` of the resource, "" where it has none (SNS, SQS)."""
        for index, character in enumerate(self.resource):
            if character in "/:":
                return self.resource[:index]
        return ""

    def covers(self, other: "ArnPattern") -> bool:
        """Whether each ARN of `other` is one of this pattern."""
        return self.glob.covers(other.glob)

    def overlaps(self, other: "ArnPattern") -> bool:
        """Whether some ARN is one of both."""
        return self.glob.overlaps(other.glob)


ANY_ARN = ArnPattern("*", "*", "*", "*", "*", is_any=True)


def is_arn(text: str) -> bool:
    """Whether the text has the form of an ARN or ARN pattern."""
    fields = split_fields(text)
    return len(fields) >= 6 and fields[0] == "arn"


def split_fields(text: str) -> list[str]:
    """Return the parts between colons; a colon inside `${…}` or `{…}` separates nothing."""
    if "{" not in text:
        return text.split(":")
    fields: list[str] = []
    start = depth = 0
    for index, character in enumerate(text):
        if character == "{":
            depth += 1
        elif character == "}":
            depth = max(0, depth - 1)
        elif character == ":" and not depth:
            fields.append(text[start:index])
            start = index + 1
    fields.append(text[start:])
    return fields
