"""Whoever changes the database past the hub is found out, each way by its name."""

import pytest

from sso.storage.errors import StorageUnavailable
from tests.worker.conftest import NOW, Log, binary


def whats(log: Log) -> set[str]:
    return {finding.what for finding in log.findings()}


def test_an_untouched_log_is_whole(log: Log) -> None:
    log.grow(600)
    log.grow(30)
    log.write(3)

    assert log.findings() == []


def test_an_empty_log_is_whole(log: Log) -> None:
    assert log.findings() == []


def test_a_changed_entry_is_found(log: Log) -> None:
    ids = log.grow(10)
    log.tamper(f"UPDATE audit_event SET body = {binary(log, b'{}')} WHERE id = '{ids[4]}'")

    assert any(finding.what == "changed" and ids[4] in finding.sentence for finding in log.findings())


def test_an_entry_filed_under_another_client_is_found(log: Log) -> None:
    ids = log.grow(10)
    log.tamper(f"UPDATE audit_event SET client_id = 'housing', severity = 1 WHERE id = '{ids[4]}'")

    found = [finding for finding in log.findings() if finding.what == "columns"]

    assert [ids[4] in finding.sentence and "client_id" in finding.sentence for finding in found] == [True]


def test_an_entry_whose_others_are_broken_is_found(log: Log) -> None:
    ids = log.grow(10)
    log.tamper(f"UPDATE audit_event SET others = {binary(log, b'[1]')} WHERE id = '{ids[4]}'")

    assert [ids[4] in finding.sentence for finding in log.findings()] == [True]


@pytest.mark.parametrize("sealed", [b"", b"0" * 60])
def test_an_entry_whose_seal_is_broken_is_found(log: Log, sealed: bytes) -> None:
    ids = log.grow(10)
    log.tamper(f"UPDATE audit_event SET sealed = {binary(log, sealed)} WHERE id = '{ids[4]}'")

    assert [(finding.what, ids[4] in finding.sentence) for finding in log.findings()] == [("changed", True)]


def test_a_shredded_entry_is_no_broken_one(log: Log) -> None:
    log.grow(10)
    keys = log.hub.database.audit_keys
    keys.destroy(keys.older_than(NOW.replace(year=NOW.year + 2)))

    assert log.findings() == []


def test_a_deleted_entry_is_found(log: Log) -> None:
    ids = log.grow(10)
    log.tamper(f"DELETE FROM audit_event WHERE id = '{ids[4]}'")

    assert any(finding.what == "deleted" and ids[4] in finding.sentence for finding in log.findings())


def test_an_entry_deleted_with_its_place_is_found(log: Log) -> None:
    ids = log.grow(10)
    log.tamper(
        f"DELETE FROM audit_event WHERE id = '{ids[4]}'",
        f"DELETE FROM audit_leaf WHERE event_id = '{ids[4]}'",
    )

    assert "gap" in whats(log)


def test_an_inserted_entry_is_found(log: Log) -> None:
    ids = log.grow(10)
    columns = (
        "event, occurred_at, outcome, severity, client_id, session_id, grant_id, request_id, account_ref, "
        "address_ref, network_ref, body, sealed, key_id"
    )
    log.tamper(
        f"INSERT INTO audit_event (id, {columns}) SELECT 'f' || substr(id, 2), {columns} "
        f"FROM audit_event WHERE id = '{ids[0]}'"
    )

    assert {"inserted", "columns"} <= whats(log)


def test_swapped_entries_are_found(log: Log) -> None:
    ids = log.grow(10)
    log.tamper(
        f"UPDATE audit_leaf SET event_id = 'x' WHERE event_id = '{ids[2]}'",
        f"UPDATE audit_leaf SET event_id = '{ids[2]}' WHERE event_id = '{ids[3]}'",
        f"UPDATE audit_leaf SET event_id = '{ids[3]}' WHERE event_id = 'x'",
    )

    assert "changed" in whats(log)


def test_a_truncated_log_is_found(log: Log) -> None:
    log.grow(10)
    log.tamper("DELETE FROM audit_leaf WHERE leaf_index >= 6", "UPDATE audit_head SET size = 6")
    log.tamper(f"UPDATE audit_head SET frontier = {binary(log, b'x' * 64)}")

    assert {"truncated", "head"} <= whats(log)


def test_a_tree_that_was_rewritten_whole_is_found_by_what_was_signed(log: Log) -> None:
    """Entry, leaf and head agree with one another again: only the signature speaks."""
    ids = log.grow(10)
    log.rewrite(ids[4])

    assert whats(log) == {"rewritten"}


def test_a_checkpoint_that_nobody_signed_is_found(log: Log) -> None:
    log.grow(10)
    log.tamper(
        "UPDATE audit_checkpoint SET note = replace(note, '\u2014 id.example.gov', '\u2014 id.example.org')"
    )

    assert whats(log) == {"signature"}


@pytest.mark.parametrize("statement", ["UPDATE audit_event SET severity = 1", "DELETE FROM audit_event"])
def test_the_database_refuses_to_change_an_entry(log: Log, statement: str) -> None:
    log.grow(1)

    with pytest.raises(StorageUnavailable), log.hub.database._schema_writer() as connection:
        connection.exec_driver_sql(statement)
