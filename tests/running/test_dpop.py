"""DPoP against a running hub: tokens bound to a key, and everything that must not pass (RFC 9449)."""

import json
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.oidc.proofs import hash_of, proof, proof_key
from tests.relying_parties.visitor import Visitor
from tests.running.application import REDIRECT_URI, Application, claims_of, signed_in
from tests.running.state import events
from tests.running.tuned_hub import TunedHub, running_hub

KEY, OTHER = proof_key("ES256", 5), proof_key("ES256", 6)

pytestmark = pytest.mark.slow


@dataclass
class Site:
    hub: TunedHub
    application: Application
    cookies: dict[str, str]

    def proof(self, path: str = "/oauth2/token", method: str = "POST", **changes: Any) -> str:
        """A good proof for an endpoint of the hub."""
        made = {"key": KEY, "htu": f"{self.hub.issuer}{path}", "htm": method, "at": datetime.now(UTC)}
        return proof(**made | changes)

    def token(self, form: dict[str, str], *proofs: str) -> httpx.Response:
        headers = [("DPoP", proof) for proof in proofs]
        form = {"client_id": self.application.client_id, **form}
        return self.application.http.post(f"{self.hub.issuer}/oauth2/token", data=form, headers=headers)

    def redeem(self, *proofs: str, **more: str) -> httpx.Response:
        verifier = secrets.token_urlsafe(32)
        code = self.application.ask_code(self.cookies, verifier, **more)
        assert code is not None
        form = {"grant_type": "authorization_code", "redirect_uri": REDIRECT_URI, "code_verifier": verifier}
        return self.token(form | {"code": code}, *proofs)

    def refresh(self, refresh_token: str, *proofs: str) -> httpx.Response:
        return self.token({"grant_type": "refresh_token", "refresh_token": refresh_token}, *proofs)

    def userinfo(self, text: str, *proofs: str, scheme: str = "DPoP") -> httpx.Response:
        headers = [("Authorization", f"{scheme} {text}"), *(("DPoP", proof) for proof in proofs)]
        return self.application.http.get(f"{self.hub.issuer}/oauth2/userinfo", headers=headers)

    def userinfo_proof(self, text: str, **changes: Any) -> str:
        return self.proof("/oauth2/userinfo", "GET", **{"ath": hash_of(text), **changes})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_hub(tmp_path_factory.mktemp("hub")) as hub:
        hub.add_citizen()
        arguments = ("--redirect-uri", REDIRECT_URI, "--public", "--trusted")
        client = hub.add_client(*arguments, "--scope", "openid profile offline_access", name="Mobile")
        with Application(hub.issuer, client["client_id"], "") as application:
            yield Site(hub, application, signed_in(application))


