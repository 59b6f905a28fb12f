"""A client whose keys are at its jwks_uri proves itself, before and after it changes them (RFC 7591 2)."""

import time
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwe
from joserfc.jwk import ECKey

from sso.oidc.jose import public_jwk
from tests.running.tuned_hub import TunedHub, running_hub
from tests.servers.publisher import Publisher

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publisher]:
    with Publisher(tmp_path_factory.mktemp("site")) as made:
        yield made


@pytest.fixture(scope="module")
def hub(site: Publisher, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TunedHub]:
    extra = f'[outbound]\nallow_loopback = true\nca_file = "{site.ca_file}"\n'
    with running_hub(tmp_path_factory.mktemp("hub"), extra=extra) as made:
        yield made


class Application:
    """A program that signs its own assertions, with the newest of its keys."""

    def __init__(self, hub: TunedHub, site: Publisher, path: str, *options: str) -> None:
        self.site, self.path, self.issuer = site, path, hub.issuer
        self.change_key()
        self.client_id = hub.add_client(
            *("--grant-type", "client_credentials", "--auth-method", "private_key_jwt"),
            *("--metadata", f"jwks_uri={site.origin}{path}"),
            *options,
        )["client_id"]

    def change_key(self, *, publish: bool = True) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.jwk = public_jwk(self.private, "ES256")
        if publish:
            self.site.publish(self.path, {"keys": [self.jwk]}, media_type="application/jwk-set+json")

    def token(self) -> httpx.Response:
        return self._post("/oauth2/token", grant_type="client_credentials")

    def introspect(self, token: str) -> httpx.Response:
        return self._post("/oauth2/introspect", token=token)

    def receipt(self, txn: str) -> httpx.Response:
        return self._post(f"/audit/receipt/{txn}")

    def _post(self, path: str, **form: str) -> httpx.Response:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.issuer,
            "exp": now + 60,
            "jti": str(uuid.uuid4()),
        }
        assertion = jwt.encode(claims, self.private, "ES256", headers={"kid": self.jwk["kid"]})
        proof = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
        accepted = {"Accept": "application/token-introspection+jwt"}
        url = f"{self.issuer}{path}"
        return httpx.post(url, data=form | proof, headers=accepted, trust_env=False, timeout=20)


def test_a_client_with_a_jwks_uri_proves_itself_and_is_asked_for_its_keys_once(
    hub: TunedHub, site: Publisher
) -> None:
    application = Application(hub, site, "/one")

    answers = [application.token().status_code for _ in range(3)]

    assert answers == [200, 200, 200]
    assert site.asked["/one"] == 1


def test_a_client_with_a_jwks_uri_may_ask_for_a_receipt_first(hub: TunedHub, site: Publisher) -> None:
    application = Application(hub, site, "/receipt")

    answer = application.receipt("00000000-0000-7000-8000-000000000000")

    assert answer.status_code == 404
    assert site.asked["/receipt"] == 1


@pytest.mark.slow
def test_a_client_that_changes_its_key_goes_on_within_a_minute(hub: TunedHub, site: Publisher) -> None:
    application = Application(hub, site, "/two")
    assert application.token().status_code == 200

    application.change_key()
    refused = application.token()
    ends = time.monotonic() + 75
    while (answer := application.token()).status_code != 200 and time.monotonic() < ends:
        time.sleep(5)

    assert refused.json()["error"] == "invalid_client"
    assert answer.status_code == 200
    assert site.asked["/two"] == 2


def test_a_key_that_is_not_published_proves_nothing(hub: TunedHub, site: Publisher) -> None:
    application = Application(hub, site, "/three")

    application.change_key(publish=False)

    assert application.token().json()["error"] == "invalid_client"


def test_an_address_that_answers_with_something_else_is_no_server_error(
    hub: TunedHub, site: Publisher
) -> None:
    application = Application(hub, site, "/four")
    site.publish("/four", b"<html>", media_type="text/html")

    answer = application.token()

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert "client keys not read" in hub.log


def test_answers_are_encrypted_to_the_key_that_the_client_publishes_now(
    hub: TunedHub, site: Publisher
) -> None:
    """RFC 9701 6: also to the next one, once the set is read again."""
    application = Application(
        hub,
        site,
        "/five",
        *("--metadata", "introspection_encrypted_response_alg=ECDH-ES"),
        *("--audience", "https://api.example", "--metadata", "resource=https://api.example"),
    )
    decrypting = ECKey.generate_key("P-256", {"use": "enc", "alg": "ECDH-ES"}, auto_kid=True)
    public = {name: value for name, value in decrypting.as_dict(private=False).items()}
    site.publish("/five", {"keys": [application.jwk, public]})
    token = application.token().json()["access_token"]

    answer = application.introspect(token)
    plain = jwe.decrypt_compact(answer.content, decrypting, algorithms=["ECDH-ES", "A128CBC-HS256"])

    assert answer.headers["Content-Type"] == "application/token-introspection+jwt"
    claims = jwt.decode(plain.plaintext, options={"verify_signature": False})  # type: ignore[arg-type]
    assert claims["token_introspection"]["active"] is True
