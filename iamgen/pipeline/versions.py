"""Which version is judged, and whose rules judge it (design 8).

Without a base both are the working tree. With one, the content is compared with the merge base,
and the rules (iamgen.toml, the files that it names, the baseline) are those of the base's tip; a
change of them is told, not obeyed.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from iamgen.errors import UsageError
from iamgen.model.config import Config
from iamgen.model.request import SuggestRequest
from iamgen.pipeline import git
from iamgen.pipeline.config import parse_config

CONFIG_FILES = ("iamgen.toml", "pyproject.toml")
_RULE_PATHS = ("logs", "current", "managed-policies")
"""Options of `[project]` that name files which judge; they are read where the rules are."""
_CONTENT_PATHS = ("template", "source", "var-file")
"""Options that name parts of what is judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """The folders and commits of one run."""

    project: Path
    """The project as the user named it."""
    content: Path
    """The version that is judged."""
    rules: Path
    """The folder that iamgen.toml and the files named there are read from."""
    revisions: git.Revisions | None = None
    changed: tuple[str, ...] | None = None
    """Paths that differ from the merge base, relative to the project; None without a base."""
    rules_changed: tuple[str, ...] = ()
    """Rule files that the change edits."""
    baseline: Path | None = None
    head_time: str | None = None
    """Time of the head commit, ISO 8601."""


@contextmanager
def opened(
    project: Path,
    base: str | None,
    *,
    head_commit: bool,
    baseline: str | None = None,
) -> Iterator[Versions]:
    """Give the folders of a run, and remove the private ones at the end.

    Args:
        project: Folder of the project.
        base: The revision to compare with, None for a run without one.
        head_commit: Judge the commit HEAD; else the working tree.
        baseline: File of the baseline; inside the project it is read from the base.

    Raises:
        UsageError: no such folder, commit or file.
        InputError: git's objects lack what is needed.
    """
    if not project.is_dir():
        raise UsageError(f"`{project}` is not a folder", hint="name the project with --project DIR")
    with ExitStack() as stack:
        if base is None:
            yield Versions(
                project=project,
                content=project,
                rules=project,
                baseline=_given_baseline(project, baseline),
                head_time=_head_time(project),
            )
            return
        found = git.read_revisions(project, base)
        top, prefix = found.top, found.prefix
        config = read_config(top, found.base_tip, prefix)
        inside = None if baseline is None else _inside(project, baseline)
        wanted = (*CONFIG_FILES, *rule_files(config), *([inside] if inside else []))
        rules = stack.enter_context(git.exported(top, found.base_tip, prefix, only=wanted))
        if head_commit:
            content = stack.enter_context(git.exported(top, found.head, prefix))
            changed = git.changed_between(top, found.merge_base, found.head, prefix)
        else:
            content = project
            changed = git.changed_in_work_tree(top, found.merge_base, prefix)
        yield Versions(
            project=project,
            content=content,
            rules=rules,
            revisions=found,
            changed=changed,
            rules_changed=_changed_rules(found, content, changed, wanted),
            baseline=rules / inside if inside else _given_baseline(project, baseline),
            head_time=git.commit_time(top, found.head),
        )


@contextmanager
def base_content(versions: Versions) -> Iterator[Path]:
    """Give a private folder with the project at the merge base."""
    found = versions.revisions
    if found is None:
        raise UsageError("there is no base to compare with")
    with git.exported(found.top, found.merge_base, found.prefix) as folder:
        yield folder


def request_for(versions: Versions, made: SuggestRequest, given: Mapping[str, Any]) -> SuggestRequest:
    """Return the request for the content, with the files that the rules name at their place.

    `made` comes from the options and the configuration in `versions.rules`; `given` are the
    options of the command line, whose paths count from the working folder.
    """
    file = dict(made.config.project)

    def from_file(key: str) -> bool:
        name = key.replace("-", "_")
        return key in file and given.get(name) in {None, ()} and f"IAMGEN_{name.upper()}" not in os.environ

    return replace(
        made,
        project=versions.content,
        use_store=False,
        logs=_placed(made.logs, versions.rules) if from_file("logs") else made.logs,
        current=_placed(made.current, versions.rules) if from_file("current") else made.current,
        managed_policies=_one(made.managed_policies, versions.rules)
        if from_file("managed-policies")
        else made.managed_policies,
        template=_content_path(made.template, versions, inside=from_file("template")),
        source=_content_path(made.source, versions, inside=from_file("source")),
        var_files=tuple(
            path
            for path in (_content_path(one, versions, inside=from_file("var-file")) for one in made.var_files)
            if path is not None
        ),
    )


