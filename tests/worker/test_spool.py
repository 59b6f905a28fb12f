"""Containment while the log cannot be written: spooled before the state commits, taken in late, once."""

from pathlib import Path

import pytest
from sqlalchemy import text

from sso.audit.event import ClientDeleted, SignInFailed
from sso.audit.record import Origin
from sso.oidc.errors import ErrorCode, TokenError
from sso.storage import audit_spool
from sso.storage.audit_spool import AuditSpool
from sso.storage.errors import StorageUnavailable
from sso.storage.stores import SqlStores
from sso.worker.upkeep import take_in_spooled_events
from tests.worker.conftest import NOW, Log

ORIGIN = Origin(address="192.0.2.7", user_agent="Browser", actor="command:root")


def full(log: Log) -> None:
    """From now on no event can be written."""
    statements = {
        "sqlite": ["CREATE TRIGGER full BEFORE INSERT ON audit_event BEGIN SELECT RAISE(ABORT, 'full'); END"],
        "postgresql": ["ALTER TABLE audit_event RENAME TO away"],
    }
    _run(log, *statements[log.hub.database.dialect])


def writable(log: Log) -> None:
    statements = {"sqlite": ["DROP TRIGGER full"], "postgresql": ["ALTER TABLE away RENAME TO audit_event"]}
    _run(log, *statements[log.hub.database.dialect])


def _run(log: Log, *statements: str) -> None:
    with log.hub.database._schema_writer() as connection:
        for statement in statements:
            connection.execute(text(statement))


def deny(stores: SqlStores) -> str:
    """End something: a token is denied from now on, on record."""
    stores.denied_tokens.add("jti-1", NOW)
    return stores.audit.append(ClientDeleted(client_id="housing", source="test"), NOW)


def spool_of(log: Log) -> Path:
    return log.hub.configuration.audit_spool_file


def events(log: Log, code: str) -> int:
    return log.codes().count(code)


def denied(log: Log) -> bool:
    with log.hub.database.read() as stores:
        return stores.denied_tokens.denied("jti-1")


def test_while_the_log_can_be_written_nothing_is_spooled(log: Log) -> None:
    log.hub.database.contain(ORIGIN, deny)

    assert (denied(log), events(log, "client.deleted")) == (True, 1)
    assert not spool_of(log).exists()


def test_an_end_is_spooled_and_taken_in_late_with_its_time_and_place(log: Log) -> None:
    full(log)
    event_id = log.hub.database.contain(ORIGIN, deny)
    assert denied(log)
    content = spool_of(log).read_bytes()
    assert b"housing" not in content and b"192.0.2.7" not in content
    assert spool_of(log).stat().st_mode & 0o777 == 0o600
    with pytest.raises(StorageUnavailable):
        take_in_spooled_events(log.hub)
    assert spool_of(log).with_name("audit-spool.taking").read_bytes() == content

    writable(log)
    take_in_spooled_events(log.hub)
    take_in_spooled_events(log.hub)

    with log.hub.database.read() as stores:
        found = stores.audit_search.find(event_id)
    assert found is not None
    assert (found.occurred_at, found.origin) == (NOW, ORIGIN)
    assert found.detail == {"source": "test", "late": True}
    assert (events(log, "client.deleted"), events(log, "audit.spool.taken")) == (1, 1)
    log.sequencer.sequence()
    log.sequencer.sign(NOW)
    assert log.findings() == []


def test_a_refusal_is_an_answer_and_its_event_is_spooled(log: Log) -> None:
    def refuse(stores: SqlStores) -> None:
        stores.audit.append(SignInFailed(directory_id=None, status_code="x", name_hmac="h"), NOW)
        raise TokenError(ErrorCode.INVALID_CLIENT, "no")

    full(log)
    with pytest.raises(TokenError):
        log.hub.database.contain(ORIGIN, refuse)
    writable(log)
    take_in_spooled_events(log.hub)

    assert events(log, "auth.login.failure") == 1


def test_what_was_taken_in_before_a_crash_is_not_taken_in_twice(log: Log) -> None:
    full(log)
    log.hub.database.contain(ORIGIN, deny)
    writable(log)
    content = spool_of(log).read_bytes()
    take_in_spooled_events(log.hub)

    spool_of(log).write_bytes(content)  # as if the file had not been removed any more
    take_in_spooled_events(log.hub)

    assert events(log, "client.deleted") == 1


def test_a_write_that_a_crash_cut_off_is_counted_and_harms_no_other(log: Log) -> None:
    full(log)
    log.hub.database.contain(ORIGIN, deny)
    with spool_of(log).open("ab") as file:
        file.write(b"bm90IHNlYWxlZA==\nAAAA")
    writable(log)

    take_in_spooled_events(log.hub)

    assert events(log, "client.deleted") == 1
    with log.hub.database.read() as stores:
        newest = max(filed.id for filed in stores.audit_tree.filed("", 100))
        taken = stores.audit_search.find(newest)
    assert taken is not None
    assert (taken.event, taken.detail["count"], taken.detail["broken"]) == ("audit.spool.taken", 1, 2)


def test_what_could_not_be_done_is_taken_back(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    full(log)

    def fail_later(stores: SqlStores) -> None:
        deny(stores)
        unit = stores.denied_tokens._unit
        monkeypatch.setattr(type(unit), "commit", _refuse)

    with pytest.raises(StorageUnavailable):
        log.hub.database.contain(ORIGIN, fail_later)
    monkeypatch.undo()
    writable(log)
    take_in_spooled_events(log.hub)

    assert (denied(log), events(log, "client.deleted")) == (False, 0)


def _refuse(self: object) -> None:
    raise StorageUnavailable("the disk is gone")


def test_a_full_spool_refuses_and_nothing_happens(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    full(log)
    monkeypatch.setattr(audit_spool, "MAX_BYTES", 10)

    with pytest.raises(StorageUnavailable, match="full"):
        log.hub.database.contain(ORIGIN, deny)

    assert not denied(log)


def test_without_a_spool_nothing_is_done_unrecorded(log: Log) -> None:
    full(log)
    log.hub.database.audit_spool = None

    with pytest.raises(StorageUnavailable):
        log.hub.database.contain(ORIGIN, deny)

    assert not denied(log)


def test_a_spool_that_cannot_be_written_refuses(log: Log, tmp_path: Path) -> None:
    full(log)
    log.hub.database.audit_spool = AuditSpool(tmp_path / "nowhere" / "spool", log.hub.database._kept.sealer)

    with pytest.raises(StorageUnavailable, match="cannot be used"):
        log.hub.database.contain(ORIGIN, deny)

    assert not denied(log)


def test_whoever_ends_something_does_not_wait_for_whoever_takes_in(log: Log) -> None:
    """What is being taken in stands aside: a second end meanwhile has a spool of its own."""
    full(log)
    log.hub.database.contain(ORIGIN, deny)
    spool = log.hub.database.audit_spool
    assert spool is not None
    taken: list[int] = []

    def take_in(spooled: audit_spool.Spooled) -> None:
        if not taken:
            log.hub.database.contain(ORIGIN, deny)
        taken.append(len(spooled.records))

    assert spool.take(take_in) == 2
    assert taken == [1, 1]
    assert not list(spool_of(log).parent.glob("audit-spool*"))
