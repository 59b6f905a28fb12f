"""Months of the log in a bucket of a real store: asked, verified, proved from; its key is never shown."""

from pathlib import Path

import pytest

from sso.audit.record import Origin
from sso.config import load
from sso.hub import build
from sso.storage.audit_recalls import Recall
from sso.worker.recalls import recall
from tests.cli.commands import Commands
from tests.cli.test_audit_archive import ACCOUNT, ADDRESS, NOW, WITHIN, Cold, frozen, signed_in
from tests.cli.test_audit_archive_evidence import said_of, seal
from tests.servers.object_store import SECRET, StoredBucket

BOTH = ("--event", "auth.*", "--event", "node.*")
SEARCH = ("audit", "search", "--archive", *WITHIN)


@pytest.fixture
def cold(cli: Commands, bucket: StoredBucket) -> Cold:
    (cli.folder / "archive.secret").write_text(f"{SECRET}\n")
    (cli.folder / "archive.secret").chmod(0o600)
    return frozen(cli, *[signed_in()] * 3, place=bucket.written("archive.secret"))


def the_object(bucket: StoredBucket) -> Path:
    [found] = bucket.objects
    return found


def test_both_are_asked_as_one(cold: Cold) -> None:
    oldest, second, third, now = cold.ids

    assert cold.found(*BOTH) == [now, third, second, oldest]
    assert cold.found("--account", ACCOUNT, "--address", ADDRESS, "--limit", "1") == [third]
    [counted] = cold.cli.rows("audit", "count", "--archive", *WITHIN, *BOTH)
    assert counted["success"] == 4
    [shown] = cold.cli.rows("audit", "show", second, "--archive", "--reason", "court 4")
    assert shown["signed"].startswith("in the checkpoint of")


def test_a_bundle_from_it_verifies(cold: Cold) -> None:
    file = cold.cli.folder / "case.zip"

    cold.cli.ok(*seal("--output", str(file)))

    (by_python, by_node) = said_of(cold, file)
    assert by_python == by_node
    assert (by_python[0], "4 entries of the log" in by_python[1]) == (0, True)


def test_an_object_that_was_changed_is_named_and_not_asked(cold: Cold, bucket: StoredBucket) -> None:
    content = bytearray(the_object(bucket).read_bytes())
    content[100] ^= 1
    the_object(bucket).write_bytes(content)

    said = cold.cli.refused(*SEARCH)
    verified = cold.cli.run("audit", "verify", "--archive")

    named = f"{the_object(bucket).name} is not the file that was archived"
    assert named in said
    assert (verified.exit_code, named in verified.stdout) == (3, True)


def test_an_object_that_is_gone_is_named(cold: Cold, bucket: StoredBucket) -> None:
    name = the_object(bucket).name
    the_object(bucket).unlink()

    assert cold.cli.refused(*SEARCH) == f"sso: {bucket.url}/{name} is not there"


def test_an_archive_that_is_what_was_logged_verifies(cold: Cold) -> None:
    shown = cold.cli.run("audit", "verify", "--archive", "--json").stdout.splitlines()

    assert not [line for line in shown if ".parquet" in line]
    assert '"archived_months": 1' in shown[-1]


def test_receipts_wait_while_the_store_is_away_and_are_read_afterwards(
    cold: Cold, bucket: StoredBucket, caplog: pytest.LogCaptureFixture
) -> None:
    hub = build(load(str(cold.cli.folder / "sso.toml"), {}))
    with hub.database.begin(Origin()) as stores:
        for event_id in cold.ids[:2]:
            stores.audit_recalls.ask(event_id, "housing", NOW)

    with bucket.store.away():
        recall(hub, NOW)
    with hub.database.read() as stores:
        waiting = stores.audit_recalls.of(cold.ids[0])
    recall(hub, NOW.replace(year=NOW.year + 1))
    with hub.database.read() as stores:
        read = stores.audit_recalls.of(cold.ids[0])
    hub.close()

    assert waiting == Recall(None, failed=True)
    assert read is not None and read.body is not None and cold.ids[0].encode() in read.body
    assert [record.message for record in caplog.records] == ["receipts of an archived month wait"]


def test_the_store_s_key_comes_from_where_the_configuration_says_and_is_never_shown(
    cold: Cold, bucket: StoredBucket, caplog: pytest.LogCaptureFixture
) -> None:
    (cold.cli.folder / "archive.secret").write_text("another\n")

    refused = cold.cli.run(*SEARCH)
    toml = cold.cli.folder / "sso.toml"
    toml.write_text(toml.read_text().replace('secret_file = "archive.secret"\n', ""))
    found = cold.cli.run(*SEARCH, env={"SSO__AUDIT__ARCHIVE__SECRET": SECRET})
    with bucket.store.away():
        away = cold.cli.run(*SEARCH, env={"SSO__AUDIT__ARCHIVE__SECRET": SECRET})

    assert (refused.exit_code, found.exit_code, away.exit_code) == (1, 0, 1)
    assert refused.stderr.startswith(f"sso: {bucket.url}/{the_object(bucket).name}: ")
    assert "audit.archive.key_id" in refused.stderr
    assert "audit.archive.endpoint" in away.stderr
    shown = [each.output for each in (refused, found, away)] + [
        str(vars(record)) for record in caplog.records
    ]
    assert not any(SECRET in each for each in shown)
