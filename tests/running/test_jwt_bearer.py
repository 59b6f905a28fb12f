"""Assertions of trusted issuers over HTTP, with keys in a file and keys at an address (RFC 7523 2.1)."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from sso.oidc.digest import new_id
from sso.oidc.jose import new_signing_key
from sso.oidc.keys import SigningKey
from tests.oidc.examples import private
from tests.servers.hub import HubServer
from tests.servers.publisher import Publisher

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
IN_FILE, AT_ADDRESS = "https://file.example.org", "https://address.example.org"


def new_key() -> SigningKey:
    return new_signing_key("ES256", datetime.now(UTC), datetime.now(UTC))


def key_set(*keys: SigningKey) -> dict[str, Any]:
    return {"keys": [key.public_jwk for key in keys]}


@dataclass
class Stage:
    """The hub, an application that is a program, and two issuers outside."""

    hub: HubServer
    site: Publisher
    client: dict[str, Any]
    in_file: SigningKey
    at_address: SigningKey

    def assertion(self, issuer: str, key: SigningKey, **changes: Any) -> str:
        now = int(time.time())
        claims = {"iss": issuer, "sub": "tuya", "aud": self.hub.issuer, "iat": now, "exp": now + 60}
        whole = {**claims, "jti": new_id(), **changes}
        return jwt.encode(whole, private(key), algorithm="ES256", headers={"kid": key.kid})

    def redeem(self, assertion: str, http: httpx.Client | None = None) -> httpx.Response:
        form = {"grant_type": GRANT_TYPE, "assertion": assertion, "scope": "housing:read"}
        credentials = (self.client["client_id"], self.client["client_secret"])
        post = httpx.post if http is None else http.post
        return post(f"{self.hub.issuer}/oauth2/token", data=form, auth=credentials)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder: Path = tmp_path_factory.mktemp("jwt-bearer")
    in_file, at_address = new_key(), new_key()
    with Publisher(folder / "site") as site:
        uri = site.publish("/jwks", key_set(at_address))
        extra = f"""
[outbound]
allow_loopback = true
ca_file = "{site.ca_file}"

[[trusted_issuer]]
issuer = "{IN_FILE}"
jwks_file = "outside.json"
known_by = "citizen"

[[trusted_issuer]]
issuer = "{AT_ADDRESS}"
jwks_uri = "{uri}"
known_by = "citizen"
"""
        hub = HubServer(folder / "hub", extra=extra)
        hub.folder.mkdir(parents=True)
        (hub.folder / "outside.json").write_text(json.dumps(key_set(in_file)), encoding="utf-8")
        hub.initialise()
        hub.start()
        try:
            hub.add_citizen()
            arguments = ("--grant-type", GRANT_TYPE, "--scope", "housing:read")
            yield Stage(hub, site, hub.add_client(*arguments), in_file, at_address)
        finally:
            hub.stop()


def test_an_assertion_buys_an_access_token_and_nothing_more(stage: Stage) -> None:
    """RFC 7523 2.1."""
    answer = stage.redeem(stage.assertion(IN_FILE, stage.in_file))

    assert answer.status_code == 200, answer.text
    assert answer.json().keys() == {"access_token", "token_type", "expires_in", "scope"}
    claims = jwt.decode(answer.json()["access_token"], options={"verify_signature": False})
    assert claims["scope"] == "housing:read"
    assert "sid" not in claims
    events = stage.hub.audit("--client", stage.client["client_id"], "--event", "token.assertion.accepted")
    assert events[0]["detail"] == {"issuer": IN_FILE}


def test_keys_at_an_address_are_read_and_read_again_for_a_new_one(stage: Stage) -> None:
    first = stage.redeem(stage.assertion(AT_ADDRESS, stage.at_address))
    asked = stage.site.asked["/jwks"]
    again = stage.redeem(stage.assertion(AT_ADDRESS, stage.at_address))

    assert (first.status_code, again.status_code) == (200, 200)
    assert stage.site.asked["/jwks"] == asked == 1


def test_one_issuer_does_not_speak_for_the_other(stage: Stage) -> None:
    answer = stage.redeem(stage.assertion(IN_FILE, stage.at_address))

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_of_many_at_once_one_assertion_is_good_once(stage: Stage) -> None:
    """RFC 7523 3: jti."""
    text = stage.assertion(IN_FILE, stage.in_file)

    with httpx.Client(trust_env=False, timeout=20) as http, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: stage.redeem(text, http), range(8)))

    assert sorted(answer.status_code for answer in answers) == [200, *[400] * 7]


def test_metadata_offers_it(stage: Stage) -> None:
    address = f"{stage.hub.issuer}/.well-known/oauth-authorization-server"

    assert GRANT_TYPE in httpx.get(address, trust_env=False).json()["grant_types_supported"]
