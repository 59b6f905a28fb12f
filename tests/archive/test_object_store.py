"""A bucket of a real store: what was put comes back; what goes wrong is said, with what to do about it."""

import io
from collections.abc import Callable
from dataclasses import replace

import pytest

from sso.archive import object_store as client
from sso.archive.errors import ArchiveBroken, ArchiveUnavailable
from sso.archive.object_store import Bucket, _told
from sso.archive.opening import copied
from sso.archive.settings import BucketSettings
from sso.audit.event import AuditMonthArchived
from tests.servers.cable import cable_to
from tests.servers.loopback import Answer, LoopbackServer
from tests.servers.object_store import SECRET, StoredBucket

MONTH = "month.parquet"
LARGE = bytes(range(256)) * (100 << 10)
"""25 MiB: three parts of an upload."""
Ask = Callable[[Bucket], object]


def put(bucket: Bucket) -> None:
    bucket.put(MONTH, io.BytesIO(LARGE))


def get(bucket: Bucket) -> object:
    return bucket.get(MONTH)


WAYS = pytest.mark.parametrize("ask", [put, get, Bucket.probe], ids=["put", "get", "probe"])


def refused(settings: BucketSettings, ask: Ask) -> str:
    with pytest.raises(ArchiveUnavailable) as caught:
        ask(Bucket(settings))
    return str(caught.value)


@pytest.mark.parametrize("content", [b"", b"a month", LARGE], ids=["nothing", "small", "in parts"])
def test_what_was_put_comes_back(bucket: StoredBucket, content: bytes) -> None:
    opened = Bucket(bucket.settings)

    opened.probe()
    opened.put(MONTH, io.BytesIO(b"an earlier one"))
    opened.put(MONTH, io.BytesIO(content))

    with opened.get(MONTH) as read:
        assert read.read(len(content) + 1) == content
    assert [(each.name, each.read_bytes()) for each in bucket.objects] == [(MONTH, content)]


def test_an_object_that_is_not_there_is_named(bucket: StoredBucket) -> None:
    with pytest.raises(ArchiveBroken, match=f"{bucket.url}/{MONTH} is not there"):
        Bucket(bucket.settings).get(MONTH)


@WAYS
@pytest.mark.parametrize("wrong", [{"secret": "another"}, {"key_id": "somebody"}], ids=["secret", "key"])
def test_a_wrong_key_is_told(bucket: StoredBucket, ask: Ask, wrong: dict[str, str]) -> None:
    said = refused(replace(bucket.settings, **wrong), ask)

    assert said.startswith("s3://audit")
    assert "audit.archive." in said
    assert bucket.objects == []


@pytest.mark.parametrize("ask", [put, Bucket.probe], ids=["put", "probe"])
def test_a_bucket_that_is_missing_is_told(bucket: StoredBucket, ask: Ask) -> None:
    said = refused(replace(bucket.settings, bucket="nobody-s"), ask)

    assert said.startswith("s3://nobody-s")
    assert said.endswith("; make the bucket, or name another in audit.archive.url")


def test_a_store_of_an_authority_that_is_not_known_gets_nothing(bucket: StoredBucket) -> None:
    said = refused(replace(bucket.settings, ca_file=None), put)

    assert said.endswith("audit.archive.ca_file")
    assert bucket.objects == []


@WAYS
def test_a_store_that_is_away_is_told(bucket: StoredBucket, ask: Ask) -> None:
    with bucket.store.away():
        said = refused(bucket.settings, ask)

    assert said.endswith("Could not connect to server; nobody listens there: audit.archive.endpoint")
    assert SECRET not in said


def test_a_store_that_does_not_answer_is_not_waited_for_without_end(
    bucket: StoredBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "REQUEST_SECONDS", 1.0)
    monkeypatch.setattr(client, "CONNECT_SECONDS", 1.0)
    opened = Bucket(bucket.settings)
    opened.probe()

    with bucket.store.frozen(), pytest.raises(ArchiveUnavailable, match="Timeout was reached"):
        put(opened)


@pytest.mark.parametrize("ask", [put, get], ids=["put", "get"])
def test_a_store_that_has_failed_is_told(bucket: StoredBucket, ask: Ask) -> None:
    """What stands in front of a store answers so while the store is down."""
    with LoopbackServer(lambda _: Answer(b"", status=503)) as gateway:
        said = refused(replace(bucket.settings, endpoint=gateway.origin), ask)

    assert said.startswith(f"{bucket.url}/{MONTH}: ")
    assert SECRET not in said


def test_an_upload_that_is_cut_off_keeps_nothing_under_a_name_of_a_month(bucket: StoredBucket) -> None:
    with cable_to(bucket.store.port, to_server=len(LARGE) // 2) as cable:
        refused(bucket.reached_at(cable.port), put)

        assert cable.cut
    assert all(each.read_bytes() != LARGE for each in bucket.objects)


def test_a_download_that_is_cut_off_is_no_copy(bucket: StoredBucket) -> None:
    Bucket(bucket.settings).put(MONTH, io.BytesIO(LARGE))
    kept = AuditMonthArchived(month="2026-03", archive_file=MONTH, entries=1, sha256="0" * 64)

    with cable_to(bucket.store.port, to_client=len(LARGE) // 2) as cable:
        with pytest.raises(ArchiveUnavailable, match=f"{bucket.url}/{MONTH}: ") as caught:
            copied(Bucket(bucket.reached_at(cable.port)), kept, bucket.store.folder)
        assert cable.cut
    assert "Details" not in str(caught.value)


@pytest.mark.parametrize(
    "said",
    [
        "AWS Error SLOW_DOWN (Request ID: Y7DG)",
        "AWS Error SLOW_DOWN; Details: after 3 ms: gone",
        "AWS Error SLOW_DOWN: No response body.",
    ],
)
def test_what_differs_from_time_to_time_is_left_out(said: str) -> None:
    assert _told(OSError(said)) == "AWS Error SLOW_DOWN"