@pytest.fixture(scope="module")
def demanding(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A client that always binds its tokens, with a nonce of the hub's."""
    file = tmp_path_factory.mktemp("metadata") / "metadata.json"
    file.write_text(json.dumps({"dpop_bound_access_tokens": True, "dpop_nonce_required": True}))
    arguments = ("--redirect-uri", REDIRECT_URI, "--public", "--trusted", "--metadata-file", str(file))
    client = site.hub.add_client(*arguments, "--scope", "openid offline_access", name="Careful")
    with Application(site.hub.issuer, client["client_id"], "") as application:
        yield Site(site.hub, application, site.cookies)


def refused(response: httpx.Response, status: int, error: str) -> httpx.Response:
    assert (response.status_code, response.json()["error"]) == (status, error), response.text
    return response


def test_a_browser_application_binds_its_tokens_and_uses_them(site: Site) -> None:
    """RFC 9449 5, 7.1."""
    answer = site.redeem(site.proof())

    told = answer.json()
    text = told["access_token"]
    used = site.userinfo(text, site.userinfo_proof(text))
    assert told["token_type"] == "DPoP"
    assert set(claims_of(text)["cnf"]) == {"jkt"}
    assert used.json()["name"] == "Tuya Bat"
    assert answer.headers["DPoP-Nonce"] and used.headers["DPoP-Nonce"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_token_that_leaks_is_worthless(site: Site) -> None:
    """RFC 9449 7.2, 11.1."""
    text = site.redeem(site.proof()).json()["access_token"]
    spent = site.userinfo_proof(text)
    assert site.userinfo(text, spent).status_code == 200

    as_bearer = refused(site.userinfo(text, scheme="Bearer"), 401, "invalid_token")
    assert as_bearer.headers["WWW-Authenticate"].startswith('DPoP realm="sso", error="invalid_token"')
    assert 'algs="RS256 PS256 ES256 ES384 EdDSA"' in as_bearer.headers["WWW-Authenticate"]
    refused(site.userinfo(text), 401, "invalid_dpop_proof")
    refused(site.userinfo(text, spent), 401, "invalid_dpop_proof")
    refused(site.userinfo(text, site.userinfo_proof(text, key=OTHER)), 401, "invalid_token")
    refused(site.userinfo(text, site.userinfo_proof(text, ath=None)), 401, "invalid_dpop_proof")
    refused(
        site.userinfo(text, site.userinfo_proof(text), site.userinfo_proof(text)), 401, "invalid_dpop_proof"
    )
    by_form = site.application.http.post(f"{site.hub.issuer}/oauth2/userinfo", data={"access_token": text})
    refused(by_form, 401, "invalid_token")
    reasons = [event["reason"] for event in events(site.hub, "bearer.rejected")]
    assert {"Bearer scheme", "jti was used before", "proof by another key"} <= set(reasons)


def test_scheme_names_compare_without_case(site: Site) -> None:
    """RFC 9110 11.1."""
    text = site.redeem(site.proof()).json()["access_token"]

    assert site.userinfo(text, site.userinfo_proof(text), scheme="dpop").status_code == 200


def test_a_bearer_token_cannot_be_shown_as_a_bound_one(site: Site) -> None:
    told = site.redeem().json()

    assert told["token_type"] == "Bearer"
    refusal = site.userinfo(told["access_token"], site.userinfo_proof(told["access_token"]))
    assert refused(refusal, 401, "invalid_token").headers["WWW-Authenticate"].startswith("Bearer ")


def test_without_a_token_both_schemes_are_offered(site: Site) -> None:
    """RFC 9449 7.1."""
    answer = site.application.http.get(f"{site.hub.issuer}/oauth2/userinfo")

    assert answer.status_code == 401
    schemes = [value.split(" ")[0] for value in answer.headers.get_list("WWW-Authenticate")]
    assert schemes == ["Bearer", "DPoP"]


@pytest.mark.parametrize(
    "mutate",
    [
        pytest.param(lambda site: site.proof(method="GET"), id="another method"),
        pytest.param(lambda site: site.proof("/oauth2/userinfo"), id="another endpoint"),
        pytest.param(lambda site: site.proof(htu="https://evil.example/oauth2/token"), id="another host"),
        pytest.param(lambda site: site.proof(iat=0), id="long ago"),
        pytest.param(
            lambda site: site.proof(at=datetime.now(UTC) + timedelta(minutes=1)), id="in the future"
        ),
        pytest.param(lambda site: site.proof(jti=None), id="no jti"),
        pytest.param(lambda site: site.proof(header={"typ": "JWT"}), id="typ of another JWT"),
        pytest.param(lambda site: site.proof(header={"jwk": None}), id="no key"),
        pytest.param(lambda site: site.proof(header={"jwk": dict(OTHER.public_jwk)}), id="another's key"),
        pytest.param(lambda site: "not-a-jwt", id="no JWT"),
        pytest.param(lambda site: f"{site.proof()}, {site.proof()}", id="two in one header"),
    ],
)
def test_a_bad_proof_gets_no_token_and_spends_no_code(site: Site, mutate: Callable[[Site], str]) -> None:
    """RFC 9449 4.3, 5."""
    verifier = secrets.token_urlsafe(32)
    code = site.application.ask_code(site.cookies, verifier)
    assert code is not None
    form = {"grant_type": "authorization_code", "redirect_uri": REDIRECT_URI, "code_verifier": verifier}

    refused(site.token(form | {"code": code}, mutate(site)), 400, "invalid_dpop_proof")
    assert site.token(form | {"code": code}, site.proof()).status_code == 200


def test_a_proof_is_spent_by_one_call(site: Site) -> None:
    """RFC 9449 11.1."""
    text = site.proof()
    assert site.redeem(text).status_code == 200

    refused(site.redeem(text), 400, "invalid_dpop_proof")


def test_of_many_calls_with_one_proof_one_passes(site: Site) -> None:
    told = site.redeem(site.proof()).json()
    for _ in range(5):
        text = site.userinfo_proof(told["access_token"])
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _, text=text: site.userinfo(told["access_token"], text), range(8)))

        assert sorted(answer.status_code for answer in answers) == [200, *[401] * 7]


def test_a_stolen_refresh_token_is_worthless(site: Site) -> None:
    """RFC 9449 5."""
    told = site.redeem(site.proof()).json()

    refused(site.refresh(told["refresh_token"]), 400, "invalid_grant")
    refused(site.refresh(told["refresh_token"], site.proof(key=OTHER)), 400, "invalid_grant")
    assert site.refresh(told["refresh_token"], site.proof()).json()["token_type"] == "DPoP"


