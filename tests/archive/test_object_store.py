"""A bucket that cannot be reached says so, in words that stay the same from hour to hour."""

import io
from collections.abc import Callable

import pytest

from sso.archive.errors import ArchiveUnavailable
from sso.archive.object_store import Bucket, _told
from sso.archive.settings import BucketSettings
from tests.servers.ports import free_port


@pytest.fixture(scope="module")
def away() -> Bucket:
    return Bucket(
        BucketSettings(
            bucket="audit",
            prefix="hub",
            endpoint=f"http://127.0.0.1:{free_port()}",
            region=None,
            ca_file=None,
            key_id="hub",
            secret="opensesame",
        )
    )


@pytest.mark.parametrize(
    "ask",
    [
        lambda bucket: bucket.probe(),
        lambda bucket: bucket.get("month.parquet"),
        lambda bucket: bucket.put("month.parquet", io.BytesIO(b"m")),
    ],
)
def test_it_says_which_store_is_away(away: Bucket, ask: Callable[[Bucket], object]) -> None:
    with pytest.raises(ArchiveUnavailable) as caught:
        ask(away)

    assert str(caught.value).startswith("s3://audit")
    assert str(caught.value).endswith("Could not connect to server")
    assert "opensesame" not in str(caught.value)


@pytest.mark.parametrize(
    "said",
    ["AWS Error NO_SUCH_BUCKET (Request ID: Y7DG)", "AWS Error NO_SUCH_BUCKET; Details: after 3 ms: gone"],
)
def test_what_differs_from_time_to_time_is_left_out(said: str) -> None:
    assert _told(OSError(said)) == "AWS Error NO_SUCH_BUCKET"
