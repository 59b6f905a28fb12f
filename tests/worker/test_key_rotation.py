"""The worker keeps the signing keys fresh: successors, activations, ends, erasures; each on record."""

import base64
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sso.audit.query import AuditQuery
from sso.audit.record import Origin
from sso.config import load
from sso.hub import Hub, build
from sso.oidc.jose import new_signing_key
from sso.oidc.keys import Signer, SignerUnavailable, SigningKey
from sso.pkcs11.thread import RETRY_SECONDS
from sso.storage.schema import migrate
from sso.worker.key_rotation import first_keys, keep_up, revoke
from tests.oidc.examples import NOW
from tests.servers.softhsm import PIN, SoftHsm

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
ORIGIN = Origin(actor="test")
DAY = timedelta(days=1)
BuildHub = Callable[..., Hub]


@pytest.fixture
def build_hub(tmp_path: Path) -> Iterator[BuildHub]:
    built: list[Hub] = []

    def build_with(algorithms: str = '["ES256"]', extra: str = "") -> Hub:
        file = tmp_path / "sso.toml"
        file.write_text(
            f'[server]\nissuer = "http://127.0.0.1:8000"\n[secrets]\nkey_encryption_key = "{KEY}"\n'
            f'pepper = "{KEY}"\n[keys]\nalgorithms = {algorithms}\n{extra}'
        )
        hub = build(load(str(file), {}))
        migrate(hub.database)
        built.append(hub)
        return hub

    yield build_with
    for hub in built:
        hub.close()


def keys_of(hub: Hub) -> list[SigningKey]:
    with hub.database.read() as stores:
        return list(stores.signing_keys.load())


def add(hub: Hub, age: timedelta, retired: timedelta | None = None) -> SigningKey:
    """Add a key that has signed for so long, and was retired so long ago."""
    now = datetime.now(UTC)
    key = new_signing_key("ES256", now - age, now - age)
    with hub.database.begin(ORIGIN) as stores:
        if retired is not None:
            stores.signing_keys.add(key)
            stores.signing_keys.retire(key.kid, now - retired, now + DAY)
        else:
            stores.signing_keys.add(key)
    return key


def recorded(hub: Hub, code: str) -> list[str]:
    now = datetime.now(UTC)
    with hub.database.read() as stores:
        found = stores.audit_search.search(AuditQuery(since=now - DAY, until=now + DAY, events=(code,)))
    return [str(record.detail["kid"]) for record in found]


def test_a_new_hub_gets_its_keys_once(build_hub: BuildHub) -> None:
    hub = build_hub('["RS256", "PS256", "ES256", "EdDSA"]')

    made = first_keys(hub, ORIGIN)

    assert [key.alg for key in made] == ["RS256", "PS256", "ES256", "EdDSA"]
    assert first_keys(hub, ORIGIN) == []
    assert set(recorded(hub, "key.activated")) == {key.kid for key in made}
    assert hub.keys.ring().algorithms(datetime.now(UTC)) == ("RS256", "PS256", "ES256", "EdDSA")


def test_an_old_key_is_followed_and_a_young_one_is_left_alone(build_hub: BuildHub) -> None:
    hub = build_hub()
    old = add(hub, 91 * DAY)

    (kid,) = keep_up(hub)

    assert keep_up(hub) == []
    before, after = keys_of(hub)
    assert (before.kid, after.kid) == (old.kid, kid)
    assert before.retired_at == after.active_from


def test_an_algorithm_that_is_configured_later_is_published_before_it_signs(build_hub: BuildHub) -> None:
    first_keys(build_hub(), ORIGIN)
    hub = build_hub('["ES256", "EdDSA"]')

    (kid,) = keep_up(hub)

    now = datetime.now(UTC)
    added = next(key for key in keys_of(hub) if key.kid == kid)
    assert (added.alg, added.waits(now), added.is_published(now)) == ("EdDSA", True, True)
    assert added.active_from > now + timedelta(hours=23)


