"""Every way to prove a client against a running hub, and everything that must not pass (Core 9, RFC 7523)."""

import base64
import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from sso.oidc.client_authentication import ASSERTION_TYPE
from tests.oidc.examples import private, signing_key
from tests.running.state import events
from tests.running.tuned_hub import TunedHub, running_hub

KEY, OTHER, RSA = signing_key("ES256", 1), signing_key("ES256", 6), signing_key("RS256", 1)
JWKS = {"keys": [KEY.public_jwk, RSA.public_jwk]}

pytestmark = pytest.mark.slow


@dataclass
class Known:
    """A client of the hub, and how it proves itself."""

    method: str
    client_id: str
    secret: str
    issuer: str

    def assertion(self, key: Any = None, alg: str | None = None, header: Any = None, **changes: Any) -> str:
        if self.method == "client_secret_jwt" and alg != "none":
            key, alg = key or self.secret, alg or "HS256"
        now = int(time.time())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.issuer,
            "iat": now,
            "exp": now + 60,
            "jti": secrets.token_urlsafe(16),
        }
        claims = {name: value for name, value in {**claims, **changes}.items() if value is not None}
        signing = private(KEY) if key is None and alg is None else private(key)
        return jwt.encode(claims, signing, algorithm=alg or "ES256", headers=header)

    def signed(self, text: str) -> dict[str, str]:
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": text}


@dataclass
class Site:
    hub: TunedHub
    http: httpx.Client
    clients: Mapping[str, Known]

    def ask(self, form: Mapping[str, str], authorization: str | None = None) -> httpx.Response:
        headers = {} if authorization is None else {"Authorization": authorization}
        form = {"grant_type": "client_credentials", **form}
        return self.http.post(f"{self.hub.issuer}/oauth2/token", data=form, headers=headers)


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


METHODS = ("client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt")


def added(hub: TunedHub, folder: Path, method: str, **more: Any) -> Known:
    metadata = {"grant_types": ["client_credentials"], "token_endpoint_auth_method": method, "scope": "a:b"}
    if method == "private_key_jwt":
        metadata["jwks"] = JWKS
    file = folder / f"{secrets.token_hex(4)}.json"
    file.write_text(json.dumps({**metadata, **more}))
    client = hub.add_client("--metadata-file", str(file), name=method)
    return Known(method, client["client_id"], client.get("client_secret", ""), hub.issuer)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("clients")
    with (
        running_hub(tmp_path_factory.mktemp("hub")) as hub,
        httpx.Client(trust_env=False, timeout=15) as http,
    ):
        yield Site(hub, http, {method: added(hub, folder, method) for method in METHODS})


def good(known: Known) -> tuple[dict[str, str], str | None]:
    """The form and the Authorization header of a client's own method."""
    if known.method == "client_secret_basic":
        return {}, basic(known.client_id, known.secret)
    if known.method == "client_secret_post":
        return {"client_id": known.client_id, "client_secret": known.secret}, None
    return known.signed(known.assertion()), None


@pytest.mark.parametrize("method", METHODS)
def test_each_method_proves_its_client(site: Site, method: str) -> None:
    answer = site.ask(*good(site.clients[method]))

    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("other", METHODS)
def test_no_method_stands_in_for_another(site: Site, method: str, other: str) -> None:
    """RFC 9700 2.5; the two that send the secret itself prove the same thing."""
    known = site.clients[method]
    pretended = Known(other, known.client_id, known.secret or "x" * 64, known.issuer)
    both_send_it = {method, other} <= {"client_secret_basic", "client_secret_post"}

    answer = site.ask(*good(pretended))

    assert answer.status_code == (200 if method == other or both_send_it else 401), answer.text


@pytest.mark.parametrize("method", METHODS)
def test_a_client_that_only_names_itself_is_refused(site: Site, method: str) -> None:
    answer = site.ask({"client_id": site.clients[method].client_id})

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def rsa_modulus() -> bytes:
    return str(RSA.public_jwk["n"]).encode()


