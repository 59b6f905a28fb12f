"""Consents, grants, codes, refresh tokens: contract of their stores."""

from dataclasses import replace

from sso.oidc.claims import ClaimsRequest
from sso.oidc.confirmation import Confirmation
from sso.oidc.consent import Consent
from sso.storage.database import Database
from tests.storage.examples import DAY, HOUR, NOW, ORIGIN, code, grant, refresh_token


def test_a_code_comes_back_with_its_grant(database: Database) -> None:
    asked = ClaimsRequest.parse('{"id_token": {"email": {"essential": true}}, "userinfo": {"name": null}}')
    given = code(
        grant(claims=asked, nonce="n\u00e9", offline=True, scope=frozenset()),
        code_challenge="challenge",
    )

    with database.begin(ORIGIN) as stores:
        stores.codes.add(given)

    with database.read() as stores:
        assert stores.codes.get(given.digest) == given
        assert stores.grants.get(given.grant.id) == given.grant
        assert stores.codes.get(b"unknown") is None
        assert stores.grants.get("unknown\0") is None


def test_a_grant_keeps_its_resources_details_key_and_actor(database: Database) -> None:
    """RFC 8707, RFC 9396, RFC 9449, RFC 8693."""
    given = code(
        grant(
            session_id=None,
            resource=("https://api.example/a", "urn:b"),
            authorization_details=({"type": "permit", "note": "a\0b"},),
            confirmation=Confirmation(jkt="thumbprint"),
            act={"sub": "service", "act": {"sub": "earlier"}},
        ),
        dpop_jkt="thumbprint",
    )

    with database.begin(ORIGIN) as stores:
        stores.codes.add(given)

    with database.read() as stores:
        assert stores.codes.get(given.digest) == given
        assert stores.grants.get(given.grant.id) == given.grant


def test_what_was_added_is_found_in_the_same_transaction(database: Database) -> None:
    given = code()
    token = refresh_token(given.grant)

    with database.begin(ORIGIN) as stores:
        stores.codes.add(given)
        stores.refresh_tokens.add(token)

        assert stores.codes.get(given.digest) == given
        assert stores.grants.get(given.grant.id) == given.grant
        assert stores.refresh_tokens.get(token.digest) == token


def test_a_code_is_redeemed_once(database: Database) -> None:
    given = code()

    with database.begin(ORIGIN) as stores:
        stores.codes.add(given)

        assert stores.codes.redeem(given.digest, NOW)
        assert not stores.codes.redeem(given.digest, NOW + HOUR)
        assert not stores.codes.redeem(b"unknown", NOW)
        assert stores.codes.get(given.digest) == replace(given, redeemed_at=NOW)


def test_a_refresh_token_is_used_once_and_keeps_its_successor(database: Database) -> None:
    given = code()
    token = refresh_token(given.grant, generation=7)

    with database.begin(ORIGIN) as stores:
        stores.codes.add(given)
        stores.refresh_tokens.add(token)

        assert stores.refresh_tokens.use(token.digest, b"sealed", NOW)
        assert not stores.refresh_tokens.use(token.digest, b"other", NOW + HOUR)
        assert stores.refresh_tokens.get(token.digest) == replace(token, used_at=NOW, successor=b"sealed")
        assert stores.refresh_tokens.get(b"unknown") is None


def test_a_revoked_grant_revokes_what_descends_from_it(database: Database) -> None:
    given = code()
    token = refresh_token(given.grant)
    revoked = replace(given.grant, revoked_at=NOW)

    with database.begin(ORIGIN) as stores:
        stores.codes.add(given)
        stores.refresh_tokens.add(token)

        assert stores.grants.revoke(given.grant.id, NOW)
        assert not stores.grants.revoke(given.grant.id, NOW + HOUR)
        assert not stores.grants.revoke("unknown", NOW)
        assert stores.codes.get(given.digest) == replace(given, grant=revoked)
        assert stores.refresh_tokens.get(token.digest) == replace(token, grant=revoked)


def test_refresh_tokens_are_bound_to_a_key_through_their_grant(database: Database) -> None:
    """RFC 9449 5."""
    given = code()
    token = refresh_token(given.grant)
    bound = replace(given.grant, confirmation=Confirmation(jkt="j"))

    with database.begin(ORIGIN) as stores:
        stores.codes.add(given)
        stores.refresh_tokens.add(token)
        stores.grants.bind(given.grant.id, Confirmation(jkt="j"))
        stores.grants.bind("unknown", Confirmation(jkt="j"))

    with database.read() as stores:
        assert stores.refresh_tokens.get(token.digest) == replace(token, grant=bound)


def test_the_end_of_a_session_may_keep_offline_grants(database: Database) -> None:
    online, offline = grant(), grant(offline=True)
    other = grant(session_id="session-2")

    with database.begin(ORIGIN) as stores:
        for given in (online, offline, other):
            stores.codes.add(code(given))

        assert stores.grants.revoke_of_session("session-1", keep_offline=True, now=NOW) == [online.id]
        assert stores.grants.revoke_of_session("session-1", keep_offline=False, now=NOW) == [offline.id]
        assert stores.grants.revoke_of_session("session-1", keep_offline=False, now=NOW) == []
        assert stores.grants.get(other.id) == other


