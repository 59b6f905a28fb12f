"""What a witness has cosigned: one row a log, in a SQLite file of its own, flushed before the answer."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sso.audit.checkpoint import Checkpoint

WAIT_SECONDS = 5.0
_SCHEMA = """
CREATE TABLE cosigned (
    origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL, at TEXT NOT NULL
) STRICT
"""
_PUT = """
INSERT INTO cosigned VALUES (?, ?, ?, ?, ?) ON CONFLICT (origin) DO UPDATE
SET size = excluded.size, root = excluded.root, note = excluded.note, at = excluded.at
"""


class StateUnavailable(Exception):
    """The file is missing, damaged, or cannot be written: nothing may be cosigned."""


@dataclass(frozen=True, slots=True)
class Cosigned:
    """The last tree of a log that was cosigned, and when."""

    checkpoint: Checkpoint
    at: datetime


@dataclass(frozen=True, slots=True)
class WitnessState:
    """The file. One that is missing is never made anew by the way: a witness that forgets must not sign."""

    file: Path

    def create(self) -> None:
        """Make the file of a new witness.

        Raises:
            FileExistsError: there is one.
        """
        with self.file.open("xb"), closing(sqlite3.connect(self.file)) as connection:
            connection.execute(_SCHEMA)
            connection.commit()

    def advance(
        self, checkpoint: Checkpoint, note: str, now: datetime, accept: Callable[[Checkpoint | None], None]
    ) -> None:
        """Put a checkpoint in place of the latest one of its log if `accept` lets it pass; durable on return.

        Nobody else reads or writes in between, in whatever process.

        Raises:
            StateUnavailable: nothing was changed.
        """
        with self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            accept(_latest(connection, checkpoint.origin))
            row = (checkpoint.origin, checkpoint.size, checkpoint.root, note, now.isoformat())
            connection.execute(_PUT, row)
            connection.execute("COMMIT")

    def all(self) -> dict[str, Cosigned]:
        """Return the latest of every log by its origin.

        Raises:
            StateUnavailable: the file cannot be read.
        """
        with self._connected() as connection:
            rows = connection.execute(
                "SELECT origin, size, root, at FROM cosigned ORDER BY origin"
            ).fetchall()
        return {
            origin: Cosigned(Checkpoint(origin, size, root), datetime.fromisoformat(at).astimezone(UTC))
            for origin, size, root, at in rows
        }

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        try:
            uri = f"{self.file.resolve().as_uri()}?mode=rw"
            connection = sqlite3.connect(uri, uri=True, timeout=WAIT_SECONDS, isolation_level=None)
            with closing(connection):
                connection.execute("PRAGMA synchronous = EXTRA")
                yield connection
        except sqlite3.Error as error:
            raise StateUnavailable(f"{self.file}: {error}") from error


def _latest(connection: sqlite3.Connection, origin: str) -> Checkpoint | None:
    row = connection.execute("SELECT size, root FROM cosigned WHERE origin = ?", (origin,)).fetchone()
    return None if row is None else Checkpoint(origin, row[0], row[1])
