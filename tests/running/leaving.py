"""A clerk who is signed in to an application, and what is left of that when the directory lets them go."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
import pytest

from tests.relying_parties.visitor import Visitor
from tests.running.application import REDIRECT_URI, Application, claims_of
from tests.servers.directory_people import ARABIC_PASSWORD, MONGOLIAN_PASSWORD, PASSWORD
from tests.servers.hub import HubServer

PASSWORDS = {"samira": ARABIC_PASSWORD, "ganbold": MONGOLIAN_PASSWORD}


@dataclass
class SignedInClerk:
    """A clerk's browser and what an application holds about them."""

    uid: str
    application: Application
    cookies: dict[str, str]
    sid: str
    sub: str
    refresh_token: str = field(repr=False)

    def refresh(self) -> httpx.Response:
        answer = self.application.refresh(self.refresh_token)
        if answer.status_code == 200:
            self.refresh_token = answer.json().get("refresh_token", self.refresh_token)
        return answer

    def has_session(self) -> bool:
        """Whether the browser still gets a code without signing in."""
        return self.application.ask_code(self.cookies, secrets.token_urlsafe(32)) is not None


def sign_clerk_in(application: Application, uid: str) -> SignedInClerk:
    verifier = secrets.token_urlsafe(32)
    with Visitor() as visitor:
        visitor.open(application.authorization_url(verifier))
        password = PASSWORDS.get(uid, PASSWORD)
        reached = visitor.sign_in(f"{uid}@civil.example", password, until=REDIRECT_URI)
        cookies = visitor.cookies()
    answer = application.redeem(httpx.URL(reached).params["code"], verifier)
    claims = claims_of(answer.json()["id_token"])
    return SignedInClerk(
        uid, application, cookies, str(claims["sid"]), str(claims["sub"]), answer.json()["refresh_token"]
    )


def wait_for(holds: Callable[[], bool], seconds: float, what: str) -> None:
    ends = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > ends:
            pytest.fail(f"{what}: not within {seconds} s")
        time.sleep(0.1)


def ended_cause(hub: HubServer, sid: str) -> object:
    """Why a session ended, or None."""
    return hub.json("session", "show", sid)[0]["ended_cause"]
