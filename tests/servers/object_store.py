"""A store that speaks S3 over TLS and checks every signature: `rclone serve s3`, over folders."""

import secrets
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sso.archive.settings import BucketSettings
from sso.cli.demo.certificate import CertificateWish, write_certificates
from tests.servers.ports import free_port
from tests.servers.process import ServerProcess

BUCKET = "audit"
KEY_ID = "hub"
SECRET = "a key that opens buckets"


class ObjectStore:
    """The store; what lies in its buckets can be looked at and changed behind its back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        (folder / "buckets" / BUCKET).mkdir(parents=True)
        write_certificates(folder, CertificateWish(), datetime.now(UTC))
        command = [str(Path(sys.executable).with_name("rclone")), "serve", "s3", str(folder / "buckets")]
        command += ["--addr", f"127.0.0.1:{self.port}", "--dir-cache-time", "1ms", "--config", ""]
        command += ["--cert", str(folder / "server.pem"), "--key", str(folder / "server.key")]
        self._process = ServerProcess(command, folder / "log")

    @property
    def ca_file(self) -> Path:
        """The authority that signed the certificate."""
        return self.folder / "ca.pem"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process.start(
            self._answers,
            {"RCLONE_AUTH_KEY": f'"{KEY_ID},{SECRET}"', "RCLONE_CACHE_DIR": str(self.folder / "cache")},
        )

    def stop(self) -> None:
        """End it."""
        self._process.stop()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Let nobody listen while the block lasts."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let it accept connections and answer nothing while the block lasts."""
        self._process.freeze()
        try:
            yield
        finally:
            self._process.thaw()

    def _answers(self) -> bool:
        trusting = ssl.create_default_context(cafile=self.ca_file)
        try:
            with (
                socket.create_connection(("127.0.0.1", self.port), timeout=1) as plain,
                trusting.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
            ):
                connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
                return connection.recv(64).startswith(b"HTTP/")
        except OSError:
            return False


class StoredBucket:
    """A place within the store's bucket, as its settings and as what lies there."""

    def __init__(self, store: ObjectStore) -> None:
        self.store = store
        self.settings = BucketSettings(
            bucket=BUCKET,
            prefix=f"hub-{secrets.token_hex(8)}",
            endpoint=f"https://127.0.0.1:{store.port}",
            region=None,
            ca_file=store.ca_file,
            key_id=KEY_ID,
            secret=SECRET,
        )
        self.url = f"s3://{BUCKET}/{self.settings.prefix}"

    def reached_at(self, port: int) -> BucketSettings:
        """Return its settings by way of another port."""
        return replace(self.settings, endpoint=f"https://127.0.0.1:{port}")

    def written(self, secret_file: str) -> str:
        """Return the lines of a configuration that name it."""
        return (
            f'[audit.archive]\nurl = "{self.url}"\nendpoint = "{self.settings.endpoint}"\n'
            f'ca_file = "{self.store.ca_file}"\nkey_id = "{KEY_ID}"\nsecret_file = "{secret_file}"\n'
        )

    @property
    def objects(self) -> list[Path]:
        """What lies there."""
        return sorted((self.store.folder / "buckets" / BUCKET / self.settings.prefix).glob("*"))


@pytest.fixture(scope="session")
def object_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    """The store that tests share, each with a place of its own in its bucket."""
    store = ObjectStore(tmp_path_factory.mktemp("object-store"))
    store.start()
    yield store
    store.stop()


@pytest.fixture
def bucket(object_store: ObjectStore) -> StoredBucket:
    """An empty place for one test."""
    return StoredBucket(object_store)
