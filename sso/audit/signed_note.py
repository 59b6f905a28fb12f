"""Signed notes (C2SP signed-note): a text that ends in a blank line and signature lines.

A signature line names a key and holds, in base64, four bytes of the key's id and the signature. Ed25519 with
type 1 signs the text; with type 4 it is a witness's cosignature, which signs the text with a time (C2SP
tlog-cosignature). Keys are a list: a log may sign with an old and a new one for a while.
"""

import base64
import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = 1
COSIGNATURE = 4
MAX_NOTE_LENGTH = 65_536
_DASH = "\u2014"


class NoteInvalid(ValueError):
    """Not a signed note, or none of its signatures is by a key that is known."""


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A public key with the name under which it signs: `kind` is ED25519 or COSIGNATURE."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    def __str__(self) -> str:
        """Return the verifier key as people exchange it: name, id and key."""
        key = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{key}"

    @classmethod
    def parse(cls, text: str) -> "NoteKey":
        """Read a verifier key.

        Raises:
            NoteInvalid: malformed, of an unknown type, or its id is not that of its key.
        """
        try:
            name, key_id, encoded = text.strip().split("+", 2)
            whole = base64.b64decode(encoded, validate=True)
        except ValueError as error:
            message = "a verifier key is name+id+key"
            raise NoteInvalid(message) from error
        key = cls(name, whole[0] if whole else 0, whole[1:])
        if key.kind not in (ED25519, COSIGNATURE) or len(key.public) != 32 or key.id.hex() != key_id:
            message = "the verifier key's id does not fit, or its type is unknown"
            raise NoteInvalid(message)
        return key


@dataclass(frozen=True, slots=True)
class NoteSigner:
    """A private key with its public side."""

    key: NoteKey
    private: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def new(cls, name: str, kind: int = ED25519, private: Ed25519PrivateKey | None = None) -> "NoteSigner":
        """Return a signer of that name with the given key or a new one.

        Raises:
            ValueError: a name that no signature line can carry.
        """
        if not name or "+" in name or any(character.isspace() for character in name):
            msg = "a key's name has neither white space nor a plus sign"
            raise ValueError(msg)
        private = private or Ed25519PrivateKey.generate()
        return cls(NoteKey(name, kind, private.public_key().public_bytes_raw()), private)

    def sign(self, text: str, now: datetime) -> str:
        """Return the signature line for a text, without its line end; a cosignature tells the time."""
        signature = self.private.sign(_signed_bytes(self.key.kind, text, _seconds(now)))
        stamp = struct.pack(">Q", _seconds(now)) if self.key.kind == COSIGNATURE else b""
        encoded = base64.b64encode(self.key.id + stamp + signature).decode()
        return f"{_DASH} {self.key.name} {encoded}"


@dataclass(frozen=True, slots=True)
class Verified:
    """A text, and whose signatures on it hold; `at` is the time that a cosignature tells."""

    text: str
    by: tuple[tuple[NoteKey, datetime | None], ...]


def note_of(text: str, signatures: Sequence[str]) -> str:
    """Return the note of a text and its signature lines."""
    return text + "\n" + "".join(f"{line}\n" for line in signatures)


def split_note(note: str) -> tuple[str, list[str]]:
    """Return the text and the signature lines of a note, unverified.

    Raises:
        NoteInvalid: not a signed note.
    """
    text, blank, lines = note.rpartition("\n\n")
    if len(note) > MAX_NOTE_LENGTH or not blank or not lines.endswith("\n"):
        message = "not a signed note"
        raise NoteInvalid(message)
    signatures = lines[:-1].split("\n")
    if not all(line.startswith(f"{_DASH} ") and len(line.split(" ")) == 3 for line in signatures):
        message = "not a signature line"
        raise NoteInvalid(message)
    return text + "\n", signatures


def verify_note(note: str, keys: Sequence[NoteKey]) -> Verified:
    """Return the text of a note and which of these keys signed it; lines of other keys are passed over.

    Raises:
        NoteInvalid: malformed, a line of a known key does not verify, or there is none.
    """
    text, lines = split_note(note)
    by: list[tuple[NoteKey, datetime | None]] = []
    for line in lines:
        _, name, encoded = line.split(" ")
        try:
            whole = base64.b64decode(encoded, validate=True)
        except ValueError as error:
            message = "a signature is not base64"
            raise NoteInvalid(message) from error
        for key in keys:
            if key.name == name and key.id == whole[:4]:
                by.append((key, _verify(key, text, whole[4:])))
    if not by:
        message = "no signature of a known key"
        raise NoteInvalid(message)
    return Verified(text, tuple(by))


def _verify(key: NoteKey, text: str, signature: bytes) -> datetime | None:
    seconds = 0
    if key.kind == COSIGNATURE:
        seconds, signature = int.from_bytes(signature[:8], "big"), signature[8:]
    try:
        public = Ed25519PublicKey.from_public_bytes(key.public)
        public.verify(signature, _signed_bytes(key.kind, text, seconds))
        return datetime.fromtimestamp(seconds, UTC) if key.kind == COSIGNATURE else None
    except (InvalidSignature, ValueError, OverflowError, OSError) as error:
        message = f"the signature of {key.name} does not verify"
        raise NoteInvalid(message) from error


def _signed_bytes(kind: int, text: str, seconds: int) -> bytes:
    if kind == COSIGNATURE:
        return f"cosignature/v1\ntime {seconds}\n{text}".encode()
    return text.encode()


def _seconds(now: datetime) -> int:
    return int(now.timestamp())
