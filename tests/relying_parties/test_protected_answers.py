"""A relying party written on joserfc: it decrypts and verifies what it registered for.

ID tokens (OpenID Connect Core 16.14), UserInfo (5.3.2) and introspection responses (RFC 9701).
"""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from joserfc import jwe, jws, jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from sso.audit.record import Origin
from sso.authentication.clients import add_client
from sso.config import load
from sso.hub import build
from sso.oidc.registration import Proposal
from tests.relying_parties.code_flow import tokens
from tests.relying_parties.visitor import Visitor
from tests.servers.hub import PASSWORD, HubServer, StartHub

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")]

REDIRECT_URI = "http://127.0.0.1:9/cb"
SIGNATURES = ["RS256", "PS256", "ES256", "EdDSA"]
WAIT_SECONDS = 20


@dataclass
class RelyingParty:
    """An application that has one key of each type, and checks everything that it is told."""

    hub: HubServer
    metadata: dict[str, Any]
    keys: dict[str, Any] = field(
        default_factory=lambda: {
            "ECDH-ES": ECKey.generate_key("P-256", auto_kid=True),
            "RSA-OAEP-256": RSAKey.generate_key(2048, auto_kid=True),
        }
    )
    client: dict[str, Any] = field(default_factory=dict)

    def register(self, **metadata: Any) -> None:
        """Register with both keys and what the test wants protected."""
        public = [key.as_dict(private=False) | {"use": "enc"} for key in self.keys.values()]
        whole = {
            "client_name": "Housing",
            "redirect_uris": [REDIRECT_URI],
            "trusted": True,
            "jwks": {"keys": public},
            **metadata,
        }
        hub = build(load(str(self.hub.config_file), {}))
        with hub.database.begin(Origin(actor="test")) as stores:
            client, secret = add_client(Proposal(whole), "test", stores, datetime.now(UTC))
        hub.close()
        self.client = {"client_id": client.client_id, "client_secret": secret}

    def sign_in(self) -> dict[str, Any]:
        """Let a person sign in; return the token response."""
        with Visitor() as visitor:
            person = ("tuya", PASSWORD)
            return tokens(self.hub.issuer, self.client, REDIRECT_URI, visitor, person, "openid email")

    def decrypted(self, text: str, alg: str, enc: str) -> str:
        read = jwe.decrypt_compact(text, self.keys[alg], algorithms=[alg, enc])
        assert read.protected["cty"] == "JWT"
        return (read.plaintext or b"").decode()

    def verified(self, text: str, alg: str, typ: str = "JWT") -> dict[str, Any]:
        """What a JWT for this application says (RFC 8725 3)."""
        published = httpx.get(self.metadata["jwks_uri"], trust_env=False, verify=False).json()
        registry = jws.JWSRegistry(algorithms=[alg])
        read = jwt.decode(text, KeySet.import_key_set(published), algorithms=[alg], registry=registry)
        assert read.header["typ"] == typ
        wanted = {"iss": self.hub.issuer, "aud": self.client["client_id"]}
        options = {name: {"essential": True, "value": value} for name, value in wanted.items()}
        jwt.JWTClaimsRegistry(**options).validate(read.claims)
        return read.claims

    def userinfo(self, access_token: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {access_token}"}
        return httpx.get(self.metadata["userinfo_endpoint"], headers=headers, trust_env=False, verify=False)

    def introspect(self, token: str, accept: str) -> httpx.Response:
        return httpx.post(
            self.metadata["introspection_endpoint"],
            data={"token": token},
            auth=(self.client["client_id"], self.client["client_secret"]),
            headers={"Accept": accept},
            trust_env=False,
            verify=False,
        )


@pytest.fixture(scope="module")
def everyone(start_hub: StartHub) -> RelyingParty:
    """A hub that signs by every algorithm, and an application that is not registered yet."""
    hub = start_hub(extra=f"[keys]\nalgorithms = {SIGNATURES}\npublish_before_seconds = 0\n")
    hub.add_citizen()
    ends = time.monotonic() + WAIT_SECONDS
    address = f"{hub.issuer}/.well-known/openid-configuration"
    metadata: dict[str, Any] = {}
    while time.monotonic() < ends:
        metadata = httpx.get(address, trust_env=False, verify=False).json()
        if metadata["id_token_signing_alg_values_supported"] == SIGNATURES:
            break
        time.sleep(0.5)
    assert metadata["id_token_signing_alg_values_supported"] == SIGNATURES
    return RelyingParty(hub, metadata)


@pytest.mark.parametrize("alg", SIGNATURES)
def test_an_id_token_is_signed_by_the_registered_algorithm(everyone: RelyingParty, alg: str) -> None:
    """Registration 2."""
    everyone.register(id_token_signed_response_alg=alg)

    told = everyone.sign_in()

    assert everyone.verified(told["id_token"], alg)["auth_time"] <= time.time()


@pytest.mark.parametrize(
    ("alg", "enc", "signature"),
    [
        ("RSA-OAEP-256", "A128GCM", "RS256"),
        ("RSA-OAEP-256", "A128CBC-HS256", "PS256"),
        ("ECDH-ES", "A256GCM", "EdDSA"),
        ("ECDH-ES", "A128CBC-HS256", "ES256"),
    ],
)
def test_everything_that_is_about_the_person_is_signed_and_encrypted(
    everyone: RelyingParty, alg: str, enc: str, signature: str
) -> None:
    """Core 5.3.2, 16.14; RFC 9701 5."""
    kinds = ("id_token", "userinfo", "introspection")
    everyone.register(
        **{f"{kind}_signed_response_alg": signature for kind in kinds},
        **{f"{kind}_encrypted_response_alg": alg for kind in kinds},
        **{f"{kind}_encrypted_response_enc": enc for kind in kinds},
    )

    told = everyone.sign_in()
    answer = everyone.userinfo(told["access_token"])
    introspected = everyone.introspect(told["access_token"], "application/token-introspection+jwt")

    id_token = everyone.verified(everyone.decrypted(told["id_token"], alg, enc), signature)
    claims = everyone.verified(everyone.decrypted(answer.text, alg, enc), signature)
    nested = everyone.decrypted(introspected.text, alg, enc)
    evidence = everyone.verified(nested, signature, "token-introspection+jwt")
    assert answer.headers["Content-Type"] == "application/jwt"
    assert introspected.headers["Content-Type"] == "application/token-introspection+jwt"
    assert claims["email"] == "tuya@example.org"
    assert claims["sub"] == id_token["sub"] == evidence["token_introspection"]["sub"]
    assert introspected.headers["Cache-Control"] == answer.headers["Cache-Control"] == "no-store"


def test_userinfo_encrypted_alone_is_bare_claims(everyone: RelyingParty) -> None:
    """Core 5.3.2."""
    everyone.register(userinfo_encrypted_response_alg="ECDH-ES")

    answer = everyone.userinfo(everyone.sign_in()["access_token"])

    read = jwe.decrypt_compact(answer.text, everyone.keys["ECDH-ES"], algorithms=["ECDH-ES", "A128CBC-HS256"])
    assert b'"email":"tuya@example.org"' in (read.plaintext or b"")


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("text/html", "application/json"),
        ("application/json, application/token-introspection+jwt;q=0.5", "application/json"),
        ("application/token-introspection+jwt", "application/token-introspection+jwt"),
        ("application/token-introspection+jwt, */*;q=0.1", "application/token-introspection+jwt"),
        ("APPLICATION/TOKEN-INTROSPECTION+JWT", "application/token-introspection+jwt"),
    ],
)
def test_the_caller_says_by_accept_whether_it_wants_a_jwt(
    everyone: RelyingParty, accept: str, media_type: str
) -> None:
    """RFC 9701 4."""
    everyone.register()

    answer = everyone.introspect("nonsense", accept)

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, media_type)
    if media_type != "application/json":
        told = everyone.verified(answer.text, "RS256", "token-introspection+jwt")
        assert told["token_introspection"] == {"active": False}


