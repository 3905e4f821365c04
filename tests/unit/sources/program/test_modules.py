"""Files of a project are lowered once, and again when they change."""

import os
from pathlib import Path

from iamgen.model.observation import Gap, GapReason
from iamgen.plugins import Frontend, ImportRequest, discover
from iamgen.sources._program.form import Module
from iamgen.sources._program.modules import MAX_BYTES, ModuleLoader, loader_for

FRONTENDS = discover("iamgen.sources.code", Frontend)


def test_a_file_is_lowered_again_only_when_it_changed(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("x = 1\n")
    loader = ModuleLoader(tmp_path, FRONTENDS)
    first = loader.lower("a.py")
    loader.refresh()
    assert loader.lower("a.py") is first
    path.write_text("x = 1\ny = 2\n")
    loader.refresh()
    changed = loader.lower("a.py")
    assert isinstance(changed, Module)
    assert len(changed.body) == 2


def test_loaders_are_kept_per_project(tmp_path: Path) -> None:
    assert loader_for(tmp_path, FRONTENDS) is loader_for(tmp_path, FRONTENDS)


def test_only_regular_files_inside_the_project_are_read(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "outside.py").write_text("x = 1\n")
    (project / "link.py").symlink_to(tmp_path / "outside.py")
    os.mkfifo(project / "pipe.py")
    with (project / "large.py").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    loader = ModuleLoader(project, FRONTENDS)
    reasons = {}
    for name in ("link.py", "pipe.py", "large.py", "../outside.py", "missing.py"):
        lowered = loader.lower(name)
        assert isinstance(lowered, Gap)
        reasons[name] = lowered.reason
    assert reasons == {
        "link.py": GapReason.OUTSIDE_PROJECT,
        "pipe.py": GapReason.UNREADABLE,
        "large.py": GapReason.LIMIT,
        "../outside.py": GapReason.OUTSIDE_PROJECT,
        "missing.py": GapReason.UNREADABLE,
    }


def test_imports_of_python_start_at_the_roots_and_go_up(tmp_path: Path) -> None:
    for name in ("app/fn/handler.py", "app/fn/pkg/__init__.py", "app/shared/db.py", "layer/python/tools.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    loader = ModuleLoader(tmp_path, FRONTENDS)
    python = loader.for_language("python")
    assert python is not None
    roots = ("app/fn", "layer/python")

    def found(module: str, level: int = 0) -> tuple[str, ...]:
        request = ImportRequest(module=module, importer="app/fn/handler.py", roots=roots, level=level)
        return loader.resolve(python, request)

    assert found("pkg") == ("app/fn/pkg/__init__.py",)
    assert found("tools") == ("layer/python/tools.py",)
    assert found("db") == ("app/shared/db.py",)
    assert found("shared.db") == ("app/shared/db.py",)
    assert found("shared.db", 2) == ("app/shared/db.py",)
    assert found("json") == ()
    assert found("boto3") == ()
