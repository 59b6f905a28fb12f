"""Rotation of signing keys: published before use, kept after retirement (Core 10.1.1)."""

from datetime import timedelta

import pytest

from sso.oidc.keys import KeyRing, NoSigningKey
from sso.oidc.rotation import Overlap, is_due, rotate
from tests.fakes import FakeStores
from tests.oidc.examples import NOW

DAY = timedelta(days=1)
OVERLAP = Overlap(publish_before=DAY, keep_after=7 * DAY)


def ring(stores: FakeStores) -> KeyRing:
    return KeyRing(stores.signing_keys.load())


@pytest.fixture(scope="module")
def stores() -> FakeStores:
    """First keys at NOW, their successors a year later: making keys is slow, so once."""
    stores = FakeStores()
    rotate(stores.signing_keys, stores.audit, OVERLAP, NOW)
    rotate(stores.signing_keys, stores.audit, OVERLAP, NOW + 365 * DAY)
    return stores


def test_the_first_keys_sign_at_once(stores: FakeStores) -> None:
    assert set(ring(stores).algorithms(NOW)) == {"RS256", "ES256"}


def test_a_successor_is_published_before_it_signs_and_there_is_never_a_gap(stores: FakeStores) -> None:
    keys, turn = ring(stores), NOW + 366 * DAY

    for alg in ("RS256", "ES256"):
        before = keys.signing(alg, turn - timedelta(microseconds=1))
        after = keys.signing(alg, turn)
        assert before.kid != after.kid
        assert {before.kid, after.kid} <= {jwk["kid"] for jwk in keys.jwks(turn - DAY)["keys"]}  # type: ignore[index,union-attr]


def test_a_retired_key_stays_published_and_then_goes(stores: FakeStores) -> None:
    keys, turn = ring(stores), NOW + 366 * DAY

    assert len(keys.jwks(turn + 7 * DAY - timedelta(seconds=1))["keys"]) == 4  # type: ignore[arg-type]
    assert len(keys.jwks(turn + 7 * DAY)["keys"]) == 2  # type: ignore[arg-type]


def test_a_rotation_under_way_is_left_alone(stores: FakeStores) -> None:
    assert rotate(stores.signing_keys, stores.audit, OVERLAP, NOW + 365 * DAY + DAY / 2) == []


def test_a_rotation_is_due_at_its_age_and_not_while_a_successor_waits(stores: FakeStores) -> None:
    keys = stores.signing_keys.load()

    assert not is_due(keys, 90 * DAY, NOW + 365 * DAY)
    assert not is_due(keys, 90 * DAY, NOW + (366 + 89) * DAY)
    assert is_due(keys, 90 * DAY, NOW + (366 + 90) * DAY)
    assert is_due([], 90 * DAY, NOW)


def test_without_a_key_nothing_is_signed() -> None:
    with pytest.raises(NoSigningKey):
        KeyRing(()).signing("RS256", NOW)


def test_every_key_is_recorded(stores: FakeStores) -> None:
    codes = stores.audit.codes()

    assert (codes.count("key.created"), codes.count("key.retired")) == (4, 2)
