"""The sample interface beside a real hub: offline checks, proofs of keys, a fresh sign-in."""

import json
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import jwt
import pytest

from tests.oidc.proofs import hash_of, proof, proof_key
from tests.relying_parties.department import environment
from tests.relying_parties.processes import serving
from tests.relying_parties.visitor import Visitor
from tests.running.application import REDIRECT_URI, Application, claims_of
from tests.running.tuned_hub import TunedHub, running_hub
from tests.servers.client_certificates import Issued, self_signed
from tests.servers.hub import PASSWORD, HubServer, free_port

PROGRAM = Path(__file__).resolve().parents[2] / "examples" / "department_resource" / "app.py"
KEY, OTHER = proof_key("ES256", 5), proof_key("ES256", 6)
OWN = self_signed()
FRESH_SECONDS = 4
SCOPE = "openid permits:read permits:write"

pytestmark = pytest.mark.slow


@dataclass
class Portal:
    """An application that calls the interface for a person at a browser."""

    hub: HubServer
    resource: str
    application: Application
    visitor: Visitor = field(default_factory=Visitor)

    def token(self, headers: Mapping[str, str] | None = None, **asked: str) -> str:
        """Return an access token for the person at the browser."""
        return str(self.tokens(headers, **asked)["access_token"])

    def tokens(self, headers: Mapping[str, str] | None = None, **asked: str) -> dict[str, Any]:
        """Send the browser to the hub, signing in where it asks, and redeem the code."""
        verifier = secrets.token_urlsafe(32)
        reached = self.visitor.open(
            self.application.authorization_url(verifier, scope=SCOPE, **asked), until=REDIRECT_URI
        )
        if not reached.startswith(REDIRECT_URI):
            reached = self.visitor.sign_in("tuya", PASSWORD, until=REDIRECT_URI)
        form = {"grant_type": "authorization_code", "redirect_uri": REDIRECT_URI, "code_verifier": verifier}
        form |= {"code": httpx.URL(reached).params["code"], "client_id": self.application.client_id}
        answer = self.application.http.post(f"{self.hub.issuer}/oauth2/token", data=form, headers=headers)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def bound_token(self) -> str:
        made = proof(key=KEY, htu=f"{self.hub.issuer}/oauth2/token", at=datetime.now(UTC))
        return self.token({"DPoP": made})

    def proof(self, text: str, **changes: Any) -> str:
        made = {"key": KEY, "htu": f"{self.resource}/permits", "htm": "GET", "ath": hash_of(text)}
        return proof(**{**made, "at": datetime.now(UTC), **changes})

    def call(
        self, method: str, text: str, *proofs: str, scheme: str = "Bearer", **headers: str
    ) -> httpx.Response:
        sent = [("Authorization", f"{scheme} {text}"), *(("DPoP", made) for made in proofs), *headers.items()]
        return self.application.http.request(method, f"{self.resource}/permits", headers=sent)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TunedHub]:
    """A hub that takes this machine for its proxy, which hands certificates on."""
    trusted = {"SERVER__TRUSTED_PROXIES": '["127.0.0.1/32"]'}
    with running_hub(tmp_path_factory.mktemp("hub"), settings=trusted) as running:
        running.add_citizen()
        yield running


