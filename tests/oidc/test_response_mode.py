"""How answers travel: Multiple Response Types 2.1, Form Post Response Mode 2, JARM."""

from typing import Any

import jwt
import pytest
from joserfc import jwe
from joserfc.jwk import ECKey, RSAKey

from sso.oidc import authorize
from sso.oidc.errors import AuthorizationError, ResponseMode
from sso.oidc.jose import KeySetInvalid, generate_private_key, public_jwk
from sso.oidc.response import AuthorizationResponse, error_response
from sso.oidc.signed_response import delivered
from tests.oidc.examples import ISSUER, NOW, World, client, signing_key


@pytest.fixture
def world() -> World:
    return World()


def answer(world: World, **changes: str | list[str] | None) -> AuthorizationResponse:
    """A code, as it leaves."""
    asked = world.ask(**changes)
    issued = authorize.grant(asked, world.session, world.stores, world.provider, world.now)
    return delivered(issued, world.provider, world.now)


def refused(world: World, **changes: str | list[str] | None) -> AuthorizationResponse:
    """The error that a bad request gets, as it leaves."""
    with pytest.raises(AuthorizationError) as caught:
        world.ask(**changes)
    told = error_response(caught.value.to, ISSUER, caught.value.code, caught.value.description)
    return delivered(told, world.provider, world.now)


def claims_of(answer: AuthorizationResponse, alg: str = "RS256") -> dict[str, Any]:
    """What a client reads in a signed response, as PyJWT verifies it."""
    [(name, text)] = answer.params
    assert name == "response"
    claims: dict[str, Any] = jwt.decode(
        text,
        signing_key(alg).signer.public_key,
        algorithms=[alg],
        audience="housing",
        issuer=ISSUER,
        options={"verify_exp": False},
    )
    return claims


@pytest.mark.parametrize(
    ("asked", "mode"),
    [
        (None, ResponseMode.QUERY),
        ("", ResponseMode.QUERY),
        ("query", ResponseMode.QUERY),
        ("fragment", ResponseMode.FRAGMENT),
        ("form_post", ResponseMode.FORM_POST),
        ("jwt", ResponseMode.QUERY_JWT),
        ("query.jwt", ResponseMode.QUERY_JWT),
        ("fragment.jwt", ResponseMode.FRAGMENT_JWT),
        ("form_post.jwt", ResponseMode.FORM_POST_JWT),
    ],
)
def test_a_code_travels_as_asked_and_by_query_unless_asked(
    world: World, asked: str | None, mode: ResponseMode
) -> None:
    """Multiple Response Types 2.1, JARM 2.3."""
    assert answer(world, response_mode=asked).mode is mode
    assert refused(world, response_mode=asked, scope=None).mode is mode


@pytest.mark.parametrize("asked", ["Query", "jwt.query", "web_message", "query jwt", "form_post.JWT"])
def test_an_unknown_mode_is_refused_by_query(world: World, asked: str) -> None:
    """Multiple Response Types 2.1."""
    told = refused(world, response_mode=asked)

    assert told.mode is ResponseMode.QUERY
    assert dict(told.params)["error"] == "invalid_request"


def test_a_signed_response_holds_everything_and_its_own_names(world: World) -> None:
    """JARM 2.1, 2.3.1: the response is the one parameter."""
    claims = claims_of(answer(world, response_mode="jwt"))

    assert set(claims) == {"iss", "aud", "exp", "code", "state"}
    assert claims["state"] == "af0ifjsldkj"
    assert len(claims["code"]) == 43
    assert 0 < claims["exp"] - NOW.timestamp() <= 600


def test_an_error_is_signed_too(world: World) -> None:
    """JARM 2.2."""
    claims = claims_of(refused(world, response_mode="jwt", scope=None))

    assert (claims["error"], claims["state"], claims["iss"]) == ("invalid_scope", "af0ifjsldkj", ISSUER)


def test_a_response_in_the_open_is_not_signed(world: World) -> None:
    assert {name for name, _ in answer(world).params} == {"code", "state", "iss"}


@pytest.mark.parametrize(
    ("fields", "alg"),
    [
        ({}, "RS256"),
        ({"id_token_signed_response_alg": "ES256"}, "ES256"),
        ({"authorization_signed_response_alg": "ES256"}, "ES256"),
    ],
)
def test_the_registered_algorithm_signs(world: World, fields: dict[str, str], alg: str) -> None:
    """JARM 3; a client that chose the algorithm of its ID tokens gets it here too."""
    world.register(client(**fields))

    assert claims_of(answer(world, response_mode="jwt"), alg)["aud"] == "housing"


@pytest.mark.parametrize(
    ("alg", "enc", "key"),
    [
        ("RSA-OAEP-256", "A256GCM", ("RS256", RSAKey)),
        ("ECDH-ES", "A128GCM", ("ES256", ECKey)),
        ("ECDH-ES", "A128CBC-HS256", ("ES256", ECKey)),
    ],
)
def test_a_response_is_encrypted_to_the_client_on_wish(
    world: World, alg: str, enc: str, key: tuple[str, Any]
) -> None:
    """JARM 2.1: signed, then encrypted (RFC 7519 5.2)."""
    private = generate_private_key(key[0])
    jwk = {name: value for name, value in public_jwk(private, key[0]).items() if name not in ("alg", "use")}
    world.register(
        client(
            jwks={"keys": [jwk | {"use": "enc"}]},
            authorization_encrypted_response_alg=alg,
            authorization_encrypted_response_enc=enc,
        )
    )

    [(_, text)] = answer(world, response_mode="jwt").params
    opened = jwe.decrypt_compact(text, key[1].import_key(private), algorithms=[alg, enc])

    assert opened.headers()["cty"] == "JWT"
    assert opened.plaintext is not None
    inner = AuthorizationResponse(world.ask().to, (("response", opened.plaintext.decode()),))
    assert claims_of(inner)["state"] == "af0ifjsldkj"


def test_without_a_key_nothing_is_sent_that_others_could_read(world: World) -> None:
    world.register(
        client(authorization_encrypted_response_alg="ECDH-ES", authorization_encrypted_response_enc="A128GCM")
    )

    with pytest.raises(KeySetInvalid):
        answer(world, response_mode="jwt")


def test_a_response_is_no_id_token_nor_a_hint(world: World) -> None:
    """RFC 8725 3.11: the same key signs both, so each must lack what the other needs."""
    [(_, text)] = answer(world, response_mode="jwt").params

    told = refused(world, id_token_hint=text)

    assert dict(told.params)["error"] == "invalid_request"


def test_a_signed_response_of_another_issuer_does_not_pass(world: World) -> None:
    """JARM 2.4, RFC 9207: what a mixed-up client must notice is there to be noticed."""
    [(_, text)] = answer(world, response_mode="jwt").params

    with pytest.raises(jwt.InvalidIssuerError):
        jwt.decode(
            text,
            signing_key("RS256").signer.public_key,
            algorithms=["RS256"],
            audience="housing",
            issuer="https://other.example.gov",
            options={"verify_exp": False},
        )
