"""Months of the log go to a bucket of a real store before they are dropped, and stay if it fails."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sso.archive.opening import digest_of
from sso.archive.settings import BucketSettings
from sso.worker import archiving
from sso.worker.retention import keep_months
from tests.servers.cable import cable_to
from tests.servers.loopback import Answer, LoopbackServer
from tests.servers.object_store import SECRET, StoredBucket
from tests.worker.conftest import Log
from tests.worker.test_archiving import APRIL, MARCH, NOW, keep_in, known, two_old_months

pytestmark = pytest.mark.postgresql
Trouble = Callable[[StoredBucket], AbstractContextManager[BucketSettings]]


@pytest.fixture
def log(empty_postgresql_url: str, tmp_path: Path, bucket: StoredBucket) -> Iterator[Log]:
    with two_old_months(empty_postgresql_url, tmp_path, bucket.settings) as made:
        yield made


def test_months_are_objects_before_they_go(log: Log, bucket: StoredBucket) -> None:
    keep_months(log.hub, NOW)
    log.sequencer.sequence()

    with log.hub.database.read() as stores:
        said = stores.audit_archive.archived()
    assert known(log) == []
    assert {each.archive_file: each.sha256 for each in said.values()} == {
        each.name: digest_of(each) for each in bucket.objects
    }
    assert {each.month: each.entries for each in said.values()} == {"2026-03": 6, "2026-04": 6}
    assert log.findings() == []


def another_secret(bucket: StoredBucket) -> AbstractContextManager[BucketSettings]:
    return nullcontext(replace(bucket.settings, secret="another"))


def no_bucket(bucket: StoredBucket) -> AbstractContextManager[BucketSettings]:
    return nullcontext(replace(bucket.settings, bucket="nobody-s"))


@contextmanager
def away(bucket: StoredBucket) -> Iterator[BucketSettings]:
    with bucket.store.away():
        yield bucket.settings


@contextmanager
def failing(bucket: StoredBucket) -> Iterator[BucketSettings]:
    with LoopbackServer(lambda _: Answer(b"", status=500)) as gateway:
        yield replace(bucket.settings, endpoint=gateway.origin)


@contextmanager
def cut_off_while_it_is_written(bucket: StoredBucket) -> Iterator[BucketSettings]:
    with cable_to(bucket.store.port, to_server=6_000) as cable:
        yield bucket.reached_at(cable.port)
        assert cable.cut


@contextmanager
def cut_off_while_it_is_read_back(bucket: StoredBucket) -> Iterator[BucketSettings]:
    with cable_to(bucket.store.port, to_client=8_000) as cable:
        yield bucket.reached_at(cable.port)
        assert cable.cut
    assert len(bucket.objects) == 1


TROUBLES: dict[Trouble, str] = {
    another_secret: "audit.archive.secret or secret_file",
    no_bucket: "make the bucket, or name another in audit.archive.url",
    away: "audit.archive.endpoint",
    failing: "HTTP status 500",
    cut_off_while_it_is_written: "during UploadPart",
    cut_off_while_it_is_read_back: "during GetObject",
}


def test_months_stay_while_the_store_fails_and_go_when_it_is_back(
    log: Log, bucket: StoredBucket, caplog: pytest.LogCaptureFixture
) -> None:
    """One after the other in one database: what each left behind is in nobody's way."""
    reasons, stayed = {}, []
    for hour, trouble in enumerate(TROUBLES):
        with trouble(bucket) as settings:
            keep_in(log, settings)
            keep_months(log.hub, NOW + timedelta(hours=hour))
        stayed.append(known(log))
        with log.hub.database.read() as stores:
            last = stores.audit_archive.last_said()
        assert last is not None
        assert (last.event, last.detail["month"]) == ("audit.month.not_archived", "2026-03")
        reasons[trouble] = str(last.detail["reason"])
    keep_in(log, bucket.settings)
    keep_months(log.hub, NOW)

    assert stayed == [[MARCH, APRIL]] * len(TROUBLES)
    assert [to_do for trouble, to_do in TROUBLES.items() if to_do not in reasons[trouble]] == []
    assert known(log) == []
    assert SECRET not in str(reasons)
    assert not any(SECRET in str(vars(record)) for record in caplog.records)


def test_a_month_whose_object_was_changed_is_not_dropped(log: Log, bucket: StoredBucket) -> None:
    """As by somebody with the store in hand, between a crash of the worker and its next try."""
    archiving.archived(log.hub, MARCH, NOW)
    log.sequencer.sequence()
    [kept] = bucket.objects
    kept.write_bytes(kept.read_bytes()[:-1] + b"\0")

    keep_months(log.hub, NOW + timedelta(hours=1))

    with log.hub.database.read() as stores:
        last = stores.audit_archive.last_said()
    assert known(log) == [MARCH, APRIL]
    assert last is not None
    assert (
        last.detail["reason"] == f"{kept.name} is not the file that was archived: its SHA-256 is another one"
    )