def test_an_algorithm_that_is_no_longer_configured_runs_out(build_hub: BuildHub) -> None:
    first_keys(build_hub('["ES256", "EdDSA"]'), ORIGIN)
    hub = build_hub()

    keep_up(hub)

    ends = {key.alg: key.retired_at for key in keys_of(hub)}
    assert ends["ES256"] is None
    assert ends["EdDSA"] is not None
    assert ends["EdDSA"] > datetime.now(UTC) + timedelta(hours=23)


def test_a_key_that_took_over_is_recorded_once(build_hub: BuildHub) -> None:
    hub = build_hub()
    key = add(hub, DAY)

    keep_up(hub)
    keep_up(hub)

    assert recorded(hub, "key.activated") == [key.kid]


def test_a_key_that_ended_a_day_ago_is_erased_and_still_verifies(build_hub: BuildHub) -> None:
    hub = build_hub()
    gone, ending = add(hub, 9 * DAY, 2 * DAY), add(hub, 9 * DAY, DAY / 2)
    add(hub, DAY)

    keep_up(hub)

    found = {key.kid: key for key in keys_of(hub)}
    assert found[gone.kid].signer.preserved == b""
    assert found[gone.kid].signer.public_key == gone.signer.public_key
    assert found[ending.kid].signer.preserved == ending.signer.preserved


def test_a_process_that_made_the_change_signs_with_the_new_key_at_once(build_hub: BuildHub) -> None:
    hub = build_hub()
    (bad,) = first_keys(hub, ORIGIN)
    assert hub.keys.ring().signing("ES256", datetime.now(UTC)).kid == bad.kid

    successor = revoke(hub, bad.kid, ORIGIN)

    assert successor is not None
    assert hub.keys.ring().signing("ES256", datetime.now(UTC)).kid == successor.kid


def test_a_key_in_a_token_is_destroyed_there_a_day_after_its_end(
    build_hub: BuildHub, softhsm: SoftHsm
) -> None:
    softhsm.new_token("worker")
    hub = build_hub(extra=f'[keys.pkcs11]\nmodule = "{softhsm.module}"\ntoken = "worker"\npin = "{PIN}"\n')
    now = datetime.now(UTC)
    key = new_signing_key("ES256", now - 9 * DAY, now - 9 * DAY, hub.private_keys.make("ES256"))
    with hub.database.begin(ORIGIN) as stores:
        stores.signing_keys.add(key)
        stores.signing_keys.retire(key.kid, now - 2 * DAY, now + DAY)
    with softhsm.taken_away():
        assert keep_up(hub) == []
    time.sleep(RETRY_SECONDS + 0.1)

    keep_up(hub)

    found = {known.kid: known for known in keys_of(hub)}
    assert found[key.kid].signer.preserved == b""
    with pytest.raises(SignerUnavailable, match="the token has no such key"):
        key.signer.sign(b"x")
    (successor,) = (known for known in found.values() if known.retired_at is None)
    assert successor.signer.sign(b"x")


def test_a_key_that_was_made_and_is_not_wanted_any_more_is_destroyed(
    build_hub: BuildHub, softhsm: SoftHsm
) -> None:
    """Of two rotations at once one wins: the other's key must not stay in the token."""
    softhsm.new_token("loser")
    hub = build_hub(extra=f'[keys.pkcs11]\nmodule = "{softhsm.module}"\ntoken = "loser"\npin = "{PIN}"\n')
    made: list[bytes] = []
    make = hub.private_keys.make

    class SlowToMake:
        """Somebody else rotates while the token makes the key."""

        open, destroy, close = hub.private_keys.open, hub.private_keys.destroy, hub.private_keys.close

        def make(self, alg: str) -> Signer:
            signer = make(alg)
            made.append(signer.preserved)
            add(hub, timedelta(0))
            return signer

    created = first_keys(replace(hub, private_keys=SlowToMake()), ORIGIN)

    assert created == []
    lost = hub.private_keys.open("ES256", made[0], new_signing_key("ES256", NOW, NOW).public_jwk)
    with pytest.raises(SignerUnavailable, match="the token has no such key"):
        lost.sign(b"x")