@pytest.fixture(scope="module")
def portal(hub: TunedHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    port, folder = free_port(), tmp_path_factory.mktemp("resource")
    resource = f"http://127.0.0.1:{port}"
    setting = {"ISSUER": hub.issuer, "PORT": str(port), "PROXY": "127.0.0.1"}
    setting |= {"FRESH_SECONDS": str(FRESH_SECONDS)}
    with serving(
        [sys.executable, str(PROGRAM)], f"{resource}/healthz", folder / "log", environment(**setting)
    ):
        found = Portal(hub, resource, registered(hub, folder, resource))
        with found.application, found.visitor:
            yield found


def registered(hub: HubServer, folder: Path, audience: str, **more: Any) -> Application:
    metadata = {"redirect_uris": [REDIRECT_URI], "scope": SCOPE, "trusted": True, "audience": [audience]}
    file = folder / f"{secrets.token_hex(4)}.json"
    file.write_text(json.dumps({"token_endpoint_auth_method": "none", **metadata, **more}))
    return Application(hub.issuer, hub.add_client("--metadata-file", str(file))["client_id"], "")


def header_of(certificate: Issued) -> dict[str, str]:
    """What deploy/nginx-mtls.conf hands on."""
    return {"Clientcertificate": f"cert={quote(certificate.pem, safe='')};verify=FAILED:self-signed"}


def refused(answer: httpx.Response, status: int, error: str) -> str:
    assert (answer.status_code, answer.json().get("error")) == (status, error), answer.text
    return answer.headers["WWW-Authenticate"]


def test_a_token_for_the_interface_opens_it(portal: Portal) -> None:
    answer = portal.call("GET", portal.token())

    assert (answer.status_code, answer.json()) == (200, {"permits": []})


def test_a_caller_learns_from_a_refusal_alone_where_to_go(portal: Portal) -> None:
    """RFC 9728 3, 5.1: from the challenge to the description, from there to the hub."""
    answer = portal.application.http.get(f"{portal.resource}/permits")
    address = re.search(r'resource_metadata="([^"]+)"', answer.headers["WWW-Authenticate"])
    assert address is not None

    described = portal.application.http.get(address[1]).json()
    well_known = f"{described['authorization_servers'][0]}/.well-known/oauth-authorization-server"
    metadata = portal.application.http.get(well_known).json()

    assert answer.status_code == 401
    assert "error=" not in answer.headers["WWW-Authenticate"]
    assert described["resource"] == portal.resource
    assert metadata["issuer"] == portal.hub.issuer


@pytest.mark.parametrize("how", ["id_token", "other_audience", "changed", "none", "nonsense", "too_little"])
def test_what_is_no_access_token_for_the_interface_is_refused(
    portal: Portal, tmp_path: Path, how: str
) -> None:
    """RFC 9068 4, RFC 8725."""
    text = portal.token()
    status, error = 401, "invalid_token"
    if how == "id_token":
        text = portal.tokens()["id_token"]
    elif how == "other_audience":
        with registered(portal.hub, tmp_path, "https://other.example") as other:
            text = Portal(portal.hub, portal.resource, other, portal.visitor).token()
    elif how == "changed":
        head, body, signature = text.split(".")
        text = f"{head}.{body[:-4]}AAAA.{signature}"
    elif how == "none":
        text = jwt.encode(claims_of(text), None, algorithm="none", headers={"typ": "at+jwt"})
    elif how == "nonsense":
        text = "a.b.c"
    else:
        with registered(portal.hub, tmp_path, portal.resource, scope="openid") as poor:
            text = Portal(portal.hub, portal.resource, poor, portal.visitor).token()
            status, error = 403, "insufficient_scope"

    refused(portal.call("GET", text), status, error)


def test_a_change_needs_a_fresh_sign_in_and_the_client_acts_on_the_challenge(portal: Portal) -> None:
    """RFC 9470 3, 4: the challenge's own words, sent to the hub, bring a token that will do."""
    text = portal.token()
    time.sleep(max(0.0, claims_of(text)["auth_time"] + FRESH_SECONDS + 1 - time.time()))
    assert portal.call("GET", text).status_code == 200
    challenge = refused(portal.call("POST", text), 401, "insufficient_user_authentication")
    asked = dict(re.findall(r'(max_age|acr_values)="([^"]*)"', challenge))

    assert asked == {"max_age": str(FRESH_SECONDS)}
    fresh = portal.token(**asked)
    answer = portal.call("POST", fresh)

    assert answer.status_code == 201, answer.text
    assert claims_of(fresh)["auth_time"] > claims_of(text)["auth_time"]
    assert portal.call("GET", text).json()["permits"] == [answer.json()]


def test_a_bound_token_opens_it_with_its_proof_once(portal: Portal) -> None:
    """RFC 9449 7.1."""
    text = portal.bound_token()
    made = portal.proof(text)

    assert portal.call("GET", text, made, scheme="DPoP").status_code == 200
    refused(portal.call("GET", text, made, scheme="DPoP"), 401, "invalid_dpop_proof")


@pytest.mark.parametrize(
    ("scheme", "changes", "error"),
    [
        ("Bearer", {}, "invalid_token"),
        ("DPoP", None, "invalid_dpop_proof"),
        ("DPoP", {"key": OTHER}, "invalid_token"),
        ("DPoP", {"ath": None}, "invalid_dpop_proof"),
        ("DPoP", {"ath": hash_of("other")}, "invalid_dpop_proof"),
        ("DPoP", {"htm": "POST"}, "invalid_dpop_proof"),
        ("DPoP", {"htu": "https://evil.example/permits"}, "invalid_dpop_proof"),
        ("DPoP", {"iat": 1}, "invalid_dpop_proof"),
        ("DPoP", {"iat": "now"}, "invalid_dpop_proof"),
        ("DPoP", {"jti": None}, "invalid_dpop_proof"),
        ("DPoP", {"header": {"typ": "JWT"}}, "invalid_dpop_proof"),
        ("DPoP", {"header": {"jwk": dict(OTHER.public_jwk)}}, "invalid_dpop_proof"),
        ("DPoP", {"header": {"jwk": None}}, "invalid_dpop_proof"),
        ("DPoP", {"header": {"jwk": {"kty": "oct", "k": "AAAA"}}}, "invalid_dpop_proof"),
    ],
)
def test_a_bound_token_without_a_proof_that_fits_is_refused(
    portal: Portal, scheme: str, changes: dict[str, Any] | None, error: str
) -> None:
    """RFC 9449 4.3, 7.1, 7.2."""
    text = portal.bound_token()
    proofs = () if changes is None else (portal.proof(text, **changes),)

    challenge = refused(portal.call("GET", text, *proofs, scheme=scheme), 401, error)

    assert challenge.startswith("DPoP ")
    assert "algs=" in challenge


def test_a_bearer_token_is_refused_under_the_dpop_scheme(portal: Portal) -> None:
    text = portal.token()

    challenge = refused(portal.call("GET", text, portal.proof(text), scheme="DPoP"), 401, "invalid_token")

    assert challenge.startswith("Bearer ")


@pytest.mark.parametrize("shown", [OWN, self_signed(), None])
def test_a_token_bound_to_a_certificate_opens_it_with_that_one(
    portal: Portal, tmp_path: Path, shown: Issued | None
) -> None:
    """RFC 8705 3: as the proxy in front says, which is this machine's address here."""
    metadata = {"tls_client_certificate_bound_access_tokens": True}
    with registered(portal.hub, tmp_path, portal.resource, **metadata) as application:
        bound = Portal(portal.hub, portal.resource, application, portal.visitor)
        text = bound.token(header_of(OWN))
    header = {} if shown is None else header_of(shown)

    answer = portal.call("GET", text, **header)

    assert claims_of(text)["cnf"] == {"x5t#S256": OWN.shown(verified=False).x5t}
    assert answer.status_code == (200 if shown is OWN else 401), answer.text


def test_a_missing_issuer_is_named() -> None:
    command = [sys.executable, str(PROGRAM)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=30, check=False)

    assert (done.returncode, done.stderr.strip()) == (1, "department_resource: ISSUER not set")


def test_without_the_hubs_keys_nobody_is_blamed(portal: Portal, tmp_path: Path) -> None:
    port, text = free_port(), portal.token()
    setting = environment(ISSUER="http://127.0.0.1:1", PORT=str(port))
    address = f"http://127.0.0.1:{port}"
    with serving([sys.executable, str(PROGRAM)], f"{address}/healthz", tmp_path / "log", setting):
        answers = [
            httpx.get(f"{address}/permits", headers={"Authorization": f"Bearer {text}"}, trust_env=False)
            for _ in range(2)
        ]

    assert [answer.status_code for answer in answers] == [503, 503]
