"""A part of the log is checked by itself: what is changed in it is found, and the rest is not read."""

from datetime import datetime, timedelta
from itertools import product

import pytest

from sso.audit.event import NodeStarted
from sso.audit.record import Origin
from sso.audit.whole_log import Finding
from sso.storage import audit_part
from sso.storage.audit_part import (
    LogPart,
    NoSuchPart,
    PartCheck,
    part_of_event,
    part_of_places,
    part_of_time,
)
from tests.worker.conftest import NOW, Log, binary

HOUR = timedelta(hours=1)


def found(log: Log, part: LogPart) -> list[Finding]:
    return list(PartCheck(log.hub.database, part).findings())


def whats(log: Log, part: LogPart) -> set[str]:
    return {finding.what for finding in found(log, part)}


def places(log: Log, first: int, last: int | None = None) -> LogPart:
    return part_of_places(log.hub.database, first, last, None)


def id_at(log: Log, index: int) -> str:
    with log.hub.database.read() as stores:
        return stores.audit_tree.leaves(1, index, index + 1)[0].event_id


def grown_at(log: Log, moment: datetime, number: int) -> list[str]:
    """Record some events of a moment and sign them."""
    with log.hub.database.begin(Origin()) as stores:
        ids = [stores.audit.append(NodeStarted(node=f"n{i}", version="1"), moment) for i in range(number)]
    log.sequencer.sequence()
    log.sequencer.sign(moment)
    return ids


def test_every_part_of_an_untouched_log_is_whole_and_counted(log: Log) -> None:
    for number in (3, 6, 1, 7):
        log.grow(number)
    log.write(2)
    log.sequencer.sequence()

    for first, last in product(range(log.size), repeat=2):
        if first <= last:
            check = PartCheck(log.hub.database, places(log, first, last))
            assert list(check.findings()) == [], (first, last)
            assert check.entries == last - first + 1
            assert check.unsigned == max(0, last + 1 - max(first, log.size - 2))
            assert check.checkpoints >= 1


def test_parts_of_a_log_with_full_tiles_are_whole(log: Log) -> None:
    log.grow(600)
    log.grow(200)

    for first, last in ((0, 0), (255, 256), (256, 511), (300, 700), (590, 610), (0, log.size - 1)):
        assert found(log, places(log, first, last)) == [], (first, last)


def test_a_changed_entry_is_found_by_the_parts_that_hold_it_alone(log: Log) -> None:
    log.grow(12)
    changed = id_at(log, 5)
    log.tamper(f"UPDATE audit_event SET body = {binary(log, b'{}')} WHERE id = '{changed}'")

    for first, last in product(range(log.size), repeat=2):
        if first <= last:
            within = first <= 5 <= last
            assert ("changed" in whats(log, places(log, first, last))) is within, (first, last)
    assert "changed" in whats(log, part_of_event(log.hub.database, changed))
    assert found(log, part_of_event(log.hub.database, id_at(log, 4))) == []


def test_an_entry_and_its_leaf_changed_together_are_found_by_what_was_signed(log: Log) -> None:
    ids = log.grow(10)
    log.grow(300)
    index = log.rewrite(ids[4])

    assert "rewritten" in whats(log, part_of_event(log.hub.database, ids[4]))
    assert "rewritten" in whats(log, places(log, 0, index))


def test_a_deleted_entry_is_found(log: Log) -> None:
    log.grow(10)
    gone = id_at(log, 4)
    log.tamper(f"DELETE FROM audit_event WHERE id = '{gone}'")

    assert whats(log, part_of_event(log.hub.database, gone)) == {"deleted"}
    assert whats(log, places(log, 2, 6)) == {"deleted"}
    assert found(log, places(log, 5, 9)) == []


@pytest.mark.parametrize("index", [2, 4, 6], ids=["first", "between", "last"])
def test_an_entry_deleted_with_its_place_is_found(log: Log, index: int) -> None:
    log.grow(10)
    gone = id_at(log, index)
    log.tamper(
        f"DELETE FROM audit_event WHERE id = '{gone}'", f"DELETE FROM audit_leaf WHERE event_id = '{gone}'"
    )

    assert "gap" in whats(log, places(log, 2, 6))
    with pytest.raises(NoSuchPart):
        part_of_event(log.hub.database, gone)


