"""Authorization requests: what is accepted, what is refused, and how (RFC 6749 4.1, Core 3.1.2)."""

from urllib.parse import quote

import pytest

from sso.oidc.client import ClientAuthMethod, GrantType
from sso.oidc.errors import AuthorizationError, ResponseMode, UntrustedRequest
from sso.oidc.jose import sign
from tests.oidc.examples import ISSUER, NOW, REDIRECT_URI, World, client, signing_key


def refusal(world: World, **changes: str | list[str] | None) -> AuthorizationError:
    with pytest.raises(AuthorizationError) as caught:
        world.ask(**changes)
    return caught.value


def id_token(world: World, **changes: object) -> str:
    claims = {"iss": ISSUER, "sub": world.sub, "aud": "housing", "exp": 1} | changes
    return sign(claims, signing_key("RS256"), "JWT")


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": None},
        {"client_id": ""},
        {"client_id": "nobody"},
        {"client_id": ["housing", "housing"]},
        {"client_id": "housing\0"},
        {"client_id": "h" * 1_000_000},
        {"redirect_uri": None},
        {"redirect_uri": ""},
        {"redirect_uri": [REDIRECT_URI, REDIRECT_URI]},
        {"redirect_uri": REDIRECT_URI + "/"},
        {"redirect_uri": REDIRECT_URI + "?a=b"},
        {"redirect_uri": REDIRECT_URI + "#x"},
        {"redirect_uri": REDIRECT_URI.upper()},
        {"redirect_uri": "https://housing.example:443/cb"},
        {"redirect_uri": "https://housing.example/%63b"},
        {"redirect_uri": "https://housing.example/x/../cb"},
        {"redirect_uri": "https://housing.example@evil.example/cb"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": "//housing.example/cb"},
        {"redirect_uri": REDIRECT_URI + "\n"},
        {"redirect_uri": " " + REDIRECT_URI},
    ],
)
def test_no_unknown_client_or_address_is_ever_redirected_to(
    world: World, changes: dict[str, str | list[str] | None]
) -> None:
    """RFC 6749 4.1.2.1, RFC 9700 4.1.3."""
    with pytest.raises(UntrustedRequest):
        world.ask(**changes)


@pytest.mark.parametrize(
    ("registered", "presented", "accepted"),
    [
        ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb", True),
        ("http://127.0.0.1/cb?a=b", "http://127.0.0.1:51004/cb?a=b", True),
        ("http://[::1]/cb", "http://[::1]:61023/cb", True),
        ("http://127.0.0.1", "http://127.0.0.1:80", True),
        ("http://127.0.0.1/cb", "http://127.0.0.1:51004/other", False),
        ("http://127.0.0.1/cb", "http://127.0.0.2:51004/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:51004/c\nb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb?", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb#", False),
        ("http://127.0.0.1/cb", "HTTP://127.0.0.1:51004/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:51004@evil.example/cb", False),
        ("http://127.0.0.1/cb", "http://x@127.0.0.1:51004/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:５１/cb", False),
        ("http://127.0.0.1/cb", " http://127.0.0.1:51004/cb", False),
        ("http://127.0.0.1/cb", "https://127.0.0.1:51004/cb", False),
        ("http://localhost/cb", "http://localhost:51004/cb", False),
        ("http://127.0.0.1:9999/cb", "http://127.0.0.1:9998/cb", False),
        ("http://127.0.0.1.evil.example/cb", "http://127.0.0.1.evil.example:1/cb", False),
    ],
)
def test_a_native_app_may_use_any_port_of_a_loopback_literal_and_nothing_else(
    world: World, registered: str, presented: str, accepted: bool
) -> None:
    """RFC 8252 7.3; an address registered with a port is meant with that port."""
    world.register(client(redirect_uris=(registered,)))

    if not accepted:
        with pytest.raises(UntrustedRequest):
            world.ask(redirect_uri=presented)
    else:
        assert world.ask(redirect_uri=presented).to.redirect_uri == presented


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": ""}, "invalid_request"),
        ({"response_type": "token"}, "unauthorized_client"),
        ({"response_type": "code id_token"}, "unauthorized_client"),
        ({"response_type": "none"}, "unauthorized_client"),
        ({"response_type": "code none"}, "unsupported_response_type"),
        ({"response_type": "code  token"}, "unsupported_response_type"),
        ({"response_type": "code code"}, "unsupported_response_type"),
        ({"response_type": "Code"}, "unsupported_response_type"),
        ({"response_type": ["code", "code"]}, "invalid_request"),
        ({"response_mode": "fragments"}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "unheard:of"}, "invalid_scope"),
        ({"scope": ["openid", "email"]}, "invalid_request"),
        ({"state": ["a", "b"]}, "invalid_request"),
        ({"state": "s" * 2049}, "invalid_request"),
        ({"nonce": "a\0b"}, "invalid_request"),
        ({"nonce": "n" * 8193}, "invalid_request"),
        ({"request": "x.y.z"}, "request_not_supported"),
        ({"request_uri": "https://evil.example/r"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "create"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "1.5"}, "invalid_request"),
        ({"max_age": "٣"}, "invalid_request"),
        ({"max_age": "9" * 10}, "invalid_request"),
        ({"claims": "[]"}, "invalid_request"),
        ({"claims": "{"}, "invalid_request"),
        ({"claims": '{"userinfo": 1}'}, "invalid_request"),
        ({"claims": '{"userinfo": {"email": 1}}'}, "invalid_request"),
        ({"claims": "[" * 4000}, "invalid_request"),
        ({"claims": '{"x": "' + "y" * 4096 + '"}'}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"id_token_hint": "x.y.z"}, "invalid_request"),
    ],
)
def test_a_bad_request_of_a_known_client_is_told_to_it_with_its_own_error(
    world: World, changes: dict[str, str | list[str] | None], code: str
) -> None:
    """RFC 6749 4.1.2.1, Core 3.1.2.6, RFC 7636 4.4.1."""
    told = refusal(world, **changes)

    assert told.code == code
    assert told.to.redirect_uri == REDIRECT_URI


