"""A witness's folder.

witness.key   its name and private key, for its owner alone
logs.txt      verifier keys of the logs that it cosigns, one a line
witness.db    what it has cosigned: never restore it from a backup, make a new witness instead
"""

import base64
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sso.audit.signed_note import COSIGNATURE, ED25519, NoteInvalid, NoteKey, NoteSigner
from sso.witness.state import WitnessState


class FolderInvalid(Exception):
    """Not the folder of a witness, or a file in it that cannot be used; the text says which."""


@dataclass(frozen=True, slots=True)
class WitnessFolder:
    """The files of one witness."""

    path: Path

    @property
    def state(self) -> WitnessState:
        """What was cosigned."""
        return WitnessState(self.path / "witness.db")

    def create(self, name: str) -> NoteSigner:
        """Make a witness of that name with a new key.

        Raises:
            FolderInvalid: there is one already, or the folder cannot be written.
            ValueError: a name that no signature line can carry.
        """
        signer = NoteSigner.new(name, COSIGNATURE)
        private = base64.b64encode(signer.private.private_bytes_raw()).decode("ascii")
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(self.path / "witness.key", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(file, "w", encoding="utf-8") as written:
                written.write(f"{name} {private}\n")
                written.flush()
                os.fsync(written.fileno())
            self.state.create()
            (self.path / "logs.txt").touch(mode=0o644)
        except OSError as error:
            raise FolderInvalid(f"{self.path}: {error.strerror}") from error
        return signer

    def signer(self) -> NoteSigner:
        """Return the key that cosigns.

        Raises:
            FolderInvalid: there is none, others may read it, or it is damaged.
        """
        file = self.path / "witness.key"
        try:
            if file.stat().st_mode & 0o077:
                raise FolderInvalid(f"{file}: others may read it; chmod 600 {file}")
            name, encoded = file.read_text(encoding="utf-8").split()
            private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(encoded, validate=True))
            return NoteSigner.new(name, COSIGNATURE, private)
        except OSError as error:
            raise FolderInvalid(f"{file}: {error.strerror}; make a witness by `sso witness init`") from error
        except ValueError as error:
            raise FolderInvalid(f"{file}: it is damaged") from error

    def trust(self, key: NoteKey) -> bool:
        """Cosign for a log from now on; false if its key was trusted already.

        Raises:
            FolderInvalid: the file cannot be written, or something in it is no key.
        """
        if key in self.trusted().get(key.name, ()):
            return False
        try:
            with (self.path / "logs.txt").open("a", encoding="utf-8") as written:
                written.write(f"{key}\n")
        except OSError as error:
            raise FolderInvalid(f"{self.path}: {error.strerror}") from error
        return True

    def trusted(self) -> Mapping[str, Sequence[NoteKey]]:
        """Return the keys of the logs that it cosigns, by origin.

        Raises:
            FolderInvalid: the file cannot be read, or something in it is no key of a log.
        """
        file = self.path / "logs.txt"
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError) as error:
            raise FolderInvalid(f"{file} cannot be read") from error
        found: dict[str, list[NoteKey]] = {}
        for number, line in enumerate(lines, 1):
            if line.strip() and not line.startswith("#"):
                found.setdefault((key := _log_key(line, file, number)).name, []).append(key)
        return found


def _log_key(line: str, file: Path, number: int) -> NoteKey:
    try:
        key = NoteKey.parse(line)
    except NoteInvalid as error:
        raise FolderInvalid(f"{file}:{number}: {error}") from error
    if key.kind != ED25519:
        raise FolderInvalid(f"{file}:{number}: a witness's key, not a log's")
    return key
