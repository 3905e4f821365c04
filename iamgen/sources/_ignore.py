"""What git ignores: `.gitignore` files of the project, read as patterns.

Git itself is not asked: a foreign repository's settings could make it run a command.
Source: git documentation, gitignore(5) (checked 2026-11).
"""

import re
from dataclasses import dataclass
from pathlib import Path

from iamgen.model.observation import Gap
from iamgen.sources._project import Project

_MAX_PATTERNS = 2_000


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line of a `.gitignore`."""

    regex: re.Pattern[str]
    """On the path relative to the folder of the file."""
    negated: bool
    folders_only: bool


@dataclass(frozen=True, slots=True)
class Ignores:
    """The patterns of a folder and of those above it, outermost first."""

    levels: tuple[tuple[Path, tuple[Pattern, ...]], ...] = ()

    def within(self, project: Project, folder: Path) -> "Ignores":
        """Return these patterns with those of one more folder."""
        file = folder / ".gitignore"
        if not file.is_file():
            return self
        data = project.read(file)
        if isinstance(data, Gap):
            return self
        lines = data.decode("utf-8", "replace").splitlines()[:_MAX_PATTERNS]
        found = tuple(pattern for line in lines if (pattern := _pattern(line)) is not None)
        return Ignores((*self.levels, (folder, found)))

    def match(self, path: Path, *, is_folder: bool) -> bool:
        """Return whether git would ignore a path whose folders are not ignored."""
        ignored = False
        for folder, patterns in self.levels:
            relative = path.relative_to(folder).as_posix()
            for pattern in patterns:
                if pattern.folders_only and not is_folder:
                    continue
                if pattern.regex.fullmatch(relative):
                    ignored = not pattern.negated
        return ignored


def _pattern(line: str) -> Pattern | None:
    text = line.rstrip("\n").rstrip()
    if not text or text.startswith("#") or len(text) > 500:
        return None
    negated = text.startswith("!")
    text = text[1:] if negated else text
    folders_only = text.endswith("/")
    text = text.rstrip("/")
    anchored = "/" in text
    text = text.lstrip("/")
    if not text:
        return None
    prefix = "" if anchored else "(?:.*/)?"
    try:
        return Pattern(re.compile(prefix + _regex(text)), negated, folders_only)
    except re.error:
        return None


def _regex(text: str) -> str:
    found: list[str] = []
    index = 0
    while index < len(text):
        if text.startswith("**/", index):
            found.append("(?:.*/)?")
            index += 3
        elif text.startswith("**", index):
            found.append(".*")
            index += 2
        elif text[index] == "*":
            if found[-1:] != ["[^/]*"]:
                found.append("[^/]*")
            index += 1
        elif text[index] == "?":
            found.append("[^/]")
            index += 1
        elif text[index] == "[" and "]" in text[index + 2 :]:
            end = text.index("]", index + 2)
            body = text[index + 1 : end].replace("\\", "\\\\").replace("[", "\\[")
            found.append("[" + ("^" + body[1:] if body[0] in "!^" else body) + "]")
            index = end + 1
        else:
            found.append(re.escape(text[index]))
            index += 1
    return "".join(found)
