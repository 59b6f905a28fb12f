"""Registered applications: contract of `stores.clients`."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from sso.oidc.client import ClientAuthMethod, ClientSecret, GrantType, SubjectType
from sso.storage.database import Database
from sso.storage.errors import SealBroken
from sso.storage.tables import client_secret
from tests.storage.conftest import opened
from tests.storage.examples import HOUR, MINUTE, NOW, ORIGIN, client


def test_a_client_comes_back_as_it_was_registered(database: Database) -> None:
    registered = client(
        post_logout_redirect_uris=("https://housing.example/bye",),
        backchannel_logout_session_required=False,
        grant_types=frozenset({GrantType.CLIENT_CREDENTIALS}),
        scope=frozenset({"openid", "department"}),
        secrets=(ClientSecret(b"d" * 32), ClientSecret(b"e" * 32, NOW)),
        jwks={"keys": [{"kty": "EC", "x": "é"}]},
        subject_type=SubjectType.PUBLIC,
        sector="housing",
        audience=("https://api.housing.example",),
        id_token_signed_response_alg="ES256",
        token_endpoint_auth_signing_alg="ES256",
        trusted=True,
        require_pkce=False,
        rotate_refresh_tokens=False,
        claims_in_id_token=True,
        accept_token_endpoint_audience=True,
        default_max_age=600,
        names={"zh-CN": "住房"},
        client_uri="https://housing.example",
        logo_uri="https://housing.example/logo",
        policy_uri="https://housing.example/policy",
        tos_uri="https://housing.example/tos",
        initiate_login_uri="https://housing.example/login",
        contacts=("it@housing.example",),
    )
    with database.begin(ORIGIN) as stores:
        assert stores.clients.add(registered, NOW)

    with database.read() as stores:
        found = stores.clients.get(registered.client_id)

    assert found == replace(registered, created_at=NOW, updated_at=NOW)


def test_an_id_is_given_once(database: Database) -> None:
    registered = client()

    with database.begin(ORIGIN) as stores:
        assert stores.clients.add(registered, NOW)
        assert not stores.clients.add(registered, NOW)


@pytest.mark.parametrize("hostile", ["", "nobody", "a\0b", "\ud800", "x" * 100_000, "' OR 1=1"])
def test_an_unknown_client_is_none(database: Database, hostile: str) -> None:
    with database.read() as stores:
        assert stores.clients.get(hostile) is None


def test_an_update_keeps_sector_secrets_and_birthday(database: Database) -> None:
    registered = client(sector="housing", secrets=(ClientSecret(b"d" * 32),))
    with database.begin(ORIGIN) as stores:
        stores.clients.add(registered, NOW)

    changed = replace(registered, client_name="Homes", sector="other", secrets=(), trusted=True)
    with database.begin(ORIGIN) as stores:
        assert stores.clients.update(changed, NOW + HOUR)

    with database.read() as stores:
        found = stores.clients.get(registered.client_id)
    kept = {"sector": "housing", "secrets": registered.secrets, "created_at": NOW, "updated_at": NOW + HOUR}
    assert found == replace(changed, **kept)


def test_a_secret_that_signs_comes_back(database: Database) -> None:
    registered = client(secrets=(ClientSecret(b"1" * 32, hmac_key=b"first"),))
    with database.begin(ORIGIN) as stores:
        stores.clients.add(registered, NOW)
        second = ClientSecret(b"2" * 32, hmac_key=b"second")
        stores.clients.rotate_secret(registered.client_id, second, NOW + HOUR, HOUR)

    with database.read() as stores:
        found = stores.clients.get(registered.client_id)

    assert found is not None
    assert [secret.hmac_key for secret in found.secrets] == [b"second", b"first"]


def test_a_client_whose_secrets_are_dropped_has_none(database: Database) -> None:
    registered = client(secrets=(ClientSecret(b"1" * 32), ClientSecret(b"2" * 32, expires_at=NOW + HOUR)))
    with database.begin(ORIGIN) as stores:
        stores.clients.add(registered, NOW)

        stores.clients.drop_secrets(registered.client_id)

    with database.read() as stores:
        found = stores.clients.get(registered.client_id)
    assert found is not None and found.secrets == ()


def test_a_secret_that_signs_is_sealed_for_its_own_row(sql_database: Database) -> None:
    secrets = (ClientSecret(b"1" * 32, hmac_key=b"first"), ClientSecret(b"2" * 32, hmac_key=b"second"))
    registered = client(secrets=secrets)
    with sql_database.begin(ORIGIN) as stores:
        stores.clients.add(registered, NOW)

    with sql_database._schema_writer() as connection:
        sealed = [row.sealed for row in connection.execute(select(client_secret))]
        connection.execute(update(client_secret).values(sealed=sealed[0]))

    assert not any(b"first" in value or b"second" in value for value in sealed)
    with pytest.raises(SealBroken), sql_database.read() as stores:
        stores.clients.get(registered.client_id)


def test_an_unknown_client_is_not_updated(database: Database) -> None:
    with database.begin(ORIGIN) as stores:
        assert not stores.clients.update(client(), NOW)


def test_a_change_is_seen_inside_its_own_transaction(database: Database) -> None:
    registered = client()
    with database.begin(ORIGIN) as stores:
        stores.clients.add(registered, NOW)
    with database.read() as stores:
        stores.clients.get(registered.client_id)

    with database.begin(ORIGIN) as stores:
        stores.clients.update(replace(registered, client_name="Homes"), NOW)
        found = stores.clients.get(registered.client_id)

    assert found is not None
    assert found.client_name == "Homes"


def test_a_change_that_is_rolled_back_was_never_seen(database: Database) -> None:
    registered = client()
    with database.begin(ORIGIN) as stores:
        stores.clients.add(registered, NOW)

    with pytest.raises(KeyError), database.begin(ORIGIN) as stores:
        stores.clients.update(replace(registered, client_name="Homes"), NOW)
        stores.clients.get(registered.client_id)
        raise KeyError

    with database.read() as stores:
        found = stores.clients.get(registered.client_id)
    assert found is not None
    assert found.client_name == "Housing"


def test_a_removed_client_is_gone(database: Database) -> None:
    registered = client(secrets=(ClientSecret(b"d" * 32),))
    with database.begin(ORIGIN) as stores:
        stores.clients.add(registered, NOW)
    with database.read() as stores:
        stores.clients.get(registered.client_id)

    with database.begin(ORIGIN) as stores:
        assert stores.clients.remove(registered.client_id)
        assert not stores.clients.remove(registered.client_id)

    with database.read() as stores:
        assert stores.clients.get(registered.client_id) is None


def test_clients_are_listed_by_id_in_pages(database: Database) -> None:
    ids = ["a", "b", "c", "d"]
    with database.begin(ORIGIN) as stores:
        for client_id in reversed(ids):
            secrets = tuple(ClientSecret(client_id.encode() * 32 + bytes([n])) for n in range(2))
            stores.clients.add(client(client_id=client_id, secrets=secrets), NOW)

    with database.read() as stores:
        first = stores.clients.list_clients(limit=3)
        second = stores.clients.list_clients(after=first[-1].client_id, limit=3)

    assert [found.client_id for found in first] == ["a", "b", "c"]
    assert [found.client_id for found in second] == ["d"]
    assert len(second[0].secrets) == 2


def test_a_rotated_secret_stays_valid_for_the_overlap(database: Database) -> None:
    registered = client(secrets=(ClientSecret(b"1" * 32),))
    with database.begin(ORIGIN) as stores:
        stores.clients.add(registered, NOW)

    with database.begin(ORIGIN) as stores:
        stores.clients.rotate_secret(
            registered.client_id, ClientSecret(b"2" * 32), NOW + HOUR, timedelta(days=1)
        )

    with database.read() as stores:
        found = stores.clients.get(registered.client_id)
    assert found is not None
    assert found.secrets == (ClientSecret(b"2" * 32), ClientSecret(b"1" * 32, NOW + HOUR + timedelta(days=1)))


def test_a_rotation_never_prolongs_an_earlier_secret_and_forgets_spent_ones(database: Database) -> None:
    registered = client(auth_method=ClientAuthMethod.CLIENT_SECRET_POST, secrets=(ClientSecret(b"1" * 32),))
    with database.begin(ORIGIN) as stores:
        stores.clients.add(registered, NOW)
        stores.clients.rotate_secret(registered.client_id, ClientSecret(b"2" * 32), NOW + HOUR, HOUR)

    with database.begin(ORIGIN) as stores:
        stores.clients.rotate_secret(
            registered.client_id, ClientSecret(b"3" * 32), NOW + 3 * HOUR, timedelta(0)
        )

    with database.read() as stores:
        found = stores.clients.get(registered.client_id)
    assert found is not None
    assert found.secrets == (ClientSecret(b"3" * 32),)


def test_another_process_sees_a_change_within_a_second(sql_database: Database) -> None:
    registered = client()
    with sql_database.begin(ORIGIN) as stores:
        stores.clients.add(registered, NOW)
    path_or_url = sql_database._url.render_as_string(hide_password=False)
    other = opened(path_or_url)
    with other.read() as stores:
        stores.clients.get(registered.client_id)
    with sql_database.begin(ORIGIN) as stores:
        stores.clients.update(replace(registered, client_name="Homes"), NOW)
    other._kept.clients._checked_at -= 1.0

    with other.read() as stores:
        found = stores.clients.get(registered.client_id)

    other.dispose()
    assert found is not None
    assert found.client_name == "Homes"


def test_a_known_client_costs_no_statement(sql_database: Database) -> None:
    registered = client()
    with sql_database.begin(ORIGIN) as stores:
        stores.clients.add(registered, NOW)
    with sql_database.read() as stores:
        first = stores.clients.get(registered.client_id)

        assert stores.clients.get(registered.client_id) is first


def test_a_client_is_capped_once_and_its_cap_is_lifted_once(database: Database) -> None:
    known = client()
    with database.begin(ORIGIN) as stores:
        stores.clients.add(known, NOW)

    with database.begin(ORIGIN) as stores:
        capped = [stores.clients.cap(known.client_id, NOW + number * MINUTE) for number in range(2)]
    with database.read() as stores:
        seen = stores.clients.get(known.client_id)
    with database.begin(ORIGIN) as stores:
        lifted = [stores.clients.lift_cap(known.client_id) for _ in range(2)]
    with database.read() as stores:
        free = stores.clients.get(known.client_id)

    assert capped == [True, False]
    assert seen is not None and seen.logout_unconfirmed_since == NOW
    assert lifted == [NOW, None]
    assert free is not None and free.logout_unconfirmed_since is None


def test_nobody_unknown_is_capped(database: Database) -> None:
    with database.begin(ORIGIN) as stores:
        assert not stores.clients.cap("nobody", NOW)
        assert stores.clients.lift_cap("nobody") is None


def test_a_changed_registration_keeps_its_cap(database: Database) -> None:
    """Nobody is freed by having an officer rename it."""
    known = client()
    with database.begin(ORIGIN) as stores:
        stores.clients.add(known, NOW)
        stores.clients.cap(known.client_id, NOW)
        stores.clients.update(replace(known, client_name="Other"), NOW)

        found = stores.clients.get(known.client_id)

    assert found is not None and found.logout_unconfirmed_since == NOW


def test_a_client_is_found_by_the_resource_that_it_is(database: Database) -> None:
    """RFC 8693: whose sector reads a token."""
    one = client(client_id="one", resource=("https://a.example/", "https://b.example/"))
    two = client(client_id="two", resource=("https://b.example/",))

    with database.begin(ORIGIN) as stores:
        stores.clients.add(one, NOW)
        stores.clients.add(two, NOW)

        found = stores.clients.of_resource("https://b.example/")
        assert [each.client_id for each in found] == ["one", "two"]
        stores.clients.update(replace(one, resource=("https://a.example/",)), NOW)
        stores.clients.remove("two")
        assert [each.client_id for each in stores.clients.of_resource("https://a.example/")] == ["one"]
        assert stores.clients.of_resource("https://b.example/") == []
