"""Citizens' passwords: argon2id over a keyed pepper, with a bound on how many are hashed at once.

NIST SP 800-63B-4 3.1.1.2: memory-hard hash, an extra keyed step whose key is kept elsewhere. The pepper
is an HMAC-SHA-256 of the password in NFC, so a stolen database alone cannot be searched.
"""

import hashlib
import hmac
import threading
import unicodedata
from dataclasses import dataclass, field

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

MAX_PASSWORD_BYTES = 4096
"""UTF-8 bytes of a password, in NFC, that are looked at; a longer one is refused before it is hashed."""


class TooBusy(Exception):
    """All places at the hash are taken: ask to try again in a moment."""


@dataclass(frozen=True, slots=True)
class Argon2Cost:
    """argon2id parameters (RFC 9106 4); the defaults are OWASP's minimum for a busy hub."""

    memory_kibibytes: int = 19 * 1024
    iterations: int = 2
    parallelism: int = 1


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """Hash and verify under a pepper, `concurrency` at once, others waiting `patience_seconds` at most."""

    pepper: bytes = field(repr=False)
    cost: Argon2Cost = Argon2Cost()
    concurrency: int = 4
    patience_seconds: float = 5.0
    _places: "_Places" = field(init=False, repr=False, compare=False)
    _argon2: PasswordHasher = field(init=False, repr=False, compare=False)
    _nobody: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        argon2 = PasswordHasher(
            time_cost=self.cost.iterations,
            memory_cost=self.cost.memory_kibibytes,
            parallelism=self.cost.parallelism,
            type=Type.ID,
        )
        object.__setattr__(self, "_places", _Places(self.concurrency, self.patience_seconds))
        object.__setattr__(self, "_argon2", argon2)
        object.__setattr__(self, "_nobody", argon2.hash(self._peppered("the password of nobody")))

    def make(self, password: str) -> str:
        """Return the argon2id string of a password.

        Raises:
            TooBusy: no place became free.
        """
        with self._places:
            return self._argon2.hash(self._peppered(password))

    def verify(self, password: str, known: str | None) -> bool:
        """Whether the password is the one of `known`; None costs the same and is never right.

        Raises:
            TooBusy: no place became free.
        """
        if len(password) > MAX_PASSWORD_BYTES or len(_normalised(password)) > MAX_PASSWORD_BYTES:
            return False
        with self._places:
            try:
                right = self._argon2.verify(known or self._nobody, self._peppered(password))
            except (VerifyMismatchError, VerificationError, InvalidHashError):
                return False
        return right and known is not None

    def outdated(self, known: str) -> bool:
        """Whether a stored hash was made at another cost and should be made again."""
        return self._argon2.check_needs_rehash(known)

    def _peppered(self, password: str) -> bytes:
        return hmac.new(self.pepper, _normalised(password), hashlib.sha256).hexdigest().encode()

    @property
    def waiting(self) -> int:
        """How many wait for a place at this moment."""
        return self._places.waiting

    @property
    def running(self) -> int:
        """How many passwords are hashed at this moment."""
        return self._places.taken


def _normalised(password: str) -> bytes:
    """Return the bytes of a password in NFC: however a keyboard composes it, it is the same."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


class _Places:
    """Places at the hash; who finds none waits for a while."""

    def __init__(self, number: int, patience_seconds: float) -> None:
        self._number, self._patience_seconds = number, patience_seconds
        self._changed = threading.Condition()
        self.taken = self.waiting = 0

    def __enter__(self) -> None:
        with self._changed:
            self.waiting += 1
            try:
                free = self._changed.wait_for(lambda: self.taken < self._number, self._patience_seconds)
            finally:
                self.waiting -= 1
            if not free:
                raise TooBusy
            self.taken += 1

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self.taken -= 1
            self._changed.notify()