@pytest.mark.parametrize("state", ["", ' a b+c/d=é"<&%20', "%00", "状态", "x" * 2048, quote("é")])
def test_state_comes_back_as_it_came(world: World, state: str) -> None:
    """RFC 6749 4.1.2."""
    assert world.ask(state=state).to.state == state
    assert refusal(world, state=state, response_type="token").to.state == state


def test_a_repeated_state_is_not_returned(world: World) -> None:
    """RFC 6749 3.1."""
    assert refusal(world, state=["a", "b"]).to.state is None


@pytest.mark.parametrize("name", ["request", "request_uri", "registration", "claims", "prompt", "max_age"])
def test_a_parameter_without_a_value_counts_as_absent(world: World, name: str) -> None:
    """RFC 6749 3.1."""
    assert world.ask(**{name: ""}) == world.ask()


def test_unknown_parameters_are_ignored(world: World) -> None:
    """RFC 6749 3.1."""
    assert world.ask(unheard_of="x", display="popup") == world.ask()


def test_errors_travel_by_form_post_too(world: World) -> None:
    """OAuth 2.0 Form Post Response Mode 2."""
    assert refusal(world, response_mode="form_post", scope=None).to.mode is ResponseMode.FORM_POST


def test_pkce_is_required_of_public_clients_whatever_their_registration_says(world: World) -> None:
    """RFC 9700 2.1.1."""
    world.register(client(auth_method=ClientAuthMethod.NONE, require_pkce=False))

    assert refusal(world, code_challenge=None, code_challenge_method=None).code == "invalid_request"


def test_an_old_confidential_client_may_be_excused_from_pkce(world: World) -> None:
    world.register(client(require_pkce=False))

    assert world.ask(code_challenge=None, code_challenge_method=None).code_challenge is None


def test_only_registered_scopes_are_kept(world: World) -> None:
    """RFC 6749 3.3."""
    assert world.ask(scope="openid unheard:of  email").scope == {"openid", "email"}


def test_offline_access_is_ignored_for_a_client_without_refresh_tokens(world: World) -> None:
    """Core 11."""
    world.register(client(grant_types=frozenset({GrantType.AUTHORIZATION_CODE})))

    assert world.ask().scope == {"openid", "email"}
    assert refusal(world, scope="offline_access").code == "invalid_scope"


