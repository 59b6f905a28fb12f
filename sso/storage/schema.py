"""Brings a database to the newest schema: Alembic's steps, in one transaction, by one process at a time."""

import os
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from sso.storage.database import Database
from sso.storage.errors import StorageUnavailable

_ADVISORY_LOCK = 0x53534F48_55420001  # "SSOHUB": one migration at a time
_MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(database: Database) -> list[str]:
    """Apply what is missing and return its names; again changes nothing.

    Raises:
        StorageUnavailable: the database could not do it; the schema is as it was.
    """
    _make_private(database)
    database.audit_keys.create()
    with database._schema_writer() as connection:
        if database.dialect == "postgresql":
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        pending = _pending(connection)
        if pending:
            command.upgrade(_config(connection), "head")
    return pending


def pending_migrations(database: Database) -> list[str]:
    """Return the names of the steps that are missing, in order.

    Raises:
        StorageUnavailable: the database could not be asked.
    """
    if database.path is not None and not os.path.exists(database.path):
        return _missing(())
    with database._schema_reader() as connection:
        return _pending(connection)


def _pending(connection: Connection) -> list[str]:
    return _missing(MigrationContext.configure(connection).get_current_heads())


def _missing(applied: tuple[str, ...]) -> list[str]:
    steps = ScriptDirectory.from_config(_config()).iterate_revisions("head", applied or "base")
    return [step.revision for step in steps][::-1]


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _make_private(database: Database) -> None:
    """Create a SQLite file readable by its owner alone; its log and index files take after it.

    Only a new one is ever opened here: closing a file also drops the locks that SQLite holds on it.
    """
    if database.path is None:
        return
    try:
        os.close(os.open(database.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        msg = f"the database file cannot be made: {error.strerror}"
        raise StorageUnavailable(msg) from error
