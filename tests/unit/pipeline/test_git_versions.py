"""Versions are read from git's objects, and nothing of the project runs on the way."""

import os
import subprocess

import pytest

from iamgen.errors import InputError, UsageError
from iamgen.pipeline import git


def run_git(folder, *arguments):
    done = subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path):
    top = tmp_path / "repo"
    (top / "app").mkdir(parents=True)
    run_git(top, "init", "-q", "-b", "main")
    (top / ".gitignore").write_text("ignored.txt\n")
    (top / "app" / "a.txt").write_text("one\n")
    (top / "app" / "b.txt").write_text("same\n")
    (top / "other.txt").write_text("other\n")
    run_git(top, "add", ".")
    run_git(top, "commit", "-q", "-m", "base")
    run_git(top, "checkout", "-q", "-b", "feature")
    (top / "app" / "a.txt").write_text("two\n")
    run_git(top, "commit", "-q", "-a", "-m", "head")
    run_git(top, "checkout", "-q", "main")
    (top / "other.txt").write_text("newer rules\n")
    run_git(top, "commit", "-q", "-a", "-m", "main moves on")
    run_git(top, "checkout", "-q", "feature")
    return top


def test_content_is_compared_with_the_merge_base_and_rules_come_from_the_tip(repository):
    found = git.read_revisions(repository / "app", "main")
    assert found.prefix == "app/"
    assert found.merge_base == run_git(repository, "merge-base", "main", "feature")
    assert found.base_tip == run_git(repository, "rev-parse", "main")
    assert git.read_file(found.top, found.base_tip, "other.txt") == b"newer rules\n"
    assert git.read_file(found.top, found.merge_base, "other.txt") == b"other\n"
    assert git.read_file(found.top, found.merge_base, "none.txt") is None


def test_an_export_is_the_commit_and_vanishes(repository):
    found = git.read_revisions(repository, "main")
    with git.exported(found.top, found.merge_base, "app/") as folder:
        assert sorted(path.name for path in folder.iterdir()) == ["a.txt", "b.txt"]
        assert (folder / "a.txt").read_text() == "one\n"
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()


def test_changes_name_tracked_and_untracked_but_not_ignored_files(repository):
    found = git.read_revisions(repository, "main")
    assert git.changed_between(found.top, found.merge_base, found.head) == ("app/a.txt",)
    (repository / "app" / "b.txt").write_text("Same\n")
    (repository / "app" / "new.txt").write_text("x")
    (repository / "ignored.txt").write_text("x")
    (repository / "other.txt").unlink()
    changed = git.changed_in_work_tree(found.top, found.merge_base)
    assert changed == ("app/a.txt", "app/b.txt", "app/new.txt", "other.txt")
    below = git.changed_in_work_tree(found.top, found.merge_base, "app/")
    assert below == ("a.txt", "b.txt", "new.txt")


def test_hooks_filters_and_attributes_of_the_project_do_not_run(repository, tmp_path):
    canary = tmp_path / "canary"
    script = tmp_path / "evil.sh"
    script.write_text(f"#!/bin/sh\ntouch {canary}\ncat\n")
    script.chmod(0o755)
    (repository / ".gitattributes").write_text("* filter=evil diff=evil\n")
    for hook in ("post-checkout", "post-index-change", "reference-transaction"):
        (repository / ".git" / "hooks" / hook).write_text(f"#!/bin/sh\ntouch {canary}\n")
        (repository / ".git" / "hooks" / hook).chmod(0o755)
    run_git(repository, "config", "filter.evil.smudge", str(script))
    run_git(repository, "config", "filter.evil.clean", str(script))
    run_git(repository, "config", "diff.evil.textconv", str(script))
    run_git(repository, "config", "core.fsmonitor", str(script))
    canary.unlink(missing_ok=True)
    os.utime(repository / "app" / "b.txt", (1, 1))
    found = git.read_revisions(repository, "main")
    git.changed_in_work_tree(found.top, found.merge_base)
    git.work_tree_files(found.top)
    with git.exported(found.top, found.head) as folder:
        assert (folder / "app" / "a.txt").read_text() == "two\n"
    assert not canary.exists()


def test_links_that_leave_the_project_and_submodules_are_left_out(repository):
    (repository / "out").symlink_to("/etc")
    (repository / "up").symlink_to("../../x")
    (repository / "inside").symlink_to("app/a.txt")
    run_git(repository, "add", ".")
    tree = run_git(repository, "rev-parse", "HEAD")
    run_git(repository, "update-index", "--add", "--cacheinfo", f"160000,{tree},module")
    run_git(repository, "commit", "-q", "-m", "links")
    found = git.read_revisions(repository, "main")
    with git.exported(found.top, found.head) as folder:
        names = sorted(path.name for path in folder.iterdir())
        assert names == [".gitignore", "app", "inside", "other.txt"]
        assert (folder / "inside").read_text() == "two\n"


def test_no_file_is_written_through_a_link_of_the_commit(repository):
    blob = run_git(repository, "hash-object", "-w", "other.txt")
    (repository / "target").write_text("app")
    link = run_git(repository, "hash-object", "-w", "target")
    inner = subprocess.run(
        ["git", "mktree"],
        cwd=repository,
        input=f"120000 blob {link}\td\n100644 blob {blob}\td2\n",
        text=True,
        capture_output=True,
        check=True,
    ).stdout.strip()
    commit = run_git(repository, "commit-tree", inner, "-m", "x")
    with git.exported(repository, commit) as folder:
        assert sorted(path.name for path in folder.iterdir()) == ["d", "d2"]


@pytest.mark.parametrize("name", ["none", "--output=x", "", "main\0x", "HEAD:app/a.txt", "-h"])
def test_a_base_that_is_no_commit_is_wrong_usage(repository, name):
    with pytest.raises(UsageError):
        git.read_revisions(repository, name)


def test_no_repository_and_no_common_ancestor_have_their_words(repository, tmp_path):
    with pytest.raises(UsageError, match="no git repository"):
        git.read_revisions(tmp_path, "main")
    run_git(repository, "checkout", "-q", "--orphan", "alone")
    run_git(repository, "commit", "-q", "--allow-empty", "-m", "alone")
    with pytest.raises(InputError) as caught:
        git.read_revisions(repository, "main")
    assert "fetch-depth" in caught.value.hint


def test_names_with_strange_characters_survive(repository):
    name = 'we"ird\n\tname é.txt'
    (repository / name).write_text("x")
    run_git(repository, "add", ".")
    run_git(repository, "commit", "-q", "-m", "x")
    found = git.read_revisions(repository, "main")
    assert name in git.changed_between(found.top, found.merge_base, found.head)
    with git.exported(found.top, found.head) as folder:
        assert (folder / name).read_text() == "x"


def test_the_time_of_a_commit_is_utc(repository):
    assert git.commit_time(repository, "HEAD").endswith("Z")
    assert len(git.parents(repository, git.read_commit(repository, "HEAD"))) == 1
