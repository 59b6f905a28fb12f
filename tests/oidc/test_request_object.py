"""RFC 9101: requests that the client signed, in the open and pushed ahead."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import jwt
import pytest

from sso.oidc.digest import base64url, digest, new_id
from sso.oidc.errors import AuthorizationError, RequestRejected, TokenError, UntrustedRequest
from sso.oidc.jose import generate_private_key, sign
from sso.oidc.request import AuthorizationRequest
from sso.oidc.request.arrival import address_to_read
from tests.oidc.examples import (
    ISSUER,
    MINUTE,
    NOW,
    REDIRECT_URI,
    SECOND,
    SETTINGS,
    World,
    client,
    private,
    signing_key,
)

EC, RSA = signing_key("ES256", 1), signing_key("RS256", 1)
RSA_JWK = {name: value for name, value in RSA.public_jwk.items() if name != "alg"}
SIGNER = {"jwks": {"keys": [EC.public_jwk, RSA_JWK]}}
TYP = "oauth-authz-req+jwt"

Ask = Callable[[World, str], AuthorizationRequest]


@pytest.fixture
def world() -> World:
    return World(client=client(**SIGNER))


def seconds(moment: Any) -> int:
    return int(moment.timestamp())


def request_object(
    world: World, key: Any = EC, alg: str = "ES256", typ: str | None = TYP, **changes: Any
) -> str:
    """A good request object, changed; None leaves a member out."""
    claims = {
        "iss": "housing",
        "aud": ISSUER,
        "exp": seconds(NOW + 5 * MINUTE),
        "nbf": seconds(NOW),
        "iat": seconds(NOW),
        "jti": new_id(),
        **{name: values[0] for name, values in world.params().items()},
    } | changes
    whole = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(whole, private(key), algorithm=alg, headers={"typ": typ})


def in_the_open(world: World, text: str) -> AuthorizationRequest:
    return world.arrive(client_id="housing", request=text)


def pushed(world: World, text: str) -> AuthorizationRequest:
    answer = world.push_form(None, {"client_id": ["housing"], "request": [text]})
    return world.arrive(client_id="housing", request_uri=str(answer["request_uri"]))


@pytest.mark.parametrize("ask", [in_the_open, pushed])
@pytest.mark.parametrize(("key", "alg"), [(EC, "ES256"), (RSA, "RS256"), (RSA, "PS256")])
def test_a_signed_request_says_what_its_parameters_would(world: World, ask: Ask, key: Any, alg: str) -> None:
    """RFC 9101 4; pushed: RFC 9126 3."""
    assert ask(world, request_object(world, key, alg)) == world.ask()


def test_members_have_the_types_of_json(world: World) -> None:
    """RFC 9101 4: numbers as numbers, claims as an object."""
    claims = {"userinfo": {"name": {"essential": True}}}

    asked = in_the_open(world, request_object(world, max_age=7, claims=claims))

    assert asked == world.ask(max_age="7", claims=json.dumps(claims))


def test_only_what_was_signed_counts(world: World) -> None:
    """RFC 9101 5: the server uses the parameters in the request object only."""
    text = request_object(world, scope="openid", state="signed", nonce=None)

    asked = world.arrive(
        client_id="housing",
        request=text,
        redirect_uri=REDIRECT_URI,
        state="added",
        scope="openid email profile",
        nonce="added",
        prompt="none",
        code_challenge="added",
    )

    assert asked == world.ask(scope="openid", state="signed", nonce=None)


def test_unknown_members_are_ignored(world: World) -> None:
    """RFC 9101 4 with RFC 6749 3.1."""
    assert in_the_open(world, request_object(world, unheard_of={"x": [1]})) == world.ask()


MUTATIONS: dict[str, dict[str, Any]] = {
    "of another client": {"client_id": "tax"},
    "without client_id": {"client_id": None},
    "issued by another": {"iss": "tax"},
    "without iss": {"iss": None},
    "for another issuer": {"aud": "https://other.example.gov"},
    "for our token endpoint": {"aud": f"{ISSUER}/oauth2/token"},
    "for our issuer with a slash": {"aud": f"{ISSUER}/"},
    "without aud": {"aud": None},
    "with an aud that is no text": {"aud": {"iss": ISSUER}},
    "without exp": {"exp": None},
    "expired": {"exp": seconds(NOW - 11 * SECOND)},
    "valid for too long": {"exp": seconds(NOW + 61 * MINUTE)},
    "with an exp that is a text": {"exp": "tomorrow"},
    "with an exp that is true": {"exp": True},
    "with an exp beyond time": {"exp": 1e300},
    "with an exp that is no number": {"exp": float("nan")},
    "not valid yet": {"nbf": seconds(NOW + 11 * SECOND)},
    "valid since long ago": {"nbf": seconds(NOW - 62 * MINUTE), "exp": seconds(NOW + MINUTE)},
    "with a long way from nbf to exp": {
        "nbf": seconds(NOW - 30 * MINUTE),
        "exp": seconds(NOW + 31 * MINUTE),
    },
    "issued in the future": {"iat": seconds(NOW + 11 * SECOND)},
    "with a jti that is a number": {"jti": 7},
    "with an empty jti": {"jti": ""},
    "with a jti without end": {"jti": "j" * 256},
    "with the sub of a client assertion": {"sub": "housing"},
    "holding another": {"request": "a.b.c"},
    "holding a reference": {"request_uri": "urn:ietf:params:oauth:request_uri:x"},
    "with a state that is a number": {"state": 7},
    "with a state that is a list": {"state": ["a", "b"]},
    "with half a character in state": {"state": "\ud800"},
    "with a scope that is a list": {"scope": ["openid"]},
    "with a max_age that is true": {"max_age": True},
    "with a prompt that is an object": {"prompt": {"none": True}},
}


@pytest.mark.parametrize("changes", MUTATIONS.values(), ids=MUTATIONS.keys())
def test_an_object_that_does_not_hold_is_refused_by_its_own_error(
    world: World, changes: dict[str, Any]
) -> None:
    """RFC 9101 6.2, 6.3, 10.2, 10.8."""
    text = request_object(world, **changes)

    with pytest.raises(AuthorizationError) as told:
        world.arrive(client_id="housing", request=text, redirect_uri=REDIRECT_URI, state="outside")
    with pytest.raises(UntrustedRequest) as shown:
        in_the_open(world, request_object(world, **changes))
    with pytest.raises(TokenError) as answered:
        pushed(world, request_object(world, **changes))

    assert {told.value.code, shown.value.code, answered.value.code} == {"invalid_request_object"}
    assert told.value.to.state == "outside"


STRANGER = generate_private_key("ES256")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (lambda w: request_object(w, STRANGER), "signed with a key that is not the client's"),
        (lambda w: request_object(w, None, "none"), "not signed"),
        (lambda w: request_object(w, "a" * 64, "HS256"), "signed with a shared secret"),
        (lambda w: request_object(w, typ="at+jwt"), "an access token"),
        (lambda w: request_object(w, typ="dpop+jwt"), "a proof of possession"),
        (lambda w: request_object(w, typ="logout+jwt"), "a logout token"),
        (lambda w: request_object(w)[:-4] + "AAAA", "its signature changed"),
        (lambda w: ".".join(["e30", *request_object(w).split(".")[1:]]), "its header changed"),
        (lambda w: request_object(w) + ".a.b", "encrypted"),
        (lambda w: "x.y.z", "no JWT at all"),
        (lambda w: "{}", "bare JSON"),
        (lambda w: "", "empty after all"),
        (lambda w: sign({"iss": "housing"}, signing_key("ES256"), TYP), "signed by the provider itself"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_the_client_did_not_sign_is_never_believed(
    world: World, text: Callable[[World], str], why: str
) -> None:
    """RFC 9101 10.1, RFC 8725 2.1."""
    with pytest.raises(RequestRejected) as refused:
        in_the_open(world, text(world))

    assert refused.value.code in {"invalid_request_object", "invalid_request"}, why


def test_the_key_is_the_registered_one_and_never_the_headers(world: World) -> None:
    """RFC 8725 3.10."""
    headers = {"typ": TYP, "jwk": signing_key("ES256", 2).public_jwk, "kid": EC.kid}
    claims = jwt.decode(request_object(world), options={"verify_signature": False})
    forged = jwt.encode(claims, private(signing_key("ES256", 2)), algorithm="ES256", headers=headers)

    with pytest.raises(UntrustedRequest) as refused:
        in_the_open(world, forged)

    assert refused.value.code == "invalid_request_object"


def test_a_client_without_keys_cannot_sign(world: World) -> None:
    world.register(client())

    with pytest.raises(UntrustedRequest):
        in_the_open(world, request_object(world))


def test_an_object_of_another_clients_own_is_not_ours(world: World) -> None:
    """RFC 9101 5: the client_id outside chooses the keys, and must be the one inside."""
    world.register(client(client_id="tax", **SIGNER))

    with pytest.raises(UntrustedRequest):
        world.arrive(client_id="tax", request=request_object(world))


def test_the_registered_algorithm_is_the_only_one(world: World) -> None:
    """OpenID Connect Registration 2."""
    world.register(client(request_object_signing_alg="RS256", **SIGNER))

    with pytest.raises(UntrustedRequest):
        in_the_open(world, request_object(world))

    assert in_the_open(world, request_object(world, RSA, "RS256")).client.client_id == "housing"


@pytest.mark.parametrize("typ", [TYP, "OAUTH-AUTHZ-REQ+JWT", "application/oauth-authz-req+jwt", "JWT", None])
def test_the_type_may_be_left_out(world: World, typ: str | None) -> None:
    """RFC 9101 10.8: explicit typing is the better way."""
    assert in_the_open(world, request_object(world, typ=typ)) == world.ask()


@pytest.mark.parametrize("changes", [{"typ": "JWT"}, {"typ": None}, {"nbf": None}])
def test_the_strict_profile_wants_type_and_beginning(world: World, changes: dict[str, Any]) -> None:
    """FAPI 2.0 Message Signing 5.3.1."""
    world.register(client(profile="fapi2", **SIGNER))

    with pytest.raises(TokenError) as refused:
        pushed(world, request_object(world, **changes))

    assert refused.value.code == "invalid_request_object"
    assert pushed(world, request_object(world)).client.profile == "fapi2"


def test_the_beginning_may_be_left_out_otherwise(world: World) -> None:
    assert in_the_open(world, request_object(world, nbf=None, iat=None, jti=None)) == world.ask()


def test_clocks_may_differ_by_ten_seconds(world: World) -> None:
    text = request_object(world, exp=seconds(NOW - 9 * SECOND), nbf=seconds(NOW - MINUTE))
    ahead = request_object(world, nbf=seconds(NOW + 9 * SECOND), iat=seconds(NOW + 9 * SECOND))

    assert in_the_open(world, text) == in_the_open(world, ahead)


def test_an_object_with_a_jti_is_taken_once(world: World) -> None:
    """RFC 7519 4.1.7: what has a name of its own is spent at its arrival."""
    text = request_object(world)
    in_the_open(world, text)

    with pytest.raises(UntrustedRequest) as refused:
        in_the_open(world, text)
    with pytest.raises(TokenError):
        pushed(world, text)

    assert refused.value.code == "invalid_request_object"


def test_an_object_that_is_refused_is_not_spent(world: World) -> None:
    """Whoever merely breaks it must not use up its jti."""
    with pytest.raises(UntrustedRequest):
        in_the_open(world, request_object(world, jti="one", aud="https://other.example"))

    assert in_the_open(world, request_object(world, jti="one"))


def test_two_clients_may_use_one_jti(world: World) -> None:
    world.register(client(client_id="tax", **SIGNER))
    in_the_open(world, request_object(world, jti="one"))
    text = request_object(world, jti="one", client_id="tax", iss="tax")

    assert world.arrive(client_id="tax", request=text).client.client_id == "tax"


@pytest.mark.parametrize("changes", [{}, {"request": None}, {"request": ""}])
def test_where_signing_is_demanded_nothing_else_is_taken(world: World, changes: dict[str, Any]) -> None:
    """RFC 9101 10.5."""
    world.register(client(require_signed_request_object=True, **SIGNER))

    with pytest.raises(AuthorizationError) as told:
        world.arrive(**{name: values[0] for name, values in world.params(**changes).items()})
    with pytest.raises(TokenError) as answered:
        world.push(**changes)

    assert told.value.code == answered.value.code == "invalid_request"
    assert in_the_open(world, request_object(world))


def test_an_address_that_was_signed_must_be_registered_all_the_same(world: World) -> None:
    """RFC 6749 3.1.2.4."""
    text = request_object(world, redirect_uri="https://evil.example/cb")

    with pytest.raises(UntrustedRequest) as refused:
        world.arrive(client_id="housing", request=text, redirect_uri=REDIRECT_URI)

    assert refused.value.code == "invalid_request"


def test_what_is_wrong_inside_is_told_to_the_address_inside(world: World) -> None:
    with pytest.raises(AuthorizationError) as told:
        in_the_open(world, request_object(world, scope="unheard:of", state="inside"))

    assert (told.value.code, told.value.to.state) == ("invalid_scope", "inside")


def test_pkce_outside_does_not_replace_pkce_inside(world: World) -> None:
    """RFC 9700 2.1.1: no downgrade by what a browser adds or takes away."""
    text = request_object(world, code_challenge=None, code_challenge_method=None)

    with pytest.raises(AuthorizationError) as told:
        world.arrive(client_id="housing", request=text, code_challenge="x" * 43, code_challenge_method="S256")

    assert told.value.code == "invalid_request"


def test_an_expired_object_does_not_end_a_request_that_waits(world: World) -> None:
    """What waits for a person are the opened parameters: the object's own time is for its arrival."""
    request_uri = str(
        world.push_form(None, {"client_id": ["housing"], "request": [request_object(world)]})["request_uri"]
    )
    kept = world.stores.pushed.by_digest[digest(request_uri)]
    world.wait(timedelta(hours=2))

    assert "request" not in kept.params
    assert AuthorizationRequest.parse(
        {name: [value] for name, value in kept.params.items()}, world.stores.clients, world.provider
    )


