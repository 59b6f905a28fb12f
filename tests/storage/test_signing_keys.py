"""Signing keys: they come back, end once, and are replaced once; what is sealed stays sealed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update

from sso.oidc.jose import new_signer, new_signing_key
from sso.oidc.keys import KeyRing, SigningKey
from sso.oidc.rotation import Overlap, overdue, rotate
from sso.storage.database import Database
from sso.storage.errors import SealBroken
from sso.storage.sealing import Sealer
from sso.storage.tables import signing_key
from tests.storage.conftest import ON_POSTGRESQL, opened
from tests.storage.examples import DAY, HOUR, MINUTE, NOW, ORIGIN

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
OVERLAP = Overlap(publish_before=HOUR, keep_after=DAY)


@pytest.fixture(scope="module")
def keys() -> tuple[SigningKey, ...]:
    """One key an algorithm, and an ES256 key that waits."""
    return (
        *(new_signing_key(alg, NOW, NOW) for alg in ALGORITHMS),
        new_signing_key("ES256", NOW + HOUR, NOW),
    )


def of(alg: str, keys: tuple[SigningKey, ...]) -> SigningKey:
    return next(key for key in keys if key.alg == alg)


def only(stores: Any) -> SigningKey:
    (key,) = stores.signing_keys.load()
    found: SigningKey = key
    return found


def test_keys_come_back_and_sign(database: Database, keys: tuple[SigningKey, ...]) -> None:
    with database.begin(ORIGIN) as stores:
        for key in keys[:4]:
            assert stores.signing_keys.add(key)

    with database.read() as stores:
        found = {key.kid: key for key in stores.signing_keys.load()}

    assert len(found) == 4
    for key in keys[:4]:
        again = found[key.kid]
        assert again.signer.preserved == key.signer.preserved
        assert replace(again, signer=key.signer) == key
        assert again.signer.sign(b"x")


def test_an_algorithm_has_one_key_without_an_end(database: Database, keys: tuple[SigningKey, ...]) -> None:
    first, second = of("ES256", keys), keys[4]
    with database.begin(ORIGIN) as stores:
        assert stores.signing_keys.add(first)

        assert not stores.signing_keys.add(second)
        assert stores.signing_keys.retire(first.kid, NOW + HOUR, NOW + DAY)
        assert stores.signing_keys.add(second)
        assert stores.signing_keys.add(of("RS256", keys))

        assert len(stores.signing_keys.load()) == 3


def test_a_key_is_given_its_end_once(database: Database, keys: tuple[SigningKey, ...]) -> None:
    key = of("ES256", keys)
    with database.begin(ORIGIN) as stores:
        stores.signing_keys.add(key)

        assert not stores.signing_keys.hasten(key.kid, NOW, NOW)
        assert stores.signing_keys.retire(key.kid, NOW + HOUR, NOW + DAY)
        assert not stores.signing_keys.retire(key.kid, NOW, NOW)
        assert not stores.signing_keys.retire("unknown", NOW, NOW)

        assert only(stores).retired_at == NOW + HOUR
        assert only(stores).published_until == NOW + DAY


def test_an_end_moves_forward_and_never_back(database: Database, keys: tuple[SigningKey, ...]) -> None:
    key = of("ES256", keys)
    with database.begin(ORIGIN) as stores:
        stores.signing_keys.add(key)
        stores.signing_keys.retire(key.kid, NOW + HOUR, NOW + DAY)

        assert not stores.signing_keys.hasten(key.kid, NOW + HOUR, NOW + 2 * DAY)
        assert stores.signing_keys.hasten(key.kid, NOW + MINUTE, NOW + HOUR)
        assert not stores.signing_keys.hasten("unknown", NOW, NOW)

        assert (only(stores).retired_at, only(stores).published_until) == (NOW + MINUTE, NOW + HOUR)


def test_a_waiting_key_begins_earlier_and_its_activation_is_noted_once(
    database: Database, keys: tuple[SigningKey, ...]
) -> None:
    key = keys[4]
    with database.begin(ORIGIN) as stores:
        stores.signing_keys.add(key)

        assert not stores.signing_keys.activate(key.kid, NOW)
        assert not stores.signing_keys.begin(key.kid, NOW + HOUR)
        assert stores.signing_keys.begin(key.kid, NOW + MINUTE)
        assert stores.signing_keys.activate(key.kid, NOW + MINUTE)
        assert not stores.signing_keys.activate(key.kid, NOW + MINUTE)
        assert not stores.signing_keys.begin("unknown", NOW)
        assert not stores.signing_keys.activate("unknown", NOW)

        assert (only(stores).active_from, only(stores).activated_at) == (NOW + MINUTE, NOW + MINUTE)


@pytest.mark.parametrize("end", [None, NOW - HOUR, NOW + DAY])
def test_a_key_is_revoked_once_and_for_everything(
    database: Database, keys: tuple[SigningKey, ...], end: Any
) -> None:
    key = of("ES256", keys)
    with database.begin(ORIGIN) as stores:
        stores.signing_keys.add(replace(key, active_from=NOW - DAY, retired_at=end))

        assert stores.signing_keys.revoke(key.kid, NOW)
        assert not stores.signing_keys.revoke(key.kid, NOW + MINUTE)
        assert not stores.signing_keys.revoke("unknown", NOW)
        assert not stores.signing_keys.activate(key.kid, NOW)
        assert not stores.signing_keys.begin(key.kid, NOW - 2 * DAY)

        found = only(stores)
    assert (found.revoked_at, found.published_until) == (NOW, NOW)
    assert found.retired_at == (end if end is not None and end < NOW else NOW)
    assert not found.signs(NOW)
    assert KeyRing((found,)).find(key.kid) is None


def test_an_erased_key_keeps_its_public_half_alone(database: Database, keys: tuple[SigningKey, ...]) -> None:
    key = of("RS256", keys)
    with database.begin(ORIGIN) as stores:
        stores.signing_keys.add(key)

        assert stores.signing_keys.erase(key.kid)
        assert not stores.signing_keys.erase("unknown")

        assert only(stores).signer.preserved == b""
        assert only(stores).signer.public_key == key.signer.public_key


def test_a_private_key_opens_only_with_the_sealing_key(
    sql_database: Database, keys: tuple[SigningKey, ...]
) -> None:
    with sql_database.begin(ORIGIN) as stores:
        stores.signing_keys.add(keys[0])
    other = Database(sql_database._url.render_as_string(hide_password=False), Sealer(b"x" * 32))

    with pytest.raises(SealBroken), other.read() as stores:
        stores.signing_keys.load()

    other.dispose()
    opened(sql_database._url.render_as_string(hide_password=False)).dispose()


@pytest.mark.parametrize("cached", [True, False], ids=["in memory", "read anew"])
@pytest.mark.parametrize("column", ["public_jwk", "private", "both", "alg"])
def test_a_row_that_was_tampered_with_is_not_used(
    sql_database: Database, keys: tuple[SigningKey, ...], column: str, cached: bool
) -> None:
    """Who can write the table and lacks the sealing key gets no key of theirs published."""
    mine, theirs = of("RS256", keys), of("PS256", keys)
    with sql_database.begin(ORIGIN) as stores:
        stores.signing_keys.add(mine)
        stores.signing_keys.add(theirs)
        if cached:
            stores.signing_keys.load()
    with sql_database._schema_writer() as connection:
        row = connection.execute(select(signing_key).where(signing_key.c.kid == theirs.kid)).one()
        changes = {
            "public_jwk": {"public_jwk": {**row.public_jwk, "kid": mine.kid, "alg": "RS256"}},
            "private": {"private": row.private},
            "both": {"public_jwk": {**row.public_jwk, "alg": "RS256"}, "private": row.private},
            "alg": {"alg": "EdDSA"},
        }[column]
        connection.execute(update(signing_key).where(signing_key.c.kid == mine.kid).values(changes))
    if not cached:
        sql_database = opened(sql_database._url.render_as_string(hide_password=False))

    with pytest.raises(SealBroken), sql_database.read() as stores:
        stores.signing_keys.load()

    sql_database.dispose()


def _first_hub(stores: Any) -> None:
    """Nothing yet."""


def _live_hub(stores: Any) -> None:
    rotate(stores.signing_keys, stores.audit, lambda _: {"ES256": new_signer("ES256")}, OVERLAP, NOW - DAY)


@pytest.mark.parametrize("before", [_first_hub, _live_hub])
@pytest.mark.parametrize("private_database", [ON_POSTGRESQL, "sqlite"], indirect=True)
def test_of_rotations_at_once_one_wins(private_database: Database, before: Callable[[Any], None]) -> None:
    with private_database.begin(ORIGIN) as stores:
        before(stores)
        known = {key.kid for key in stores.signing_keys.load()}

    def turn(_: int) -> list[SigningKey]:
        made = {"ES256": new_signer("ES256")}
        with private_database.begin(ORIGIN) as stores:
            return rotate(
                stores.signing_keys,
                stores.audit,
                lambda present: made if overdue(present, ("ES256",), DAY, NOW) else {},
                OVERLAP,
                NOW,
            )

    with ThreadPoolExecutor(8) as pool:
        created = [key for keys in pool.map(turn, range(8)) for key in keys]

    with private_database.read() as stores:
        present = stores.signing_keys.load()
    assert [key.kid for key in created] == [key.kid for key in present if key.kid not in known]
    assert len(created) == 1
    assert len([key for key in present if key.retired_at is None]) == 1
