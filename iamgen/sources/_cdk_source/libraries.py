"""Names of CDK's modules, and the few built-in functions that an application uses."""

import posixpath
import re
from collections.abc import Callable
from typing import Any

from iamgen.model.value import Literal, Part, PseudoParameter, Text, Unresolved
from iamgen.sources._cdk_source.things import UNSEEN, External, Thing, Unseen

ROOT_MARK = "@project/"
"""Begins a path that is relative to the project (from `__dirname`, `__file__`)."""

_RENAMED = {
    "lambda-nodejs": "nodejs",
    "lambda-python": "python",
    "lambda-go": "go",
    "lambda-rust": "rust",
    "lambda-event-sources": "eventsources",
    "lambda-destinations": "destinations",
    "events-targets": "targets",
    "sns-subscriptions": "subscriptions",
    "s3-notifications": "notifications",
}
_PSEUDO = {
    "region": "Region",
    "account": "Account",
    "partition": "Partition",
    "urlSuffix": "UrlSuffix",
    "stackName": "StackName",
    "stackId": "StackId",
    "REGION": "Region",
    "ACCOUNT_ID": "Account",
    "PARTITION": "Partition",
    "URL_SUFFIX": "UrlSuffix",
    "STACK_NAME": "StackName",
    "STACK_ID": "StackId",
}


def pseudo(name: str) -> Text | None:
    """Return what a stack's own member means (`region`, `account`)."""
    word = _PSEUDO.get(name)
    return None if word is None else Text((PseudoParameter(word),))


def camel(name: str) -> str:
    """Return a Python name as CDK's own spelling has it; constants and classes stay."""
    if "_" not in name.strip("_") or name.upper() == name:
        return name
    first, *rest = name.strip("_").split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


def service(name: str) -> str:
    """Return the short name of a CDK module (`aws-lambda-nodejs`, `aws_dynamodb`)."""
    word = name.replace("_", "-").removeprefix("aws-")
    word = re.sub(r"-(alpha|beta)(\.\d+)?$", "", word)
    return _RENAMED.get(word, word.replace("-", ""))


def library(module: str) -> External:
    """Return a library's module by the name that an import gives it."""
    parts = [part for part in re.split(r"[/.]", module) if part]
    if parts[:1] in (["aws-cdk-lib"], ["aws_cdk"], ["monocdk"]):
        return External(service(parts[1])) if len(parts) > 1 else External("cdk")
    if parts[:1] == ["@aws-cdk"] and len(parts) > 1:
        return External("cdk" if parts[1] == "core" else service(parts[1]))
    return External(f"library:{module}" if module not in _PLAIN else module)


_PLAIN = frozenset(("path", "os", "os.path", "json", "pathlib", "node:path", "constructs"))


def member(owner: External, name: str) -> External | Text:
    """Return a member of a library's module or class."""
    if owner.path == "cdk":
        if name.startswith(("aws_", "aws-")):
            return External(service(name))
        return External(f"cdk.{name}")
    if owner.path in ("cdk.Aws", "core.Aws"):
        return pseudo(name) or External(f"{owner.path}.{name}")
    return External(f"{owner.path}.{name}")


def joined(parts: list[Part]) -> Text:
    """Return parts as a text, neighbouring literals as one."""
    found: list[Part] = []
    for part in parts:
        last = found[-1] if found else None
        if isinstance(part, Literal) and isinstance(last, Literal):
            found[-1] = Literal(last.text + part.text)
        elif not isinstance(part, Literal) or part.text:
            found.append(part)
    return Text(tuple(found) or (Literal(""),))


def join_paths(texts: list[Any]) -> Any:
    """Return a path of several parts, None of them unknown."""
    known = [text.literal if isinstance(text, Text) else None for text in texts]
    words = [word for word in known if word is not None]
    if len(words) != len(texts):
        return UNSEEN
    start = 0
    for index, word in enumerate(words):
        if word.startswith(ROOT_MARK):
            start = index
    return Text.of(posixpath.normpath("/".join(words[start:]) or "."))


def parent(text: Any, levels: int = 1) -> Any:
    """Return the folder above a path."""
    known = text.literal if isinstance(text, Text) else None
    for _ in range(levels):
        known = None if known is None else posixpath.dirname(known)
    return UNSEEN if known is None else Text.of(known)


def call_library(path: str, args: tuple[Any, ...]) -> Any:
    """Return what a built-in function returns, None when it is not known here."""
    rule = _FUNCTIONS.get(path.removeprefix("node:"))
    return None if rule is None else rule(args)


def _first(args: tuple[Any, ...]) -> Any:
    return args[0] if args else UNSEEN


def _text(args: tuple[Any, ...]) -> Any:
    value = _first(args)
    if isinstance(value, bool):
        return Text.of(str(value).lower())
    return value


def _entries(args: tuple[Any, ...]) -> Any:
    value = _first(args)
    if isinstance(value, dict):
        return [[Text.of(key), item] for key, item in value.items()]
    return UNSEEN


def _keys(args: tuple[Any, ...]) -> Any:
    value = _first(args)
    return [Text.of(key) for key in value] if isinstance(value, dict) else UNSEEN


def _values(args: tuple[Any, ...]) -> Any:
    value = _first(args)
    return list(value.values()) if isinstance(value, dict) else UNSEEN


def _assign(args: tuple[Any, ...]) -> Any:
    found: dict[str, Any] = {}
    for value in args:
        if isinstance(value, dict):
            found.update(value)
    return found


def _fn_join(args: tuple[Any, ...]) -> Any:
    mark, items = args[0] if args else UNSEEN, args[1] if len(args) > 1 else UNSEEN
    if not isinstance(mark, Text) or not isinstance(items, list):
        return UNSEEN
    parts: list[Part] = []
    for index, item in enumerate(items):
        if index:
            parts.extend(mark.parts)
        parts.extend(item.parts if isinstance(item, Text) else (Unresolved("Fn.join"),))
    return joined(parts)


_FUNCTIONS: dict[str, Callable[[tuple[Any, ...]], Any]] = {
    "path.join": lambda args: join_paths(list(args)),
    "path.resolve": lambda args: join_paths(list(args)),
    "os.path.join": lambda args: join_paths(list(args)),
    "os.path.dirname": lambda args: parent(_first(args)),
    "path.dirname": lambda args: parent(_first(args)),
    "os.path.abspath": _first,
    "os.path.realpath": _first,
    "os.path.normpath": lambda args: join_paths(list(args)),
    "path.normalize": lambda args: join_paths(list(args)),
    "os.getenv": lambda args: args[1] if len(args) > 1 else Unseen("environment variable"),
    "os.getcwd": lambda _: Text.of("."),
    "process.cwd": lambda _: Text.of("."),
    "pathlib.Path": lambda args: join_paths(list(args)),
    "builtin.str": _text,
    "builtin.String": _text,
    "builtin.Object.entries": _entries,
    "builtin.Object.keys": _keys,
    "builtin.Object.values": _values,
    "builtin.Object.assign": _assign,
    "cdk.Fn.join": _fn_join,
    "cdk.Lazy.string": lambda _: UNSEEN,
    "cdk.Token.asString": _text,
}


def is_unseen(value: Any) -> bool:
    """Return whether nothing is known of a value."""
    return isinstance(value, Unseen | External) or value is None


def describe(value: Any) -> str:
    """Return a word for people about a value."""
    if isinstance(value, Unseen):
        return value.detail
    return value.path if isinstance(value, External | Thing) else type(value).__name__
