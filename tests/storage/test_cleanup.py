"""Cleaning up: what has expired goes, in batches; what is needed and what is on record stays."""

from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from sso.audit.event import CodeReused
from sso.audit.query import AuditQuery
from sso.oidc.client import ClientSecret
from sso.oidc.consent import Consent
from sso.oidc.pending import PendingAuthorization
from sso.oidc.session import SessionEnd
from sso.storage.cleanup import SWEPT_TABLES
from sso.storage.database import Database
from sso.storage.stores import SqlStores
from sso.storage.tables import metadata
from tests.storage.conftest import opened, url_of
from tests.storage.examples import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    ORIGIN,
    client,
    code,
    pushed,
    refresh_token,
    session,
)

LATER = NOW + 2 * DAY


def swept(stores: SqlStores, now: datetime) -> dict[str, int]:
    """One batch of every table, as the worker takes them."""
    return {table: stores.cleanup.sweep(table, now) for table in SWEPT_TABLES}


def test_expired_rows_go_and_are_counted(sql_database: Database) -> None:
    pending = {"browser": b"b", "client_id": "c", "params": {}, "asked_at": NOW}
    consent = {"client_id": "c", "scope": frozenset(), "claims": frozenset(), "granted_at": NOW}
    with sql_database.begin(ORIGIN) as stores:
        for key, end in (("old", NOW), ("new", LATER + HOUR)):
            stores.pending.add(PendingAuthorization(id=key, expires_at=end, **pending))
            stores.consents.put(Consent(account_id=key, expires_at=end, **consent))
            stores.pushed.add(pushed(expires_at=NOW - HOUR, kept_until=end))
            stores.denied_tokens.add(key, end)
            stores.one_time_values.spend("assertion", key, end)
        stores.throttles.attempt(b"old", window_seconds=60, now=NOW)
        stores.throttles.attempt(b"new", window_seconds=60, now=LATER)

    with sql_database.begin(ORIGIN) as stores:
        counts = swept(stores, LATER)

        names = ("pending_authorization", "pushed_authorization", "consent", "denied_token")
        assert [counts[name] for name in (*names, "one_time_value", "throttle")] == [1] * 6
        assert stores.denied_tokens.denied("new")
        assert not stores.denied_tokens.denied("old")
        assert set(swept(stores, LATER).values()) == {0}


def test_a_grant_goes_with_its_last_token(sql_database: Database) -> None:
    online, offline = code(), code()
    token = refresh_token(offline.grant, expires_at=NOW + 30 * DAY)
    with sql_database.begin(ORIGIN) as stores:
        stores.codes.add(online)
        stores.codes.add(offline)
        stores.refresh_tokens.add(token)

    with sql_database.begin(ORIGIN) as stores:
        first = swept(stores, LATER)
        assert stores.grants.get(online.grant.id) is None
        assert stores.refresh_tokens.get(token.digest) == token
        second = swept(stores, NOW + 31 * DAY)
        assert stores.grants.get(offline.grant.id) is None

    assert (first["authorization_code"], first["refresh_token"]) == (2, 0)
    assert (second["authorization_code"], second["refresh_token"]) == (0, 1)


def test_a_code_stays_a_day_so_that_a_replay_is_still_told(sql_database: Database) -> None:
    given = code(expires_at=NOW)
    with sql_database.begin(ORIGIN) as stores:
        stores.codes.add(given)

        swept(stores, NOW + DAY - MINUTE)
        assert stores.codes.get(given.digest) == given
        swept(stores, NOW + DAY)
        assert stores.codes.get(given.digest) is None


def test_only_ended_sessions_go_and_their_clients_with_them(sql_database: Database) -> None:
    ended, forgotten = session(), session()
    with sql_database.begin(ORIGIN) as stores:
        for number, begun in enumerate((ended, forgotten)):
            stores.sessions.add(begun, bytes([number]))
            stores.sessions.join(begun.id, "client-1", NOW)
        stores.sessions.end(ended.id, SessionEnd.SIGNED_OUT, NOW)

        counts = swept(stores, NOW + 7 * DAY)

        assert counts["session"] == 1
        assert list(stores.sessions.clients_of(ended.id)) == []
        assert stores.sessions.by_id(forgotten.id) == forgotten


def test_old_notices_go(sql_database: Database) -> None:
    with sql_database.begin(ORIGIN) as stores:
        stores.notices.add_logout(session(), client(), "sub", NOW)
    with sql_database.begin(ORIGIN) as stores:
        assert stores.cleanup.sweep("logout_notice", NOW + 6 * DAY) == 0
        assert stores.cleanup.sweep("logout_notice", NOW + 7 * DAY) == 1


def test_a_batch_is_the_most_that_goes_at_once(sql_database: Database) -> None:
    with sql_database.begin(ORIGIN) as stores:
        for number in range(5):
            stores.denied_tokens.add(f"jti-{number}", NOW + number * MINUTE)

    with sql_database.begin(ORIGIN) as stores:
        counts = [stores.cleanup.sweep("denied_token", LATER, batch=2) for _ in range(4)]

    assert counts == [2, 2, 1, 0]


@pytest.mark.parametrize("batch", [0, 1001])
def test_a_batch_has_a_limit(sql_database: Database, batch: int) -> None:
    with sql_database.begin(ORIGIN) as stores, pytest.raises(ValueError, match="1 to 1000"):
        stores.cleanup.sweep("consent", NOW, batch=batch)


def test_the_record_stays(sql_database: Database) -> None:
    with sql_database.begin(ORIGIN) as stores:
        event_id = stores.audit.append(CodeReused(client_id="c", account_id="a", grant_id="g"), NOW)

    with sql_database.begin(ORIGIN) as stores:
        counts = swept(stores, NOW + timedelta(days=36_500))

        assert "audit_event" not in counts
        assert stores.audit_search.find(event_id) is not None
        assert stores.audit_search.search(AuditQuery(since=NOW, until=NOW + DAY))


def test_every_table_with_an_expiry_is_swept() -> None:
    expiring = {table.name for table in metadata.sorted_tables if "expires_at" in table.c}

    assert expiring <= set(SWEPT_TABLES)


@pytest.mark.postgresql
def test_a_row_that_someone_holds_is_passed_over(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    database = opened(url_of(request, "postgresql", tmp_path))
    with database.begin(ORIGIN) as stores:
        for key in ("held", "free"):
            stores.denied_tokens.add(key, NOW)

    with psycopg.connect(request.getfixturevalue("shared_postgresql_url")) as other:
        other.execute("SELECT 1 FROM denied_token WHERE jti = 'held' FOR UPDATE")
        with database.begin(ORIGIN) as stores:
            gone = stores.cleanup.sweep("denied_token", LATER)
    with database.begin(ORIGIN) as stores:
        later = stores.cleanup.sweep("denied_token", LATER)

    database.dispose()
    assert (gone, later) == (1, 1)


def test_a_secret_that_no_longer_works_goes_and_the_current_one_stays(sql_database: Database) -> None:
    owner = client()
    with sql_database.begin(ORIGIN) as stores:
        stores.clients.add(owner, NOW)
        stores.clients.rotate_secret(owner.client_id, ClientSecret(b"old" * 10), NOW, HOUR)
        stores.clients.rotate_secret(owner.client_id, ClientSecret(b"new" * 10), NOW + MINUTE, HOUR)

        assert stores.cleanup.sweep("client_secret", NOW + HOUR) == 0
        assert stores.cleanup.sweep("client_secret", NOW + 2 * HOUR) == 1
        (left,) = stores.clients.list_clients()

    assert [secret.digest for secret in left.secrets] == [b"new" * 10]
