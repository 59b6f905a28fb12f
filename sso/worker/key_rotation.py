"""The signing keys' life: made, brought forward, revoked, erased; every step on record.

Private keys are made before the transaction and destroyed after it: a hardware module may take its time.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sso.audit.record import Origin
from sso.hub import KEYS_REREAD_SECONDS, Hub
from sso.oidc import rotation
from sso.oidc.keys import Signer, SignerUnavailable, SigningKey
from sso.oidc.rotation import Overlap, UnknownKey
from sso.storage.stores import SqlStores

log = logging.getLogger("sso.worker")

EVERYWHERE = timedelta(seconds=2 * KEYS_REREAD_SECONDS)
"""After this every process has read the keys again: a key that signs earlier may be unknown to some."""
ERASE_AFTER = timedelta(days=1)
_ORIGIN = Origin(actor="worker")


def overlap_of(hub: Hub) -> Overlap:
    """Return the configured overlap of a key rotation."""
    section = hub.configuration.settings.keys
    return Overlap(
        timedelta(seconds=section.publish_before_seconds), timedelta(seconds=section.keep_after_seconds)
    )


def first_keys(hub: Hub, origin: Origin) -> list[SigningKey]:
    """Make a key of each algorithm if the hub has none at all."""
    return _rotated(
        hub, lambda keys: () if keys else hub.settings.signing_algorithms, overlap_of(hub), origin
    )


def rotate(hub: Hub, origin: Origin, *, at_once: bool) -> list[SigningKey]:
    """Make successors, and return all that will take over sooner than they would have.

    `at_once` lets them sign as soon as every process knows them, and those that wait already too.
    """
    now, overlap = datetime.now(UTC), overlap_of(hub)
    forward: list[SigningKey] = []
    if at_once:
        overlap = replace(overlap, publish_before=EVERYWHERE)
        with hub.database.begin(origin) as stores:
            forward = rotation.bring_forward(
                stores.signing_keys, stores.audit, now + EVERYWHERE, overlap, now
            )
            forward = [replace(key, active_from=now + EVERYWHERE) for key in forward]
    return forward + _rotated(
        hub,
        lambda keys: rotation.without_successor(keys, hub.settings.signing_algorithms, now),
        overlap,
        origin,
    )


def revoke(hub: Hub, kid: str, origin: Origin) -> SigningKey | None:
    """End a compromised key at once, and return the key that takes its place.

    Raises:
        UnknownKey: no key has this kid, or it is revoked already.
    """
    algorithms = {key.alg for key in _present(hub) if key.kid == kid}
    if not algorithms:
        raise UnknownKey(kid)
    now = datetime.now(UTC)

    def change(stores: SqlStores, made: Mapping[str, Signer]) -> list[SigningKey]:
        successor = rotation.revoke(stores.signing_keys, stores.audit, kid, made, now)
        return [] if successor is None else [successor]

    used = _with_new_signers(hub, sorted(algorithms), origin, change)
    return used[0] if used else None


def keep_up(hub: Hub) -> list[str]:
    """Do what is due: successors, ends, records of activation, erasures; return the kids of new keys."""
    now, algorithms = datetime.now(UTC), hub.settings.signing_algorithms
    age = timedelta(days=hub.configuration.settings.keys.rotate_after_days)
    present = _present(hub)
    created = _followed(hub, lambda keys: rotation.overdue(keys, algorithms, age, now))
    if any(key.activated_at is None and key.signs(now) for key in present):
        with hub.database.begin(_ORIGIN) as stores:
            rotation.record_activations(stores.signing_keys, stores.audit, now)
    if any(key.alg not in algorithms and key.retired_at is None for key in present):
        with hub.database.begin(_ORIGIN) as stores:
            rotation.wind_down(stores.signing_keys, stores.audit, algorithms, overlap_of(hub), now)
    _erase_private_halves(hub, present, now)
    return [key.kid for key in created]


def _followed(hub: Hub, due: Callable[[Sequence[SigningKey]], Sequence[str]]) -> list[SigningKey]:
    """Make the successors that are due; a token that is away now is asked again in a while."""
    try:
        return _rotated(hub, due, overlap_of(hub), _ORIGIN)
    except SignerUnavailable as error:
        log.warning("no successor could be made", extra={"reason": str(error)})
        return []


def _erase_private_halves(hub: Hub, present: Sequence[SigningKey], now: datetime) -> None:
    """A key that will never sign again needs its public half alone; the private one can only be stolen."""
    for key in present:
        ended = key.retired_at is not None and key.retired_at + ERASE_AFTER <= now
        if not ended or not key.signer.preserved:
            continue
        try:
            hub.private_keys.destroy(key.signer.preserved)
        except SignerUnavailable as error:
            log.warning("key not destroyed yet", extra={"kid": key.kid, "reason": str(error)})
            continue
        with hub.database.begin(_ORIGIN) as stores:
            stores.signing_keys.erase(key.kid)


def _present(hub: Hub) -> Sequence[SigningKey]:
    with hub.database.read() as stores:
        return stores.signing_keys.load()


def _rotated(
    hub: Hub, wanted: Callable[[Sequence[SigningKey]], Sequence[str]], overlap: Overlap, origin: Origin
) -> list[SigningKey]:
    """Rotate the algorithms that are wanted, and still are once their private keys are made."""
    algorithms = wanted(_present(hub))
    if not algorithms:
        return []

    def change(stores: SqlStores, made: Mapping[str, Signer]) -> list[SigningKey]:
        def successors(present: Sequence[SigningKey]) -> Mapping[str, Signer]:
            still = wanted(present)
            return {alg: signer for alg, signer in made.items() if alg in still}

        return rotation.rotate(stores.signing_keys, stores.audit, successors, overlap, datetime.now(UTC))

    return _with_new_signers(hub, algorithms, origin, change)


def _with_new_signers(
    hub: Hub,
    algorithms: Sequence[str],
    origin: Origin,
    change: Callable[[SqlStores, Mapping[str, Signer]], list[SigningKey]],
) -> list[SigningKey]:
    """Make a signer an algorithm, let a transaction use them, and destroy those that it did not use."""
    made: dict[str, Signer] = {}
    used: list[SigningKey] = []
    try:
        for alg in algorithms:
            made[alg] = hub.private_keys.make(alg)
        with hub.database.begin(origin) as stores:
            used = change(stores, made)
    finally:
        kept = {key.signer.preserved for key in used}
        for signer in made.values():
            if signer.preserved not in kept:
                with suppress(SignerUnavailable):
                    hub.private_keys.destroy(signer.preserved)
    hub.keys.forget()
    return used
