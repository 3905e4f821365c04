"""Versions of the project, read from git's objects.

What enters is a folder and names of revisions; what leaves is a private folder with the files of a
commit, and the names of what changed. Nothing of the project is run on the way: no checkout, hook,
filter, textconv or submodule; commits are read with `git ls-tree` and `git cat-file`, and files of
the working tree are compared by their own hash.
"""

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from iamgen.errors import InputError, UsageError

_MAX_FILE_BYTES = 10 * 1024 * 1024
_MAX_FILES = 200_000
_MAX_TOTAL_BYTES = 1024 * 1024 * 1024
_TIMEOUT_SECONDS = 120
_SKIPPED_FOLDERS = frozenset({".git", "node_modules", ".aws-sam", ".serverless", ".venv", "venv"})
_SAFE_SETTINGS = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.attributesFile=/dev/null",
    "core.quotePath=false",
    "core.untrackedCache=false",
    "protocol.allow=never",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeEntry:
    """One file of a commit."""

    path: str
    """Relative to the top of the repository, with `/`."""
    object_id: str
    size: int
    executable: bool = False
    link: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Revisions:
    """The commits that a comparison stands on."""

    top: Path
    """Top folder of the repository."""
    prefix: str
    """Folder of the project below it, "" or ending in `/`."""
    head: str
    base_tip: str
    """Where the rules come from."""
    merge_base: str
    """What the content is compared with."""


def read_revisions(project: Path, base: str) -> Revisions:
    """Return the commits of a comparison of HEAD with `base`.

    Raises:
        UsageError: the folder is no git work tree, or `base` is no commit.
        InputError: the two have no common ancestor here (a shallow clone).
    """
    try:
        top = os.fsdecode(_run(project, "rev-parse", "--show-toplevel")).rstrip("\n")
    except InputError as error:
        raise UsageError(
            f"the project is in no git repository ({error.message})",
            hint="leave out --base and --changed-since",
        ) from None
    prefix = _text(project, "rev-parse", "--show-prefix") or ""
    head = read_commit(project, "HEAD")
    tip = read_commit(project, base)
    merge_base = _text(project, "merge-base", tip, head)
    if not merge_base:
        raise InputError(
            f"`{base}` and HEAD have no common ancestor here",
            hint="in a workflow, give actions/checkout `fetch-depth: 0`",
        )
    return Revisions(top=Path(top), prefix=prefix, head=head, base_tip=tip, merge_base=merge_base.split()[0])