def test_a_client_without_the_code_flow_is_told_so(world: World) -> None:
    """RFC 6749 4.1.2.1."""
    world.register(client(grant_types=frozenset({GrantType.CLIENT_CREDENTIALS})))

    assert refusal(world).code == "unauthorized_client"


def test_the_registered_default_max_age_holds_where_the_request_has_none(world: World) -> None:
    """OpenID Connect Registration 2."""
    world.register(client(default_max_age=60))

    assert world.ask().max_age == 60
    assert world.ask(max_age="5").max_age == 5


def test_an_expired_hint_of_ours_is_accepted(world: World) -> None:
    """Core 3.1.2.1: expiry is not a reason to refuse a hint."""
    assert world.ask(id_token_hint=id_token(world)).hinted_subs == {world.sub}


@pytest.mark.parametrize("typ", ["at+jwt", "logout+jwt"])
def test_another_kind_of_our_tokens_is_no_hint(world: World, typ: str) -> None:
    """RFC 8725 3.11."""
    other = sign({"iss": ISSUER, "sub": world.sub}, signing_key("RS256"), typ)

    assert refusal(world, id_token_hint=other).code == "invalid_request"


def test_a_hint_of_another_issuer_is_refused_even_under_our_key(world: World) -> None:
    """Core 3.1.2.1."""
    hint = id_token(world, iss="https://old.example.gov")

    assert refusal(world, id_token_hint=hint).code == "invalid_request"


def test_a_demand_for_sub_names_a_person_as_a_hint_does(world: World) -> None:
    """Core 5.5.1."""
    asked = world.ask(claims='{"id_token": {"sub": null}, "userinfo": {"sub": {"values": ["a", "b"]}}}')

    assert asked.hinted_subs == {"a", "b"}


def test_a_hint_and_a_demand_that_differ_name_nobody(world: World) -> None:
    """Core 5.5.1."""
    asked = world.ask(id_token_hint=id_token(world), claims='{"id_token": {"sub": {"value": "other"}}}')

    assert asked.hinted_subs == frozenset()


def test_essential_acr_is_a_demand_and_acr_values_are_wishes(world: World) -> None:
    """Core 5.5.1.1."""
    wished = world.ask(acr_values="urn:a urn:b")
    demanded = world.ask(claims='{"id_token": {"acr": {"essential": true, "values": ["urn:a"]}}}')
    preferred = world.ask(claims='{"id_token": {"acr": {"values": ["urn:a"]}}}')

    assert (wished.acr_values, wished.essential_acr) == (("urn:a", "urn:b"), ())
    assert demanded.essential_acr == ("urn:a",)
    assert preferred.essential_acr == ()


def test_acr_values_are_the_clients_own_where_it_names_none(world: World) -> None:
    """OpenID Connect Registration 2: default_acr_values; Core 5.5.1.1: a demand is a wish as well."""
    world.register(client(default_acr_values=("urn:a", "urn:b")))

    by_demand = world.ask(acr_values="urn:c", claims='{"id_token": {"acr": {"values": ["urn:d", "urn:c"]}}}')

    assert world.ask().acr_values == ("urn:a", "urn:b")
    assert world.ask(acr_values="urn:c").acr_values == ("urn:c",)
    assert by_demand.acr_values == ("urn:c", "urn:d")


def test_the_languages_of_claims_come_from_their_own_parameter_alone(world: World) -> None:
    """Core 5.2; an unknown member of `claims` is ignored (5.5)."""
    asked = world.ask(claims='{"locales": ["fr"]}', claims_locales="zh-CN mn")

    assert asked.claims.locales == ("zh-CN", "mn")


def test_claims_are_bounded_by_the_registered_scopes(world: World) -> None:
    """A trusted client shows no consent page: what it may learn is what it is registered for."""
    world.register(client(scope=frozenset({"openid", "email"}), trusted=True))

    asked = world.ask(claims='{"userinfo": {"email": null, "phone_number": null, "name": null}}')

    assert asked.claims.names == {"email"}


def test_the_request_is_valid_at_any_time(world: World) -> None:
    assert world.now == NOW
    assert world.ask(prompt="login consent select_account").prompt == {"login", "consent", "select_account"}