ADDRESS = "https://housing.example/request"


@pytest.fixture
def by_address(world: World) -> World:
    """A hub that reads requests at addresses of clients, and a client that has one."""
    world.provider = replace(world.provider, settings=replace(SETTINGS, request_uri=True))
    world.register(client(request_uris=(ADDRESS,), **SIGNER))
    return world


def left(world: World, text: str, address: str = ADDRESS, **outside: str) -> AuthorizationRequest:
    return world.arrive(text.encode(), client_id="housing", request_uri=address, **outside)


def test_a_request_is_read_where_its_client_left_it(by_address: World) -> None:
    """RFC 9101 5.2; what stands beside it in the address counts for nothing."""
    asked = left(by_address, request_object(by_address), state="outside", scope="openid profile")

    assert (asked.client.client_id, asked.to.state) == ("housing", by_address.params()["state"][0])


def test_a_fragment_is_the_digest_of_what_is_read(by_address: World) -> None:
    """OpenID Connect Core 6.2."""
    text = request_object(by_address)
    right = base64url(hashlib.sha256(text.encode()).digest())

    assert left(by_address, text, f"{ADDRESS}#{right}")
    with pytest.raises(AuthorizationError) as told:
        left(by_address, request_object(by_address), f"{ADDRESS}#{right}", redirect_uri=REDIRECT_URI)

    assert told.value.code == "invalid_request_uri"


