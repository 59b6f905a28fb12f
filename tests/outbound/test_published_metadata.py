"""Reading what an upstream publishes holds nobody up who could go on without."""

import threading
from dataclasses import dataclass, field

import pytest

from sso.audit.record import JsonValue
from sso.authentication.upstream.settings import UpstreamSettings
from sso.outbound.upstream import published
from sso.outbound.upstream.published import PublishedMetadata, UpstreamUnavailable

ISSUER = "https://id.national.example"
SETTINGS = UpstreamSettings(id="national", issuer=ISSUER, labels={"en": "National"}, client_id="hub")
GOOD: dict[str, JsonValue] = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/jwks",
    "response_types_supported": ["code"],
    "code_challenge_methods_supported": ["S256"],
    "token_endpoint_auth_methods_supported": ["private_key_jwt"],
    "id_token_signing_alg_values_supported": ["ES256"],
}


@dataclass
class Slow:
    """A platform that answers when it is let, or not at all; and a clock that a test moves."""

    now: float = 0.0
    asked: int = 0
    away: bool = False
    begun: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)

    def get_json(self, _: str) -> JsonValue:
        self.asked += 1
        self.begun.set()
        assert self.go.wait(20)
        if self.away:
            raise UpstreamUnavailable("away")
        return GOOD

    def metadata(self) -> PublishedMetadata:
        return PublishedMetadata(SETTINGS, self.get_json, lambda: self.now)


def test_what_is_known_serves_while_another_thread_reads() -> None:
    slow = Slow()
    slow.go.set()
    metadata = slow.metadata()
    known = metadata.current()
    slow.now, slow.go, slow.begun = published.FRESH_SECONDS + 1, threading.Event(), threading.Event()
    reading = threading.Thread(target=metadata.current)
    reading.start()
    try:
        assert slow.begun.wait(20)
        assert metadata.current() is known
    finally:
        slow.go.set()
        reading.join(20)
    assert slow.asked == 2


def test_where_nothing_is_known_a_request_waits_for_some_seconds_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(published, "WAIT_SECONDS", 0.05)
    slow = Slow()
    metadata = slow.metadata()
    reading = threading.Thread(target=metadata.current)
    reading.start()
    try:
        assert slow.begun.wait(20)
        with pytest.raises(UpstreamUnavailable, match="too long"):
            metadata.current()
    finally:
        slow.go.set()
        reading.join(20)
    assert metadata.current().jwks_uri == f"{ISSUER}/jwks"


def test_a_platform_that_is_away_is_not_asked_by_every_request_and_serves_a_day() -> None:
    slow = Slow()
    slow.go.set()
    metadata = slow.metadata()
    known = metadata.current()
    slow.away = True
    slow.now = published.FRESH_SECONDS + 1

    assert metadata.current() is metadata.current() is known
    assert slow.asked == 2
    slow.now += published.AGAIN_SECONDS
    assert metadata.current() is known
    assert slow.asked == 3
    slow.now = published.STALE_SECONDS + 1
    with pytest.raises(UpstreamUnavailable):
        metadata.current()
