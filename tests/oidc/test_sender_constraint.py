"""Tokens bound to a key: at the token endpoint, on refresh, at our own resources (RFC 9449 5 to 10)."""

from dataclasses import replace
from typing import Any

import pytest

from sso.oidc.bearer import live_access_token
from sso.oidc.certificate import ClientCertificate
from sso.oidc.client import ClientAuthMethod, GrantType
from sso.oidc.client_authentication import Presented
from sso.oidc.confirmation import Confirmation
from sso.oidc.dpop import new_nonce
from sso.oidc.errors import AuthorizationError, BearerError, TokenError
from sso.oidc.protected_resource import require_access_token
from sso.oidc.sender_constraint import confirmation_of, key_of_pushed
from sso.oidc.token_scheme import TokenScheme, credentials_of_header
from tests.oidc.examples import ISSUER, MINUTE, NONCE_KEY, NOW, World, claims_of, client, signing_key
from tests.oidc.proofs import TOKEN_URL, USERINFO_URL, bound_to, hash_of, proof, proof_key, shown
from tests.servers.client_certificates import Issued, self_signed

KEY, OTHER = proof_key(), signing_key("ES256", 6)
GRANTS = (GrantType.AUTHORIZATION_CODE, GrantType.CLIENT_CREDENTIALS)
PUBLIC: dict[str, Any] = {"auth_method": ClientAuthMethod.NONE, "secrets": ()}


def presented(*proofs: str, **form: str) -> Presented:
    return Presented("token", None, form, dpop=proofs, method="POST", url=TOKEN_URL)


def confirmation(world: World, *proofs: str) -> Confirmation | None:
    asked = world.stores.clients.by_id["housing"]
    return confirmation_of(presented(*proofs), asked, world.stores, world.provider, world.now)


def refused(world: World, *proofs: str) -> TokenError:
    with pytest.raises(TokenError) as caught:
        confirmation(world, *proofs)
    return caught.value


def public_world() -> World:
    return World(client=client(**PUBLIC), confirmation=bound_to(KEY))


def resource_proof(text: str, **changes: Any) -> str:
    return proof(**{"htm": "GET", "htu": USERINFO_URL, "ath": hash_of(text), **changes})


def use(world: World, text: str, scheme: TokenScheme, *proofs: str) -> None:
    require_access_token(shown(text, scheme, dpop=proofs), world.stores, world.provider, world.now)


def refused_use(world: World, text: str, scheme: TokenScheme, *proofs: str) -> BearerError:
    with pytest.raises(BearerError) as caught:
        use(world, text, scheme, *proofs)
    return caught.value


def test_a_proof_is_what_tokens_are_bound_to_and_none_binds_to_nothing(world: World) -> None:
    """RFC 9449 5."""
    assert confirmation(world, proof()) == bound_to(KEY)
    assert confirmation(world) is None


def test_a_bad_proof_is_told_and_recorded(world: World) -> None:
    """RFC 9449 5: invalid_dpop_proof."""
    refusal = refused(world, proof(htm="GET"))

    assert (refusal.code, refusal.description) == ("invalid_dpop_proof", "the DPoP proof is not accepted")
    event = world.stores.audit.records[0]
    assert (event.event, event.detail["reason"]) == ("token.request.failed", "htm is another method")


def test_a_client_that_always_binds_must_send_a_proof(world: World) -> None:
    """RFC 9449 5.2, dpop_bound_access_tokens."""
    world.register(client(dpop_bound_access_tokens=True))

    assert refused(world).code == "invalid_dpop_proof"
    assert confirmation(world, proof()) == bound_to(KEY)


def test_a_demanded_nonce_is_asked_for_and_then_accepted() -> None:
    """RFC 9449 8."""
    world = World()
    settings = replace(world.provider.settings, dpop_nonce_required=True)
    world.provider = replace(world.provider, settings=settings)

    assert refused(world, proof()).code == "use_dpop_nonce"
    assert confirmation(world, proof(nonce=new_nonce(NONCE_KEY, world.now))) == bound_to(KEY)


