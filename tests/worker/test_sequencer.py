"""The sequencer: every event gets one place, and only what has grown is signed."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from sso.audit.checkpoint import LogProof, verified_checkpoint
from sso.audit.event import NodeStopped
from sso.audit.merkle.proofs import inclusion_proof
from sso.audit.merkle.tree import leaf_hash, perfect_subtrees
from sso.audit.record import Origin
from sso.audit.signed_note import NoteInvalid
from sso.worker.last_signed import LastSigned
from sso.worker.sequencer import Sequencer, origin_of
from tests.worker.conftest import NOW, Log, binary

ORIGIN = "id.example.gov/audit"


def test_events_get_contiguous_places_in_the_order_of_their_ids(log: Log) -> None:
    ids = log.write(300)

    placed = log.sequencer.sequence()

    with log.hub.database.read() as stores:
        leaves = stores.audit_tree.leaves(1, 0, 1000)
    found = [leaf.event_id for leaf in leaves]
    assert placed == len(leaves) == 301  # the opening of the epoch is an event too
    assert [leaf.index for leaf in leaves] == list(range(301))
    assert found == sorted(found)
    assert set(ids) < set(found)


def test_a_place_is_given_once(log: Log) -> None:
    log.grow(10)

    assert log.sequencer.sequence() == 0
    assert log.size == 11


def test_where_nothing_waits_no_lock_is_taken(log: Log) -> None:
    """A round each 50 ms must not hold up who signs or checks the log."""
    log.grow(3)
    begun: list[Origin] = []
    begin = log.hub.database.begin
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log.hub.database, "begin", lambda origin: (begun.append(origin), begin(origin))[1])

        idle = log.sequencer.sequence()
        idle_begun = len(begun)
        log.write(1)
        begun.clear()
        placed = log.sequencer.sequence()

    assert (idle, idle_begun) == (0, 0)
    assert (placed, len(begun)) == (1, 1)
    with log.hub.database.read() as stores:
        assert stores.audit_tree.nothing_waits()


def test_what_is_rolled_back_leaves_no_event(log: Log) -> None:
    log.grow(1)
    with pytest.raises(ZeroDivisionError), log.hub.database.begin(Origin()) as stores:
        stores.audit.append(NodeStopped(node="n"), NOW)
        raise ZeroDivisionError

    assert log.sequencer.sequence() == 0


def test_a_checkpoint_is_signed_under_the_issuers_name(log: Log) -> None:
    log.grow(5)

    with log.hub.database.read() as stores:
        signed = stores.audit_checkpoints.last(1)
        keys = stores.audit_checkpoints.public_keys()
    assert signed is not None
    assert verified_checkpoint(signed.note, ORIGIN, keys).size == log.size


def test_a_log_that_has_not_grown_is_not_signed_again(log: Log) -> None:
    log.grow(5)

    assert log.sequencer.sign(NOW + timedelta(minutes=1)) is None


def test_every_event_is_proven_by_the_checkpoint_that_covers_it(log: Log) -> None:
    ids = [event_id for _ in range(3) for event_id in log.grow(120)]

    with log.hub.database.read() as stores:
        keys = stores.audit_checkpoints.public_keys()
        for event_id in ids:
            place = stores.audit_tree.place_of(event_id)
            assert place is not None
            covering = stores.audit_checkpoints.covering(*place)
            assert covering is not None
            hashes = inclusion_proof(stores.audit_tree.nodes(1).node, place[1], covering.checkpoint.size)
            body = stores.audit_tree.leaves(1, place[1], place[1] + 1)[0].body
            proof = LogProof(place[1], tuple(hashes), covering.note)

            assert body is not None
            assert proof.verify(leaf_hash(body), ORIGIN, keys) == covering.checkpoint


def test_two_sequencers_at_once_give_no_place_twice(log: Log) -> None:
    other = _other(log)
    log.grow(1)
    stop = threading.Event()
    threads = [threading.Thread(target=_work, args=(one, stop)) for one in (log.sequencer, other)]

    for thread in threads:
        thread.start()
    for _ in range(20):
        log.write(20)
    stop.set()
    for thread in threads:
        thread.join()

    log.sequencer.sequence()
    log.sequencer.sign(NOW)
    assert log.size == 2 + 400
    assert log.findings() == []


def _other(log: Log) -> Sequencer:
    """The sequencer of a second node: the same database, a memory of its own."""
    return Sequencer(log.hub, LastSigned(log.file.with_name("other.json")))


def _work(sequencer, stop: threading.Event) -> None:  # type: ignore[no-untyped-def]
    while not stop.is_set():
        sequencer.sequence()
        sequencer.sign(NOW)


def test_the_last_events_are_signed_before_the_end(log: Log) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=log.sequencer.run, args=(stop,))
    thread.start()
    log.write(7)
    stop.set()
    thread.join()

    with log.hub.database.read() as stores:
        signed = stores.audit_checkpoints.last(1)
        assert stores.audit_tree.waiting().events == 0
    assert signed is not None
    assert signed.checkpoint.size == log.size == 8


def test_a_log_that_lost_its_end_is_not_signed_and_that_is_on_record_once(log: Log) -> None:
    """As after the restoration of an older backup: the file remembers what the database does not."""
    log.grow(10)
    log.tamper(
        "DELETE FROM audit_checkpoint",
        "DELETE FROM audit_leaf WHERE leaf_index >= 8",
        f"UPDATE audit_head SET size = 8, frontier = {_frontier_literal(log, 8)}",
    )
    log.restart()

    for _ in range(3):
        assert log.sequencer.sign(NOW) is None

    assert log.codes().count("audit.checkpoint.refused") == 1
    assert log.sequencer.sequence() == 0


def test_a_node_remembers_what_another_one_signed(log: Log) -> None:
    other = _other(log)
    for _ in range(2):
        log.grow(3)
        other.sign(NOW)

    seen = other.last_signed.of(ORIGIN)
    assert seen == LastSigned(log.file).of(ORIGIN)
    assert seen is not None
    assert seen.size == log.size == 7


@pytest.mark.parametrize("since", [0, 5])
def test_after_a_failover_that_lost_checkpoints_no_node_signs_another_root(log: Log, since: int) -> None:
    """A replica that lacks three entries takes over; who signed them is gone, who saw them signed is not."""
    other = _other(log)
    log.grow(8)
    log.grow(3)
    other.sign(NOW)
    log.tamper(
        "DELETE FROM audit_checkpoint WHERE size > 9",
        "DELETE FROM audit_leaf WHERE leaf_index >= 9",
        f"UPDATE audit_head SET size = 9, frontier = {_frontier_literal(log, 9)}",
        "DELETE FROM audit_event WHERE id NOT IN (SELECT event_id FROM audit_leaf)",
    )
    log.write(since)
    other.sequence()

    for _ in range(2):
        assert other.sign(NOW) is None

    with log.hub.database.read() as stores:
        newest = stores.audit_checkpoints.last(1)
    assert newest is not None
    assert newest.checkpoint.size == 9
    assert log.codes().count("audit.checkpoint.refused") == 1
    assert other.sequence() == 0


def test_a_checkpoint_of_another_log_is_neither_believed_nor_remembered(log: Log) -> None:
    log.grow(3)
    other = _other(log)
    log.tamper(f"UPDATE audit_checkpoint SET note = replace(note, '{ORIGIN}', 'id.example.gov/else')")

    assert other.sign(NOW) is None

    assert not other.last_signed.file.exists()
    assert "audit.checkpoint.refused" in log.codes()


def test_a_log_that_was_rewritten_is_not_signed(log: Log) -> None:
    log.grow(10)
    log.write(5)
    log.sequencer.sequence()
    log.tamper(f"UPDATE audit_leaf SET leaf_hash = {binary(log, b'x' * 32)} WHERE leaf_index = 3")
    log.restart()

    assert log.sequencer.sign(NOW) is None
    assert "audit.checkpoint.refused" in log.codes()


def test_a_damaged_memory_stops_the_signing(log: Log) -> None:
    log.grow(3)
    log.file.write_text("{", encoding="utf-8")
    log.write(1)
    log.sequencer.sequence()

    with pytest.raises(NoteInvalid, match="damaged"):
        log.sequencer.sign(NOW)


def test_the_memory_keeps_one_checkpoint_an_origin(tmp_path: Path, log: Log) -> None:
    log.grow(3)
    log.grow(3)

    remembered = LastSigned(log.file).of(ORIGIN)

    assert remembered is not None
    assert remembered.size == log.size
    assert LastSigned(tmp_path / "none.json").of(ORIGIN) is None


@pytest.mark.parametrize(
    ("issuer", "epoch", "origin"),
    [
        ("https://id.example.gov", 1, "id.example.gov/audit"),
        ("https://id.example.gov/hub/", 2, "id.example.gov/hub/audit/2"),
        ("http://127.0.0.1:8000", 1, "127.0.0.1:8000/audit"),
    ],
)
def test_a_log_is_named_for_its_issuer_and_epoch(issuer: str, epoch: int, origin: str) -> None:
    assert origin_of(issuer, epoch) == origin


def _frontier_literal(log: Log, size: int) -> str:
    with log.hub.database.read() as stores:
        return binary(log, b"".join(perfect_subtrees(stores.audit_tree.nodes(1).node, size)))
