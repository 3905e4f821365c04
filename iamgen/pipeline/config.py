"""iamgen.toml (or `[tool.iamgen]` of pyproject.toml) as a Config, with errors that name the spot and the near word."""

import difflib
import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

from iamgen.errors import UsageError
from iamgen.model.config import Config, Forbid, FunctionRules, Hint, Listed, Suppression

PROJECT_OPTIONS: dict[str, type | tuple[type, ...]] = {
    "account": str, "region": str, "partition": str, "stack-name": str, "parameter": (list, dict),
    "logs": (str, list), "current": (str, list), "store": str, "since": str, "until": str,
    "min-window": str, "trust": str, "unknown": str, "unresolved": str, "conditionals": bool,
    "role-pattern": str, "managed-policies": str, "template": str, "source": str, "config-env": str,
    "stage": str, "var-file": (str, list), "as-of": str, "compact": bool, "exact": bool, "allow-overgrant": bool,
    "strict": bool, "split": bool, "profile": str, "assume-role": str, "no-project": bool,
    "all": bool, "by": str, "mode": str,
}  # fmt: skip
MODES = ("observe", "suggest", "gate", "evidence")


def load_config(project: Path) -> Config:
    """Return the configuration of a project folder; an empty one when it has none.

    Raises:
        UsageError: broken TOML, an unknown key (the near one is named) or a value of the wrong kind.
    """
    for name in ("iamgen.toml", "pyproject.toml"):
        path = project / name
        if not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if name == "pyproject.toml" and "[tool.iamgen" not in text:
            continue
        return parse_config(text, name)
    return Config()


def parse_config(text: str, name: str) -> Config:
    """Return the configuration that a text states; `name` says which of the two files it is."""
    try:
        document: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"not valid TOML: {error}", place=name) from None
    if name.endswith("pyproject.toml"):
        document = document.get("tool", {}).get("iamgen", {})
    read = _Reader(name)
    read.keys(document, "", ("project", "function", "suppress", "hint", "forbid", "boundary", "drift"))
    project = read.table(document, "project")
    read.keys(project, "project", tuple(PROJECT_OPTIONS))
    for key, value in project.items():
        if not isinstance(value, PROJECT_OPTIONS[key]):
            raise UsageError(f"`{key}` has the wrong kind of value", place=f"{name}: project.{key}")
    mode = project.get("mode")
    if mode is not None and mode not in MODES:
        raise UsageError(f"mode `{mode}` is not one of {', '.join(MODES)}", place=f"{name}: project.mode")
    boundary = read.table(document, "boundary")
    read.keys(boundary, "boundary", ("headroom",))
    drift = read.table(document, "drift")
    read.keys(drift, "drift", ("history", "max-age"))
    return Config(
        path=name,
        project=tuple(sorted(project.items(), key=lambda item: item[0])),
        mode=mode,
        functions=tuple(read.function(entry, at) for entry, at in read.entries(document, "function")),
        suppressions=tuple(read.suppression(e, at) for e, at in read.entries(document, "suppress")),
        hints=tuple(read.hint(e, at) for e, at in read.entries(document, "hint")),
        forbids=tuple(read.forbid(e, at) for e, at in read.entries(document, "forbid")),
        headroom=read.word(boundary, "headroom", "boundary", "service", ("none", "service", "account")),
        history=drift.get("history"),
        max_age_days=days(str(drift.get("max-age", "90d")), f"{name}: drift.max-age"),
    )