@pytest.mark.parametrize("grant", ["code", "client_credentials"])
def test_the_access_token_carries_the_thumbprint_and_is_of_type_dpop(grant: str) -> None:
    """RFC 9449 5, 6.1."""
    world = World(client=client(grant_types=frozenset(GRANTS)), confirmation=bound_to(KEY))

    answer = (
        world.tokens()
        if grant == "code"
        else world.form(grant_type="client_credentials", scope="housing:read")
    )

    assert answer.as_json()["token_type"] == "DPoP"
    assert claims_of(answer.access_token)["cnf"] == {"jkt": bound_to(KEY).jkt}
    live = live_access_token(answer.access_token, world.stores, world.provider, world.now)
    assert live.confirmation == bound_to(KEY)


def test_without_a_proof_the_token_is_bound_to_nothing(world: World) -> None:
    answer = world.tokens()

    assert answer.as_json()["token_type"] == "Bearer"
    assert "cnf" not in claims_of(answer.access_token)


def test_a_public_clients_refresh_token_is_bound_to_its_key() -> None:
    """RFC 9449 5."""
    world = public_world()
    token = world.tokens().refresh_token

    assert claims_of(world.refresh(token).access_token)["cnf"] == {"jkt": bound_to(KEY).jkt}


@pytest.mark.parametrize("shown_key", [None, bound_to(OTHER), Confirmation(x5t="x")])
def test_a_stolen_refresh_token_of_a_public_client_is_worthless_and_revokes_nothing(
    shown_key: Confirmation | None,
) -> None:
    """RFC 9449 5: only with the key; whoever lacks it must not end the owner's tokens either."""
    world = public_world()
    token = world.tokens().refresh_token
    world.confirmation = shown_key

    with pytest.raises(TokenError) as caught:
        world.refresh(token)

    assert (caught.value.code, caught.value.reason) == (
        "invalid_grant",
        "the refresh token is bound to another key",
    )
    world.confirmation = bound_to(KEY)
    assert world.refresh(token).access_token


def test_a_bound_refresh_token_need_not_be_rotated() -> None:
    """RFC 9700 2.2.2: sender-constrained or rotated."""
    world = World(client=client(**PUBLIC, rotate_refresh_tokens=False), confirmation=bound_to(KEY))
    token = world.tokens().refresh_token

    assert world.refresh(token).refresh_token == token


def test_an_unbound_refresh_token_of_a_public_client_is_rotated_whatever_the_client_says() -> None:
    """RFC 9700 2.2.2."""
    world = World(client=client(**PUBLIC, rotate_refresh_tokens=False))
    token = world.tokens().refresh_token

    assert world.refresh(token).refresh_token != token


def test_a_confidential_client_may_change_its_key_on_refresh() -> None:
    """RFC 9449 5: its refresh tokens are bound to its authentication."""
    world = World(confirmation=bound_to(KEY))
    token = world.tokens().refresh_token
    world.confirmation = bound_to(OTHER)

    assert claims_of(world.refresh(token).access_token)["cnf"] == {"jkt": bound_to(OTHER).jkt}


@pytest.mark.parametrize("redeemed_with", [None, bound_to(OTHER), Confirmation(x5t=str(bound_to(KEY).jkt))])
def test_a_code_with_dpop_jkt_is_redeemed_with_that_key_only(
    world: World, redeemed_with: Confirmation | None
) -> None:
    """RFC 9449 10: a stolen code is worthless, and its theft spends nothing."""
    code = world.code(dpop_jkt=str(bound_to(KEY).jkt))
    world.confirmation = redeemed_with

    with pytest.raises(TokenError) as caught:
        world.redeem(code)

    assert caught.value.reason == "the code is bound to another key (dpop_jkt)"
    world.confirmation = bound_to(KEY)
    assert world.redeem(code).token_type is TokenScheme.DPOP


@pytest.mark.parametrize("jkt", ["x", "x" * 44, "=" * 43, "\u00e9" * 43])
def test_a_malformed_dpop_jkt_is_refused(world: World, jkt: str) -> None:
    """RFC 9449 10."""
    with pytest.raises(AuthorizationError) as caught:
        world.ask(dpop_jkt=jkt)

    assert caught.value.code == "invalid_request"


