"""A department connects to a running hub: its clerks sign in on the pages, and are out when it says so."""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.relying_parties.visitor import Visitor
from tests.running.application import REDIRECT_URI, Application, claims_of, registered
from tests.running.tuned_hub import TunedHub, running_hub
from tests.scim.conftest import GROUP, PASSWORD, PATCH, USER

pytestmark = pytest.mark.slow

OWN = "a river of seven slow camels"
BLOCK = """
[[directory]]
kind = "scim"
id = "health"
name = "Health Commission"
realms = ["health.example"]
groups = { released = { "Registry" = "registry-clerks" } }
"""


@dataclass(frozen=True)
class System:
    """The department's own system, with the token that its client got."""

    address: str
    token: str

    def call(self, method: str, path: str, document: Any = None) -> httpx.Response:
        return httpx.request(
            method,
            f"{self.address}{path}",
            json=document,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=15,
            trust_env=False,
        )

    def add(self, user_name: str, **more: Any) -> str:
        made = self.call("POST", "/Users", {"schemas": [USER], "userName": user_name, **more})
        assert made.status_code == 201, made.text
        return str(made.json()["id"])


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TunedHub, System, Application]]:
    """A hub, the department's system as an operator connects it, and an application."""
    with ExitStack() as ends:
        hub = ends.enter_context(running_hub(tmp_path_factory.mktemp("hub"), extra=BLOCK))
        address = f"{hub.issuer}/scim/v2/health"
        client = hub.add_client(
            *("--grant-type", "client_credentials", "--scope", "scim", "--audience", address), name="HR"
        )
        asked = httpx.post(
            f"{hub.issuer}/oauth2/token",
            data={"grant_type": "client_credentials", "scope": "scim"},
            auth=(client["client_id"], client["client_secret"]),
            timeout=15,
            trust_env=False,
        )
        assert asked.status_code == 200, asked.text
        application = registered(hub, "--scope", "openid profile groups offline_access")
        yield hub, System(address, asked.json()["access_token"]), ends.enter_context(application)


def sign_in(application: Application, visitor: Visitor, login_name: str, password: str, verifier: str) -> str:
    visitor.open(application.authorization_url(verifier, scope="openid profile groups offline_access"))
    visitor.fill("login_name", login_name)
    visitor.press("continue")
    visitor.fill("password", password)
    return visitor.press("sign_in", until=REDIRECT_URI)


def change(visitor: Visitor, new: str, old: str = PASSWORD) -> str:
    visitor.fill("password", old)
    visitor.fill("new_password", new)
    visitor.fill("new_password_again", new)
    return visitor.press("change_password", until=REDIRECT_URI)


def test_a_clerk_signs_in_with_a_password_of_their_own_and_is_out_when_the_department_says_so(
    stage: tuple[TunedHub, System, Application],
) -> None:
    """The whole life of an account: brought, first sign-in, groups, tokens, and everything ends at once."""
    hub, system, application = stage
    user_id = system.add("Bolor", displayName="Болормаа", password=PASSWORD)
    group = {"schemas": [GROUP], "displayName": "Registry", "members": [{"value": user_id}]}
    assert system.call("POST", "/Groups", group).status_code == 201
    verifier = secrets.token_urlsafe(32)

    with Visitor() as visitor:
        sign_in(application, visitor, "bolor@health.example", PASSWORD, verifier)
        asks = visitor.page.texts["reason"]
        change(visitor, "short")
        too_short = visitor.page.html
        reached = change(visitor, OWN)
        tokens = application.redeem(reached.partition("code=")[2].partition("&")[0], verifier).json()
        cookies = visitor.cookies()

    assert asks.startswith("Health Commission asks you to change your password")
    assert "too short" in too_short
    claims = httpx.get(
        f"{hub.issuer}/oauth2/userinfo",
        headers={"Authorization": f"Bearer {tokens['access_token']}"},
        trust_env=False,
    ).json()
    assert (claims["name"], claims["groups"]) == ("Болормаа", ["registry-clerks"])
    assert claims_of(tokens["access_token"])["sub"] == claims["sub"]

    gone = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "active", "value": False}]}
    assert system.call("PATCH", f"/Users/{user_id}", gone).json()["active"] is False

    assert application.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert application.ask_code(cookies, verifier) is None
    with Visitor() as visitor:
        sign_in(application, visitor, "bolor@health.example", OWN, secrets.token_urlsafe(32))
        assert "is disabled" in visitor.page.html
    codes = {record["event"] for record in hub.audit("--limit", "50")}
    assert {"provisioning.user.changed", "account.disabled", "credential.password.changed"} <= codes
    assert "credential.password.reset" not in codes, "there was none before that the department replaced"


def test_wrong_passwords_of_a_clerk_are_counted_like_everybodys(
    stage: tuple[TunedHub, System, Application],
) -> None:
    """NIST SP 800-63B-4 3.2.2: also where the hub keeps the password, and for names that nobody has."""
    _, system, application = stage
    system.add("tuya", password=PASSWORD)

    for name in ("tuya@health.example", "nobody@health.example"):
        with Visitor() as visitor:
            for _ in range(11):
                sign_in(application, visitor, name, "not the password", secrets.token_urlsafe(32))
            assert "too many attempts" in visitor.page.html
