"""The usage store: whole transactions, windows by day, one writer, versions."""

import sqlite3
import threading
from pathlib import Path

import pytest

from iamgen.errors import InputError
from iamgen.model.trail import Change, Extraction, FileKey, FileStatus, RawCall, Tally
from iamgen.store.database import open_store
from iamgen.store.migrations import MIGRATIONS

DAY = 86400
CALL = RawCall(
    "s3.amazonaws.com", "GetObject", "eu-west-1", "1", "1", "AssumedRole", "call", "data", "arn:aws:iam::1:role/r",
    "orders", "", "", "allowed", "", "", "", "arn:aws:s3:::b/in/*", '[["Bucket","b"]]',
)  # fmt: skip


def extraction(partition: str = "/t/", name: str = "a.gz", day: int = 20000, events: int = 3) -> Extraction:
    file = FileStatus(
        FileKey(partition, name, 10, "e"), "ok", "", events, 0, "2024-10-04T00:00:00Z", "2024-10-04T01:00:00Z"
    )
    change = Change(
        f"id-{name}", "2024-10-04T00:00:00Z", "1", "r", "iam PutRolePolicy", "r", "w", "cli", "{}", "", False
    )
    return Extraction(
        partition=partition,
        tallies=(Tally(CALL, day, events, day * DAY + 5, day * DAY + 9),),
        changes=(change,),
        files=(file,),
        plans=(("s3.amazonaws.com", "GetObject", "d1"),),
    )


def test_tallies_of_one_call_add_up(tmp_path: Path) -> None:
    with open_store(tmp_path / "u.db") as store:
        store.add(extraction(name="a.gz"))
        store.add(extraction(name="b.gz"))
        (event,) = store.events()
    assert event.count == 6
    assert event.resources == ("arn:aws:s3:::b/in/*",)
    assert event.parameters == (("Bucket", "b"),)
    assert event.first_seen == "2024-10-04T00:00:05Z"


def test_a_window_is_of_whole_days(tmp_path: Path) -> None:
    with open_store(tmp_path / "u.db") as store:
        for day in (20000, 20001, 20002):
            store.add(extraction(name=f"{day}.gz", day=day, events=day - 19999))
        counts = [
            sum(event.count for event in store.events(since=since, until=until))
            for since, until in (
                (None, None), ("2024-10-05", None), (None, "2024-10-04"), ("2024-10-05T12:00:00Z", "2024-10-05"),
            )
        ]  # fmt: skip
    assert counts == [6, 5, 1, 2]


def test_a_source_counts_alone(tmp_path: Path) -> None:
    with open_store(tmp_path / "u.db") as store:
        store.add(extraction("/logs/a/"))
        store.add(extraction("/logs/ab/"))
        store.add(extraction("/logs/a/deep/", name="c.gz"))
        assert sum(event.count for event in store.events(("/logs/a/",))) == 6
        assert sum(event.count for event in store.events(("/logs/",))) == 9
        assert list(store.events(("/other/",))) == []
        assert store.count_files(("/logs/a/",)).files == 2


def test_a_file_read_alone_and_with_its_folder_counts_once(tmp_path: Path) -> None:
    with open_store(tmp_path / "u.db") as store:
        store.add(extraction("/logs/", name="a.gz"))
        store.add(extraction("/logs/a.gz", name="a.gz"))
        assert sum(event.count for event in store.events()) == 3
        assert sum(event.count for event in store.events(("/logs/a.gz",))) == 3
        assert store.count_files().files == 1


def test_what_is_forgotten_is_gone(tmp_path: Path) -> None:
    with open_store(tmp_path / "u.db") as store:
        store.add(extraction("/a/"))
        store.add(extraction("/b/"))
        store.forget(["/a/", "/never/"])
        assert set(store.files()) == {("/b/", "a.gz")}
        assert sum(event.count for event in store.events()) == 3
        store.add(extraction("/a/"))
        assert sum(event.count for event in store.events()) == 6


def test_an_addition_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with open_store(tmp_path / "u.db") as store:
        store.add(extraction(name="a.gz"))
        broken = extraction(name="b.gz")
        wrong = Tally(CALL, 20001, None, 0, 0)  # type: ignore[arg-type]
        with pytest.raises(sqlite3.IntegrityError):
            store.add(
                Extraction(partition="/t/", tallies=(*broken.tallies, wrong), changes=(), files=broken.files, plans=())
            )
        assert set(store.files()) == {("/t/", "a.gz")}
        assert sum(event.count for event in store.events()) == 3
        store.add(broken)
        assert sum(event.count for event in store.events()) == 6


def test_a_change_that_two_files_hold_comes_once(tmp_path: Path) -> None:
    with open_store(tmp_path / "u.db") as store:
        store.add(extraction("/a/"))
        store.add(extraction("/b/"))
        assert [change.event_id for change in store.changes()] == ["id-a.gz"]
        assert store.changes(deployments=True) == ()


def test_reading_goes_on_while_another_writes(tmp_path: Path) -> None:
    with open_store(tmp_path / "u.db") as store, open_store(tmp_path / "u.db") as reader:
        store.add(extraction(name="a.gz"))
        with store.writing():
            store.add(extraction(name="b.gz"))
            assert sum(event.count for event in reader.events()) == 6


def test_a_second_writer_waits_and_is_told(tmp_path: Path) -> None:
    told: list[int] = []
    entered = threading.Event()

    def second() -> None:
        with open_store(tmp_path / "u.db") as other, other.writing(on_wait=lambda: told.append(1)):
            entered.set()

    with open_store(tmp_path / "u.db") as store:
        with store.writing():
            thread = threading.Thread(target=second)
            thread.start()
            assert not entered.wait(0.6)
        thread.join(10)
    assert entered.is_set()
    assert told == [1]


def test_a_second_writer_gives_up_with_a_reason(tmp_path: Path) -> None:
    with (
        open_store(tmp_path / "u.db") as store,
        open_store(tmp_path / "u.db") as other,
        store.writing(),
        pytest.raises(InputError, match="another process is writing"),
        other.writing(wait_seconds=0),
    ):
        pass


def test_a_newer_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "u.db"
    open_store(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(InputError, match="this iamgen knows"):
        open_store(path)


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "u.db"
    path.write_bytes(b"no database at all, but long enough to look like one" * 50)
    with pytest.raises(InputError, match="cannot open the usage store"):
        open_store(path)


def test_the_folder_says_what_git_is_to_leave_out(tmp_path: Path) -> None:
    open_store(tmp_path / ".iamgen" / "usage.db").close()
    assert (tmp_path / ".iamgen" / ".gitignore").read_text() == "usage.db*\ncache/\n"
    (tmp_path / ".iamgen" / ".gitignore").write_text("mine\n")
    open_store(tmp_path / ".iamgen" / "usage.db").close()
    assert (tmp_path / ".iamgen" / ".gitignore").read_text() == "mine\n"
