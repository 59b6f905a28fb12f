"""The log leaves the house: in order, at least once, to each sink at its own pace, and nothing in silence."""

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sso.audit.event import SessionCreated
from sso.audit.query import AuditQuery
from sso.audit.record import AuditRecord, Origin
from sso.config import load
from sso.directory.person import Account, AccountKind, Person
from sso.hub import build, outbound_rules
from sso.oidc.digest import new_id
from sso.outbound import Outbound
from sso.storage.audit_sinks import SinkState, Told
from sso.storage.errors import StorageUnavailable
from sso.worker import run, sinks
from sso.worker.sequencer import open_epoch
from sso.worker.sink_targets import NotDelivered, delivery_to
from sso.worker.sinks import MAX_BATCH, TELL_AFTER, SinkDelivery, deliver_to_sink
from tests.servers.collector import SyslogCollector
from tests.servers.ports import free_port
from tests.servers.webhook import WebhookReceiver
from tests.worker.conftest import NOW, Log, binary

ON_SQLITE = pytest.mark.parametrize("log", ["sqlite"], indirect=True)  # where the database does not matter
FILE = '[[audit.sink]]\nname = "siem"\nkind = "file"\nfile = "siem.jsonl"\nstart = "oldest"\n'
SECRET = "whsec_" + "k" * 32


@dataclass
class Sink:
    """A sink of a log: a list. `broken` says what is wrong with it, `crash` whether we die after a batch."""

    log: Log
    told: list[Told] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    broken: str | None = None
    crash: bool = False

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """As a worker that has just started; of the one before it nobody knows."""
        (settings,) = self.log.hub.configuration.audit_sinks
        self.delivery = SinkDelivery(self.log.hub, settings, self._deliver, hold_seconds=0.0)

    def _deliver(self, batch: Sequence[Told]) -> None:
        self.batches.append(len(batch))
        if self.broken is not None:
            raise NotDelivered(self.broken)
        self.told += batch
        if self.crash:
            raise RuntimeError("the power fails")

    def drain(self) -> None:
        """Sequence and deliver until nothing is left."""
        self.log.sequencer.sequence()
        while self.delivery.step():
            self.log.sequencer.sequence()

    def places(self) -> list[int]:
        return [one.place.index for one in self.told]

    def state(self) -> SinkState:
        with self.log.hub.database.read() as stores:
            state = stores.audit_sinks.state("siem")
        assert state is not None
        return state


def configured(log: Log, text: str) -> Log:
    """The log of a hub with more in its configuration."""
    file = log.hub.configuration.file
    file.write_text(f"{file.read_text(encoding='utf-8')}\n{text}", encoding="utf-8")
    log.hub.close()
    log.hub = build(load(str(file), {}))
    log.restart()
    return log


@pytest.fixture
def sink(log: Log) -> Sink:
    return Sink(configured(log, FILE))


def events(log: Log, *codes: str) -> list[AuditRecord]:
    query = AuditQuery(since=NOW.replace(year=2020), until=NOW.replace(year=2100), events=codes, limit=1000)
    with log.hub.database.read() as stores:
        return list(stores.audit_search.search(query))


def test_every_entry_comes_once_in_the_order_of_its_place(sink: Sink) -> None:
    sink.log.grow(MAX_BATCH + 30)

    sink.drain()

    assert sink.places() == list(range(sink.log.size))
    assert {one.record.id for one in sink.told} == {record.id for record in events(sink.log)}
    assert max(sink.batches) == MAX_BATCH
    assert sink.state().place.index == sink.log.size


@ON_SQLITE
def test_a_new_sink_begins_now_on_record(log: Log) -> None:
    sink = Sink(configured(log, FILE.replace("oldest", "now")))
    log.grow(3)

    sink.drain()

    assert [one.record.event for one in sink.told] == ["audit.sink.opened"]
    assert dict(sink.told[0].record.detail) == {"sink": "siem", "kind": "file", "epoch": 1, "begin": 4}


@ON_SQLITE
def test_where_nothing_is_new_nothing_is_written(sink: Sink) -> None:
    sink.log.grow(3)
    sink.drain()
    before = sink.state()

    assert not sink.delivery.step()

    assert sink.state() == before


def test_a_crash_between_arrival_and_cursor_repeats_and_loses_nothing(sink: Sink) -> None:
    sink.log.grow(MAX_BATCH + 30)
    sink.drain()
    sink.crash = True
    sink.log.grow(3)
    with pytest.raises(RuntimeError):
        sink.drain()
    sink.crash = False
    sink.restart()

    sink.drain()

    assert sorted(set(sink.places())) == list(range(sink.log.size))
    assert len(sink.places()) == sink.log.size + 3


