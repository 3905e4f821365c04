"""Files of the project, read within bounds: inside the project, regular, at most 10 MB."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from iamgen.model.observation import Gap, GapReason, Location

MAX_BYTES = 10_000_000


@dataclass(frozen=True, slots=True)
class Project:
    """The folder that all paths of an answer are relative to."""

    root: Path
    """Real path."""

    @classmethod
    def at(cls, folder: Path) -> "Project":
        """Return the project of a folder."""
        return cls(Path(os.path.realpath(folder)))

    def relative(self, path: Path) -> str:
        """Return a path relative to the project, with `/`; the project itself is `.`."""
        try:
            return path.relative_to(self.root).as_posix()
        except ValueError:
            return Path(os.path.relpath(path, self.root)).as_posix()

    def holds(self, path: Path) -> bool:
        """Return whether the real path lies inside the project."""
        real = Path(os.path.realpath(path))
        return real == self.root or self.root in real.parents

    def read(self, path: Path) -> bytes | Gap:
        """Return a file's bytes, or why it was not read."""
        place = Location(self.relative(path))
        if not self.holds(path):
            return Gap(GapReason.OUTSIDE_PROJECT, "lies outside the project", place)
        try:
            # NOTE: opened without blocking, so that a named pipe cannot hold the run.
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        except (OSError, ValueError):
            return Gap(GapReason.UNREADABLE, "cannot be opened", place)
        try:
            state = os.fstat(handle)
            if not stat.S_ISREG(state.st_mode):
                return Gap(GapReason.UNREADABLE, "is no regular file", place)
            if state.st_size > MAX_BYTES:
                return Gap(GapReason.LIMIT, "is larger than 10 MB", place)
            with os.fdopen(os.dup(handle), "rb") as file:
                return file.read(MAX_BYTES + 1)
        except OSError:
            return Gap(GapReason.UNREADABLE, "cannot be read", place)
        finally:
            os.close(handle)

    def nested(self, base: Path, text: str) -> Path | None:
        """Return the file that a template names, None when it is not in the project.

        Where the path leads nowhere it may start in a build folder below: leading `../` are dropped.
        """
        if "://" in text or "\x00" in text:
            return None
        while True:
            path = Path(os.path.normpath(base / text))
            if path.is_file() and self.holds(path):
                return path
            if not text.startswith("../"):
                return None
            text = text.removeprefix("../")

    def folder(self, base: Path, text: str) -> Path | None:
        """Return the folder that a code path names, inside the project.

        A file or a folder that is not there (a build result) stands for the nearest folder above.
        None when the path is a URL, a key in a bucket, or leads out of the project.
        """
        if "://" in text or "\x00" in text:
            return None
        path = Path(os.path.normpath(base / text)) if text else base
        if not self.holds(path):
            return None
        while not path.is_dir():
            if path == self.root or path == path.parent:
                return None
            path = path.parent
        return path if self.holds(path) else None