def days(text: str, place: str = "") -> int:
    """Return the days of a span such as `90d`, `12w` or `36h` (rounded down, at least 0).

    Raises:
        UsageError: the text is no span.
    """
    found = re.fullmatch(r"(\d+)([dwhm]?)", text.strip())
    if not found:
        raise UsageError(f"`{text}` is not a span such as 90d", place=place)
    count = int(found[1])
    return {"": count, "d": count, "w": count * 7, "h": count // 24, "m": count * 30}[found[2]]


class _Reader:
    """Typed reads out of a loose document; an error carries the path to the spot."""

    def __init__(self, name: str) -> None:
        self.name = name

    def keys(self, table: dict[str, Any], where: str, known: tuple[str, ...]) -> None:
        for key in table:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                raise UsageError(
                    f"unknown key `{key}`",
                    place=f"{self.name}: {where or 'top level'}",
                    hint=f"did you mean `{near[0]}`?" if near else f"known: {', '.join(known)}",
                )

    def table(self, document: dict[str, Any], key: str) -> dict[str, Any]:
        value = document.get(key, {})
        if not isinstance(value, dict):
            raise UsageError(f"`[{key}]` must be a table", place=self.name)
        return value

    def entries(self, document: dict[str, Any], key: str) -> list[tuple[dict[str, Any], str]]:
        value = document.get(key, [])
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            raise UsageError(f"`[[{key}]]` must be an array of tables", place=self.name)
        return [(entry, f"{key}[{index}]") for index, entry in enumerate(value)]

    def required(self, entry: dict[str, Any], key: str, at: str) -> str:
        value = entry.get(key)
        if not isinstance(value, str) or not value.strip():
            raise UsageError(f"`{key}` is missing or empty", place=f"{self.name}: {at}")
        return value

    def word(self, table: dict[str, Any], key: str, at: str, default: str, known: tuple[str, ...]) -> str:
        value = table.get(key, default)
        if value not in known:
            raise UsageError(f"`{value}` is not one of {', '.join(known)}", place=f"{self.name}: {at}.{key}")
        return str(value)

    def expires(self, entry: dict[str, Any], at: str) -> str | None:
        value = entry.get("expires")
        if value is None:
            return None
        text = value.isoformat() if isinstance(value, date) else str(value)
        try:
            return date.fromisoformat(text[:10]).isoformat()
        except ValueError:
            raise UsageError(f"`{text}` is not a date", place=f"{self.name}: {at}.expires") from None

    def words(self, entry: dict[str, Any], key: str, at: str) -> tuple[str, ...]:
        value = entry.get(key, [])
        value = [value] if isinstance(value, str) else value
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise UsageError(f"`{key}` must be a list of strings", place=f"{self.name}: {at}")
        return tuple(value)

    def function(self, entry: dict[str, Any], at: str) -> FunctionRules:
        self.keys(entry, at, ("match", "keep", "deny", "extra"))
        listed = []
        for table in ("keep", "deny", "extra"):
            for item, spot in self.entries(entry, table):
                where = f"{at}.{spot}"
                self.keys(item, where, ("action", "resource", "reason", "owner", "expires"))
                listed.append(
                    Listed(
                        table=table,
                        action=self.required(item, "action", where),
                        resource=self.required(item, "resource", where),
                        reason=self.required(item, "reason", where),
                        owner=self.required(item, "owner", where),
                        expires=self.expires(item, where),
                    )
                )
        return FunctionRules(match=self.required(entry, "match", at), listed=tuple(listed))

    def suppression(self, entry: dict[str, Any], at: str) -> Suppression:
        self.keys(entry, at, ("id", "function", "action", "resource", "reason", "owner", "expires"))
        return Suppression(
            id=self.required(entry, "id", at),
            function=entry.get("function", "*"),
            action=entry.get("action", "*"),
            resource=entry.get("resource", "*"),
            reason=self.required(entry, "reason", at),
            owner=self.required(entry, "owner", at),
            expires=self.expires(entry, at),
        )

    def hint(self, entry: dict[str, Any], at: str) -> Hint:
        self.keys(entry, at, ("path", "function", "text", "calls"))
        calls = entry.get("calls")
        words = () if calls == "none" else self.words(entry, "calls", at)
        if calls is None:
            raise UsageError("`calls` is missing", place=f"{self.name}: {at}")
        pairs = []
        for word in words:
            service, _, operation = word.partition(":")
            if not operation:
                raise UsageError(f"`{word}` is not client:Operation", place=f"{self.name}: {at}.calls")
            pairs.append((service, operation))
        return Hint(
            path=self.required(entry, "path", at),
            function=entry.get("function", "*"),
            text=self.required(entry, "text", at),
            calls=tuple(pairs),
        )

    def forbid(self, entry: dict[str, Any], at: str) -> Forbid:
        self.keys(entry, at, ("actions", "resources", "unless"))
        return Forbid(
            actions=self.words(entry, "actions", at),
            resources=self.words(entry, "resources", at) or ("*",),
            unless=self.words(entry, "unless", at),
        )
