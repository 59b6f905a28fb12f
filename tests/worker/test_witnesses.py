"""Checkpoints pushed to real witnesses over HTTP (C2SP tlog-witness): cosigned, contradicted, away, back."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path

import pytest

from sso.audit.query import AuditQuery
from sso.audit.record import AuditRecord, Origin
from sso.audit.signed_note import COSIGNATURE, NoteSigner, verify_note
from sso.audit.witnessing import SIZE_TYPE, Submission
from sso.cli.audit_vouched import vouched_findings
from sso.config import load
from sso.hub import build, outbound_rules
from sso.outbound import Outbound
from sso.witness.cosigner import Answer, Cosigner
from sso.witness.folder import WitnessFolder
from sso.witness.http import WitnessListener
from sso.worker.anchors import LONGEST_SECONDS, TELL_AFTER, Anchors, anchored
from sso.worker.sequencer import open_epoch
from sso.worker.witnesses import MAX_TRIES, push
from tests.servers.hub import free_port
from tests.worker.conftest import NOW, Log

ORIGIN = "id.example.gov/audit"
NAMES = ("audit-office.example.gov/w1", "parliament.example.gov/w2")


class Office:
    """A department's witness, on a port of its own even while it is away."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.port = free_port()
        self.folder = WitnessFolder(path)
        self.key = self.folder.create(name).key
        self.listener: WitnessListener | None = None

    def open(self) -> None:
        cosigner = Cosigner(self.folder.signer(), self.folder.trusted, self.folder.state)
        self.listener = WitnessListener(cosigner, ("127.0.0.1", self.port))
        self.listener.start()

    def close(self) -> None:
        if self.listener is not None:
            self.listener.stop()
            self.listener = None


@contextmanager
def replaced(office: Office, by: type[Cosigner]) -> Iterator[None]:
    """Somebody else answers where a witness did, with a key of his own."""
    office.close()
    stranger = NoteSigner.new(office.name, COSIGNATURE)
    listener = WitnessListener(
        by(stranger, office.folder.trusted, office.folder.state), ("127.0.0.1", office.port)
    )
    listener.start()
    try:
        yield
    finally:
        listener.stop()


@dataclass
class Stage:
    log: Log
    offices: tuple[Office, Office]
    outbound: Outbound

    def push(self) -> int:
        """One round on a node that has just started: everybody is due."""
        return push(self.log.hub, self.outbound, Anchors(self.log.hub, 10.0))

    def proof_note(self, event_id: str) -> str:
        with self.log.hub.database.read() as stores:
            place = stores.audit_tree.place_of(event_id)
            assert place is not None
            (proven,) = [
                one
                for one in stores.audit_receipts.proven(stores.audit_search.entries(_everything()))
                if one.entry.id == event_id
            ]
        return proven.proof.note

    def events(self, code: str) -> list[AuditRecord]:
        with self.log.hub.database.read() as stores:
            return list(stores.audit_search.search(_everything(code)))


def _everything(*codes: str) -> AuditQuery:
    return AuditQuery(since=NOW.replace(year=2020), until=NOW.replace(year=2100), events=codes, limit=1000)


@pytest.fixture
def stage(log: Log, tmp_path: Path) -> Iterator[Stage]:
    offices = (Office(NAMES[0], tmp_path / "w1"), Office(NAMES[1], tmp_path / "w2"))
    blocks = "".join(
        f'[[audit.witness]]\nurl = "http://127.0.0.1:{office.port}/"\nkey = "{office.key}"\n'
        for office in offices
    )
    file = log.hub.configuration.file
    file.write_text(
        f"{file.read_text(encoding='utf-8')}\n[outbound]\nallow_loopback = true\n{blocks}", encoding="utf-8"
    )
    log.hub.close()
    log.hub = build(load(str(file), {}))
    log.restart()
    log.grow(1)
    with log.hub.database.read() as stores:
        (key,) = stores.audit_checkpoints.public_keys()
    for office in offices:
        office.folder.trust(key)
        office.open()
    with Outbound(outbound_rules(log.hub.configuration)) as outbound, closing(log.hub):
        yield Stage(log, offices, outbound)
    for office in offices:
        office.close()


def test_every_witness_cosigns_the_newest_checkpoint_once(stage: Stage) -> None:
    assert stage.push() == 2
    assert stage.push() == 0
    (event_id,) = stage.log.grow(1)
    stage.log.grow(300)
    assert stage.push() == 2

    keys = [office.key for office in stage.offices]
    verified = verify_note(stage.proof_note(event_id), keys)
    assert [key for key, _ in verified.by] == keys
    with stage.log.hub.database.read() as stores:
        log_keys = stores.audit_checkpoints.public_keys()
    assert verify_note(stage.proof_note(event_id), log_keys).text == verified.text


def test_before_it_is_cosigned_an_entry_is_proven_by_the_log_alone(stage: Stage) -> None:
    stage.push()
    (event_id,) = stage.log.grow(1)

    with pytest.raises(ValueError, match="no signature of a known key"):
        verify_note(stage.proof_note(event_id), [office.key for office in stage.offices])


def test_who_vouches_and_since_when_is_told(stage: Stage) -> None:
    assert [each.at for each in anchored(stage.log.hub)] == [None, None]

    stage.push()

    told = anchored(stage.log.hub)
    assert [(each.name, each.size, each.trouble) for each in told] == [
        (name, stage.log.size, None) for name in NAMES
    ]


def test_cosigning_makes_no_event(stage: Stage) -> None:
    size = stage.log.size

    stage.push()
    stage.log.sequencer.sequence()

    assert stage.log.size == size