def at_base(request: SuggestRequest, versions: Versions, folder: Path) -> SuggestRequest:
    """Return the request for the merge base, which lies in `folder`."""

    def moved(path: Path | None) -> Path | None:
        if path is None:
            return None
        try:
            return folder / path.resolve().relative_to(versions.content.resolve())
        except ValueError:
            return path

    return replace(
        request,
        project=folder,
        template=moved(request.template),
        source=moved(request.source),
        var_files=tuple(path for path in map(moved, request.var_files) if path is not None),
    )


def read_config(top: Path, commit: str, prefix: str) -> Config:
    """Return the configuration of the project at a commit; an empty one when it has none."""
    for name in CONFIG_FILES:
        content = git.read_file(top, commit, f"{prefix}{name}")
        if content is None:
            continue
        text = content.decode("utf-8", "replace")
        if name == "pyproject.toml" and "[tool.iamgen" not in text:
            continue
        return parse_config(text, name)
    return Config()


def rule_files(config: Config) -> tuple[str, ...]:
    """Return the files and folders of the project that a configuration judges by."""
    found = []
    for key, value in config.project:
        if key in _RULE_PATHS:
            words = value if isinstance(value, list) else [value]
            found += [_normal(str(word)) for word in words if _is_relative(str(word))]
    return tuple(path for path in found if path is not None)


def _changed_rules(
    found: git.Revisions, content: Path, changed: tuple[str, ...], wanted: tuple[str, ...]
) -> tuple[str, ...]:
    paths = []
    for path in changed:
        if not any(path == rule or path.startswith(f"{rule}/") for rule in wanted):
            continue
        if path == "pyproject.toml":
            before = git.read_file(found.top, found.merge_base, f"{found.prefix}{path}") or b""
            file = content / path
            after = file.read_bytes() if file.is_file() else b""
            if _own_table(before) == _own_table(after):
                continue
        paths.append(path)
    return tuple(paths)


def _own_table(content: bytes) -> object:
    import tomllib

    try:
        document = tomllib.loads(content.decode("utf-8", "replace"))
    except tomllib.TOMLDecodeError:
        return content
    tool = document.get("tool")
    return tool.get("iamgen") if isinstance(tool, dict) else None


def _given_baseline(project: Path, baseline: str | None) -> Path | None:
    if baseline is None:
        return None
    path = Path(baseline)
    if not path.is_file() and (project / baseline).is_file():
        path = project / baseline
    if not path.is_file():
        raise UsageError(f"`{baseline}` is no file", place="--baseline")
    return path


def _inside(project: Path, name: str) -> str | None:
    """Return a path relative to the project, None when the file lies elsewhere."""
    root = project.resolve()
    for path in (Path(name), project / name):
        try:
            found = path.resolve().relative_to(root)
        except ValueError:
            continue
        return found.as_posix()
    return None


def _head_time(project: Path) -> str | None:
    try:
        return git.commit_time(project, git.read_commit(project, "HEAD"))
    except UsageError:
        return None


def _placed(places: tuple[str, ...], folder: Path) -> tuple[str, ...]:
    return tuple(str(folder / place) if _is_relative(place) else place for place in places)


def _one(path: Path | None, folder: Path) -> Path | None:
    return path if path is None or path.is_absolute() else folder / path


def _content_path(path: Path | None, versions: Versions, *, inside: bool) -> Path | None:
    if path is None or path.is_absolute():
        return path
    if inside:
        return versions.content / path
    if versions.content == versions.project:
        return path
    try:
        return versions.content / path.resolve().relative_to(versions.project.resolve())
    except ValueError:
        return path


def _is_relative(place: str) -> bool:
    if "://" in place or place in {"live", "lookup"} or place.startswith("athena:"):
        return False
    return not Path(place).is_absolute() and _normal(place) is not None


def _normal(place: str) -> str | None:
    path = os.path.normpath(PurePosixPath(place))
    return None if path.startswith("..") or path == "." else path
