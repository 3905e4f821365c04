"""The closed set of transforms: from what a caller passes to what stands in an ARN.

A transform takes the text of one member and gives the texts that fill the placeholder it is bound to: several for some
(a log group with and without `:*`), none where the value does not fit (an ARN of another kind). A text may hold
wildcards and tokens (`*`, `${Region}`, `{LogicalId}`); they are carried along. A result that begins with `arn:` is the
whole ARN and replaces the template.
"""

import re
from collections.abc import Callable
from functools import cache

from iamgen.access.files import folder, read_toml

_ARN = re.compile(r"arn:[^:]*:[^:]*:[^:]*:[^:]*:(?P<rest>.+)", re.DOTALL)
_TABLE = re.compile(
    r"^\s*(?:select\b.*?\bfrom|insert\s+into|update|delete\s+from|exists\s*\(\s*select\b.*?\bfrom)\s+"
    r"""(?:"(?P<quoted>[^"]+)"|(?P<bare>[A-Za-z0-9_.-]+))(?:\s*\.\s*"(?P<index>[^"]+)")?""",
    re.IGNORECASE | re.DOTALL,
)
_PROFILE = re.compile(r"^(us-gov|us|eu|apac|ap|au|ca|jp|sa|me|global)\.(?P<model>.+)")
_HASH = re.compile(r"-[A-Za-z0-9]{6}$")


def apply(transform: str, text: str) -> tuple[str, ...]:
    """Return what a value becomes under a transform; empty where it does not fit, the value itself for an unknown one."""
    function = _FUNCTIONS.get(transform)
    return (text,) if function is None else function(text)


def default(transform: str) -> str | None:
    """Return what stands for an absent member, None where the placeholder stays a wildcard."""
    return _DEFAULTS.get(transform)


def _keep(text: str) -> tuple[str, ...]:
    return (text,)


def _arn(text: str) -> tuple[str, ...]:
    return (text,)


def _last_of_url(text: str) -> tuple[str, ...]:
    return (text,) if text.startswith("arn:") else (text.rstrip("/").rpartition("/")[2],)


def _copy_source(text: str) -> tuple[str, ...]:
    """Return the object's ARN: `bucket/key`, `/bucket/key?versionId=…`, or an ARN of an access point's object."""
    plain = text.partition("?versionId=")[0]
    if plain.startswith("arn:"):
        return (plain,)
    bucket, _, key = plain.lstrip("/").partition("/")
    return (f"arn:${{Partition}}:s3:::{bucket}/{key or '*'}",)


def _s3_uri(text: str) -> tuple[str, str] | None:
    match = re.fullmatch(r"(?:s3a?|https?)://([^/]+)/?(.*)", text, re.DOTALL)
    if match is None:
        return None
    host, path = match.groups()
    if not text.startswith("http"):
        return host, path
    virtual = re.fullmatch(r"(.+)\.s3[.-].*amazonaws\.com(\.cn)?", host)
    if virtual:
        return virtual.group(1), path
    bucket, _, key = path.partition("/")
    return bucket, key


def _uri_bucket(text: str) -> tuple[str, ...]:
    found = _s3_uri(text)
    return (found[0],) if found else ()


def _uri_key(text: str) -> tuple[str, ...]:
    found = _s3_uri(text)
    return (found[1] or "*",) if found else ()


def _uri_key_prefix(text: str) -> tuple[str, ...]:
    found = _s3_uri(text)
    if not found:
        return ()
    return (found[1].rstrip("*") + "*",)


def _without_slash(text: str) -> tuple[str, ...]:
    return (text,) if text.startswith("arn:") else (text.lstrip("/"),)


def _path_prefix(text: str) -> tuple[str, ...]:
    plain = text.strip("/")
    if not plain:
        return ("*",)
    return (plain, f"{plain}/*")


def _prefix(text: str) -> tuple[str, ...]:
    return (text.rstrip("*") + "*",)


def _secret(text: str) -> tuple[str, ...]:
    if text.startswith("arn:"):
        match = _ARN.match(text)
        full = match is not None and (_HASH.search(match.group("rest")) or text.endswith(("*", "?", "}")))
        return (text,) if full else (f"{text}-??????",)
    return (text if text.endswith("*") else f"{text}-??????",)


def _alias_or_key(text: str) -> tuple[str, ...]:
    """Return a key; an alias names none, so it stands for every key (grant it with kms:RequestAlias)."""
    if text.startswith("arn:"):
        return (re.sub(r":alias/.*$", ":key/*", text),)
    return ("*",) if text.startswith("alias/") else (text,)


def _alias_name(text: str) -> tuple[str, ...]:
    return (text,) if text.startswith("arn:") else (text.removeprefix("alias/"),)


