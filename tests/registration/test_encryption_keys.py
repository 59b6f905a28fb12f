"""Answers encrypted to the key at a client's jwks_uri, also by a process that never read it before."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from joserfc import jwe
from joserfc.jwk import ECKey

from tests.relying_parties.code_flow import tokens
from tests.relying_parties.visitor import Visitor
from tests.running.tuned_hub import TunedHub, running_hub
from tests.servers.hub import PASSWORD
from tests.servers.publisher import Publisher

pytestmark = pytest.mark.slow

KEY = ECKey.generate_key("P-256", auto_kid=True)
ALGORITHMS = ["ECDH-ES", "A128CBC-HS256"]
REDIRECT_URI = "http://127.0.0.1:9/cb"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publisher]:
    with Publisher(tmp_path_factory.mktemp("site")) as made:
        made.publish("/jwks", {"keys": [KEY.as_dict(private=False) | {"use": "enc"}]})
        yield made


@pytest.fixture(scope="module")
def hub(site: Publisher, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TunedHub]:
    extra = f'[outbound]\nallow_loopback = true\nca_file = "{site.ca_file}"\n'
    with running_hub(tmp_path_factory.mktemp("hub"), extra=extra) as made:
        made.add_citizen()
        yield made


def userinfo(hub: TunedHub, access_token: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {access_token}"}
    return httpx.get(f"{hub.issuer}/oauth2/userinfo", headers=headers, trust_env=False, timeout=20)


@pytest.mark.parametrize("access_token_format", ["jwt", "opaque"])
def test_userinfo_is_encrypted_to_the_published_key_after_a_restart(
    hub: TunedHub, site: Publisher, access_token_format: str
) -> None:
    """OpenID Connect Core 5.3.2, 10.2.1."""
    told = signed_in(hub, site, access_token_format, userinfo_encrypted_response_alg="ECDH-ES")
    hub.stop()
    hub.start()

    answer = userinfo(hub, told["access_token"])

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/jwt")
    read = jwe.decrypt_compact(answer.text, KEY, algorithms=ALGORITHMS)
    assert b'"email":"tuya@example.org"' in (read.plaintext or b"")


def test_an_id_token_is_encrypted_to_the_published_key(hub: TunedHub, site: Publisher) -> None:
    """OpenID Connect Core 16.14."""
    told = signed_in(hub, site, "jwt", id_token_encrypted_response_alg="ECDH-ES")

    read = jwe.decrypt_compact(told["id_token"], KEY, algorithms=ALGORITHMS)

    assert read.protected["cty"] == "JWT"


def test_while_the_key_cannot_be_read_nothing_is_told(hub: TunedHub, site: Publisher) -> None:
    told = signed_in(hub, site, "jwt", userinfo_encrypted_response_alg="ECDH-ES")
    site.documents["/jwks"].status = 503
    hub.stop()
    hub.start()

    answer = userinfo(hub, told["access_token"])

    site.documents["/jwks"].status = 200
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert "tuya" not in answer.text


def signed_in(hub: TunedHub, site: Publisher, access_token_format: str, **metadata: str) -> dict[str, Any]:
    fields = {"jwks_uri": f"{site.origin}/jwks", "access_token_format": access_token_format, **metadata}
    options = [part for name, value in fields.items() for part in ("--metadata", f"{name}={value}")]
    client = hub.add_client("--redirect-uri", REDIRECT_URI, "--trusted", *options)
    with Visitor() as visitor:
        return tokens(hub.issuer, client, REDIRECT_URI, visitor, ("tuya", PASSWORD), "openid email")