Mutation = Callable[[Known], str]
MUTATIONS = [
    pytest.param(lambda k: k.assertion(iss="other"), id="iss of another"),
    pytest.param(lambda k: k.assertion(sub="other"), id="sub of another"),
    pytest.param(lambda k: k.assertion(sub=None), id="no sub"),
    pytest.param(lambda k: k.assertion(aud=None), id="no aud"),
    pytest.param(lambda k: k.assertion(aud="https://evil.example"), id="aud of another provider"),
    pytest.param(lambda k: k.assertion(aud=f"{k.issuer}/oauth2/token"), id="aud the token endpoint"),
    pytest.param(lambda k: k.assertion(aud=[k.issuer, "https://evil.example"]), id="two audiences"),
    pytest.param(lambda k: k.assertion(exp=1), id="expired"),
    pytest.param(lambda k: k.assertion(exp=None), id="no exp"),
    pytest.param(lambda k: k.assertion(exp=int(time.time()) + 86_400), id="too long-lived"),
    pytest.param(lambda k: k.assertion(iat=int(time.time()) + 120), id="from the future"),
    pytest.param(lambda k: k.assertion(nbf=int(time.time()) + 120), id="not yet"),
    pytest.param(lambda k: k.assertion(jti=None), id="no jti"),
    pytest.param(lambda k: k.assertion(jti="x" * 300), id="a jti without end"),
    pytest.param(lambda k: k.assertion(None, "none"), id="alg none"),
    pytest.param(lambda k: k.assertion(private(OTHER), "ES256"), id="another key"),
    pytest.param(lambda k: k.assertion(rsa_modulus(), "HS256"), id="HMAC under the public key"),
    pytest.param(lambda k: k.assertion(b"x" * 64, "HS512"), id="HS512"),
    pytest.param(
        lambda k: k.assertion(private(OTHER), "ES256", {"jwk": dict(OTHER.public_jwk)}),
        id="a key brought along",
    ),
    pytest.param(
        lambda k: k.assertion(private(OTHER), "ES256", {"kid": KEY.kid}), id="another key under a known kid"
    ),
    pytest.param(lambda k: k.assertion(header={"crit": ["exp"]}), id="crit"),
    pytest.param(lambda k: k.assertion()[:-6] + "AAAAAA", id="a changed signature"),
    pytest.param(lambda k: k.assertion().replace(".", "..", 1), id="a dot too many"),
    pytest.param(lambda k: "", id="empty"),
    pytest.param(lambda k: "a.b.c", id="nonsense"),
]


@pytest.mark.parametrize("method", ["private_key_jwt", "client_secret_jwt"])
@pytest.mark.parametrize("mutate", MUTATIONS)
def test_an_assertion_that_is_not_good_proves_nothing(site: Site, method: str, mutate: Mutation) -> None:
    """RFC 7523 3, RFC 8725 2.1, 3.1, 3.10."""
    known = site.clients[method]

    answer = site.ask({"client_id": known.client_id, **known.signed(mutate(known))})

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), answer.text
    assert events(site.hub, "client.auth.failed")[-1]["reason"]


@pytest.mark.parametrize("method", ["private_key_jwt", "client_secret_jwt"])
def test_an_assertion_is_good_once_however_many_bring_it(site: Site, method: str) -> None:
    """RFC 7523 3, rule 7."""
    known = site.clients[method]
    for _ in range(5):
        form = known.signed(known.assertion())
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _, form=form: site.ask(form).status_code, range(8)))

        assert sorted(answers) == [200, *[401] * 7]


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_jwt"])
def test_a_replaced_secret_works_beside_the_new_one(site: Site, tmp_path: Path, method: str) -> None:
    """The old one is good until its overlap ends."""
    old = added(site.hub, tmp_path, method)
    rotated = site.hub.json("client", "rotate-secret", old.client_id)[0]
    new = Known(method, old.client_id, rotated["client_secret"], old.issuer)

    deadline = time.monotonic() + 5  # the web process looks for changed clients once a second
    while site.ask(*good(new)).status_code != 200 and time.monotonic() < deadline:
        time.sleep(0.2)

    assert [site.ask(*good(known)).status_code for known in (old, new)] == [200, 200]


def test_two_ways_at_once_are_refused(site: Site) -> None:
    """RFC 6749 2.3."""
    known = site.clients["client_secret_post"]
    form = {"client_id": known.client_id, "client_secret": known.secret}

    answer = site.ask(form, basic(known.client_id, known.secret))

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert events(site.hub, "client.auth.failed")[-1]["method"] == "unclear"


def test_the_metadata_names_the_methods_and_what_assertions_are_signed_with(site: Site) -> None:
    """Discovery 3."""
    told = site.http.get(f"{site.hub.issuer}/.well-known/openid-configuration").json()

    assert set(METHODS) | {"none"} == set(told["token_endpoint_auth_methods_supported"])
    assert {"ES256", "PS256", "EdDSA", "HS256"} <= set(
        told["token_endpoint_auth_signing_alg_values_supported"]
    )
    assert "none" not in told["token_endpoint_auth_signing_alg_values_supported"]
