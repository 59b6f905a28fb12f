"""Client authentication (RFC 6749 2.3, Core 9, RFC 7523 3)."""

import base64
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest

from sso.oidc.client import ClientAuthMethod, ClientSecret
from sso.oidc.client_authentication import ASSERTION_TYPE
from sso.oidc.digest import digest, new_id
from sso.oidc.errors import TokenError
from sso.oidc.jose import generate_private_key, public_jwk
from tests.fakes import FakeDatabase, Origin
from tests.oidc.examples import ISSUER, MINUTE, NOW, SECRET, World, basic, client, private, signing_key

RSA = signing_key("RS256", 1)
EC = signing_key("ES256", 1)
JWKS = {"keys": [RSA.public_jwk | {"alg": "RS256"}, EC.public_jwk]}
SIGNER = {
    "auth_method": ClientAuthMethod.PRIVATE_KEY_JWT,
    "jwks": JWKS,
    "secrets": (),
}


def refusal(world: World, authorization: str | None = None, form: dict[str, str] | None = None) -> TokenError:
    with pytest.raises(TokenError) as caught:
        world.authenticate(authorization, form)
    return caught.value


def assertion(
    key: Any = EC, alg: str = "ES256", headers: dict[str, Any] | None = None, **changes: Any
) -> str:
    claims = {
        "iss": "housing",
        "sub": "housing",
        "aud": ISSUER,
        "exp": int((NOW + MINUTE).timestamp()),
        "iat": int(NOW.timestamp()),
        "jti": new_id(),
    } | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, private(key), algorithm=alg, headers=headers)


def signed(text: str, **more: str) -> dict[str, str]:
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": text, **more}


@pytest.mark.parametrize(
    ("authorization", "form"),
    [
        (basic("housing", SECRET), {}),
        (basic("housing", SECRET).replace("Basic", "bAsIc"), {}),
        (basic("housing", SECRET), {"client_id": "housing"}),
        (None, {"client_id": "housing", "client_secret": SECRET}),
        ("Bearer x", {"client_id": "housing", "client_secret": SECRET}),
    ],
)
def test_a_secret_proves_its_client_by_header_or_form(
    world: World, authorization: str | None, form: dict[str, str]
) -> None:
    """RFC 6749 2.3.1."""
    assert world.authenticate(authorization, form).client_id == "housing"


@pytest.mark.parametrize("sent", ["a%2Bb%25c", "a+b%c"])
def test_basic_credentials_are_form_decoded_or_taken_raw(world: World, sent: str) -> None:
    """RFC 6749 2.3.1 says form-encoded; many libraries send them raw."""
    world.register(client(secrets=(ClientSecret(digest("a+b%c")),)))

    assert world.authenticate(basic("housing", sent)).client_id == "housing"


@pytest.mark.parametrize(
    ("authorization", "form", "code"),
    [
        (None, {}, "invalid_client"),
        (None, {"client_id": "housing"}, "invalid_client"),
        (None, {"client_id": "nobody"}, "invalid_client"),
        (None, {"client_id": "housing", "client_secret": "wrong"}, "invalid_client"),
        (basic("housing", "wrong"), {}, "invalid_client"),
        (basic("nobody", SECRET), {}, "invalid_client"),
        (basic("housing\0", SECRET), {}, "invalid_client"),
        (basic("housing", SECRET), {"client_id": "other"}, "invalid_client"),
        (basic("housing", SECRET), {"client_secret": SECRET, "client_id": "housing"}, "invalid_request"),
        (basic("housing", SECRET), signed("x"), "invalid_request"),
        ("Basic ", {}, "invalid_client"),
        ("Basic é", {}, "invalid_client"),
        ("Basic " + base64.b64encode(b"\xff:\xff").decode(), {}, "invalid_client"),
        ("Basic " + base64.b64encode(b"nocolon").decode(), {}, "invalid_client"),
        (None, {"client_assertion": "x", "client_assertion_type": "urn:other"}, "invalid_client"),
        (None, signed("x"), "invalid_client"),
        (None, signed("e30.e30.e30"), "invalid_client"),
        (None, signed("a." + base64.b64encode(b'{"iss": "\\ud800"}').decode() + ".c"), "invalid_client"),
        (None, signed("a." + base64.b64encode(b"[" * 9000).decode() + ".c"), "invalid_client"),
    ],
)
def test_what_proves_nothing_is_refused(
    world: World, authorization: str | None, form: dict[str, str], code: str
) -> None:
    """RFC 6749 5.2."""
    assert refusal(world, authorization, form).code == code


