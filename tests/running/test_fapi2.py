"""A client of FAPI 2.0 Message Signing against a running hub: signed both ways, bound, and nothing less."""

import base64
import hashlib
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import jwt
import pytest

from tests.oidc.examples import private, signing_key
from tests.oidc.proofs import hash_of, proof, proof_key
from tests.relying_parties.visitor import Visitor
from tests.running.application import REDIRECT_URI
from tests.servers.hub import PASSWORD, HubServer, StartHub

pytestmark = pytest.mark.slow
CLIENT_KEY = signing_key("ES256", 7)
WEAK_KEY = signing_key("RS256", 7)


@dataclass
class Bank:
    """The client: what it sends, each part of which a test may spoil."""

    hub: HubServer
    client_id: str
    http: httpx.Client

    def signed(self, typ: str, key: Any = CLIENT_KEY, **claims: Any) -> str:
        now = int(datetime.now(UTC).timestamp())
        whole = {"iss": self.client_id, "aud": self.hub.issuer, "iat": now, "nbf": now, "exp": now + 60}
        whole |= {"jti": secrets.token_urlsafe(8), **claims}
        return jwt.encode(whole, private(key), algorithm=key.alg, headers={"typ": typ, "kid": key.kid})

    def authentication(self, **claims: Any) -> dict[str, str]:
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        assertion = self.signed("JWT", **{"sub": self.client_id, **claims})
        return {"client_assertion_type": kind, "client_assertion": assertion}

    def request_object(self, verifier: str, **changes: Any) -> str:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "client_id": self.client_id,
            "response_type": "code",
            "response_mode": "jwt",
            "redirect_uri": REDIRECT_URI,
            "scope": "openid profile offline_access",
            "state": "the state",
            "nonce": "the nonce",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return self.signed("oauth-authz-req+jwt", **(asked | changes))

    def push(self, form: dict[str, str], **claims: Any) -> httpx.Response:
        return self.post("/oauth2/par", form | self.authentication(**claims))

    def post(self, path: str, form: dict[str, str], **headers: str) -> httpx.Response:
        return self.http.post(f"{self.hub.issuer}{path}", data=form, headers=headers)

    def proof(self, path: str, method: str = "POST", key: Any = None, **more: Any) -> str:
        made = {"key": key or proof_key(), "htu": f"{self.hub.issuer}{path}", "htm": method}
        return proof(**made, at=datetime.now(UTC), **more)

    def key_set(self) -> jwt.PyJWKSet:
        return jwt.PyJWKSet.from_dict(self.http.get(f"{self.hub.issuer}/oauth2/jwks").json())

    def read(self, text: str, audience: str) -> dict[str, Any]:
        """What the hub signed, verified as the client must."""
        key = self.key_set()[jwt.get_unverified_header(text)["kid"]]
        claims: dict[str, Any] = jwt.decode(
            text, key, algorithms=["ES256"], audience=audience, issuer=self.hub.issuer
        )
        return claims


@pytest.fixture(scope="module")
def bank(start_hub: StartHub) -> Iterator[Bank]:
    hub = start_hub()
    hub.add_citizen()
    file = hub.folder / "bank.json"
    metadata = {
        "profile": "fapi2-message-signing",
        "application_type": "native",
        "jwks": {"keys": [dict(CLIENT_KEY.public_jwk), dict(WEAK_KEY.public_jwk)]},
    }
    file.write_text(json.dumps(metadata), encoding="utf-8")
    arguments = ("--redirect-uri", REDIRECT_URI, "--trusted", "--metadata-file", str(file))
    client = hub.add_client(*arguments, name="Bank")
    with httpx.Client(trust_env=False, timeout=15) as http:
        yield Bank(hub, client["client_id"], http)


def answered(bank: Bank, request_uri: str) -> dict[str, Any]:
    """Go through the browser with a pushed request; what the signed answer says."""
    asked = urlencode({"client_id": bank.client_id, "request_uri": request_uri})
    with Visitor() as visitor:
        visitor.open(f"{bank.hub.issuer}/oauth2/authorize?{asked}")
        query = parse_qs(urlsplit(visitor.sign_in("tuya", PASSWORD, until=REDIRECT_URI)).query)
    assert set(query) == {"response"}
    return bank.read(query["response"][0], bank.client_id)