def test_a_code_bound_by_dpop_jkt_is_redeemed_with_its_key_only(site: Site) -> None:
    """RFC 9449 10."""
    jkt = str(KEY.kid)

    refused(site.redeem(dpop_jkt=jkt), 400, "invalid_grant")
    refused(site.redeem(site.proof(key=OTHER), dpop_jkt=jkt), 400, "invalid_grant")
    assert site.redeem(site.proof(), dpop_jkt=jkt).status_code == 200


def test_a_proof_with_a_pushed_request_binds_its_code(site: Site) -> None:
    """RFC 9449 10.1."""
    verifier = secrets.token_urlsafe(32)
    asked = httpx.URL(site.application.authorization_url(verifier)).params
    address = f"{site.hub.issuer}/oauth2/par"
    headers = {"DPoP": site.proof("/oauth2/par")}
    pushed = site.application.http.post(address, data=dict(asked), headers=headers)
    refusal = site.application.http.post(address, data=dict(asked), headers=headers)
    request_uri = pushed.json()["request_uri"]

    code = site.application.ask_code(site.cookies, verifier, request_uri=request_uri)

    refused(refusal, 400, "invalid_dpop_proof")
    assert code is not None
    form = {"grant_type": "authorization_code", "redirect_uri": REDIRECT_URI, "code_verifier": verifier}
    refused(site.token(form | {"code": code}, site.proof(key=OTHER)), 400, "invalid_grant")
    assert site.token(form | {"code": code}, site.proof()).status_code == 200


def test_a_demanded_nonce_is_given_and_then_accepted(demanding: Site) -> None:
    """RFC 9449 8, 9."""
    refused(demanding.redeem(), 400, "invalid_dpop_proof")
    asked = refused(demanding.redeem(demanding.proof()), 400, "use_dpop_nonce")
    answer = demanding.redeem(demanding.proof(nonce=asked.headers["DPoP-Nonce"]))
    text = answer.json()["access_token"]
    at_resource = refused(demanding.userinfo(text, demanding.userinfo_proof(text)), 401, "use_dpop_nonce")
    nonce = at_resource.headers["DPoP-Nonce"]

    assert 'error="use_dpop_nonce"' in at_resource.headers["WWW-Authenticate"]
    assert demanding.userinfo(text, demanding.userinfo_proof(text, nonce=nonce)).status_code == 200
    refused(demanding.userinfo(text, demanding.userinfo_proof(text, nonce="stale")), 401, "use_dpop_nonce")


@pytest.mark.parametrize("path", ["/oauth2/token", "/oauth2/userinfo", "/oauth2/revoke", "/oauth2/par"])
def test_a_script_of_another_site_may_call_with_proofs_but_never_with_cookies(site: Site, path: str) -> None:
    """RFC 9449 5, CORS: the nonce must be readable, the browser's own credentials stay out."""
    origin = {"Origin": "https://spa.example"}
    asked = {**origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "dpop"}
    preflight = site.application.http.request("OPTIONS", f"{site.hub.issuer}{path}", headers=asked)
    answer = site.application.http.post(f"{site.hub.issuer}{path}", headers={**origin, "DPoP": "x"})

    assert preflight.status_code == 204
    assert "DPoP" in preflight.headers["Access-Control-Allow-Headers"]
    for response in (preflight, answer):
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in response.headers
    assert "DPoP-Nonce" in answer.headers["Access-Control-Expose-Headers"]
    assert answer.headers["DPoP-Nonce"]


def test_pages_stay_closed_to_scripts_of_other_sites(site: Site) -> None:
    answer = site.application.http.get(
        f"{site.hub.issuer}/sign-in", headers={"Origin": "https://evil.example"}
    )

    assert "Access-Control-Allow-Origin" not in answer.headers


def test_the_metadata_names_the_algorithms(site: Site) -> None:
    """RFC 9449 5.1."""
    address = f"{site.hub.issuer}/.well-known/oauth-authorization-server"

    told = site.application.http.get(address).json()

    assert told["dpop_signing_alg_values_supported"] == ["RS256", "PS256", "ES256", "ES384", "EdDSA"]


def test_a_visitor_who_is_not_signed_in_can_be_bound_too(site: Site) -> None:
    """The whole journey in one: the request with dpop_jkt is kept while the person signs in."""
    verifier = secrets.token_urlsafe(32)
    with Visitor() as visitor:
        visitor.open(site.application.authorization_url(verifier, dpop_jkt=str(KEY.kid)))
        reached = visitor.sign_in("tuya", "nine blue yaks on the steppe", until=REDIRECT_URI)
    form = {"grant_type": "authorization_code", "redirect_uri": REDIRECT_URI, "code_verifier": verifier}
    code = httpx.URL(reached).params["code"]

    refused(site.token(form | {"code": code}, site.proof(key=OTHER)), 400, "invalid_grant")
    assert site.token(form | {"code": code}, site.proof()).status_code == 200