@pytest.mark.parametrize(
    "address",
    [
        "https://housing.example/request/../other",
        "https://housing.example/request?x=1",
        "https://HOUSING.example/request",
        "http://169.254.169.254/latest",
        "urn:other",
    ],
)
def test_no_address_but_a_registered_one_is_ever_read(by_address: World, address: str) -> None:
    """RFC 9101 10.4: a browser names no place to knock at."""
    params = {"client_id": ["housing"], "request_uri": [address]}
    registered = by_address.stores.clients.by_id["housing"]

    assert address_to_read(params, registered, by_address.provider.settings) is None
    with pytest.raises(AuthorizationError) as told:
        left(by_address, request_object(by_address), address, redirect_uri=REDIRECT_URI)
    assert told.value.code == "invalid_request_uri"


def test_what_cannot_be_read_is_told_to_a_registered_address_only(by_address: World) -> None:
    with pytest.raises(AuthorizationError) as told:
        by_address.arrive(client_id="housing", request_uri=ADDRESS, redirect_uri=REDIRECT_URI)
    with pytest.raises(AuthorizationError) as empty:
        left(by_address, " \n", redirect_uri=REDIRECT_URI)
    with pytest.raises(UntrustedRequest) as shown:
        by_address.arrive(client_id="housing", request_uri=ADDRESS, redirect_uri="https://evil.example/cb")

    assert empty.value.code == told.value.code == shown.value.code == "invalid_request_uri"


