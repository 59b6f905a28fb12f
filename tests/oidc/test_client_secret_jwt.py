"""client_secret_jwt: an assertion signed with the client's own secret (OpenID Connect Core 9, RFC 7523 3)."""

from typing import Any

import jwt
import pytest

from sso.oidc.client import Client, ClientAuthMethod
from sso.oidc.client_authentication import ASSERTION_TYPE
from sso.oidc.digest import new_id
from sso.oidc.errors import TokenError
from sso.oidc.registration import new_client, rotated_secret
from tests.oidc.examples import ISSUER, MINUTE, NOW, World, basic, private, signing_key

METADATA = {
    "client_name": "Housing",
    "redirect_uris": ["https://housing.example/cb"],
    "token_endpoint_auth_method": "client_secret_jwt",
}
RSA = signing_key("RS256", 1)


def registered(world: World, **more: Any) -> tuple[Client, str]:
    made, secret = new_client({**METADATA, **more}, NOW)
    assert secret is not None
    return world.register(made), secret


def assertion(client: Client, key: Any, alg: str = "HS256", **changes: Any) -> dict[str, str]:
    claims = {
        "iss": client.client_id,
        "sub": client.client_id,
        "aud": ISSUER,
        "exp": int((NOW + MINUTE).timestamp()),
        "jti": new_id(),
    } | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    text = jwt.encode(claims, key, algorithm=alg)
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": text}


def refusal(world: World, form: dict[str, str], authorization: str | None = None) -> str:
    with pytest.raises(TokenError) as caught:
        world.authenticate(authorization, form)
    assert caught.value.code == "invalid_client"
    return caught.value.reason


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
def test_a_secret_signs(world: World, alg: str) -> None:
    """RFC 7518 3.2: the secret that we make is long enough for each."""
    client, secret = registered(world)

    assert world.authenticate(None, assertion(client, secret, alg)).client_id == client.client_id


def test_only_the_registered_algorithm_is_accepted(world: World) -> None:
    """OpenID Connect Registration 2, token_endpoint_auth_signing_alg."""
    client, secret = registered(world, token_endpoint_auth_signing_alg="HS512")

    assert world.authenticate(None, assertion(client, secret, "HS512"))
    assert refusal(world, assertion(client, secret)) == "alg not allowed for this client"


def test_two_secrets_overlap_while_one_is_replaced(world: World) -> None:
    client, old = registered(world)
    rotated, new = rotated_secret(client, NOW, MINUTE)
    world.register(rotated)

    assert world.authenticate(None, assertion(client, old))
    assert world.authenticate(None, assertion(client, new))
    world.wait(MINUTE)
    late = {"exp": int((world.now + MINUTE).timestamp())}
    assert refusal(world, assertion(client, old, **late)) == "the signature does not verify"
    assert world.authenticate(None, assertion(client, new, **late))


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "other"},
        {"sub": "other"},
        {"sub": None},
        {"aud": "https://evil.example"},
        {"aud": None},
        {"exp": int(NOW.timestamp()) - 11},
        {"exp": None},
        {"exp": int(NOW.timestamp()) + 3600},
        {"jti": None},
        {"nbf": int(NOW.timestamp()) + 60},
    ],
)
def test_an_assertion_with_a_wrong_claim_proves_nothing(world: World, changes: dict[str, Any]) -> None:
    """RFC 7523 3."""
    client, secret = registered(world)

    assert refusal(world, {"client_id": client.client_id, **assertion(client, secret, **changes)})


def test_an_assertion_is_good_once(world: World) -> None:
    """RFC 7523 3, rule 7."""
    client, secret = registered(world)
    form = assertion(client, secret)
    world.authenticate(None, form)

    assert refusal(world, form) == "jti was used before"


@pytest.mark.parametrize(
    ("key", "alg"),
    [
        pytest.param("another-secret-another-secret-another-secret", "HS256", id="another secret"),
        pytest.param("x" * 32, "HS256", id="a guess"),
        pytest.param(None, "none", id="none"),
        pytest.param(private(RSA), "RS256", id="a key where a secret is registered"),
    ],
)
def test_another_key_proves_nothing(world: World, key: Any, alg: str) -> None:
    """RFC 8725 3.1."""
    client, _ = registered(world)

    assert refusal(world, assertion(client, key, alg))


def test_the_secret_itself_is_never_sent(world: World) -> None:
    """Core 9: that is the point of the method."""
    client, secret = registered(world)

    assert refusal(world, {"client_id": client.client_id, "client_secret": secret})
    assert refusal(world, {}, basic(client.client_id, secret))
    assert refusal(world, {"client_id": client.client_id})


def test_a_client_with_keys_cannot_be_impersonated_by_hmac_under_its_public_key(world: World) -> None:
    """RFC 8725 2.1: the old confusion; the method is the registered one."""
    jwks = {"keys": [RSA.public_jwk]}
    metadata = {**METADATA, "token_endpoint_auth_method": "private_key_jwt", "jwks": jwks}
    client = world.register(new_client(metadata, NOW)[0])

    reason = refusal(world, assertion(client, str(RSA.public_jwk["n"]).encode()))

    assert reason == "registered for private_key_jwt"


def test_a_client_whose_secret_is_sent_has_none_that_signs(world: World) -> None:
    """Only the digest of such a secret is kept; it cannot verify an HMAC."""
    made, secret = new_client({**METADATA, "token_endpoint_auth_method": "client_secret_basic"}, NOW)
    client = world.register(made)

    assert refusal(world, assertion(client, secret)) == "registered for client_secret_basic"
    assert all(known.hmac_key is None for known in client.secrets)
    assert client.auth_method is ClientAuthMethod.CLIENT_SECRET_BASIC
