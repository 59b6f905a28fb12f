"""Rotation of the signing keys with overlap: published before use, kept after retirement."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from sso.audit.event import KeyCreated, KeyRetired
from sso.oidc.jose import new_signing_key
from sso.oidc.keys import ACTIVE_ALGORITHMS, SigningKey
from sso.oidc.stores import AuditLog


class SigningKeys(Protocol):
    """Where signing keys are remembered."""

    def load(self) -> Sequence[SigningKey]:
        """Return every key that is still published."""
        ...

    def add(self, key: SigningKey) -> None:
        """Remember a key."""
        ...

    def reschedule(self, key: SigningKey) -> bool:
        """Keep the times of this value; false if the key is unknown."""
        ...


@dataclass(frozen=True, slots=True)
class Overlap:
    """`publish_before`: how long a key is published before it signs; `keep_after`: after it has retired."""

    publish_before: timedelta
    keep_after: timedelta


def rotate(keys: SigningKeys, audit: AuditLog, overlap: Overlap, now: datetime) -> list[SigningKey]:
    """Make a successor for every algorithm and retire the present keys when it takes over.

    Where there was no key the new one signs at once: nobody can know an older one. A rotation that is
    still under way (a published key that does not sign yet) is left as it is.
    """
    created = []
    present = keys.load()
    for alg in ACTIVE_ALGORITHMS:
        alive = [key for key in present if key.alg == alg and key.retired_at is None]
        if any(key.active_from > now for key in alive):
            continue
        active_from = now + overlap.publish_before if alive else now
        successor = new_signing_key(alg, active_from, now)
        keys.add(successor)
        audit.append(KeyCreated(kid=successor.kid, alg=alg, active_from=active_from), now)
        created.append(successor)
        for key in alive:
            until = active_from + overlap.keep_after
            keys.reschedule(replace(key, retired_at=active_from, published_until=until))
            audit.append(KeyRetired(kid=key.kid, alg=alg, published_until=until), now)
    return created


def is_due(keys: Sequence[SigningKey], rotate_after: timedelta, now: datetime) -> bool:
    """Whether some algorithm has no key, or only keys older than `rotate_after`, and no successor."""
    for alg in ACTIVE_ALGORITHMS:
        alive = [key for key in keys if key.alg == alg and (key.retired_at is None or key.retired_at > now)]
        if all(now - key.active_from >= rotate_after for key in alive):
            return True
    return False