def test_what_commits_late_is_told_late_and_not_passed_over(sink: Sink) -> None:
    """An id is older than what has been delivered already; its place is not."""
    sink.log.grow(3)
    sink.drain()
    with sink.log.hub.database.begin(Origin()) as stores:
        event = SessionCreated(account_id=new_id(), session_id="s", expires_at=NOW)
        late = stores.audit.append(event, NOW.replace(year=2025))

    sink.drain()

    assert sink.told[-1].record.id == late


@ON_SQLITE
def test_failures_and_recovery_are_one_event_each(sink: Sink) -> None:
    sink.log.grow(3)
    sink.broken = "HTTP status 503"
    for _ in range(TELL_AFTER * 3):
        sink.drain()
    told = [dict(record.detail) for record in events(sink.log, "audit.sink.failed")]
    state = sink.state()

    sink.broken = None
    sink.drain()
    sink.drain()

    assert told == [{"sink": "siem", "attempts": TELL_AFTER, "reason": "HTTP status 503"}]
    assert (state.failures, state.reason) == (TELL_AFTER * 3, "HTTP status 503")
    assert len(events(sink.log, "audit.sink.")) == 3
    assert sink.told[-1].record.event == "audit.sink.recovered"
    assert sink.places() == list(range(sink.log.size))
    assert (sink.state().failures, sink.state().failing_since) == (0, None)


@ON_SQLITE
def test_what_nobody_foresaw_is_a_failure_like_others(sink: Sink) -> None:
    sink.drain()
    sink.log.grow(3)
    stop = threading.Event()

    def break_down(batch: Sequence[Told]) -> None:
        stop.set()
        raise KeyError("a bug")

    replace(sink.delivery, deliver=break_down).run(stop)

    assert (sink.state().failures, sink.state().reason) == (1, "KeyError")


@ON_SQLITE
def test_what_is_missing_is_logged_when_it_is_on_record(sink: Sink, caplog: pytest.LogCaptureFixture) -> None:
    (gone,) = sink.log.grow(1)
    sink.log.tamper(
        f"DELETE FROM audit_event WHERE id = '{gone}'",
        "CREATE TRIGGER spoil BEFORE INSERT ON audit_event WHEN new.event = 'audit.sink.missed' "
        "BEGIN SELECT RAISE(ABORT, 'full'); END",
    )

    with pytest.raises(StorageUnavailable):
        sink.drain()
    early = [record.message for record in caplog.records if record.levelname == "CRITICAL"]
    sink.log.tamper("DROP TRIGGER spoil")
    sink.drain()

    assert early == []
    assert [record.message for record in caplog.records if record.levelname == "CRITICAL"] == [
        "entries of the log never reach a sink"
    ]


@ON_SQLITE
def test_a_sink_that_fails_is_not_back_by_what_is_not_for_it(log: Log) -> None:
    sink = Sink(configured(log, f'{FILE}events = ["session.*"]\n'))
    log.grow(50)
    _session_of(log, None)
    log.grow(50)
    sink.broken = "HTTP status 503"
    for _ in range(10):
        sink.drain()

    assert sink.batches == [1] * 10
    assert sink.state().failures == 10
    assert len(events(log, "audit.sink.failed")) == 1
    assert events(log, "audit.sink.recovered") == []

    sink.broken = None
    sink.drain()

    assert [one.record.event for one in sink.told] == ["session.created"]
    assert len(events(log, "audit.sink.recovered")) == 1


