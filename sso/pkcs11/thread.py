"""The thread that talks to the token: nobody waits for it longer than a deadline, and it recovers by itself.

A call into a module cannot be interrupted: while the thread is stuck in one, callers are refused at once.
A session that fails is followed by a new one at once, if need be of the module opened anew; if that fails
too, nothing is tried for RETRY_SECONDS. A refused PIN is never tried twice: a token locks itself after a few.
"""

import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from sso.oidc.keys import SignerUnavailable
from sso.pkcs11.session import KeyMissing, PinRefused, TokenFailure, TokenSession, reopen
from sso.pkcs11.settings import TokenSettings

log = logging.getLogger("sso.pkcs11")

RETRY_SECONDS = 1.0
_T = TypeVar("_T")


@dataclass(slots=True)
class _Job(Generic[_T]):
    """What is to be done, and what became of it; nobody waits for an abandoned one."""

    act: Callable[[TokenSession], _T]
    done: threading.Event = field(default_factory=threading.Event)
    abandoned: bool = False
    results: list[_T] = field(default_factory=list)
    failure: str = ""

    def do(self, session: TokenSession) -> None:
        self.results.append(self.act(session))


class TokenThread:
    """One thread with one session in each process; a process that was forked starts its own."""

    def __init__(self, settings: TokenSettings) -> None:
        self._settings = settings
        self._guard = threading.Lock()
        self._process = -1
        self._jobs: queue.SimpleQueue[_Job[object] | None] = queue.SimpleQueue()
        self._busy_since: float | None = None
        self._failed_at = float("-inf")
        self._away = ""
        self._pin_refused = ""

    def run(self, act: Callable[[TokenSession], _T], deadline_seconds: float | None = None) -> _T:
        """Return what the act returns in the session.

        Raises:
            SignerUnavailable: the token is away, has no such key, or does not answer in time.
        """
        jobs = self._started()
        since = self._busy_since
        if since is not None and time.monotonic() - since > self._settings.deadline_seconds:
            raise SignerUnavailable("the token does not answer")
        job: _Job[_T] = _Job(act)
        jobs.put(job)  # type: ignore[arg-type]  # a queue of jobs of any result
        if not job.done.wait(deadline_seconds or self._settings.deadline_seconds):
            job.abandoned = True
            self._note_away("no answer in time")
            raise SignerUnavailable("the token does not answer")
        if job.failure:
            raise SignerUnavailable(job.failure)
        return job.results[0]

    def close(self) -> None:
        """Let the thread end its session and itself once it is through."""
        with self._guard:
            if self._process == os.getpid():
                self._jobs.put(None)
            self._process = -1

    def _started(self) -> "queue.SimpleQueue[_Job[object] | None]":
        """Return the queue of this process's thread, which is started at first use."""
        with self._guard:
            if self._process != os.getpid():
                self._process, self._jobs, self._busy_since = os.getpid(), queue.SimpleQueue(), None
                threading.Thread(target=self._work, args=(self._jobs,), name="pkcs11", daemon=True).start()
            return self._jobs

    def _work(self, jobs: "queue.SimpleQueue[_Job[object] | None]") -> None:
        session: TokenSession | None = None
        while (job := jobs.get()) is not None:
            if job.abandoned:
                continue
            self._busy_since = time.monotonic()
            try:
                if session is None or not _did(job, session):
                    session = self._opened()
                    job.do(session)
                self._note_back()
            except KeyMissing:
                job.failure = "the token has no such key"
            except SignerUnavailable as refusal:
                job.failure = str(refusal)
            except TokenFailure as failure:
                job.failure = f"the token failed: {failure}"
                self._give_up(session, str(failure))
                session = None
            finally:
                self._busy_since = None
                job.done.set()
        if session is not None:
            session.close()

    def _opened(self) -> TokenSession:
        """Return a new session, if need be of the module opened anew.

        Raises:
            SignerUnavailable: too soon after the last failure, or after a refused PIN.
            TokenFailure: it cannot be opened.
        """
        if self._pin_refused:
            raise SignerUnavailable(self._pin_refused)
        if time.monotonic() - self._failed_at < RETRY_SECONDS:
            raise SignerUnavailable(f"the token was away a moment ago: {self._away}")
        try:
            try:
                return TokenSession(self._settings)
            except TokenFailure:
                reopen(self._settings)
                return TokenSession(self._settings)
        except PinRefused as refused:
            self._pin_refused = f"the token refuses the PIN ({refused}): it is not tried again"
            self._note_away(self._pin_refused)
            raise SignerUnavailable(self._pin_refused) from refused

    def _give_up(self, session: TokenSession | None, reason: str) -> None:
        """After a failure the session is of no use."""
        if session is not None:
            session.close()
        self._failed_at = time.monotonic()
        self._note_away(reason)

    def _note_away(self, reason: str) -> None:
        if not self._away:
            log.error("hardware token away: nothing is signed", extra=self._named(reason))
        self._away = reason

    def _note_back(self) -> None:
        if self._away:
            log.warning("hardware token back", extra=self._named(self._away))
        self._away = ""

    def _named(self, reason: str) -> dict[str, str]:
        return {"token": self._settings.label, "reason": reason}


def _did(job: _Job[object], session: TokenSession) -> bool:
    """Whether the session that is open still served; one that does not is closed, and a new one may."""
    if session.gone:
        return False
    try:
        job.do(session)
    except (TokenFailure, KeyMissing):
        session.close()
        return False
    return True
