"""A hub whose signing keys are in a hardware module (SoftHSM2): it signs there, or not at all."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest

from sso.pkcs11.address import SCHEME
from tests.relying_parties.visitor import Visitor
from tests.requests.developer import REDIRECT_URI, Developer
from tests.servers.hub import PASSWORD, HubServer, StartHub
from tests.servers.softhsm import PIN, SoftHsm

pytestmark = pytest.mark.slow

LABEL = "sso-hub"
WAIT_SECONDS = 20
ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]


@dataclass
class Stage:
    """A hub that signs in a token, and an application."""

    hub: HubServer
    developer: Developer
    visitor: Visitor

    def code(self) -> str:
        address = self.developer.address(**self.developer.params())
        back = self.visitor.open(address, until=REDIRECT_URI)
        return parse_qs(urlsplit(back).query)["code"][0]

    def published(self) -> dict[str, Any]:
        """The published keys by kid."""
        jwks = httpx.get(f"{self.hub.issuer}/oauth2/jwks", trust_env=False, timeout=20).json()
        return {key.key_id: key for key in jwt.PyJWKSet.from_dict(jwks).keys}


@pytest.fixture(scope="module")
def stage(softhsm: SoftHsm, start_hub: StartHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Its first keys are in the database; then the module is configured and the keys are rotated into it."""
    softhsm.new_token(LABEL)
    pin = tmp_path_factory.mktemp("pin") / "pin"
    pin.write_text(PIN + "\n")
    hub = start_hub(
        extra=f"[keys]\nalgorithms = {ALGORITHMS}\npublish_before_seconds = 0\n[keys.pkcs11]\n"
        f'module = "{softhsm.module}"\ntoken = "{LABEL}"\npin_file = "{pin}"\n'
    )
    hub.add_citizen()
    client = hub.add_client("--redirect-uri", REDIRECT_URI, "--trusted")
    hub.run("keys", "rotate")
    active = {row["kid"] for row in hub.json("keys", "list") if row["state"] == "active"}
    with Visitor() as visitor:
        visitor.open(f"{hub.issuer}/sign-in")
        visitor.sign_in("tuya", PASSWORD)
        stage = Stage(hub, Developer(hub, client), visitor)
        ends = time.monotonic() + WAIT_SECONDS
        while not active <= stage.published().keys():
            assert time.monotonic() < ends
            time.sleep(0.5)
        yield stage


def test_the_keys_in_the_database_are_addresses_and_no_keys(stage: Stage) -> None:
    from sso.config import load
    from sso.hub import build

    hub = build(load(str(stage.hub.config_file), {}))
    with hub.database.read() as stores:
        active = [key for key in stores.signing_keys.load() if key.retired_at is None]
    hub.close()

    assert {key.alg for key in active} == set(ALGORITHMS)
    assert all(key.signer.preserved.startswith(SCHEME) for key in active)


def test_tokens_signed_in_the_module_verify_with_the_published_keys(stage: Stage) -> None:
    """OpenID Connect Core 10.1, RFC 9068 4."""
    answer = stage.developer.redeem(stage.code())

    assert answer.status_code == 200
    for name, alg in (("id_token", "RS256"), ("access_token", "ES256")):
        text = answer.json()[name]
        key = stage.published()[jwt.get_unverified_header(text)["kid"]]
        claims = jwt.decode(text, key, algorithms=[alg], options={"verify_aud": False})
        assert claims["iss"] == stage.hub.issuer


def test_while_the_module_is_away_nothing_is_issued_and_nothing_is_spent(
    stage: Stage, softhsm: SoftHsm
) -> None:
    code = stage.code()
    issued = len(stage.hub.audit("--event", "token.issued", "--all"))

    with softhsm.taken_away():
        refused = stage.developer.redeem(code)
        again = stage.developer.redeem(code)
        kept = len(stage.hub.audit("--event", "token.issued", "--all"))

    for answer in (refused, again):
        assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
        assert answer.headers["Retry-After"] == "5"
        assert "id_token" not in answer.text
    assert kept == issued
    assert stage.hub.log.count("hardware token away: nothing is signed") == 1
    assert "nothing can be signed" in stage.hub.log
    assert PIN not in stage.hub.log
    time.sleep(1.1)
    assert stage.developer.redeem(code).status_code == 200
    assert "hardware token back" in stage.hub.log


def test_what_was_signed_before_verifies_while_the_module_is_away(stage: Stage, softhsm: SoftHsm) -> None:
    told = stage.developer.redeem(stage.code()).json()
    headers = {"Authorization": f"Bearer {told['access_token']}"}

    with softhsm.taken_away():
        answer = httpx.get(
            f"{stage.hub.issuer}/oauth2/userinfo", headers=headers, trust_env=False, timeout=20
        )

    assert answer.status_code == 200


def test_the_doctor_tries_every_key(stage: Stage, softhsm: SoftHsm) -> None:
    well = stage.hub.run("doctor", check=False).stdout

    with softhsm.taken_away():
        ill = stage.hub.run("doctor", check=False)

    assert "cannot sign" not in well
    assert ill.returncode == 1
    assert "the RS256 key cannot sign: the token failed" in ill.stdout


def test_no_key_is_made_while_the_module_is_away(stage: Stage, softhsm: SoftHsm) -> None:
    before = stage.hub.json("keys", "list")

    with softhsm.taken_away():
        rotated = stage.hub.run("keys", "rotate", check=False)
        revoked = stage.hub.run("keys", "revoke", before[-1]["kid"], check=False)

    assert (rotated.returncode, revoked.returncode) == (75, 75)
    assert "no key could be made" in rotated.stderr
    assert "no successor could be made, nothing was changed" in revoked.stderr
    assert stage.hub.json("keys", "list") == before


def test_a_revoked_key_of_the_module_is_replaced_in_it(stage: Stage) -> None:
    code = stage.code()
    told = stage.developer.redeem(code).json()
    kid = jwt.get_unverified_header(told["access_token"])["kid"]

    stage.hub.run("keys", "revoke", kid)

    headers = {"Authorization": f"Bearer {told['access_token']}"}
    ends = time.monotonic() + WAIT_SECONDS
    while True:
        answer = httpx.get(
            f"{stage.hub.issuer}/oauth2/userinfo", headers=headers, trust_env=False, timeout=20
        )
        if answer.status_code == 401:
            break
        assert time.monotonic() < ends
        time.sleep(0.5)
    again = stage.developer.redeem(stage.code()).json()
    assert jwt.get_unverified_header(again["access_token"])["kid"] != kid
    assert kid not in stage.published()
