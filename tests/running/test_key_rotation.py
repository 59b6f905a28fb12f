"""Keys change under load, on PostgreSQL with two web processes, and no sign-in fails (Core 10.1.1).

The relying party keeps the key set and fetches it again when it meets an unknown kid, as they all do.
"""

import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

import httpx
import jwt
import pytest

from tests.running.application import Application, registered, signed_in
from tests.running.tuned_hub import TunedHub, running_hub
from tests.servers.postgresql import PostgreSQL

pytestmark = [pytest.mark.slow, pytest.mark.postgresql, pytest.mark.timeout(170)]

PUBLISH_BEFORE_SECONDS = 11
"""More than two readings of the keys: every process has published a key before any signs with it."""
THREADS = 3
ENOUGH_SIGN_INS = 30


@dataclass
class RelyingParty:
    """Signs people in, again and again, and verifies everything with the key set that it keeps."""

    application: Application
    cookies: dict[str, str]
    answers: Counter[str] = field(default_factory=Counter)
    kids: set[str] = field(default_factory=set)
    fetches: int = 0
    _keys: dict[str, Any] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self._stop.is_set():
            try:
                self._sign_in()
            except (httpx.HTTPError, jwt.PyJWTError, KeyError) as error:
                self.answers[f"failed: {type(error).__name__} {error}"] += 1

    def stop(self) -> None:
        self._stop.set()

    def _sign_in(self) -> None:
        verifier = secrets.token_urlsafe(32)
        code = self.application.ask_code(self.cookies, verifier)
        if code is None:
            self.answers["failed: no code"] += 1
            return
        answer = self.application.redeem(code, verifier)
        if answer.status_code != 200:
            self.answers[f"failed: token {answer.status_code} {answer.text}"] += 1
            return
        told = answer.json()
        self._verify(told["id_token"], "RS256", self.application.client_id)
        self._verify(told["access_token"], "ES256", self.application.issuer)
        headers = {"Authorization": f"Bearer {told['access_token']}"}
        seen = self.application.http.get(f"{self.application.issuer}/oauth2/userinfo", headers=headers)
        renewed = self.application.refresh(told["refresh_token"])
        for name, response in (("userinfo", seen), ("refresh", renewed)):
            if response.status_code != 200:
                self.answers[f"failed: {name} {response.status_code} {response.text}"] += 1
        self.answers["signed in"] += 1

    def _verify(self, token: str, alg: str, audience: str) -> None:
        kid = jwt.get_unverified_header(token)["kid"]
        with self._guard:
            if kid not in self._keys:
                jwks = self.application.http.get(f"{self.application.issuer}/oauth2/jwks").json()
                self._keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(jwks).keys}
                self.fetches += 1
            key = self._keys[kid]
            self.kids.add(kid)
        jwt.decode(token, key, algorithms=[alg], audience=audience, issuer=self.application.issuer)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, postgresql: PostgreSQL) -> Iterator[TunedHub]:
    url = postgresql.new_database()
    settings = {"SERVER__WORKERS": "2", "KEYS__PUBLISH_BEFORE_SECONDS": str(PUBLISH_BEFORE_SECONDS)}
    with running_hub(tmp_path_factory.mktemp("hub"), database_url=url, settings=settings) as made:
        made.add_citizen()
        yield made
    postgresql.drop_database(url)


def at_once(hub: TunedHub, *arguments: str) -> list[int]:
    """Run a command three times at the same moment; return the exit codes."""
    with ThreadPoolExecutor(3) as pool:
        runs = [pool.submit(hub.run, *arguments, check=False) for _ in range(3)]
    return sorted(run.result().returncode for run in runs)


def active(hub: TunedHub) -> set[str]:
    return {row["kid"] for row in hub.json("keys", "list") if row["state"] == "active"}


def test_no_sign_in_fails_while_keys_are_rotated(hub: TunedHub) -> None:
    """Published first and used later; of three rotations at the same moment one takes place."""
    with registered(hub) as application, ThreadPoolExecutor(THREADS) as pool:
        party = RelyingParty(application, signed_in(application))
        first = active(hub)
        running = [pool.submit(party.run) for _ in range(THREADS)]
        try:
            exits = at_once(hub, "keys", "rotate")
            time.sleep(PUBLISH_BEFORE_SECONDS + 2)
            second = active(hub)
            hastened = at_once(hub, "keys", "rotate", "--now")
            time.sleep(PUBLISH_BEFORE_SECONDS + 2)
            third = active(hub)
        finally:
            party.stop()
        for done in running:
            done.result(60)

    print(dict(party.answers), f"{len(party.kids)} keys, {party.fetches} fetches of the key set")
    assert exits == [0, 1, 1]
    assert 0 in hastened
    assert len(first) == len(second) == len(third) == 2
    assert not first & second
    assert not second & third
    assert first | second <= party.kids
    assert [answer for answer in party.answers if answer.startswith("failed")] == []
    assert party.answers["signed in"] > ENOUGH_SIGN_INS
    assert party.fetches <= 4
    created = hub.audit("--event", "key.created", "--all")
    assert len(created) == 2 * 3


def test_a_revoked_key_is_worth_nothing_on_any_process_within_seconds(hub: TunedHub) -> None:
    """Not as an access token, not at introspection, not as id_token_hint; a new sign-in works at once."""
    with registered(hub) as application:
        cookies = signed_in(application)
        told = sign_in(application, cookies)
        kids = {jwt.get_unverified_header(told[name])["kid"] for name in ("access_token", "id_token")}

        for kid in kids:
            hub.run("keys", "revoke", kid)
        revoked_at = time.monotonic()
        refusals = 0
        while refusals < 8:  # two processes answer in turn: eight in a row come from both
            assert time.monotonic() - revoked_at < 15
            refusals = refusals + 1 if refused(application, told) else 0
            time.sleep(0.1)

        introspected = application.http.post(
            f"{hub.issuer}/oauth2/introspect",
            data={"token": told["access_token"]},
            auth=(application.client_id, application.client_secret),
        )
        hinted = application.http.get(
            f"{hub.issuer}/oauth2/logout", params={"id_token_hint": told["id_token"]}
        )
        again = sign_in(application, cookies)
        published = {key["kid"] for key in application.http.get(f"{hub.issuer}/oauth2/jwks").json()["keys"]}

    assert introspected.json() == {"active": False}
    assert urljoin(hub.issuer, hinted.headers["Location"]).startswith(f"{hub.issuer}/")
    reasons = {event["detail"]["reason"] for event in hub.audit("--event", "logout.request.rejected")}
    assert reasons == {"id_token_hint was not issued here"}
    assert not kids & published
    assert not kids & {jwt.get_unverified_header(again[name])["kid"] for name in ("access_token", "id_token")}
    assert len(hub.audit("--event", "key.revoked")) == 2


def sign_in(application: Application, cookies: dict[str, str]) -> dict[str, Any]:
    verifier = secrets.token_urlsafe(32)
    code = application.ask_code(cookies, verifier)
    assert code is not None
    told: dict[str, Any] = application.redeem(code, verifier).json()
    return told


def refused(application: Application, told: dict[str, Any]) -> bool:
    headers = {"Authorization": f"Bearer {told['access_token']}", "Connection": "close"}
    answer = application.http.get(f"{application.issuer}/oauth2/userinfo", headers=headers)
    assert answer.status_code in (200, 401)
    return answer.status_code == 401