def test_a_failed_proof_is_recorded_with_a_private_reason() -> None:
    database = FakeDatabase()
    world = World(stores=database.stores)

    with pytest.raises(TokenError) as caught, database.begin(Origin()):
        world.authenticate(basic("housing", "wrong"))

    assert "wrong" not in caught.value.description
    event = database.stores.audit.records[0]
    assert (event.event, event.client_id, event.detail["reason"]) == (
        "client.auth.failed",
        "housing",
        "wrong secret",
    )


def test_a_replaced_secret_is_good_until_its_overlap_ends(world: World) -> None:
    old = ClientSecret(digest("old"), NOW + MINUTE)
    world.register(client(secrets=(ClientSecret(digest("new")), old)))

    assert world.authenticate(basic("housing", "old"))
    world.wait(MINUTE)
    assert refusal(world, basic("housing", "old")).code == "invalid_client"
    assert world.authenticate(basic("housing", "new"))


def test_a_public_client_shows_its_name_only_and_may_not_pretend_to_more(world: World) -> None:
    """RFC 6749 2.1."""
    world.register(client(auth_method=ClientAuthMethod.NONE, secrets=()))

    assert world.authenticate(None, {"client_id": "housing"}).public
    assert refusal(world, basic("housing", "")).code == "invalid_client"


def test_a_client_with_keys_cannot_fall_back_to_a_secret(world: World) -> None:
    """RFC 9700 2.5."""
    world.register(client(**SIGNER | {"secrets": (ClientSecret(digest(SECRET)),)}))

    assert refusal(world, basic("housing", SECRET)).code == "invalid_client"
    assert refusal(world, None, {"client_id": "housing"}).code == "invalid_client"


@pytest.mark.parametrize(
    ("key", "alg", "changes"),
    [
        (EC, "ES256", {}),
        (RSA, "RS256", {}),
        (EC, "ES256", {"aud": [ISSUER]}),
        (EC, "ES256", {"iat": None}),
        (EC, "ES256", {"iat": int(NOW.timestamp()) + 9}),
        (EC, "ES256", {"exp": int(NOW.timestamp()) - 8}),
    ],
)
def test_a_signed_assertion_proves_its_client(
    world: World, key: Any, alg: str, changes: dict[str, Any]
) -> None:
    """RFC 7523 3; ten seconds of skew."""
    world.register(client(**SIGNER))

    assert world.authenticate(None, signed(assertion(key, alg, **changes))).client_id == "housing"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "other"},
        {"iss": None},
        {"sub": "other"},
        {"aud": None},
        {"aud": "https://evil.example"},
        {"aud": [ISSUER, "https://evil.example"]},
        {"aud": f"{ISSUER}/oauth2/token"},
        {"aud": {"x": ISSUER}},
        {"exp": None},
        {"exp": int(NOW.timestamp()) - 11},
        {"exp": int(NOW.timestamp()) + 3600},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"exp": 10**400},
        {"exp": "soon"},
        {"nbf": int(NOW.timestamp()) + 60},
        {"iat": int(NOW.timestamp()) + 60},
        {"iat": "now"},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": "x" * 256},
    ],
)
def test_an_assertion_with_a_wrong_claim_proves_nothing(world: World, changes: dict[str, Any]) -> None:
    """RFC 7523 3, RFC 9700 2.5; the issuer is the single audience."""
    world.register(client(**SIGNER))
    header = base64.urlsafe_b64encode(b'{"alg":"ES256"}').rstrip(b"=")
    try:
        text = assertion(**changes)
    except (TypeError, ValueError, OverflowError):  # PyJWT refuses to write it: sign it ourselves
        claims = {"iss": "housing", "sub": "housing", "aud": ISSUER, "jti": new_id(), "exp": 0} | changes
        body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=")
        signature = jwt.algorithms.ECAlgorithm(jwt.algorithms.ECAlgorithm.SHA256).sign(
            header + b"." + body, private(EC)
        )
        text = b".".join((header, body, base64.urlsafe_b64encode(signature).rstrip(b"="))).decode()

    assert refusal(world, None, signed(text, client_id="housing")).code == "invalid_client"