@pytest.mark.parametrize("text", ["<html>", "a.b.c", "\x00", "é"])
def test_what_is_read_must_be_a_request_object(by_address: World, text: str) -> None:
    with pytest.raises(AuthorizationError) as told:
        left(by_address, text, redirect_uri=REDIRECT_URI)

    assert told.value.code == "invalid_request_object"


def test_an_object_that_was_left_is_taken_once(by_address: World) -> None:
    """RFC 9101 10.2: its jti is spent."""
    text = request_object(by_address)

    assert left(by_address, text)
    with pytest.raises(AuthorizationError) as told:
        left(by_address, text, redirect_uri=REDIRECT_URI)
    assert told.value.code == "invalid_request_object"


def test_whoever_must_push_leaves_nothing(by_address: World) -> None:
    """RFC 9126 6, FAPI 2.0 5.3.2.2: nothing is fetched for them either."""
    strict = client(request_uris=(ADDRESS,), require_pushed_authorization_requests=True, **SIGNER)
    by_address.register(strict)
    params = {"client_id": ["housing"], "request_uri": [ADDRESS]}

    assert address_to_read(params, strict, by_address.provider.settings) is None
    with pytest.raises(AuthorizationError) as told:
        left(by_address, request_object(by_address), redirect_uri=REDIRECT_URI)
    assert told.value.code == "invalid_request"


def test_where_the_operator_does_not_allow_it_nothing_is_read(world: World) -> None:
    world.register(client(request_uris=(ADDRESS,), **SIGNER))
    params = {"client_id": ["housing"], "request_uri": [ADDRESS]}

    assert address_to_read(params, client(request_uris=(ADDRESS,)), SETTINGS) is None
    with pytest.raises(AuthorizationError) as told:
        left(world, request_object(world), redirect_uri=REDIRECT_URI)
    assert told.value.code == "request_uri_not_supported"
