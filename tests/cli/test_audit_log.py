"""`sso audit verify`, `recount`, `keys`, `new-epoch`: on a hub that is really served, stopped, restored."""

import json
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from sso.audit.signed_note import NoteKey
from tests.servers.hub import HubServer, StartHub

pytestmark = pytest.mark.slow


def whole(hub: HubServer) -> tuple[int, str]:
    done = hub.run("audit", "verify", check=False)
    return done.returncode, done.stdout


def everything_signed(hub: HubServer) -> None:
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        with closing(sqlite3.connect(hub.folder / "hub.db")) as connection:
            waiting, size, signed = connection.execute(
                "SELECT (SELECT count(*) FROM audit_pending), (SELECT max(size) FROM audit_head), "
                "(SELECT max(size) FROM audit_checkpoint)"
            ).fetchone()
        if waiting == 0 and size == signed:
            return
        time.sleep(0.1)
    pytest.fail("the log was not signed in time")


def change(hub: HubServer, *statements: str) -> None:
    with closing(sqlite3.connect(hub.folder / "hub.db", isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def test_a_log_that_was_written_and_signed_is_whole(start_hub: StartHub) -> None:
    hub = start_hub()
    hub.add_citizen()
    everything_signed(hub)

    code, told = whole(hub)

    assert code == 0
    assert "nothing is wrong" in told
    [event] = hub.audit("--event", "audit.verified")
    assert event["detail"]["findings"] == 0
    assert NoteKey.parse(hub.run("audit", "keys").stdout).name == f"127.0.0.1:{hub.port}/audit"


def test_counts_that_are_not_those_of_the_entries_are_told_and_made_anew(start_hub: StartHub) -> None:
    hub = start_hub()
    hub.add_citizen()
    everything_signed(hub)
    change(hub, "UPDATE audit_hour SET events = events + 1 WHERE event = 'account.created'")

    code, told = whole(hub)
    corrected = json.loads(hub.run("audit", "recount", "--json").stdout)["hours"]
    everything_signed(hub)

    assert code == 3
    assert told.startswith(
        f"counts: the counts of the hour from {corrected[0][:13].replace('T', ' ')}:00 UTC"
    )
    assert [event["detail"]["hour"] for event in hub.audit("--event", "audit.counts.corrected")] == corrected
    assert len(corrected) == 1
    assert whole(hub)[0] == 0
    assert hub.run("audit", "recount").stdout == "every hour is counted as its entries are\n"


def test_a_changed_entry_is_told_and_is_on_record(start_hub: StartHub) -> None:
    hub = start_hub()
    hub.add_citizen()
    everything_signed(hub)
    change(
        hub,
        "DROP TRIGGER audit_event_no_update",
        "UPDATE audit_event SET body = replace(body, 'account.created', 'account.updated') "
        "WHERE event = 'account.created'",
    )

    code, told = whole(hub)

    assert code == 3
    assert "changed: entry" in told
    [event] = hub.audit("--event", "audit.verify.failed")
    assert event["severity"] == 5


def test_a_part_of_the_log_is_checked_and_named_on_record(start_hub: StartHub) -> None:
    hub = start_hub()
    hub.add_citizen()
    everything_signed(hub)
    [created] = hub.audit("--event", "account.created")
    event_id = str(created["id"])
    before, until = str(created["occurred_at"])[:19], "2100-01-01"

    for part in (("--event", event_id), ("--from", "0", "--to", "1"), ("--since", before, "--until", until)):
        assert "nothing is wrong" in hub.run("audit", "verify", *part).stdout, part
    everything_signed(hub)
    change(
        hub,
        "DROP TRIGGER audit_event_no_update",
        "UPDATE audit_event SET body = replace(body, 'account.created', 'account.updated') "
        "WHERE event = 'account.created'",
    )
    told = hub.run("audit", "verify", "--event", event_id, "--json", check=False)
    elsewhere = hub.run("audit", "verify", "--from", "0", "--to", "0", "--json")

    assert told.returncode == 3
    finding, *_, counted = (json.loads(line) for line in told.stdout.splitlines())
    assert finding["what"] == "changed"
    assert (counted["part"], counted["entries"], counted["unsigned"]) == (event_id, 1, 0)
    assert json.loads(elsewhere.stdout)["entries"] == 1
    assert hub.audit("--event", "audit.verify.failed")[0]["detail"]["part"] == event_id
    parts = [event["detail"]["part"] for event in hub.audit("--event", "audit.verified")]
    assert [part.split(" ")[-1] for part in parts[:2]] == ["0-0", f"{before}+00:00/2100-01-01T00:00:00+00:00"]


def test_a_part_that_is_nowhere_is_refused(start_hub: StartHub) -> None:
    hub = start_hub()
    everything_signed(hub)

    for options, code, told in (
        (("--event", "01890a5d-ac96-7000-8000-000000000000"), 1, "has no place in the log"),
        (("--from", "999999"), 1, "there are no entries"),
        (("--to", "3"), 2, "--to goes with --from"),
        (("--until", "1h"), 2, "--until goes with --since"),
        (("--from", "0", "--since", "1h"), 2, "give one of"),
        (("--since", "1h", "--until", "2h"), 2, "--since must be before --until"),
        (("--from", "0", "--archive"), 2, "--archive is for the whole log"),
    ):
        done = hub.run("audit", "verify", *options, check=False)
        assert done.returncode == code, (options, done.stderr)
        assert told in done.stderr


def test_a_time_without_entries_is_not_called_right(start_hub: StartHub) -> None:
    hub = start_hub()
    everything_signed(hub)

    done = hub.run("audit", "verify", "--since", "2001-01-01", "--until", "2001-01-02")

    assert "0 entries" in done.stdout
    assert "the log has no entry of that time, so none was checked" in done.stdout
    assert "nothing is wrong" not in done.stdout


def test_an_older_backup_is_never_signed_and_a_new_epoch_goes_on(start_hub: StartHub, tmp_path: Path) -> None:
    hub = start_hub()
    everything_signed(hub)
    hub.stop()
    shutil.copy(hub.folder / "hub.db", tmp_path / "backup.db")
    hub.start()
    hub.add_citizen("tuya")
    everything_signed(hub)
    hub.stop()
    shutil.copy(tmp_path / "backup.db", hub.folder / "hub.db")
    for left in ("hub.db-wal", "hub.db-shm"):
        (hub.folder / left).unlink(missing_ok=True)
    hub.start()
    time.sleep(3)

    refused = hub.audit("--event", "audit.checkpoint.refused")
    code, told = whole(hub)
    hub.run("audit", "new-epoch", "--reason", "restored the backup of this morning", "--yes")
    everything_signed(hub)

    assert [event["severity"] for event in refused] == [5]
    assert code == 3
    assert "memory" in told
    assert hub.audit("--event", "audit.epoch.opened")[0]["detail"]["origin"].endswith("/audit/2")
    with closing(sqlite3.connect(hub.folder / "hub.db")) as connection:
        epochs = connection.execute("SELECT epoch, size FROM audit_head ORDER BY epoch").fetchall()
    assert len(epochs) == 2
    assert epochs[1][1] > 0