def test_a_whole_sign_in_is_signed_and_bound_from_end_to_end(bank: Bank) -> None:
    """FAPI 2.0 Security Profile 5.3.2, Message Signing 5.3 and 5.4."""
    verifier = secrets.token_urlsafe(48)

    pushed = bank.push({"request": bank.request_object(verifier)}).json()
    answer = answered(bank, pushed["request_uri"])
    form = {
        "grant_type": "authorization_code",
        "code": answer["code"],
        "redirect_uri": REDIRECT_URI,
        "code_verifier": verifier,
    }
    told = bank.post("/oauth2/token", form | bank.authentication(), DPoP=bank.proof("/oauth2/token")).json()
    text = told["access_token"]
    used = bank.http.get(
        f"{bank.hub.issuer}/oauth2/userinfo",
        headers={
            "Authorization": f"DPoP {text}",
            "DPoP": bank.proof("/oauth2/userinfo", "GET", ath=hash_of(text)),
        },
    )

    assert pushed["expires_in"] < 600
    assert (answer["state"], answer["iss"]) == ("the state", bank.hub.issuer)
    assert told["token_type"] == "DPoP"
    assert bank.read(told["id_token"], bank.client_id)["nonce"] == "the nonce"
    assert used.json()["name"] == "Tuya Bat"
    again = {"grant_type": "refresh_token", "refresh_token": told["refresh_token"]}
    refreshed = bank.post("/oauth2/token", again | bank.authentication(), DPoP=bank.proof("/oauth2/token"))
    assert refreshed.json().get("refresh_token", told["refresh_token"]) == told["refresh_token"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"key": WEAK_KEY}, "invalid_request_object"),
        ({"nbf": None}, "invalid_request_object"),
        ({"aud": "https://other.example"}, "invalid_request_object"),
        ({"response_mode": "query"}, "invalid_request"),
        ({"code_challenge": "", "code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_a_request_that_is_less_than_the_profile_is_refused(
    bank: Bank, changes: dict[str, Any], error: str
) -> None:
    text = bank.request_object("v" * 43, **changes)

    refused = bank.push({"request": text})

    assert (refused.status_code, refused.json()["error"]) == (400, error)


def test_an_unsigned_request_is_refused(bank: Bank) -> None:
    """Message Signing 5.3.1."""
    asked = {"response_type": "code", "redirect_uri": REDIRECT_URI, "scope": "openid", "response_mode": "jwt"}

    refused = bank.push(asked | {"code_challenge": "x" * 43, "code_challenge_method": "S256"})

    assert refused.status_code == 400


@pytest.mark.parametrize("claims", [{"key": WEAK_KEY}, {"aud": "ARRAY"}, {"aud": "TOKEN"}])
def test_a_weak_authentication_is_refused(bank: Bank, claims: dict[str, Any]) -> None:
    """Security Profile 5.3.2.1, 5.4.1."""
    audiences = {"ARRAY": [bank.hub.issuer], "TOKEN": f"{bank.hub.issuer}/oauth2/token"}
    claims = {name: audiences.get(str(value), value) for name, value in claims.items()}

    refused = bank.push({"request": bank.request_object("v" * 43)}, **claims)

    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")


def test_a_request_in_the_browser_is_refused(bank: Bank) -> None:
    """Security Profile 5.3.2.2: pushed, or not at all."""
    asked = {
        "client_id": bank.client_id,
        "redirect_uri": REDIRECT_URI,
        "request": bank.request_object("v" * 43),
    }

    answer = bank.http.get(f"{bank.hub.issuer}/oauth2/authorize?{urlencode(asked)}")

    assert answer.status_code == 303
    assert "code=" not in answer.headers["Location"]


def test_a_token_is_never_given_without_a_key(bank: Bank) -> None:
    """Security Profile 5.3.2.1."""
    verifier = secrets.token_urlsafe(48)
    pushed = bank.push({"request": bank.request_object(verifier)}).json()
    answer = answered(bank, pushed["request_uri"])
    form = {
        "grant_type": "authorization_code",
        "code": answer["code"],
        "redirect_uri": REDIRECT_URI,
        "code_verifier": verifier,
    }

    without = bank.post("/oauth2/token", form | bank.authentication())
    weak = bank.post(
        "/oauth2/token",
        form | bank.authentication(),
        DPoP=bank.proof("/oauth2/token", key=proof_key("RS256")),
    )

    assert [answer.json()["error"] for answer in (without, weak)] == ["invalid_dpop_proof"] * 2


def test_a_registration_that_breaks_a_rule_is_told_which(bank: Bank) -> None:
    done = bank.hub.run(
        *("client", "add", "--name", "Weak", "--redirect-uri", "https://weak.example/cb"),
        *("--auth-method", "client_secret_basic", "--metadata", "profile=fapi2"),
        check=False,
    )

    assert done.returncode != 0
    assert "FAPI 2.0 Security Profile 5.3.2.1" in done.stderr
