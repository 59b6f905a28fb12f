"""One provider for every thread of a process: metadata and keys in memory, a breaker, a bulkhead.

Never call it in a transaction. Each request has the fetcher's three seconds; half of the threads may wait for
a slow provider at a time, and after failures nobody does, until one caller has found it well again.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode, urlsplit

from sso.audit.record import JsonValue
from sso.authentication.upstream.settings import UpstreamSettings
from sso.directory.breaker import Breaker, Bulkhead, BulkheadFull
from sso.oidc.jose import TokenInvalid, unverified_header
from sso.oidc.keys import KeyRing
from sso.outbound.documents import ClientDocuments
from sso.outbound.fetcher import Answer, Form, NoAnswer, Outbound
from sso.outbound.rules import NotAllowed, OutboundRules
from sso.outbound.upstream.client import CodeFlow, Question, Tokens
from sso.outbound.upstream.published import Metadata, PublishedMetadata, UpstreamUnavailable

PATIENCE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class PublishedKeys:
    """Where a provider's keys are (`sso.oidc.settings.Publisher`)."""

    publisher_id: str
    jwks_uri: str | None
    jwks: Mapping[str, JsonValue] | None = None


class UpstreamProvider:
    """The requests that a sign-in at one provider takes."""

    def __init__(
        self,
        settings: UpstreamSettings,
        redirect_uri: str,
        rules: OutboundRules,
        keys: Callable[[], KeyRing],
        threads: int = 8,
    ) -> None:
        self.settings = settings
        self.redirect_uri = redirect_uri
        self._rules = rules
        self._guard = threading.Lock()
        self._outbound: Outbound | None = None
        self._breaker = Breaker()
        self._bulkhead = Bulkhead(max(1, threads // 2), PATIENCE_SECONDS)
        self._documents = ClientDocuments(rules, threads)
        self._published = PublishedMetadata(settings, self.read, time.monotonic)
        self._flow = CodeFlow(settings, redirect_uri, keys, self._call)

    def address(self, question: Question) -> str:
        """Return where to send the browser.

        Raises:
            UpstreamUnavailable: the metadata cannot be read.
        """
        return self._flow.address(self.metadata(), question)

    def metadata(self) -> Metadata:
        """Return what the provider says of itself.

        Raises:
            UpstreamUnavailable: it cannot be read.
        """
        return self._published.current()

    def redeem(self, code: str, verifier: str, now: datetime) -> Tokens:
        """Return the tokens of a code.

        Raises:
            UpstreamRefused: with the provider's error.
            UpstreamUnavailable: no answer, or none that can be read.
        """
        return self._flow.redeem(self.metadata(), code, verifier, now)

    def userinfo(self, access_token: str | None) -> Mapping[str, JsonValue]:
        """Return what the userinfo endpoint says; nothing where there is none, or it is not wanted.

        Raises:
            UpstreamUnavailable: it says nothing that can be read.
        """
        address = self.metadata().userinfo_endpoint
        if not self.settings.userinfo or address is None or access_token is None:
            return {}
        return self._flow.userinfo(address, access_token)

    def keys_for(self, token: str) -> Mapping[str, JsonValue]:
        """Return the provider's keys, read again where they lack the one that a token names.

        Raises:
            UpstreamUnavailable: the metadata cannot be read.
        """
        published = PublishedKeys(f"upstream {self.settings.id}", self.metadata().jwks_uri)
        try:
            kid = unverified_header(token).get("kid")
        except TokenInvalid:
            return {}
        self._documents.prepare(published, kid if isinstance(kid, str) else None)
        return self._documents.keys(published)

    def sign_out_address(self, id_token: str, return_to: str, state: str) -> str:
        """Return where a browser signs out there (RP-Initiated Logout 1.0 2).

        Raises:
            UpstreamUnavailable: the metadata cannot be read, or names no such address.
        """
        address = self.metadata().end_session_endpoint
        if address is None:
            raise UpstreamUnavailable("end_session_endpoint is missing")
        asked = {
            "id_token_hint": id_token,
            "client_id": self.settings.client_id,
            "post_logout_redirect_uri": return_to,
            "state": state,
        }
        return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(asked)}"

    def read(self, url: str) -> JsonValue:
        """Return a JSON document that the provider publishes.

        Raises:
            UpstreamUnavailable: it cannot be read; the text says why.
        """
        answer = self._call(url, None, None)
        if answer.status != 200:
            raise UpstreamUnavailable(f"{url}: the answer has status {answer.status}")
        try:
            return answer.json()
        except NoAnswer as error:
            raise UpstreamUnavailable(f"{url}: {error}") from error

    def status_of(self, url: str) -> int:
        """Return the HTTP status with which an address of the provider answers.

        Raises:
            UpstreamUnavailable: it does not answer.
        """
        return self._call(url, None, None).status

    def close(self) -> None:
        """Close what is open."""
        with self._guard:
            outbound, self._outbound = self._outbound, None
        if outbound is not None:
            outbound.close()
        self._documents.close()

    def _call(self, url: str, form: Form | None, authorization: str | None) -> Answer:
        if not self._breaker.allows(time.monotonic()):
            raise UpstreamUnavailable("it did not answer a moment ago")
        try:
            with self._bulkhead.place():
                answer = self._opened().call(url, form, authorization)
        except NotAllowed as error:
            self._breaker.succeeded()  # it was not asked: that says nothing of its health
            raise UpstreamUnavailable(f"{url}: {error}") from error
        except BulkheadFull as error:
            self._breaker.failed(time.monotonic(), certain=False)
            raise UpstreamUnavailable("too many are waiting for it") from error
        except (NoAnswer, OSError) as error:
            self._breaker.failed(time.monotonic(), certain=False)
            raise UpstreamUnavailable(f"{url}: {error}") from error
        if answer.status >= 500:
            self._breaker.failed(time.monotonic(), certain=False)
        else:
            self._breaker.succeeded()
        return answer

    def _opened(self) -> Outbound:
        with self._guard:
            if self._outbound is None:
                self._outbound = Outbound(self._rules)
            return self._outbound