def test_a_hub_that_does_not_know_what_was_cosigned_learns_it_from_the_witness(stage: Stage) -> None:
    """As after the loss of the table, or where another node has pushed."""
    stage.push()
    stage.log.grow(5)
    stage.log.tamper("DELETE FROM audit_cosignature")

    assert stage.push() == 2
    assert stage.push() == 0


def test_one_that_is_away_does_not_keep_the_other_and_is_on_record_until_it_is_back(stage: Stage) -> None:
    stage.offices[0].close()
    for _ in range(TELL_AFTER + 1):
        stage.log.grow(1)
        assert stage.push() == 1
    (failed,) = stage.events("audit.anchor.failed")
    trouble = anchored(stage.log.hub)[0].trouble
    assert failed.detail["anchor"] == NAMES[0]
    assert trouble is not None
    assert trouble.failures == TELL_AFTER + 1

    stage.offices[0].open()

    assert stage.push() >= 1
    (recovered,) = stage.events("audit.anchor.recovered")
    assert recovered.detail == {"anchor": NAMES[0], "attempts": TELL_AFTER + 1}
    assert anchored(stage.log.hub)[0].trouble is None


def test_a_failing_witness_is_asked_less_and_less_often(stage: Stage) -> None:
    stage.offices[0].close()
    clock = [1000.0]
    anchors = Anchors(stage.log.hub, 10.0, lambda: clock[0])
    away, there = (office.key for office in stage.offices)
    waits = []

    for _ in range(6):
        push(stage.log.hub, stage.outbound, anchors)
        began = clock[0]
        while not anchors.due(str(away)):
            clock[0] += 10.0
        waits.append(clock[0] - began)

    assert waits == [20.0, 40.0, 80.0, 160.0, LONGEST_SECONDS, LONGEST_SECONDS]
    assert anchors.due(str(there))


@pytest.mark.parametrize("page_size", [1, 3, 500])
def test_each_cosignature_is_verified_once(stage: Stage, page_size: int) -> None:
    stage.push()
    stage.log.grow(1)
    stage.push()
    hub = stage.log.hub
    assert list(vouched_findings(hub, page_size)) == []

    stage.log.tamper("UPDATE audit_cosignature SET size = size + 1000")

    assert [finding.what for finding in vouched_findings(hub, page_size)] == ["cosignature"] * 4


class Fickle(Cosigner):
    """A witness that names another size whenever it is asked, each of them one of this log."""

    def add_checkpoint(self, body: bytes, now: datetime) -> Answer:
        return Answer(HTTPStatus.CONFLICT, f"{Submission.parse(body).old_size + 1}\n", SIZE_TYPE)


def test_one_that_names_another_size_each_time_has_failed(stage: Stage) -> None:
    stage.log.grow(MAX_TRIES + 1)
    with replaced(stage.offices[0], Fickle):
        assert stage.push() == 1

    trouble = anchored(stage.log.hub)[0].trouble
    assert trouble is not None
    assert (trouble.failures, trouble.reason) == (1, f"it named another size each of {MAX_TRIES} times")


def test_one_whose_size_nothing_leads_on_from_any_more_has_failed(stage: Stage) -> None:
    """As where another node begins a tree meanwhile."""
    hub = stage.log.hub

    class Slow(Fickle):
        def add_checkpoint(self, body: bytes, now: datetime) -> Answer:
            with hub.database.begin(Origin()) as stores:
                open_epoch(stores, hub.settings.issuer, 2, "a test", now)
            return super().add_checkpoint(body, now)

    stage.log.grow(3)
    with replaced(stage.offices[0], Slow):
        stage.push()

    trouble = anchored(hub)[0].trouble
    assert trouble is not None
    assert trouble.reason == "it named 1 entries, from which no proof leads on"


def test_an_older_backup_is_contradicted_by_the_witness(stage: Stage) -> None:
    """The lost entries were signed and cosigned; nothing at the hub remembers them."""
    stage.log.grow(10)
    stage.push()
    known = stage.log.size
    with stage.log.hub.database.begin(Origin()) as stores:
        stores.audit_tree.cut(1, 5)
    stage.log.tamper(
        "DELETE FROM audit_checkpoint", "DELETE FROM audit_cosignature", "DELETE FROM audit_pending"
    )
    stage.log.file.unlink()
    stage.log.restart()
    stage.log.sequencer.sign(NOW)

    assert stage.push() == 0
    assert stage.push() == 0

    rejected = stage.events("audit.checkpoint.rejected")
    assert sorted(str(each.detail["anchor"]) for each in rejected) == sorted(NAMES)
    assert {each.detail["witness_size"] for each in rejected} == {known}
    assert {int(each.severity) for each in rejected} == {5}


def test_a_rewritten_log_is_contradicted_by_the_witness(stage: Stage) -> None:
    """Whoever has the database, the key and the file signs another history; the witness does not."""
    stage.log.grow(10)
    stage.push()
    with stage.log.hub.database.begin(Origin()) as stores:
        stores.audit_tree.cut(1, 3)
    stage.log.tamper(
        "DELETE FROM audit_checkpoint", "DELETE FROM audit_cosignature", "DELETE FROM audit_pending"
    )
    stage.log.file.unlink()
    stage.log.restart()
    stage.log.grow(30)

    assert stage.push() == 0

    rejected = stage.events("audit.checkpoint.rejected")
    assert len(rejected) == 2
    assert "rewritten" in str(rejected[0].detail["reason"])


def test_a_witness_that_signs_with_another_key_is_no_witness(stage: Stage) -> None:
    with replaced(stage.offices[0], Cosigner):
        assert stage.push() == 1

    trouble = anchored(stage.log.hub)[0].trouble
    assert trouble is not None
    assert "no cosignature of its key" in trouble.reason
