"""What the directory servers that run in the foreground of a folder have in common."""

import signal
from abc import ABC, abstractmethod
from pathlib import Path

from tests.servers.process import ServerProcess, run


class ForegroundDirectory(ABC):
    """One directory server: its process, its folder with `ca.pem`, and where it listens."""

    administrator: str
    """The bind name that `modify` uses."""
    administrator_password: str

    def __init__(self, folder: Path, process: ServerProcess, address: str, port: int, tls_port: int) -> None:
        self.folder = folder
        self.address, self.port, self.tls_port = address, port, tls_port
        self._process = process

    @property
    def urls(self) -> tuple[str, ...]:
        return (f"ldaps://{self.address}:{self.tls_port}",)

    @property
    def plaintext_url(self) -> str:
        return f"ldap://{self.address}:{self.port}"

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    @abstractmethod
    def start(self) -> None:
        """Start it, and wait until it answers."""

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        self._process.stop(number)

    def restart(self) -> None:
        self.stop()
        self.start()

    def freeze(self) -> None:
        self._process.freeze()

    def thaw(self) -> None:
        self._process.thaw()

    def modify(self, ldif: str) -> None:
        """Apply LDIF as the server's administrator."""
        command = ["ldapmodify", "-x", "-H", self.urls[0], "-D", self.administrator]
        run([*command, "-w", self.administrator_password], ldif, LDAPTLS_CACERT=str(self.ca_file))
