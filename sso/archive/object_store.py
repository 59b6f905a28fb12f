"""A bucket that is reached by S3: a door to Arrow, whose client it is.

An object appears when all of it has arrived, so it needs no name of its own meanwhile.
"""

import re
import shutil
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from pyarrow import fs

from sso.archive.errors import ArchiveBroken, ArchiveUnavailable
from sso.archive.settings import BucketSettings

CONNECT_SECONDS = 5.0
REQUEST_SECONDS = 60.0
_DIFFERS = re.compile(r"; Details: .*| \(Request ID: [^)]*\)", re.DOTALL)


class Bucket:
    """`sso.archive.place.Place` in a bucket."""

    def __init__(self, settings: BucketSettings) -> None:
        self._bucket = settings.bucket
        self._root = "/".join(part for part in (settings.bucket, settings.prefix.strip("/")) if part)
        options: dict[str, Any] = {} if settings.region is None else {"region": settings.region}
        if settings.endpoint is not None:
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
            message = f"s3://{self._bucket}: there is no such bucket"
            raise ArchiveUnavailable(message)

    def get(self, name: str) -> BinaryIO:
        """Open the object."""
        path = f"{self._root}/{name}"
        try:
            opened: BinaryIO = self._files.open_input_stream(path)
        except FileNotFoundError as error:
            message = f"s3://{path} is not there"
            raise ArchiveBroken(message) from error
        except OSError as error:
            message = f"s3://{path}: {_told(error)}"
            raise ArchiveUnavailable(message) from error
        return opened


def _told(error: OSError) -> str:
    """What a store says, without what differs from time to time: how long it took, a request's number."""
    return _DIFFERS.sub("", str(error))