def test_the_token_endpoint_is_an_audience_only_by_a_switch(world: World) -> None:
    """RFC 7523 3, rule 3; the draft update of it names the issuer alone."""
    world.register(client(**SIGNER, accept_token_endpoint_audience=True))

    assert world.authenticate(None, signed(assertion(aud=f"{ISSUER}/oauth2/token")))


def test_an_assertion_is_good_once(world: World) -> None:
    """RFC 7523 3, rule 7."""
    world.register(client(**SIGNER))
    text = assertion()
    world.authenticate(None, signed(text))

    assert refusal(world, None, signed(text)).reason == "jti was used before"


def test_two_clients_may_use_the_same_jti(world: World) -> None:
    world.register(client(**SIGNER))
    world.register(client(**SIGNER, client_id="other"))
    world.authenticate(None, signed(assertion(jti="1")))

    assert world.authenticate(None, signed(assertion(jti="1", iss="other", sub="other")))


def test_only_the_registered_algorithm_is_accepted(world: World) -> None:
    """OpenID Connect Registration 2, token_endpoint_auth_signing_alg."""
    world.register(client(**SIGNER, token_endpoint_auth_signing_alg="RS256"))

    assert world.authenticate(None, signed(assertion(RSA, "RS256")))
    assert refusal(world, None, signed(assertion())).reason == "alg not allowed for this client"


def _hmac_with_public_key() -> str:
    """The old confusion: the public key, which everyone knows, taken for an HMAC secret."""
    secret = str(RSA.public_jwk["n"]).encode()
    return assertion(secret, "HS256", {"kid": RSA.kid})


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(assertion(None, "none"), id="alg none"),
        pytest.param(_hmac_with_public_key(), id="HS256 under the public key"),
        pytest.param(assertion(RSA, "PS256"), id="an alg other than the key's own"),
        pytest.param(assertion(EC, "ES256", {"kid": RSA.kid}), id="kid of another key"),
        pytest.param(assertion(EC, "ES256", {"kid": "unknown"}), id="unknown kid"),
        pytest.param(assertion(EC, "ES256", {"crit": ["exp"], "exp": 1}), id="crit"),
        pytest.param(assertion(jti="x", pad="y" * 20_000), id="huge"),
    ],
)
def test_jose_tricks_prove_nothing(world: World, text: str) -> None:
    """RFC 8725 2.1, 3.1, 3.3, 3.10."""
    world.register(client(**SIGNER))

    assert refusal(world, None, signed(text, client_id="housing")).code == "invalid_client"


@pytest.mark.parametrize("member", ["jwk", "jku", "x5c", "x5u"])
def test_a_key_that_the_header_brings_along_is_never_used(world: World, member: str) -> None:
    """RFC 8725 3.10, CVE-2018-0114."""
    world.register(client(**SIGNER))
    evil = generate_private_key("ES256")
    brought = {"jwk": public_jwk(evil, "ES256"), "x5c": ["MIIB"]}.get(member, "https://evil.example/k")

    text = assertion(evil, "ES256", {member: brought})

    assert refusal(world, None, signed(text)).code == "invalid_client"


def test_an_encryption_key_does_not_verify(world: World) -> None:
    """RFC 7517 4.2."""
    world.register(client(**SIGNER | {"jwks": {"keys": [EC.public_jwk | {"use": "enc"}]}}))

    assert refusal(world, None, signed(assertion())).code == "invalid_client"


def test_a_spent_assertion_is_remembered_as_long_as_it_could_be_replayed(world: World) -> None:
    world.register(client(**SIGNER))
    text = assertion(exp=int((NOW + timedelta(minutes=9)).timestamp()))
    world.authenticate(None, signed(text))
    world.wait(timedelta(minutes=8))

    assert refusal(world, None, signed(text)).code == "invalid_client"