def read_commit(project: Path, name: str) -> str:
    """Return the object id of a commit.

    Raises:
        UsageError: there is none of that name.
    """
    found = None
    if name and not name.startswith("-") and "\0" not in name:
        found = _text(project, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if not found:
        raise UsageError(
            f"`{name}` is no commit of this repository",
            hint="fetch it first; in a workflow, give actions/checkout `fetch-depth: 0`",
        )
    return found.splitlines()[-1]


def parents(top: Path, commit: str) -> tuple[str, ...]:
    """Return the parents of a commit."""
    return tuple((_text(top, "rev-list", "--parents", "-n", "1", commit) or "").split()[1:])


def commit_time(top: Path, commit: str) -> str:
    """Return the committer's time of a commit, ISO 8601 in UTC."""
    import datetime

    seconds = int(_text(top, "show", "-s", "--no-show-signature", "--format=%ct", commit) or "0")
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def list_tree(top: Path, commit: str, prefix: str = "") -> tuple[TreeEntry, ...]:
    """Return the files of a commit below `prefix`, sorted; submodules are left out."""
    arguments = ["ls-tree", "-r", "-z", "--long", "--full-tree", commit]
    if prefix:
        arguments += ["--", prefix]
    found = []
    for line in _run(top, *arguments).split(b"\0"):
        if not line:
            continue
        meta, _, path = line.partition(b"\t")
        mode, kind, object_id, size = meta.split()
        if kind != b"blob":
            continue
        found.append(
            TreeEntry(
                path=os.fsdecode(path),
                object_id=object_id.decode(),
                size=int(size),
                executable=mode == b"100755",
                link=mode == b"120000",
            )
        )
        if len(found) > _MAX_FILES:
            raise InputError(f"more than {_MAX_FILES} files", place=commit)
    return tuple(sorted(found, key=lambda entry: entry.path))


def read_file(top: Path, commit: str, path: str) -> bytes | None:
    """Return the content of one file of a commit, None when it is not there or no plain file."""
    for entry in list_tree(top, commit, path):
        if entry.path == path and not entry.link and entry.size <= _MAX_FILE_BYTES:
            return next(content for _, content in _contents(top, (entry,)))
    return None


@contextmanager
def exported(top: Path, commit: str, prefix: str = "", only: tuple[str, ...] | None = None) -> Iterator[Path]:
    """Give a private folder with the files of a commit, and remove it at the end.

    With `only`, just these files and folders (relative to `prefix`).

    The folder stands for the project folder `prefix`. Files over 10 MB and links that leave the
    project are left out, as everywhere; a link inside it stays a link.
    """
    with tempfile.TemporaryDirectory(prefix="iamgen-") as name:
        folder = Path(name).resolve()
        folder.chmod(0o700)
        wanted, total = [], 0
        for entry in list_tree(top, commit, prefix):
            relative = entry.path.removeprefix(prefix)
            if not _is_safe(relative) or entry.size > _MAX_FILE_BYTES:
                continue
            if only is not None and not any(relative == path or relative.startswith(f"{path}/") for path in only):
                continue
            total += entry.size
            if total > _MAX_TOTAL_BYTES:
                raise InputError("the project is too large to compare", place=commit)
            wanted.append(entry)
        for entry, content in _contents(top, tuple(wanted)):
            _write(folder, entry, entry.path.removeprefix(prefix), content)
        yield folder


def changed_between(top: Path, old: str, new: str, prefix: str = "") -> tuple[str, ...]:
    """Return the paths below `prefix` that differ between two commits, relative to it, sorted."""
    before = {entry.path: entry.object_id for entry in list_tree(top, old, prefix)}
    after = {entry.path: entry.object_id for entry in list_tree(top, new, prefix)}
    return _differing(before, after, prefix)


def changed_in_work_tree(top: Path, old: str, prefix: str = "") -> tuple[str, ...]:
    """Return the paths below `prefix` whose file differs from a commit, untracked files included.

    What git ignores does not count. A file that a filter changes on checkout (line ends) may be
    named although nobody edited it; that costs time, never an answer.
    """
    entries = {entry.path: entry for entry in list_tree(top, old, prefix)}
    before = {path: entry.object_id for path, entry in entries.items()}
    after: dict[str, str] = {}
    for path in work_tree_files(top, prefix):
        file = top / path
        known = entries.get(path)
        try:
            if file.is_symlink():
                content = os.fsencode(file.readlink())
            elif not file.is_file():
                continue
            elif known is not None and known.size != file.stat().st_size:
                after[path] = ""
                continue
            else:
                content = b"" if known is None else file.read_bytes()
        except OSError:
            content = b""
        after[path] = _object_id(content, known.object_id) if known is not None else ""
    return _differing(before, after, prefix)


def work_tree_files(top: Path, prefix: str = "") -> tuple[str, ...]:
    """Return tracked and untracked, not ignored files below `prefix`, relative to the top."""
    arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--full-name"]
    if prefix:
        arguments += ["--", prefix]
    listed = {os.fsdecode(path) for path in _run(top, *arguments).split(b"\0") if path}
    return tuple(sorted(listed))


def _differing(before: dict[str, str], after: dict[str, str], prefix: str) -> tuple[str, ...]:
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    return tuple(sorted(path.removeprefix(prefix) for path in changed))


def _object_id(content: bytes, like: str) -> str:
    algorithm = "sha256" if len(like) == 64 else "sha1"
    digest = hashlib.new(algorithm, usedforsecurity=False)
    digest.update(b"blob %d\0" % len(content))
    digest.update(content)
    return digest.hexdigest()


def _contents(top: Path, entries: tuple[TreeEntry, ...]) -> Iterator[tuple[TreeEntry, bytes]]:
    """Yield each entry with its content, through one `git cat-file --batch`."""
    if not entries:
        return
    names = "".join(f"{entry.object_id}\n" for entry in entries).encode()
    with tempfile.TemporaryFile() as wanted:
        wanted.write(names)
        wanted.seek(0)
        with subprocess.Popen(  # noqa: S603  a fixed program with fixed arguments
            _command("cat-file", "--batch"),
            cwd=top,
            env=_environment(),
            stdin=wanted,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            stream = process.stdout
            if stream is None:
                raise InputError("git gave no output", place=str(top))
            for entry in entries:
                header = stream.readline().split()
                if len(header) != 3 or header[1] != b"blob":
                    process.kill()
                    raise InputError(
                        f"git does not have the content of `{entry.path}`",
                        hint="a partial clone lacks it; clone without `--filter`",
                    )
                content = stream.read(int(header[2]))
                stream.read(1)
                yield entry, content


def _write(folder: Path, entry: TreeEntry, relative: str, content: bytes) -> None:
    target = folder / relative
    if entry.link:
        aim = os.fsdecode(content)
        landing = os.path.normpath(PurePosixPath(relative).parent / aim)
        if "\0" in aim or aim.startswith("/") or landing.startswith(".."):
            return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # INVARIANT: no file is written through a link of the same commit.
        if target.parent.resolve() != target.parent or target.is_symlink():
            return
        if entry.link:
            target.symlink_to(os.fsdecode(content))
        else:
            target.write_bytes(content)
    except (OSError, ValueError):
        # A name that this file system cannot hold is a file that is not there.
        return


def _is_safe(relative: str) -> bool:
    parts = relative.split("/")
    return bool(relative) and not any(part in {"", ".", ".."} or part in _SKIPPED_FOLDERS for part in parts)


def _command(*arguments: str) -> list[str]:
    settings = [part for setting in _SAFE_SETTINGS for part in ("-c", setting)]
    return [
        "git",
        "--no-replace-objects",
        "--no-optional-locks",
        "--literal-pathspecs",
        *settings,
        *arguments,
    ]


def _environment() -> dict[str, str]:
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "SYSTEMROOT", "TMPDIR") if key in os.environ}
    return {
        **kept,
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "",
        "GIT_PAGER": "cat",
    }


def _run(folder: Path, *arguments: str) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603  a fixed program; revisions were verified
            _command(*arguments),
            cwd=folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise UsageError("`git` is not installed") from None
    except subprocess.TimeoutExpired:
        raise InputError(f"git {arguments[0]} did not end", place=str(folder)) from None
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().splitlines()
        raise InputError(f"git {arguments[0]}: {words[-1] if words else 'failed'}", place=str(folder))
    return done.stdout


def _text(folder: Path, *arguments: str) -> str | None:
    """Return the output as text, None when git says no."""
    try:
        return os.fsdecode(_run(folder, *arguments)).rstrip("\n")
    except InputError:
        return None