def test_an_entry_without_a_place_is_found(log: Log) -> None:
    ids = log.grow(10)
    log.tamper(f"DELETE FROM audit_leaf WHERE event_id = '{ids[4]}'")

    assert whats(log, part_of_event(log.hub.database, ids[4])) == {"inserted"}
    assert "inserted" in whats(log, part_of_time(log.hub.database, NOW - HOUR, NOW + HOUR))
    assert "inserted" in whats(log, places(log, 0))


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_entries_without_a_place_are_found_once_whatever_a_page_holds(
    log: Log, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    ids = sorted(log.grow(10))
    lost = [ids[2], ids[3], ids[9]]
    log.tamper(*(f"DELETE FROM audit_leaf WHERE event_id = '{each}'" for each in lost))
    monkeypatch.setattr(audit_part, "PAGE", size)

    of_time = found(log, part_of_time(log.hub.database, NOW - HOUR, NOW + HOUR))
    of_places = found(log, places(log, 0))

    for findings in (of_time, of_places):
        told = [finding.sentence for finding in findings if finding.what == "inserted"]
        assert told == [f"entry {each} has no place in the log" for each in lost]


def test_an_entry_filed_under_another_client_is_found(log: Log) -> None:
    ids = log.grow(10)
    log.tamper(f"UPDATE audit_event SET client_id = 'housing' WHERE id = '{ids[4]}'")

    assert whats(log, part_of_event(log.hub.database, ids[4])) == {"columns"}
    assert found(log, part_of_event(log.hub.database, ids[5])) == []


def test_an_entry_whose_seal_is_broken_is_found(log: Log) -> None:
    ids = log.grow(10)
    log.tamper(f"UPDATE audit_event SET sealed = {binary(log, b'0' * 60)} WHERE id = '{ids[4]}'")

    assert whats(log, part_of_event(log.hub.database, ids[4])) == {"changed"}
    assert found(log, part_of_event(log.hub.database, ids[5])) == []


def test_swapped_places_are_found(log: Log) -> None:
    ids = log.grow(10)
    log.tamper(
        f"UPDATE audit_leaf SET event_id = 'x' WHERE event_id = '{ids[2]}'",
        f"UPDATE audit_leaf SET event_id = '{ids[2]}' WHERE event_id = '{ids[3]}'",
        f"UPDATE audit_leaf SET event_id = '{ids[3]}' WHERE event_id = 'x'",
    )

    assert "changed" in whats(log, part_of_event(log.hub.database, ids[2]))


def test_a_truncated_log_is_found_by_any_part(log: Log) -> None:
    log.grow(10)
    log.tamper("DELETE FROM audit_leaf WHERE leaf_index >= 6", "UPDATE audit_head SET size = 6")
    log.tamper(f"UPDATE audit_head SET frontier = {binary(log, b'x' * 64)}")

    assert "truncated" in whats(log, places(log, 1, 2))
    assert "truncated" in whats(log, places(log, 1))


def test_a_newest_checkpoint_that_nobody_signed_is_found(log: Log) -> None:
    ids = log.grow(10)
    log.tamper(
        "UPDATE audit_checkpoint SET note = replace(note, '\u2014 id.example.gov', '\u2014 id.example.org')"
    )

    assert whats(log, part_of_event(log.hub.database, ids[4])) == {"signature"}
    assert whats(log, places(log, 0)) == {"signature"}


def test_an_older_checkpoint_in_the_place_of_the_newest_is_found(log: Log) -> None:
    ids = log.grow(10)
    older = log.size
    log.grow(5)
    log.tamper(
        f"UPDATE audit_checkpoint SET note = (SELECT note FROM audit_checkpoint WHERE size = {older}) "
        f"WHERE size > {older}"
    )

    assert whats(log, part_of_event(log.hub.database, ids[4])) == {"signature"}


def test_a_head_that_did_not_grow_out_of_what_was_signed_is_found(log: Log) -> None:
    ids = log.grow(10)
    with log.hub.database.read() as stores:
        frontier = stores.audit_tree.heads()[0].frontier
    log.tamper(f"UPDATE audit_head SET frontier = {binary(log, b'x' * 32 * len(frontier.hashes))}")

    assert whats(log, part_of_event(log.hub.database, ids[4])) == {"head"}


def test_hashes_that_are_missing_below_a_part_are_found(log: Log) -> None:
    log.grow(600)
    log.tamper("DELETE FROM audit_tile WHERE level = 0", "DELETE FROM audit_leaf WHERE leaf_index < 256")

    assert whats(log, places(log, 300, 310)) == {"gap"}


def test_what_was_logged_in_a_time_is_checked_and_no_more(log: Log) -> None:
    log.grow(1)
    log.grow(1)  # so the entry of the epoch's begin, which is of today, stands before
    morning, noon, evening = (grown_at(log, NOW + hours * HOUR, 4) for hours in (1, 4, 8))
    at_noon = part_of_time(log.hub.database, NOW + 3 * HOUR, NOW + 5 * HOUR)
    log.tamper(
        f"UPDATE audit_event SET body = {binary(log, b'{}')} WHERE id IN ('{morning[0]}', '{evening[3]}')"
    )

    check = PartCheck(log.hub.database, at_noon)
    assert list(check.findings()) == []
    assert check.entries == len(noon)
    assert "changed" in whats(log, part_of_time(log.hub.database, NOW, NOW + 5 * HOUR))
    assert "changed" in whats(log, part_of_time(log.hub.database, NOW + 7 * HOUR, NOW + 9 * HOUR))


def test_a_time_of_which_everything_is_gone_is_told(log: Log) -> None:
    """Entries and places: only the indices before and after say that there was something."""
    _, ids, _ = (grown_at(log, NOW + hours * HOUR, 4) for hours in (1, 4, 8))
    noon = ", ".join(f"'{each}'" for each in ids)
    log.tamper(
        f"DELETE FROM audit_event WHERE id IN ({noon})", f"DELETE FROM audit_leaf WHERE event_id IN ({noon})"
    )

    assert "gap" in whats(log, part_of_time(log.hub.database, NOW + 3 * HOUR, NOW + 5 * HOUR))


def test_places_that_the_log_does_not_have_are_refused(log: Log) -> None:
    with pytest.raises(NoSuchPart, match="not begun"):
        places(log, 0)
    log.grow(5)

    for first, last in ((log.size, None), (0, log.size), (3, 2)):
        with pytest.raises(NoSuchPart, match="there are no entries"):
            places(log, first, last)
    with pytest.raises(NoSuchPart, match="no tree 2"):
        part_of_places(log.hub.database, 0, None, 2)
    with pytest.raises(NoSuchPart, match="no place"):
        part_of_event(log.hub.database, log.write(1)[0])