@ON_SQLITE
def test_what_is_too_much_at_once_is_told_in_smaller_parts(sink: Sink) -> None:
    """A receiver with a limit (HTTP 413), or one that cannot take one of many, gets ever fewer at once."""
    sink.log.grow(MAX_BATCH)
    sink.broken = "HTTP status 413"
    for _ in range(3):
        sink.drain()

    assert sink.batches == [MAX_BATCH, MAX_BATCH // 2, MAX_BATCH // 4]


def test_what_was_dropped_before_it_was_told_is_on_record_once(sink: Sink) -> None:
    ids = sink.log.grow(MAX_BATCH * 2 + 10)
    gone = ", ".join(f"'{each}'" for each in ids[: MAX_BATCH * 2])
    with sink.log.hub.database.read() as stores:
        first = stores.audit_tree.place_of(ids[0])
    sink.log.tamper(f"DELETE FROM audit_event WHERE id IN ({gone})")  # as dropping a month does
    assert first is not None

    sink.drain()

    (missed,) = events(sink.log, "audit.sink.missed")
    assert dict(missed.detail) == {"sink": "siem", "epoch": 1, "begin": first[1], "entries": MAX_BATCH * 2}
    assert len(sink.told) == sink.log.size - MAX_BATCH * 2
    assert missed.id in {one.record.id for one in sink.told}


def test_what_cannot_be_read_holds_nothing_up_and_is_on_record(sink: Sink) -> None:
    ids = sink.log.grow(3)
    sink.log.tamper(f"UPDATE audit_event SET sealed = {binary(sink.log, b'x' * 40)} WHERE id = '{ids[1]}'")

    sink.drain()

    assert {one.record.id for one in sink.told} >= {ids[0], ids[2]}
    (missed,) = events(sink.log, "audit.sink.missed")
    assert missed.detail["entries"] == 1


@ON_SQLITE
def test_a_new_epoch_is_followed(sink: Sink) -> None:
    sink.log.grow(3)
    sink.drain()
    size = sink.log.size
    with sink.log.hub.database.begin(Origin()) as stores:
        open_epoch(stores, "https://id.example.gov", 2, "a test", NOW)
    sink.log.grow(2)

    sink.drain()

    assert [(one.place.epoch, one.place.index) for one in sink.told][size:] == [(2, i) for i in range(3)]


def test_of_two_workers_one_delivers_until_it_lets_go(sink: Sink) -> None:
    sink.log.grow(3)
    sink.drain()
    sink.log.grow(1)
    busy = SinkDelivery(sink.log.hub, sink.delivery.sink, sink._deliver)
    assert busy.step()
    sink.log.grow(1)
    told = len(sink.told)

    assert not sink.delivery.step()
    assert len(sink.told) == told
    stop = threading.Event()
    stop.set()
    busy.run(stop)

    assert sink.delivery.step()
    assert sink.places() == list(range(sink.log.size))


def test_a_department_receives_its_own_slice_and_nothing_else(log: Log) -> None:
    directories = "".join(
        f'[[directory]]\nkind = "scim"\nid = "{name}"\nname = "N"\nrealms = ["{name}.example"]\n'
        for name in ("civil", "tax")
    )
    sink = Sink(configured(log, f'{FILE}directory = "civil"\n{directories}'))
    own = {
        _session_of(log, directory): directory for directory in ("civil", "tax", None, "civil", "tax", None)
    }
    log.grow(2)

    sink.drain()

    assert {one.record.id for one in sink.told} == {
        id for id, directory in own.items() if directory == "civil"
    }
    assert len(sink.told) == 2
    assert sink.state().place.index == log.size


@ON_SQLITE
def test_to_a_reader_that_comes_itself_nothing_is_delivered(log: Log) -> None:
    configured(log, '[[audit.sink]]\nname = "civil"\nkind = "pull"\nreader = "civil-soc"\n')
    (settings,) = log.hub.configuration.audit_sinks

    assert run._sinks(log.hub, threading.Event()) == []
    with (
        Outbound(outbound_rules(log.hub.configuration)) as outbound,
        pytest.raises(ValueError, match="pulled"),
    ):
        delivery_to(settings, log.hub.settings.issuer, outbound)


def _session_of(log: Log, directory_id: str | None) -> str:
    """Record that somebody of a department, or a citizen, has a session."""
    kind = AccountKind.CITIZEN if directory_id is None else AccountKind.STAFF
    person, name = Person(id=new_id(), name="N", disabled_at=None, roles=frozenset()), new_id()
    account = Account(
        id=new_id(),
        person_id=person.id,
        kind=kind,
        login_name=name,
        directory_id=directory_id,
        immutable_id=None if directory_id is None else name,
        claims={},
        disabled_at=None,
    )
    with log.hub.database.begin(Origin()) as stores:
        stores.people.add_person(person)
        stores.people.add_account(account, NOW)
        return stores.audit.append(SessionCreated(account_id=account.id, session_id="s", expires_at=NOW), NOW)


def real(log: Log, outbound: Outbound) -> SinkDelivery:
    (settings,) = log.hub.configuration.audit_sinks
    deliver = delivery_to(settings, log.hub.settings.issuer, outbound)
    return SinkDelivery(log.hub, settings, deliver, hold_seconds=0.0)


def drained(log: Log) -> None:
    with Outbound(outbound_rules(log.hub.configuration)) as outbound:
        delivery = real(log, outbound)
        log.sequencer.sequence()
        while delivery.step():
            log.sequencer.sequence()


@ON_SQLITE
def test_a_siem_receives_the_log_by_syslog_over_tls(log: Log, tmp_path: Path) -> None:
    with SyslogCollector(tmp_path / "collector") as collector:
        block = (
            f'host = "localhost"\nport = {collector.port}\nca_file = "{collector.ca_file}"\nformat = "ocsf"'
        )
        configured(log, f'[[audit.sink]]\nname = "siem"\nkind = "syslog"\nstart = "oldest"\n{block}')
        log.grow(3)

        drained(log)

    told = [json.loads(message[message.index("] ") + 2 :]) for message in collector.messages]
    assert [event["metadata"]["sequence"] for event in told] == list(range(log.size))
    assert {event["metadata"]["uid"] for event in told} == {record.id for record in events(log)}
    assert collector.versions <= {"TLSv1.2", "TLSv1.3"}


@ON_SQLITE
def test_a_webhook_receives_signed_batches_of_cloudevents(log: Log) -> None:
    with WebhookReceiver() as receiver:
        block = f'url = "{receiver.url}"\nsecret = "{SECRET}"\n[outbound]\nallow_loopback = true'
        configured(log, f'[[audit.sink]]\nname = "soc"\nkind = "webhook"\nstart = "oldest"\n{block}')
        log.grow(3)
        receiver.status = 500
        drained(log)
        receiver.status = 204

        drained(log)

    refused, taken = receiver.posted[0], receiver.posted[1:]
    assert taken[0].headers["webhook-id"] == refused.headers["webhook-id"] == "soc-1-0-4"
    assert {one.headers["Content-Type"] for one in taken} == {"application/cloudevents-batch+json"}
    assert all(_verified(one.headers, one.body) for one in taken)
    told = [event for one in taken for event in json.loads(one.body)]
    assert [event["data"]["place"]["index"] for event in told] == list(range(log.size))
    assert {event["id"] for event in told} == {record.id for record in events(log)}


def _verified(headers: Any, body: bytes) -> bool:
    """As a receiver does it: the lines of docs/how-to/audit.md."""
    import base64
    import hashlib
    import hmac

    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    fresh = abs(datetime.now(UTC).timestamp() - int(headers["webhook-timestamp"])) < 300
    return fresh and hmac.compare_digest(expected, headers["webhook-signature"])


@ON_SQLITE
def test_a_file_receives_lines_that_are_set_aside_by_size(log: Log) -> None:
    configured(log, f"{FILE}rotate_bytes = 65536\n")
    file = log.hub.configuration.file.with_name("siem.jsonl")
    file.write_bytes(b'{"cut off')
    for _ in range(3):
        log.grow(MAX_BATCH)
        drained(log)

    files = [*sorted(file.parent.glob("siem.jsonl.*")), file]
    first, *lines = [line for each in files for line in each.read_text(encoding="utf-8").splitlines()]
    assert len(files) > 1
    assert first == '{"cut off'
    assert [json.loads(line)["place"]["index"] for line in lines] == list(range(log.size))
    assert all(each.stat().st_size <= 65_536 for each in files)


@ON_SQLITE
def test_a_file_that_is_a_link_is_not_written(log: Log) -> None:
    configured(log, FILE)
    file = log.hub.configuration.file
    elsewhere = file.with_name("elsewhere")
    file.with_name("siem.jsonl").symlink_to(elsewhere)
    log.grow(1)

    drained(log)

    assert not elsewhere.exists()
    with log.hub.database.read() as stores:
        (state,) = stores.audit_sinks.all()
    assert state.failures == 1


@ON_SQLITE
def test_a_dead_sink_holds_up_neither_another_one_nor_the_end(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sinks, "POLL_SECONDS", 60.0)
    dead = f'[[audit.sink]]\nname = "dead"\nkind = "syslog"\nhost = "127.0.0.1"\nport = {free_port()}\n'
    configured(log, f'{dead}start = "oldest"\n{FILE}')
    log.grow(5)
    stop = threading.Event()
    threads = [
        threading.Thread(target=deliver_to_sink, args=(log.hub, settings, stop))
        for settings in log.hub.configuration.audit_sinks
    ]
    file = log.hub.configuration.file.with_name("siem.jsonl")
    for thread in threads:
        thread.start()
    try:
        _wait_for(lambda: file.exists() and len(file.read_text(encoding="utf-8").splitlines()) >= 5)
        _wait_for(lambda: _failures(log) > 0)
    finally:
        stop.set()
        for thread in threads:
            thread.join(10)

    assert not any(thread.is_alive() for thread in threads)


def _failures(log: Log) -> int:
    with log.hub.database.read() as stores:
        return sum(state.failures for state in stores.audit_sinks.all())


def _wait_for(done: Callable[[], bool]) -> None:
    ends = time.monotonic() + 10
    while not done():
        assert time.monotonic() < ends
        time.sleep(0.02)