def test_grants_that_were_given_elsewhere_are_revoked_with_what_came_of_them(database: Database) -> None:
    kept, online, offline = (
        grant(),
        grant(session_id="session-2"),
        grant(session_id="session-3", offline=True),
    )
    without, foreign = grant(session_id=None), grant(account_id="account-2", session_id="session-4")

    with database.begin(ORIGIN) as stores:
        for given in (kept, online, offline, without, foreign):
            stores.codes.add(code(given))
        exchanged = grant(client_id="client-2")
        stores.grants.add(exchanged, (online.id,))
        elsewhere = {online.id, offline.id, without.id}

        assert set(stores.grants.revoke_elsewhere("account-1", "session-1", NOW)) == elsewhere
        assert stores.grants.get(exchanged.id) == replace(exchanged, revoked_at=NOW)
        assert stores.grants.get(kept.id) == kept
        assert stores.grants.get(foreign.id) == foreign


def test_grants_of_an_account_or_a_client_are_revoked_together(database: Database) -> None:
    first, second, third = grant(), grant(client_id="client-2"), grant(account_id="account-2")

    with database.begin(ORIGIN) as stores:
        for given in (first, second, third):
            stores.codes.add(code(given))

        assert set(stores.grants.revoke_of_account("account-1", NOW)) == {first.id, second.id}
        assert stores.grants.revoke_of_client("client-1", NOW) == [third.id]


def test_a_consent_is_replaced_and_expires(database: Database) -> None:
    first = Consent(
        account_id="account-1",
        client_id="client-1",
        scope=frozenset({"openid"}),
        claims=frozenset(),
        granted_at=NOW,
        expires_at=NOW + DAY,
    )
    second = replace(
        first,
        scope=frozenset({"openid", "email"}),
        claims=frozenset({"email", "name"}),
        authorization_details=({"type": "files", "identifier": "a\0b", "number": 1.5},),
    )

    with database.begin(ORIGIN) as stores:
        stores.consents.put(first)
        stores.consents.put(second)

        assert stores.consents.get("account-1", "client-1", NOW) == second
        assert stores.consents.get("account-1", "client-1", NOW + DAY) is None
        assert stores.consents.get("account-1", "client-2", NOW) is None
        stores.consents.forget_client("client-2")
        assert stores.consents.get("account-1", "client-1", NOW) == second
        stores.consents.forget_client("client-1")
        assert stores.consents.get("account-1", "client-1", NOW) is None


def test_what_descends_from_a_grant_is_revoked_with_it(database: Database) -> None:
    """RFC 8693: the whole way down, and whichever of the origins ends; what was before stays."""
    first, other, second, third = grant(), grant(), grant(client_id="client-2"), grant(client_id="client-3")

    with database.begin(ORIGIN) as stores:
        for given, origins in (
            (first, ()),
            (other, ()),
            (second, (first.id, other.id)),
            (third, (second.id,)),
        ):
            stores.grants.add(given, origins)

        assert stores.grants.revoke(second.id, NOW)
        assert [stores.grants.get(one.id) for one in (first, other)] == [first, other]
        assert stores.grants.get(third.id) == replace(third, revoked_at=NOW)

    with database.begin(ORIGIN) as stores:
        fourth, fifth = grant(client_id="client-2"), grant(client_id="client-3")
        stores.grants.add(fourth, (first.id, other.id))
        stores.grants.add(fifth, (fourth.id,))

        assert list(stores.grants.revoke_of_client("client-1", NOW)) != []
        assert stores.grants.get(fourth.id) == replace(fourth, revoked_at=NOW)
        assert stores.grants.get(fifth.id) == replace(fifth, revoked_at=NOW)


def test_a_revocation_names_what_it_was_asked_for_alone(database: Database) -> None:
    first, second = grant(), grant(client_id="client-2")

    with database.begin(ORIGIN) as stores:
        stores.grants.add(first)
        stores.grants.add(second, (first.id,))

        assert list(stores.grants.revoke_of_client("client-1", NOW)) == [first.id]


def test_only_what_is_in_force_can_be_held(database: Database) -> None:
    first, revoked = grant(), grant()

    with database.begin(ORIGIN) as stores:
        stores.grants.add(first)
        stores.grants.add(revoked)
        stores.grants.revoke(revoked.id, NOW)

        assert stores.grants.hold((first.id,))
        assert not stores.grants.hold((first.id, revoked.id))
        assert not stores.grants.hold(("unknown",))


def test_the_newest_grant_of_a_session_and_client_is_found(database: Database) -> None:
    old, new = grant(), grant(created_at=NOW + HOUR)
    revoked, elsewhere = grant(created_at=NOW + DAY), grant(client_id="client-2", created_at=NOW + DAY)

    with database.begin(ORIGIN) as stores:
        for given in (old, new, revoked, elsewhere):
            stores.grants.add(given)
        stores.grants.revoke(revoked.id, NOW)

        assert stores.grants.of_session("session-1", "client-1") == new
        assert stores.grants.of_session("session-1", "client-9") is None
        assert stores.grants.of_session("session-9", "client-1") is None


def test_a_grant_with_an_end_goes_a_day_after_it(sql_database: Database) -> None:
    brief, whole = grant(ends_at=NOW), grant()
    with sql_database.begin(ORIGIN) as stores:
        stores.grants.add(whole)
        stores.grants.add(brief, (whole.id,))

    with sql_database.begin(ORIGIN) as stores:
        assert stores.grants.get(brief.id) == brief
        assert stores.cleanup.sweep("grant", NOW + HOUR) == 0
        assert stores.cleanup.sweep("grant", NOW + DAY) == 1
        assert stores.grants.get(brief.id) is None
        assert stores.grants.get(whole.id) == whole