def test_a_proof_with_a_pushed_request_binds_its_code(world: World) -> None:
    """RFC 9449 10.1."""
    world.confirmation = bound_to(KEY)

    request_uri = world.push()

    assert world.arrive(client_id="housing", request_uri=request_uri).dpop_jkt == bound_to(KEY).jkt


def test_a_proof_and_a_dpop_jkt_that_differ_are_refused(world: World) -> None:
    """RFC 9449 10.1."""
    world.confirmation = bound_to(KEY)

    with pytest.raises(TokenError) as caught:
        world.push(dpop_jkt=str(bound_to(OTHER).jkt))

    assert caught.value.code == "invalid_dpop_proof"
    assert world.push(dpop_jkt=str(bound_to(KEY).jkt))


def test_a_bad_proof_with_a_pushed_request_is_told_and_recorded(world: World) -> None:
    """RFC 9449 10.1; a client that always binds need not prove its key yet."""
    bound = world.register(client(dpop_bound_access_tokens=True))
    at_par = Presented("par", None, {}, dpop=("x",), url=f"{ISSUER}/oauth2/par")

    with pytest.raises(TokenError) as caught:
        key_of_pushed(at_par, bound, world.stores, world.provider, world.now)

    assert caught.value.code == "invalid_dpop_proof"
    assert world.stores.audit.codes() == ["authz.request.rejected"]
    assert key_of_pushed(replace(at_par, dpop=()), bound, world.stores, world.provider, world.now) is None


def test_a_bound_token_is_used_with_a_proof_of_its_key() -> None:
    """RFC 9449 7.1."""
    world = World(confirmation=bound_to(KEY))
    text = world.tokens().access_token

    use(world, text, TokenScheme.DPOP, resource_proof(text))


def test_a_bound_token_is_refused_as_a_bearer_token() -> None:
    """RFC 9449 7.2: downgrading."""
    world = World(confirmation=bound_to(KEY))
    text = world.tokens().access_token

    refusal = refused_use(world, text, TokenScheme.BEARER, resource_proof(text))

    assert (refusal.code, refusal.challenge.scheme) == ("invalid_token", TokenScheme.DPOP)


def test_a_bearer_token_is_refused_with_the_dpop_scheme(world: World) -> None:
    """RFC 9449 7.1: the proof must be by the token's key, and it has none."""
    text = world.tokens().access_token

    refusal = refused_use(world, text, TokenScheme.DPOP, resource_proof(text))

    assert (refusal.code, refusal.challenge.scheme) == ("invalid_token", TokenScheme.BEARER)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"key": OTHER}, "invalid_token"),
        ({"ath": None}, "invalid_dpop_proof"),
        ({"ath": hash_of("another")}, "invalid_dpop_proof"),
        ({"htm": "POST"}, "invalid_dpop_proof"),
        ({"htu": TOKEN_URL}, "invalid_dpop_proof"),
        ({"nonce": "stale"}, "use_dpop_nonce"),
    ],
)
def test_a_bound_token_with_a_proof_that_does_not_fit_is_refused(changes: dict[str, Any], code: str) -> None:
    """RFC 9449 7.1."""
    world = World(confirmation=bound_to(KEY))
    text = world.tokens().access_token

    refusal = refused_use(world, text, TokenScheme.DPOP, resource_proof(text, **changes))

    assert (refusal.code, refusal.challenge.scheme) == (code, TokenScheme.DPOP)


def test_a_bound_token_without_a_proof_and_with_two_is_refused() -> None:
    """RFC 9449 4.3, item 1."""
    world = World(confirmation=bound_to(KEY))
    text = world.tokens().access_token

    assert refused_use(world, text, TokenScheme.DPOP).code == "invalid_dpop_proof"
    two = (resource_proof(text), resource_proof(text))
    assert refused_use(world, text, TokenScheme.DPOP, *two).code == "invalid_dpop_proof"


def test_an_expired_bound_token_stays_expired() -> None:
    world = World(confirmation=bound_to(KEY))
    text = world.tokens().access_token
    world.wait(6 * MINUTE)

    refusal = refused_use(world, text, TokenScheme.DPOP, resource_proof(text, at=world.now))

    assert refusal.code == "invalid_token"


