"""Containment while the log cannot be written: spooled before the state commits, taken in late, once."""

import errno
import os
from collections.abc import Mapping
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


def test_a_refusal_is_never_spooled_and_nothing_of_it_happens(log: Log) -> None:
    """It ends nothing, and strangers get as many as they like: they must not fill the spool."""

    def refuse(stores: SqlStores) -> None:
        stores.audit.append(SignInFailed(directory_id=None, status_code="x", name_hmac="h"), NOW)
        raise TokenError(ErrorCode.INVALID_CLIENT, "no")

    full(log)
    with pytest.raises(StorageUnavailable, match="refusal"):
        log.hub.database.contain(ORIGIN, refuse)

    assert not spool_of(log).exists()


def test_what_tells_of_failures_alone_is_not_spooled_but_beside_an_end_it_is(log: Log) -> None:
    """Anybody may ask for a sign-out with an address that is not registered, as often as they like."""
    failed = SignInFailed(directory_id=None, status_code="x", name_hmac="h")

    def end_in_spite_of_it(stores: SqlStores) -> str:
        stores.audit.append(failed, NOW)
        return deny(stores)

    full(log)
    with pytest.raises(StorageUnavailable, match="refusal"):
        log.hub.database.contain(ORIGIN, lambda stores: stores.audit.append(failed, NOW))
    spooled = spool_of(log).exists()
    log.hub.database.contain(ORIGIN, end_in_spite_of_it)
    writable(log)
    take_in_spooled_events(log.hub)

    assert (spooled, denied(log)) == (False, True)
    assert (events(log, "auth.login.failure"), events(log, "client.deleted")) == (1, 1)


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


def test_what_may_have_been_committed_is_taken_in_as_uncertain(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows whether a commit that was not answered came about: the log says so, and loses nothing."""
    full(log)
    ids: list[str] = []

    def fail_later(stores: SqlStores) -> None:
        ids.append(deny(stores))
        unit = stores.denied_tokens._unit
        monkeypatch.setattr(type(unit), "commit", _refuse)

    with pytest.raises(StorageUnavailable):
        log.hub.database.contain(ORIGIN, fail_later)
    monkeypatch.undo()
    certain = log.hub.database.contain(ORIGIN, deny)
    writable(log)
    take_in_spooled_events(log.hub)

    assert [_detail(log, each).get("uncertain") for each in (ids[-1], certain)] == [True, None]
    assert log.codes().count("audit.spool.taken") == 1


def _detail(log: Log, event_id: str) -> Mapping[str, object]:
    with log.hub.database.read() as stores:
        found = stores.audit_search.find(event_id)
    assert found is not None
    return found.detail


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
    assert {file.name for file in spool_of(log).parent.glob("audit-spool*")} == {"audit-spool.lock"}


def broken_of(log: Log) -> Path:
    return spool_of(log).with_name("audit-spool.broken")


def test_lines_that_cannot_be_opened_are_kept_once_for_whoever_looks_into_it(log: Log) -> None:
    spool_of(log).write_bytes(b"bm90IHNlYWxlZA==\n")
    take_in_spooled_events(log.hub)
    spool_of(log).write_bytes(b"bm90IHNlYWxlZA==\nAAAA")
    take_in_spooled_events(log.hub)

    assert broken_of(log).read_bytes() == b"bm90IHNlYWxlZA==\nAAAA\n"
    assert broken_of(log).stat().st_mode & 0o777 == 0o600
    assert events(log, "audit.spool.taken") == 2


def test_what_is_written_after_a_torn_line_is_not_lost_with_it(log: Log) -> None:
    full(log)
    log.hub.database.contain(ORIGIN, deny)
    spool_of(log).write_bytes(spool_of(log).read_bytes() + b"AAAA")
    log.hub.database.contain(ORIGIN, deny)
    writable(log)

    take_in_spooled_events(log.hub)

    assert events(log, "client.deleted") == 2
    assert broken_of(log).read_bytes() == b"AAAA\n"


def test_a_disk_that_fills_half_way_refuses_and_keeps_nothing_of_it(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    full(log)
    log.hub.database.contain(ORIGIN, deny)
    before, write = spool_of(log).read_bytes(), os.write

    def fill(descriptor: int, data: memoryview) -> int:
        if len(data) < 20:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data[: len(data) - 10])

    monkeypatch.setattr(os, "write", fill)
    with pytest.raises(StorageUnavailable, match="No space left"):
        log.hub.database.contain(ORIGIN, deny)
    monkeypatch.undo()

    assert spool_of(log).read_bytes() == before


def test_a_spool_that_has_just_become_full_can_still_say_what_was_done(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    full(log)
    first = log.hub.database.contain(ORIGIN, deny)
    size = len(spool_of(log).read_bytes().split(b"\n")[0]) + 1
    writable(log)
    take_in_spooled_events(log.hub)
    full(log)
    monkeypatch.setattr(audit_spool, "MAX_BYTES", size + 20)
    second = log.hub.database.contain(ORIGIN, deny)
    writable(log)
    take_in_spooled_events(log.hub)

    assert ["uncertain" in _detail(log, each) for each in (first, second)] == [False, False]


def test_of_two_workers_on_one_home_one_takes(log: Log) -> None:
    full(log)
    log.hub.database.contain(ORIGIN, deny)
    spool = log.hub.database.audit_spool
    assert spool is not None
    second = AuditSpool(spool_of(log), log.hub.database._kept.sealer)
    others: list[int] = []

    def take_in(spooled: audit_spool.Spooled) -> None:
        if not others:
            log.hub.database.contain(ORIGIN, deny)
        others.append(second.take(lambda _: pytest.fail("two take at once")))

    assert spool.take(take_in) == 2
    assert others == [0, 0]


def test_a_crash_between_two_batches_neither_loses_nor_doubles(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    full(log)
    for _ in range(5):
        log.hub.database.contain(ORIGIN, deny)
    writable(log)
    monkeypatch.setattr(audit_spool, "BATCH", 2)
    spool = log.hub.database.audit_spool
    assert spool is not None
    sizes: list[int] = []

    def crash_at_the_second(spooled: audit_spool.Spooled) -> None:
        if sizes:
            raise KeyboardInterrupt
        sizes.append(len(spooled.records))
        with log.hub.database.begin(ORIGIN) as stores:
            stores.audit_late.take(spooled.records, spooled.uncertain)

    with pytest.raises(KeyboardInterrupt):
        spool.take(crash_at_the_second)
    assert (sizes, events(log, "client.deleted")) == ([2], 2)
    take_in_spooled_events(log.hub)

    assert (events(log, "client.deleted"), events(log, "audit.spool.taken")) == (5, 2)
