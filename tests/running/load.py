"""Bounded load: threads that ask for codes in a session, redeem, refresh and try codes a second time.

One more signs a person in by password, in a new browser each time, where that is asked for.
"""

import secrets
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

import httpx

from tests.relying_parties.visitor import Visitor
from tests.running.application import REDIRECT_URI, Application
from tests.servers.hub import PASSWORD

PAUSE_AFTER_ERROR_SECONDS = 0.05


@dataclass
class Load:
    """Runs rounds in threads until told to stop, at most `rounds` a thread and `seconds` in all.

    `browsers` are the cookies of every password sign-in that came to its end.
    """

    application: Application
    cookies: dict[str, str]
    threads: int = 6
    rounds: int = 400
    seconds: float = 40.0
    passwords: bool = False
    browsers: list[dict[str, str]] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    _stop: threading.Event = field(default_factory=threading.Event)
    _running: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> "Load":
        self._running = [threading.Thread(target=self._run, args=(number,)) for number in range(self.threads)]
        if self.passwords:
            self._running.append(threading.Thread(target=self._sign_in_again_and_again))
        for thread in self._running:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._running:
            thread.join(60)
        assert not any(thread.is_alive() for thread in self._running)

    def _run(self, number: int) -> None:
        ends = time.monotonic() + self.seconds
        for round_number in range(self.rounds):
            if self._stop.is_set() or time.monotonic() > ends:
                return
            try:
                self._round(again=(round_number + number) % 3 == 0)
            except httpx.HTTPError as error:
                self.answers[type(error).__name__] += 1
                time.sleep(PAUSE_AFTER_ERROR_SECONDS)

    def _sign_in_again_and_again(self) -> None:
        ends = time.monotonic() + self.seconds
        while not self._stop.is_set() and time.monotonic() < ends:
            with suppress(httpx.HTTPError, AssertionError, LookupError), Visitor() as visitor:
                visitor.open(self.application.authorization_url(secrets.token_urlsafe(32)))
                if visitor.sign_in("tuya", PASSWORD, until=REDIRECT_URI).startswith(REDIRECT_URI):
                    self.browsers.append(visitor.cookies())
            self._stop.wait(PAUSE_AFTER_ERROR_SECONDS)

    def _round(self, *, again: bool) -> None:
        self._count("client_credentials", self.application.client_credentials())
        verifier = secrets.token_urlsafe(32)
        code = self.application.ask_code(self.cookies, verifier)
        if code is None:
            self.answers["no code"] += 1
            time.sleep(PAUSE_AFTER_ERROR_SECONDS)
            return
        redeemed = self._redeem_patiently(code, verifier)
        if redeemed is not None and redeemed.status_code == 200:
            self._count("refresh", self.application.refresh(redeemed.json()["refresh_token"]))
        if again:
            self._count("code again", self.application.redeem(code, verifier))

    def _redeem_patiently(self, code: str, verifier: str) -> httpx.Response | None:
        """As a client does whose connection broke: the same code once more, whose fate it does not know."""
        for _ in range(3):
            with suppress(httpx.HTTPError):
                return self._count("code", self.application.redeem(code, verifier))
            self.answers["code: no answer"] += 1
            time.sleep(PAUSE_AFTER_ERROR_SECONDS)
        return None

    def _count(self, what: str, response: httpx.Response) -> httpx.Response:
        self.answers[f"{what}: {response.status_code}"] += 1
        return response
