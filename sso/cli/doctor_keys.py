"""Whether the signing keys are fit: one an algorithm, not too old, within reach, for every application."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sso.cli.doctor_finding import Finding, failure, ok, warning
from sso.hub import Hub
from sso.oidc.client import Client
from sso.oidc.keys import KeyRing, SignerUnavailable
from sso.storage.errors import SealBroken

ROTATION_GRACE = timedelta(days=1)
PAGE = 1000


def signing_keys(hub: Hub, now: datetime) -> Iterator[Finding]:
    """Every configured algorithm has a key that signs, and no application asks for another."""
    try:
        with hub.database.read() as stores:
            ring = KeyRing(stores.signing_keys.load())
    except SealBroken:
        yield failure("keys", "secrets.key_encryption_key is not the one that sealed the signing keys")
        return
    for alg in hub.settings.signing_algorithms:
        yield _of_algorithm(alg, ring, hub, now)
    for client in _clients(hub):
        missing = sorted(_asked(client) - set(ring.algorithms(now)))
        if missing:
            yield failure("keys", f"{client.client_id} asks for {', '.join(missing)}: no active key")


def _of_algorithm(alg: str, ring: KeyRing, hub: Hub, now: datetime) -> Finding:
    waiting = [key.active_from for key in ring.keys if key.alg == alg and key.waits(now)]
    if alg not in ring.algorithms(now) and waiting:
        return ok("keys", f"the {alg} key signs from {waiting[0]:%Y-%m-%d %H:%M} UTC")
    if alg not in ring.algorithms(now):
        return failure("keys", f"no active {alg} key; run `sso keys rotate`")
    key = ring.signing(alg, now)
    try:
        key.signer.sign(b"sso doctor")
    except SignerUnavailable as error:
        return failure("keys", f"the {alg} key cannot sign: {error}")
    age = now - key.active_from
    if age > timedelta(days=hub.configuration.settings.keys.rotate_after_days) + ROTATION_GRACE:
        return warning("keys", f"the {alg} key is {age.days} days old; does `sso worker` run?")
    return ok("keys", f"the {alg} key is {age.days} days old")


def _clients(hub: Hub) -> Iterator[Client]:
    last = ""
    while True:
        with hub.database.read() as stores:
            page = stores.clients.list_clients(after=last, limit=PAGE)
        yield from page
        if len(page) < PAGE:
            return
        last = page[-1].client_id


def _asked(client: Client) -> set[str]:
    """The algorithms that an application is registered for."""
    algorithms = {
        client.id_token_signed_response_alg,
        client.userinfo_signed_response_alg,
        client.introspection_signed_response_alg,
        client.authorization_signed_response_alg,
    }
    return {alg for alg in algorithms if alg is not None}
