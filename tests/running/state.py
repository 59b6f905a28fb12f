"""A look into a hub's database: how many rows stand where, and a log that cannot be written."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from sso.audit.query import MAX_PAGE_SIZE, AuditQuery
from sso.audit.record import AuditRecord
from sso.config import load
from sso.hub import build
from tests.servers.hub import HubServer

ISSUED = ("session", "grant", "authorization_code", "refresh_token", "audit_event")
_REFUSE = """
CREATE TRIGGER refuse BEFORE INSERT ON audit_event BEGIN SELECT RAISE(ABORT, 'the log is full'); END
"""


def execute(hub: HubServer, statement: str) -> list[tuple[object, ...]]:
    """Run one statement on the hub's database and return its rows."""
    if hub.database_url.startswith("sqlite"):
        with closing(sqlite3.connect(hub.folder / "hub.db", timeout=10, isolation_level=None)) as connection:
            return list(connection.execute(statement))
    with psycopg.connect(hub.database_url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def rows(hub: HubServer) -> dict[str, int]:
    """How many rows each table of issued things has."""
    return {table: int(str(execute(hub, f'SELECT count(*) FROM "{table}"')[0][0])) for table in ISSUED}


def events(hub: HubServer, code: str) -> list[dict[str, Any]]:
    """Return the audit events of one code, oldest first, without making one by asking."""
    built = build(load(str(hub.config_file), {}))
    now = datetime.now(UTC)
    asked = AuditQuery(
        since=now - timedelta(days=1), until=now + timedelta(days=1), events=(code,), limit=MAX_PAGE_SIZE
    )
    found: list[AuditRecord] = []
    try:
        while True:
            with built.database.read() as stores:
                page = stores.audit_search.search(asked)
            found += page
            if len(page) < MAX_PAGE_SIZE:
                break
            asked = replace(asked, before=page[-1].id)
    finally:
        built.close()
    return [
        {"client_id": r.client_id, "outcome": r.outcome.value, "address": r.origin.address, **r.detail}
        for r in reversed(found)
    ]


@contextmanager
def unwritable_audit(hub: HubServer) -> Iterator[None]:
    """While the block lasts no audit event can be stored: SQLite refuses the row, PostgreSQL has no table."""
    if hub.database_url.startswith("sqlite"):
        broken, mended = _REFUSE, "DROP TRIGGER refuse"
    else:
        broken = "ALTER TABLE audit_event RENAME TO audit_event_away"
        mended = "ALTER TABLE audit_event_away RENAME TO audit_event"
    execute(hub, broken)
    try:
        yield
    finally:
        execute(hub, mended)