OWN, FOREIGN = self_signed(now=NOW), self_signed(now=NOW)


def certified(issued: Issued) -> Confirmation:
    return Confirmation(x5t=issued.shown(verified=False).x5t)


@pytest.mark.parametrize("verified", [True, False])
def test_a_token_bound_to_a_certificate_is_used_on_its_connection(verified: bool) -> None:
    """RFC 8705 3: who signed the certificate does not matter here."""
    world = World(confirmation=certified(OWN))
    text = world.tokens().access_token

    used = shown(text, certificate=OWN.shown(verified=verified))

    assert require_access_token(used, world.stores, world.provider, world.now).confirmation == certified(OWN)


@pytest.mark.parametrize("certificate", [None, FOREIGN.shown(verified=True)])
def test_on_any_other_connection_it_is_refused(certificate: ClientCertificate | None) -> None:
    """RFC 8705 3: invalid_token."""
    world = World(confirmation=certified(OWN))
    text = world.tokens().access_token

    with pytest.raises(BearerError) as caught:
        used = shown(text, certificate=certificate)
        require_access_token(used, world.stores, world.provider, world.now)

    assert (caught.value.code, caught.value.challenge.scheme) == ("invalid_token", TokenScheme.BEARER)


def test_a_token_bound_twice_needs_both() -> None:
    """RFC 8705 3, RFC 9449 7.1."""
    both = Confirmation(jkt=bound_to(KEY).jkt, x5t=certified(OWN).x5t)
    world = World(confirmation=both)
    text = world.tokens().access_token
    certificate = OWN.shown(verified=False)

    def used(scheme: TokenScheme, proofs: tuple[str, ...], certificate: ClientCertificate | None) -> None:
        presented = shown(text, scheme, dpop=proofs, certificate=certificate)
        require_access_token(presented, world.stores, world.provider, world.now)

    used(TokenScheme.DPOP, (resource_proof(text),), certificate)
    with pytest.raises(BearerError):
        used(TokenScheme.DPOP, (resource_proof(text),), None)
    with pytest.raises(BearerError):
        used(TokenScheme.BEARER, (), certificate)


def test_a_client_that_binds_to_its_certificate_must_connect_with_one(world: World) -> None:
    """RFC 8705 3.4, tls_client_certificate_bound_access_tokens."""
    world.register(client(tls_client_certificate_bound_access_tokens=True))

    assert refused(world).code == "invalid_request"
    with_own = replace(presented(), certificate=OWN.shown(verified=False))
    asked = world.stores.clients.by_id["housing"]
    assert confirmation_of(with_own, asked, world.stores, world.provider, world.now) == certified(OWN)


def test_a_certificate_binds_nothing_unless_the_client_wants_it(world: World) -> None:
    """RFC 8705 3.4."""
    with_own = replace(presented(), certificate=OWN.shown(verified=True))

    assert confirmation_of(with_own, world.client, world.stores, world.provider, world.now) is None


@pytest.mark.parametrize("shown_key", [None, certified(FOREIGN), bound_to(KEY)])
def test_a_refresh_token_bound_to_a_certificate_is_worthless_without_it(
    shown_key: Confirmation | None,
) -> None:
    """RFC 8705 4."""
    world = World(client=client(**PUBLIC), confirmation=certified(OWN))
    token = world.tokens().refresh_token
    world.confirmation = shown_key

    with pytest.raises(TokenError) as caught:
        world.refresh(token)

    assert caught.value.code == "invalid_grant"


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("Bearer abc", (TokenScheme.BEARER, "abc")),
        ("bearer abc", (TokenScheme.BEARER, "abc")),
        ("DPoP abc", (TokenScheme.DPOP, "abc")),
        ("dpop  abc", (TokenScheme.DPOP, "abc")),
        ("DPOP abc", (TokenScheme.DPOP, "abc")),
        ("Basic abc", None),
        ("DPoP", None),
        ("DPoP ", None),
        ("", None),
        (None, None),
    ],
)
def test_scheme_names_compare_without_case(header: str | None, found: tuple[TokenScheme, str] | None) -> None:
    """RFC 9110 11.1."""
    assert credentials_of_header(header) == found