def test_an_encrypted_hint_is_refused_by_name_and_the_signed_one_is_accepted(everyone: RelyingParty) -> None:
    """Core 3.1.2.1."""
    everyone.register(id_token_encrypted_response_alg="ECDH-ES", id_token_encrypted_response_enc="A128GCM")
    encrypted = everyone.sign_in()["id_token"]
    nested = everyone.decrypted(encrypted, "ECDH-ES", "A128GCM")

    def asked(hint: str) -> httpx.Response:
        address = everyone.metadata["end_session_endpoint"]
        return httpx.get(address, params={"id_token_hint": hint}, trust_env=False, verify=False)

    assert asked(nested).status_code == 303
    asked(encrypted)
    (event,) = everyone.hub.audit("--event", "logout.request.rejected")
    assert event["detail"]["reason"] == "id_token_hint is encrypted to the client"


def test_nobody_registers_for_an_encryption_that_no_key_of_theirs_can_read(everyone: RelyingParty) -> None:
    """Registration 2: jwks must hold a key for it."""
    del_keys = {"jwks": {"keys": [everyone.keys["ECDH-ES"].as_dict(private=False) | {"use": "sig"}]}}

    with pytest.raises(ValueError, match="ECDH-ES needs a key for it in jwks"):
        everyone.register(id_token_encrypted_response_alg="ECDH-ES", **del_keys)
