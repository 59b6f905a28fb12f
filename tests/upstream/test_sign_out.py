"""Sign-outs go on across two real hubs, one the upstream of the other: by the browser, and behind it."""

import time

import pytest

from tests.relying_parties.visitor import Visitor
from tests.running.state import events
from tests.servers.hub import HubServer
from tests.upstream.conftest import Pair, signed_in_there

pytestmark = pytest.mark.timeout(600)  # two hubs start first
PATIENCE_SECONDS = 20


def signed_in_at_both(pair: Pair) -> Visitor:
    visitor = Visitor()
    visitor.open(f"{pair.hub.issuer}/sign-in")
    signed_in_there(visitor, until=f"{pair.hub.issuer}/nowhere")
    assert is_signed_in(visitor, pair.hub)
    assert is_signed_in(visitor, pair.platform)
    return visitor


def is_signed_in(visitor: Visitor, hub: HubServer) -> bool:
    visitor.open(f"{hub.issuer}/account")
    return visitor.has("accounts")


def test_a_sign_out_here_ends_the_session_there_and_comes_back(pair: Pair) -> None:
    """RP-Initiated Logout 1.0 2, with the ID token of the sign-in as its hint."""
    with signed_in_at_both(pair) as visitor:
        visitor.open(f"{pair.hub.issuer}/sign-out")
        visitor.press("sign_out")

        back = visitor.page.url
        assert any(url.startswith(pair.platform.issuer) for url in visitor.passed), visitor.passed
        assert back.startswith(pair.hub.issuer)
        assert not is_signed_in(visitor, pair.hub)
        assert not is_signed_in(visitor, pair.platform)
    assert events(pair.hub, "upstream.sign_out.sent")


def test_a_sign_out_there_ends_the_session_here(pair: Pair) -> None:
    """Back-Channel Logout 1.0 2.5 to 2.7: the platform's worker tells, the hub ends."""
    with signed_in_at_both(pair) as visitor:
        visitor.open(f"{pair.platform.issuer}/sign-out")
        visitor.press("sign_out")

        ends = time.monotonic() + PATIENCE_SECONDS
        while is_signed_in(visitor, pair.hub):
            assert time.monotonic() < ends, "the hub was not told"
            time.sleep(0.1)
    # Of the sign-out in the test before, which had ended the session here already, the notice may come later.
    assert 1 in [event["sessions"] for event in events(pair.hub, "upstream.logout.received")]
    assert events(pair.hub, "session.ended.user")[-1]["cause"] == "upstream"
