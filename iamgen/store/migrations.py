"""The tables of the usage store, version by version. A store is brought up to date when it is opened.

To change the form: append a script to `MIGRATIONS`; never edit one that was released. `PRAGMA user_version` counts the
scripts that ran.
"""

import sqlite3

from iamgen.errors import InputError

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE partitions (
        id INTEGER PRIMARY KEY,
        place TEXT NOT NULL UNIQUE      -- folder or file, absolute path or URL
    );
    CREATE TABLE files (                -- the watermark: a file that stands here unchanged is not read again
        partition INTEGER NOT NULL REFERENCES partitions (id),
        name TEXT NOT NULL,
        size INTEGER NOT NULL,
        etag TEXT NOT NULL,
        rules INTEGER NOT NULL,
        status TEXT NOT NULL,           -- ok, bad, skipped
        reason TEXT NOT NULL,
        events INTEGER NOT NULL,
        bad_records INTEGER NOT NULL,
        first TEXT NOT NULL,
        last TEXT NOT NULL,
        PRIMARY KEY (partition, name)
    ) WITHOUT ROWID;
    CREATE TABLE calls (                -- raw facts, as the log has them: mapped to actions when they are asked for
        id INTEGER PRIMARY KEY,
        event_source TEXT NOT NULL, event_name TEXT NOT NULL, region TEXT NOT NULL, account TEXT NOT NULL,
        recipient TEXT NOT NULL, principal TEXT NOT NULL, kind TEXT NOT NULL, category TEXT NOT NULL,
        role_arn TEXT NOT NULL, session TEXT NOT NULL, function_arn TEXT NOT NULL, invoked_by TEXT NOT NULL,
        outcome TEXT NOT NULL, error_code TEXT NOT NULL, denied_action TEXT NOT NULL, denied_by TEXT NOT NULL,
        resources TEXT NOT NULL, parameters TEXT NOT NULL,
        digest BLOB NOT NULL UNIQUE
    );
    CREATE TABLE tallies (
        partition INTEGER NOT NULL REFERENCES partitions (id),
        day INTEGER NOT NULL,
        call INTEGER NOT NULL REFERENCES calls (id),
        count INTEGER NOT NULL,
        first INTEGER NOT NULL,
        last INTEGER NOT NULL,
        PRIMARY KEY (partition, day, call)
    ) WITHOUT ROWID;
    CREATE TABLE changes (              -- of roles, policies and functions, one by one; deployments among them
        event_id TEXT NOT NULL,
        partition INTEGER NOT NULL REFERENCES partitions (id),
        time TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, event TEXT NOT NULL, subject TEXT NOT NULL,
        who TEXT NOT NULL, via TEXT NOT NULL, detail TEXT NOT NULL, error_code TEXT NOT NULL,
        deployment INTEGER NOT NULL,
        PRIMARY KEY (event_id, partition)
    ) WITHOUT ROWID;
    CREATE TABLE plans (                -- what was kept of requests: where the maps want more, files are read again
        event_source TEXT NOT NULL,
        event_name TEXT NOT NULL,
        digest TEXT NOT NULL,
        PRIMARY KEY (event_source, event_name)
    ) WITHOUT ROWID;
    CREATE TABLE selectors (            -- event selectors of trails, as the API gives them
        trail TEXT NOT NULL PRIMARY KEY,
        document TEXT NOT NULL
    ) WITHOUT ROWID;
    """,
)


def migrate(connection: sqlite3.Connection, place: str) -> None:
    """Bring a store up to date.

    Raises:
        InputError: a newer iamgen made it.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise InputError(
            f"the usage store has version {version}, this iamgen knows {len(MIGRATIONS)}",
            place=place,
            hint="use the newer iamgen, or delete the file: the logs can be read again",
        )
    if version == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        for number in range(version, len(MIGRATIONS)):
            for statement in _statements(MIGRATIONS[number]):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _statements(script: str) -> list[str]:
    found: list[str] = []
    text = ""
    for line in script.splitlines():
        text += line.partition("--")[0] + "\n"
        if sqlite3.complete_statement(text):
            found.append(text)
            text = ""
    return found
