"""Rotation of signing keys: published before use, kept after retirement (Core 10.1.1)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from sso.audit.event import KeyActivated, KeyRevoked
from sso.oidc.jose import MemoryKeys, TokenInvalid, new_signer, sign, verify_own
from sso.oidc.keys import KeyRing, NoSigningKey, Signer, SignerUnavailable, SigningKey
from sso.oidc.rotation import (
    Overlap,
    UnknownKey,
    bring_forward,
    overdue,
    record_activations,
    revoke,
    rotate,
    wind_down,
    without_successor,
)
from tests.fakes import FakeStores
from tests.oidc.examples import NOW, signing_key

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
YEAR_LATER, TURN = NOW + 365 * DAY, NOW + 366 * DAY
OVERLAP = Overlap(publish_before=DAY, keep_after=7 * DAY)
ALGORITHMS = ("ES256", "EdDSA")


def ring(stores: FakeStores) -> KeyRing:
    return KeyRing(stores.signing_keys.load())


def kids(keys: KeyRing, now: datetime) -> set[str]:
    published = keys.jwks(now)["keys"]
    assert isinstance(published, Sequence)
    return {jwk["kid"] for jwk in published}  # type: ignore[index,misc,call-overload]


def signers(algorithms: Sequence[str] = ALGORITHMS) -> dict[str, Signer]:
    return {alg: new_signer(alg) for alg in algorithms}


def turn(stores: FakeStores, now: datetime, algorithms: Sequence[str] = ALGORITHMS) -> list[SigningKey]:
    return rotate(stores.signing_keys, stores.audit, lambda _: signers(algorithms), OVERLAP, now)


@pytest.fixture
def stores() -> FakeStores:
    """First keys at NOW."""
    stores = FakeStores()
    turn(stores, NOW)
    return stores


@pytest.fixture
def turning(stores: FakeStores) -> FakeStores:
    """First keys at NOW, their successors a year later."""
    turn(stores, YEAR_LATER)
    return stores


def test_the_first_keys_sign_at_once(stores: FakeStores) -> None:
    assert ring(stores).algorithms(NOW) == ALGORITHMS


def test_two_algorithms_never_share_a_key() -> None:
    """RFC 7518 3.5, FAPI 2.0 5.4: a key is for one algorithm."""
    stores = FakeStores()
    for alg in ("RS256", "PS256"):
        stores.signing_keys.add(signing_key(alg))

    by_rs256, by_ps256 = (ring(stores).signing(alg, NOW) for alg in ("RS256", "PS256"))

    assert by_rs256.kid != by_ps256.kid
    assert (by_rs256.public_jwk["alg"], by_ps256.public_jwk["alg"]) == ("RS256", "PS256")


def test_a_successor_is_published_before_it_signs_and_there_is_never_a_gap(turning: FakeStores) -> None:
    keys = ring(turning)

    for alg in ALGORITHMS:
        before = keys.signing(alg, TURN - timedelta(microseconds=1))
        after = keys.signing(alg, TURN)
        assert before.kid != after.kid
        assert {before.kid, after.kid} <= kids(keys, YEAR_LATER)


def test_a_retired_key_stays_published_and_then_goes(turning: FakeStores) -> None:
    keys = ring(turning)

    assert len(kids(keys, TURN + 7 * DAY - SECOND)) == 4
    assert len(kids(keys, TURN + 7 * DAY)) == 2


def test_a_rotation_under_way_is_left_alone(turning: FakeStores) -> None:
    half = YEAR_LATER + DAY / 2

    assert turn(turning, half) == []
    assert without_successor(turning.signing_keys.load(), ALGORITHMS, half) == ()


def test_a_rotation_is_overdue_at_its_age_and_not_while_a_successor_waits(turning: FakeStores) -> None:
    keys = turning.signing_keys.load()

    assert overdue(keys, ALGORITHMS, 90 * DAY, YEAR_LATER) == ()
    assert overdue(keys, ALGORITHMS, 90 * DAY, TURN + 89 * DAY) == ()
    assert overdue(keys, ALGORITHMS, 90 * DAY, TURN + 90 * DAY) == ALGORITHMS
    assert overdue([], ALGORITHMS, 90 * DAY, NOW) == ALGORITHMS


def test_an_algorithm_that_is_added_later_is_published_first(stores: FakeStores) -> None:
    wanted = overdue(stores.signing_keys.load(), (*ALGORITHMS, "PS256"), 90 * DAY, YEAR_LATER - 300 * DAY)

    (added,) = turn(stores, YEAR_LATER, ("PS256",))

    assert wanted == ("PS256",)
    assert added.active_from == TURN
    assert added.kid in kids(ring(stores), YEAR_LATER)
    assert ring(stores).algorithms(YEAR_LATER) == ALGORITHMS
    assert ring(stores).algorithms(TURN) == ("PS256", *ALGORITHMS)


def test_the_key_of_an_algorithm_that_is_taken_out_signs_a_while_longer(stores: FakeStores) -> None:
    (ended,) = wind_down(stores.signing_keys, stores.audit, ("ES256",), OVERLAP, YEAR_LATER)

    assert ended.alg == "EdDSA"
    assert ring(stores).algorithms(TURN - SECOND) == ALGORITHMS
    assert ring(stores).algorithms(TURN) == ("ES256",)
    assert wind_down(stores.signing_keys, stores.audit, ("ES256",), OVERLAP, YEAR_LATER) == []


def test_without_a_key_nothing_is_signed() -> None:
    with pytest.raises(NoSigningKey):
        KeyRing(()).signing("RS256", NOW)


def test_a_waiting_key_can_be_brought_forward(turning: FakeStores) -> None:
    at = YEAR_LATER + 10 * SECOND
    begun = bring_forward(turning.signing_keys, turning.audit, at, OVERLAP, YEAR_LATER)

    keys = ring(turning)
    assert sorted(key.alg for key in begun) == sorted(ALGORITHMS)
    for key in begun:
        assert keys.signing(key.alg, at - SECOND).kid != key.kid
        assert keys.signing(key.alg, at).kid == key.kid
    assert len(kids(keys, at + 7 * DAY - SECOND)) == 4
    assert len(kids(keys, at + 7 * DAY)) == 2
    assert turning.audit.codes().count("key.retired") == 4


def test_without_a_waiting_key_nothing_is_brought_forward(stores: FakeStores) -> None:
    assert bring_forward(stores.signing_keys, stores.audit, NOW, OVERLAP, NOW + DAY) == []


def test_every_key_is_recorded_when_it_is_made_takes_over_and_is_given_its_end(turning: FakeStores) -> None:
    codes = turning.audit.codes()
    assert [codes.count(f"key.{step}") for step in ("created", "activated", "retired")] == [4, 2, 2]

    assert record_activations(turning.signing_keys, turning.audit, TURN - SECOND) == []
    assert len(record_activations(turning.signing_keys, turning.audit, TURN + SECOND)) == 2
    assert record_activations(turning.signing_keys, turning.audit, TURN + SECOND) == []

    assert turning.audit.codes().count("key.activated") == 4
    events = [event for event in turning.audit.events if isinstance(event, KeyActivated)]
    assert {event.active_from for event in events} == {NOW, TURN}


def test_a_revoked_key_is_replaced_at_once_and_what_it_signed_is_refused(stores: FakeStores) -> None:
    bad = ring(stores).signing("ES256", YEAR_LATER)
    token = sign({"sub": "s"}, bad, "JWT")
    assert verify_own(token, ring(stores), ("JWT",)) == {"sub": "s"}

    successor = revoke(stores.signing_keys, stores.audit, bad.kid, signers(("ES256",)), YEAR_LATER)

    assert successor is not None
    assert ring(stores).signing("ES256", YEAR_LATER).kid == successor.kid != bad.kid
    assert bad.kid not in kids(ring(stores), YEAR_LATER)
    with pytest.raises(TokenInvalid):
        verify_own(token, ring(stores), ("JWT",))
    (event,) = [event for event in stores.audit.events if isinstance(event, KeyRevoked)]
    assert (event.kid, event.alg, event.signed) == (bad.kid, "ES256", True)


def test_a_waiting_successor_takes_the_place_of_a_revoked_key(turning: FakeStores) -> None:
    """Relying parties know it already."""
    bad = ring(turning).signing("ES256", YEAR_LATER)
    waiting = ring(turning).signing("ES256", TURN)

    successor = revoke(turning.signing_keys, turning.audit, bad.kid, signers(("ES256",)), YEAR_LATER)

    assert successor is not None
    assert successor.kid == waiting.kid == ring(turning).signing("ES256", YEAR_LATER).kid
    assert turning.audit.codes().count("key.created") == 4


def test_a_revoked_successor_is_replaced_in_its_place(turning: FakeStores) -> None:
    present, bad = ring(turning).signing("ES256", YEAR_LATER), ring(turning).signing("ES256", TURN)

    successor = revoke(turning.signing_keys, turning.audit, bad.kid, signers(("ES256",)), YEAR_LATER)

    assert successor is not None
    assert ring(turning).signing("ES256", TURN - SECOND).kid == present.kid
    assert ring(turning).signing("ES256", TURN).kid == successor.kid != bad.kid
    assert bad.kid not in kids(ring(turning), TURN)


def test_a_revoked_key_that_had_retired_is_not_replaced(turning: FakeStores) -> None:
    old = ring(turning).signing("ES256", YEAR_LATER)
    token = sign({"sub": "s"}, old, "JWT")

    assert revoke(turning.signing_keys, turning.audit, old.kid, signers(("ES256",)), TURN + DAY) is None

    with pytest.raises(TokenInvalid):
        verify_own(token, ring(turning), ("JWT",))
    assert turning.signing_keys.by_kid[old.kid].retired_at == TURN


def test_a_key_is_revoked_once(stores: FakeStores) -> None:
    kid = ring(stores).signing("ES256", NOW).kid
    revoke(stores.signing_keys, stores.audit, kid, signers(("ES256",)), NOW)

    for again in (kid, "unknown"):
        with pytest.raises(UnknownKey):
            revoke(stores.signing_keys, stores.audit, again, signers(("ES256",)), NOW)
    assert stores.audit.codes().count("key.revoked") == 1


def test_an_erased_key_verifies_and_never_signs_again(stores: FakeStores) -> None:
    key = ring(stores).signing("ES256", NOW)
    token = sign({"sub": "s"}, key, "JWT")

    assert stores.signing_keys.erase(key.kid)

    erased = stores.signing_keys.by_kid[key.kid]
    assert verify_own(token, ring(stores), ("JWT",)) == {"sub": "s"}
    with pytest.raises(SignerUnavailable, match="erased"):
        sign({}, erased, "JWT")


def test_a_key_whose_module_is_not_configured_verifies_and_does_not_sign() -> None:
    key = signing_key("ES256")
    signer = MemoryKeys().open("ES256", b"pkcs11:object=x", key.public_jwk)

    assert signer.public_key == key.signer.public_key
    with pytest.raises(SignerUnavailable, match="not configured"):
        signer.sign(b"x")