def _topic_of_subscription(text: str) -> tuple[str, ...]:
    """Return the topic's ARN: the subscription's without its id."""
    match = re.fullmatch(r"(arn:[^:]*:sns:[^:]*:[^:]*:[^:]+):[^:]+", text)
    return (match.group(1) if match else text,)


def _function(text: str) -> tuple[str, ...]:
    """Return the function's name with its qualifier, of a name, a partial ARN or an ARN."""
    if text.startswith("arn:"):
        return (text,)
    match = re.fullmatch(r"(?:[\w*?${}]*:)?function:(.+)", text)
    return (match.group(1) if match else text,)


def _log_group(text: str) -> tuple[str, ...]:
    plain = text.removesuffix(":*")
    return (plain, f"{plain}:*")


def _partiql_table(text: str) -> tuple[str, ...]:
    match = _TABLE.match(text)
    return (match.group("quoted") or match.group("bare"),) if match else ()


def _partiql_index(text: str) -> tuple[str, ...]:
    match = _TABLE.match(text)
    return (match.group("index"),) if match and match.group("index") else ()


def _foundation_model(text: str) -> tuple[str, ...]:
    """Return the foundation model; for an inference profile the model behind it, in every region it may route to."""
    if text.startswith("arn:"):
        match = re.search(r":inference-profile/(.+)$", text)
        if not match:
            return (text,)
        text = match.group(1)
    profile = _PROFILE.match(text)
    if profile:
        return (f"arn:${{Partition}}:bedrock:*::foundation-model/{profile.group('model')}",)
    return (text,)


def _inference_profile(text: str) -> tuple[str, ...]:
    if text.startswith("arn:"):
        return (text,) if "inference-profile/" in text else ()
    return (text,) if _PROFILE.match(text) else ()


@cache
def _ec2_kinds() -> dict[str, str]:
    kinds: dict[str, str] = read_toml(folder() / "transforms.toml")["ec2_ids"]
    return kinds


def _ec2_id(text: str) -> tuple[str, ...]:
    kind = _ec2_kinds().get(text.partition("-")[0]) if "-" in text else None
    if kind is None:
        return (text,)
    account = "" if kind in ("image", "snapshot") else "${Account}"
    return (f"arn:${{Partition}}:ec2:${{Region}}:{account}:{kind}/{text}",)


def _api_id(text: str) -> tuple[str, ...]:
    match = re.match(r"(?:https?://)?([^./]+)\.execute-api\.", text)
    return (match.group(1),) if match else ()


def _api_path(text: str) -> tuple[str, ...]:
    match = re.match(r"(?:https?://)?[^/]+\.execute-api\.[^/]+/[^/]+/([^?#]+)", text)
    return (match.group(1).rstrip("/"),) if match else ()


def _host_first(text: str) -> tuple[str, ...]:
    """Return the first label of a host name: the id of a collection or cluster."""
    match = re.match(r"(?:https?://)?([^./:]+)\.", text)
    return (match.group(1),) if match else ()


def _api_stage(text: str) -> tuple[str, ...]:
    match = re.match(r"(?:https?://)?[^/]+\.execute-api\.[^/]+/([^/]+)", text)
    return (match.group(1),) if match else ()


_FUNCTIONS: dict[str, Callable[[str], tuple[str, ...]]] = {
    "raw": _keep,
    "arn": _arn,
    "each": _arn,
    "arn_or_name": _keep,
    "arn_or_default": _keep,
    "or_default": _keep,
    "or_primary": _keep,
    "url_last": _last_of_url,
    "s3_copy_source": _copy_source,
    "s3_uri_bucket": _uri_bucket,
    "s3_uri_key": _uri_key,
    "s3_uri_key_prefix": _uri_key_prefix,
    "https_bucket": _uri_bucket,
    "https_key": _uri_key,
    "s3_bucket": _uri_bucket,
    "s3_key": _uri_key,
    "strip_leading_slash": _without_slash,
    "path_prefix": _path_prefix,
    "prefix": _prefix,
    "secret_suffix": _secret,
    "alias_or_key": _alias_or_key,
    "alias_name": _alias_name,
    "topic_of_subscription": _topic_of_subscription,
    "lambda_qualifier": _function,
    "log_group": _log_group,
    "partiql_table": _partiql_table,
    "partiql_index": _partiql_index,
    "bedrock_foundation_model": _foundation_model,
    "bedrock_inference_profile": _inference_profile,
    "ec2_id": _ec2_id,
    "execute_api_id": _api_id,
    "execute_api_stage": _api_stage,
    "execute_api_path": _api_path,
    "host_first": _host_first,
    "task_definition_roles": _keep,
}

TRANSFORMS = frozenset(_FUNCTIONS)
"""The names of all transforms."""

_DEFAULTS = {"or_default": "default", "arn_or_default": "default", "or_primary": "primary"}
