"""A bucket that is reached by S3: a door to Arrow, whose client it is.

An object needs no name of its own while it is sent: its name tells what it must hold, so one that was cut off
half-way is no month, and the next try puts the whole one in its place.
"""

import io
import os
import re
import shutil
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from pyarrow import fs

from sso.archive.errors import ArchiveBroken, ArchiveUnavailable
from sso.archive.settings import BucketSettings

CONNECT_SECONDS = 5.0
REQUEST_SECONDS = 60.0
_READ_BYTES = 1 << 20
_DIFFERS = re.compile(r"; Details: .*| \(Request ID: [^)]*\)|:? No response body\.?", re.DOTALL)
_TO_DO = {
    "ACCESS_DENIED": "the key, its secret or what it may do: audit.archive.key_id",
    "INVALID_ACCESS_KEY_ID": "the store does not know the key: audit.archive.key_id",
    "NO_SUCH_BUCKET": "make the bucket, or name another in audit.archive.url",
    "SIGNATURE_DOES_NOT_MATCH": "the secret is another one: audit.archive.secret or secret_file",
    "curlCode: 60": "its certificate is of no authority that is known here: audit.archive.ca_file",
    "curlCode: 7,": "nobody listens there: audit.archive.endpoint",
}
"""What an operator does about it, by what is in the client's words."""


class Bucket:
    """`sso.archive.place.Place` in a bucket."""

    def __init__(self, settings: BucketSettings) -> None:
        self._bucket = settings.bucket
        self._root = "/".join(part for part in (settings.bucket, settings.prefix.strip("/")) if part)
        options: dict[str, Any] = {} if settings.region is None else {"region": settings.region}
        if settings.endpoint is not None:
            _send_plainly()
            address = urlsplit(settings.endpoint)
            options |= {"scheme": address.scheme, "endpoint_override": address.netloc}
        if settings.ca_file is not None:
            options["tls_ca_file_path"] = str(settings.ca_file)
        self._files = fs.S3FileSystem(
            access_key=settings.key_id,
            secret_key=settings.secret,
            connect_timeout=CONNECT_SECONDS,
            request_timeout=REQUEST_SECONDS,
            background_writes=False,
            **options,
        )

    def put(self, name: str, content: BinaryIO) -> None:
        """Send it in parts."""
        path = f"{self._root}/{name}"
        try:
            with self._files.open_output_stream(path) as opened:
                shutil.copyfileobj(content, opened, 1 << 20)
        except OSError as error:
            message = f"s3://{path}: {_told(error)}"
            raise ArchiveUnavailable(message) from error

    def probe(self) -> None:
        """Ask for the bucket: the key must be allowed to list it."""
        try:
            found = self._files.get_file_info(self._bucket)
        except OSError as error:
            message = f"s3://{self._bucket}: {_told(error)}"
            raise ArchiveUnavailable(message) from error
        if found.type == fs.FileType.NotFound:
            message = f"s3://{self._bucket}: there is no such bucket; {_TO_DO['NO_SUCH_BUCKET']}"
            raise ArchiveUnavailable(message)

    def get(self, name: str) -> BinaryIO:
        """Open the object; reading it raises ArchiveUnavailable, too."""
        path = f"{self._root}/{name}"
        try:
            return io.BufferedReader(_Object(path, self._files.open_input_stream(path)), _READ_BYTES)
        except FileNotFoundError as error:
            message = f"s3://{path} is not there"
            raise ArchiveBroken(message) from error
        except OSError as error:
            message = f"s3://{path}: {_told(error)}"
            raise ArchiveUnavailable(message) from error


class _Object(io.RawIOBase):
    """An object that is read; what goes wrong meanwhile is told as what goes wrong before."""

    def __init__(self, path: str, opened: Any) -> None:
        self._path = path
        self._opened = opened

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        try:
            return int(self._opened.readinto(into))
        except OSError as error:
            message = f"s3://{self._path}: {_told(error)}"
            raise ArchiveUnavailable(message) from error

    def close(self) -> None:
        self._opened.close()
        super().close()


def _send_plainly() -> None:
    """Have the client send checksums only where S3 demands them, unless the operator says otherwise.

    It would send what is put in chunks with a checksum after the last (`aws-chunked`) and no length, which
    Amazon's own store takes and others refuse (411). Arrow hands no such setting on; the environment does.
    """
    os.environ.setdefault("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")


def _told(error: OSError) -> str:
    """What a store says, without what differs from time to time; then what to do, if known."""
    said = _DIFFERS.sub("", str(error))
    return "; ".join([said, *(to_do for sign, to_do in _TO_DO.items() if sign in said)])
