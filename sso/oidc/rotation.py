"""Rotation of the signing keys with overlap: published before use, kept after retirement (Core 10.1.1).

Private keys are made before the transaction: a hardware module may take its time. Of two rotations at once
one wins, by the statement that gives the present key its end.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sso.audit.event import KeyActivated, KeyCreated, KeyRetired, KeyRevoked
from sso.oidc.jose import new_signing_key
from sso.oidc.keys import Signer, SigningKey
from sso.oidc.stores import AuditLog


class UnknownKey(Exception):
    """No key has this kid, or it is revoked already."""


class SigningKeys(Protocol):
    """Where signing keys are remembered."""

    def load(self) -> Sequence[SigningKey]:
        """Return every key, oldest first."""
        ...

    def add(self, key: SigningKey) -> bool:
        """Remember a key; false if its algorithm has another one without an end."""
        ...

    def retire(self, kid: str, at: datetime, published_until: datetime) -> bool:
        """Give a key its end; false if it has one."""
        ...

    def hasten(self, kid: str, at: datetime, published_until: datetime) -> bool:
        """Move the end of a key forward; false if it is not later than this."""
        ...

    def begin(self, kid: str, at: datetime) -> bool:
        """Let a waiting key sign from a time that is earlier than its own; false if it is not."""
        ...

    def activate(self, kid: str, now: datetime) -> bool:
        """Note that a key has taken over; true once, when it has."""
        ...

    def revoke(self, kid: str, now: datetime) -> bool:
        """End a key at once and for everything; false if it is unknown or revoked."""
        ...

    def erase(self, kid: str) -> bool:
        """Forget the private half of a key, which verifies on; false if the key is unknown."""
        ...


@dataclass(frozen=True, slots=True)
class Overlap:
    """`publish_before`: how long a key is published before it signs; `keep_after`: after it has retired."""

    publish_before: timedelta
    keep_after: timedelta


def without_successor(
    keys: Sequence[SigningKey], algorithms: Sequence[str], now: datetime
) -> tuple[str, ...]:
    """Return the algorithms of which no key waits."""
    return tuple(alg for alg in algorithms if not any(key.alg == alg and key.waits(now) for key in keys))


def overdue(
    keys: Sequence[SigningKey], algorithms: Sequence[str], rotate_after: timedelta, now: datetime
) -> tuple[str, ...]:
    """Return the algorithms that have no key, or only keys older than `rotate_after`, and no successor."""
    return tuple(
        alg
        for alg in algorithms
        if all(now - key.active_from >= rotate_after for key in keys if key.alg == alg and _goes_on(key))
    )


Successors = Callable[[Sequence[SigningKey]], Mapping[str, Signer]]
"""New signers by algorithm, of those that the present keys leave wanting."""


def rotate(
    keys: SigningKeys, audit: AuditLog, successors: Successors, overlap: Overlap, now: datetime
) -> list[SigningKey]:
    """Publish a signer of each algorithm that wants one, and end the present key when it takes over.

    What is wanted is asked of the very keys that are then ended: of two rotations at once, one finds that the
    other was there before.

    The very first keys sign at once: nobody can know older ones. A rotation that is still under way (a
    published key that does not sign yet) is left as it is.
    """
    present = keys.load()
    active_from = now + overlap.publish_before if present else now
    created = []
    for alg, signer in successors(present).items():
        before = [key for key in present if key.alg == alg and _goes_on(key)]
        if any(key.waits(now) for key in before):
            continue
        until = active_from + overlap.keep_after
        if not all(keys.retire(key.kid, active_from, until) for key in before):
            continue
        successor = new_signing_key(alg, active_from, now, signer)
        if _add(keys, audit, successor, now, first=not present):
            created.append(successor)
        for key in before:
            audit.append(KeyRetired(kid=key.kid, alg=alg, at=active_from, published_until=until), now)
    return created


def wind_down(
    keys: SigningKeys, audit: AuditLog, algorithms: Sequence[str], overlap: Overlap, now: datetime
) -> list[SigningKey]:
    """Give the keys of algorithms that are no longer wanted their end, as far ahead as a successor's turn."""
    at = now + overlap.publish_before
    until = at + overlap.keep_after
    ended = [
        key
        for key in keys.load()
        if key.alg not in algorithms and _goes_on(key) and keys.retire(key.kid, at, until)
    ]
    for key in ended:
        audit.append(KeyRetired(kid=key.kid, alg=key.alg, at=at, published_until=until), now)
    return ended


def bring_forward(
    keys: SigningKeys, audit: AuditLog, at: datetime, overlap: Overlap, now: datetime
) -> list[SigningKey]:
    """Let every waiting key take over at a time that is earlier than its own; return those."""
    present = keys.load()
    begun = [key for key in present if key.waits(now) and keys.begin(key.kid, at)]
    for successor in begun:
        for key in present:
            until = at + overlap.keep_after
            if key.alg == successor.alg and key.signs(now) and keys.hasten(key.kid, at, until):
                audit.append(KeyRetired(kid=key.kid, alg=key.alg, at=at, published_until=until), now)
    record_activations(keys, audit, now)
    return begun


def revoke(
    keys: SigningKeys, audit: AuditLog, kid: str, successors: Mapping[str, Signer], now: datetime
) -> SigningKey | None:
    """End a compromised key at once, and return the key that takes its place at once, if it signed.

    What it signed is refused from now on, and it is published no longer. A waiting successor, which
    relying parties know already, takes over now; otherwise the given signer does. Where the revoked key
    was itself the successor, the given one waits in its place.

    Raises:
        UnknownKey: no key has this kid, or it is revoked already.
    """
    present = keys.load()
    found = next((key for key in present if key.kid == kid), None)
    if found is None or not keys.revoke(kid, now):
        raise UnknownKey(kid)
    audit.append(KeyRevoked(kid=kid, alg=found.alg, signed=found.active_from <= now), now)
    if found.waits(now):
        successor = new_signing_key(found.alg, found.active_from, now, successors[found.alg])
        return successor if _add(keys, audit, successor, now) else None
    if not found.signs(now):
        return None
    for waiting in present:
        if waiting.alg == found.alg and waiting.waits(now) and keys.begin(waiting.kid, now):
            record_activations(keys, audit, now)
            return waiting
    successor = new_signing_key(found.alg, now, now, successors[found.alg])
    return successor if _add(keys, audit, successor, now) else None


def record_activations(keys: SigningKeys, audit: AuditLog, now: datetime) -> list[SigningKey]:
    """Record each key that has taken over since the last time; return those."""
    begun = [
        key
        for key in keys.load()
        if key.activated_at is None and key.signs(now) and keys.activate(key.kid, now)
    ]
    for key in begun:
        audit.append(KeyActivated(kid=key.kid, alg=key.alg, active_from=key.active_from), now)
    return begun


def _add(keys: SigningKeys, audit: AuditLog, key: SigningKey, now: datetime, *, first: bool = False) -> bool:
    """Remember and record a key; nothing happens if someone else was first."""
    if not keys.add(key):
        return False
    audit.append(KeyCreated(kid=key.kid, alg=key.alg, active_from=key.active_from, first=first), now)
    if key.signs(now) and keys.activate(key.kid, now):
        audit.append(KeyActivated(kid=key.kid, alg=key.alg, active_from=key.active_from), now)
    return True


def _goes_on(key: SigningKey) -> bool:
    """Whether a key has no end yet."""
    return key.retired_at is None and key.revoked_at is None
