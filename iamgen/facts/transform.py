"""The closed set of transforms: from the value of an input member to the part of an ARN that it names.

Values are symbolic text: literal characters, `{LogicalId}` and `${Region}` tokens, and `*` where nobody knows. A value
that is a whole ARN where a name may stand comes back as an ARN.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Named:
    """What a value names: the text, and whether it is a whole ARN."""

    text: str
    is_arn: bool = False
    known: bool = True
    """False when the value says nothing about the part (`*`)."""


ANY_NAME = Named("*", is_arn=False, known=False)


def transform(name: str, value: str) -> tuple[Named, ...]:
    """Return what a value names under a transform; several for a path and what lies below it."""
    rule = _RULES.get(name, _plain)
    return rule(value)


def is_arn(value: str) -> bool:
    """Whether a symbolic text is an ARN."""
    return value.startswith(("arn:", "${Arn}"))


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


def _plain(value: str) -> tuple[Named, ...]:
    return (Named(value, known=value != "*"),)


def _arn_or_name(value: str) -> tuple[Named, ...]:
    return (Named(value, is_arn=is_arn(value), known=value != "*"),)


def _url_last(value: str) -> tuple[Named, ...]:
    if is_arn(value):
        return (Named(resource_part(value)),)
    last = value.rstrip("/").rpartition("/")[2]
    return (Named(last or "*", known=last not in ("", "*")),)


def _copy_source(value: str) -> tuple[Named, ...]:
    """`bucket/key`, `/bucket/key` or an access point ARN; the version is left out."""
    if is_arn(value):
        return (Named(value.replace("/object/", "/object/"), is_arn=True),)
    path = re.split(r"[?]versionId=", value.lstrip("/"))[0]
    return (Named(path if "/" in path else f"{path}/*", known=path != "*"),)


def _s3_uri(value: str) -> tuple[Named, ...]:
    if value.startswith("s3://"):
        return (Named(value[5:]),)
    host = re.match(r"https://(?:s3[^/]*/)?([^/]+)/(.*)", value)
    if host:
        bucket = re.sub(r"\.s3[.-].*$", "", host[1])
        return (Named(f"{bucket}/{host[2]}"),)
    return (ANY_NAME,)


def _no_slash(value: str) -> tuple[Named, ...]:
    return (Named(value.lstrip("/") or "*", is_arn=is_arn(value), known=value != "*"),)


def _secret(value: str) -> tuple[Named, ...]:
    """A secret's ARN ends in a hyphen and six random characters that its name does not have."""
    if is_arn(value):
        return (Named(value, is_arn=True),)
    return (Named("*", known=False) if value == "*" else Named(f"{value}-??????"),)


def _key(value: str) -> tuple[Named, ...]:
    if is_arn(value):
        return (Named(value, is_arn=True),)
    if value.startswith("alias/"):
        return (ANY_NAME,)
    return _plain(value)


def _function(value: str) -> tuple[Named, ...]:
    if is_arn(value):
        return (Named(value, is_arn=True),)
    return (Named(value.rpartition("function:")[2] or value, known=value != "*"),)


def _path_prefix(value: str) -> tuple[Named, ...]:
    path = value.strip("/")
    if value in ("*", "") or not path:
        return (ANY_NAME,)
    return (Named(path), Named(f"{path}/*"))


def _partiql(value: str) -> tuple[Named, ...]:
    found = re.search(
        r"""(?:from|into|update)\s+(?:"([^"]+)"|'([^']+)'|`([^`]+)`|([^\s"'`(]+))""",
        value,
        re.IGNORECASE,
    )
    if not found:
        return (ANY_NAME,)
    table = next(group for group in found.groups() if group)
    return _plain(table)


_RULES: dict[str, Callable[[str], tuple[Named, ...]]] = {
    "raw": _plain,
    "arn": _arn_or_name,
    "arn_or_name": _arn_or_name,
    "url_last": _url_last,
    "s3_copy_source": _copy_source,
    "s3_uri": _s3_uri,
    "strip_leading_slash": _no_slash,
    "secret_suffix": _secret,
    "alias_or_key": _key,
    "lambda_qualifier": _function,
    "path_prefix": _path_prefix,
    "partiql_table": _partiql,
}
