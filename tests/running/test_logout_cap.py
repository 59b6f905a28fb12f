"""An application that does not confirm a sign-out in time: short-lived tokens until it confirms one."""

import secrets
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.relying_parties.visitor import Visitor
from tests.running.application import REDIRECT_URI, Application, registered
from tests.running.listening_client import ListeningClient, confirms, refuses
from tests.running.state import events
from tests.running.test_logout_delivery import until
from tests.running.tuned_hub import TunedHub, running_hub
from tests.servers.hub import PASSWORD

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TunedHub]:
    settings = {"OUTBOUND__LOGOUT_RETRY_SECONDS": "1", "TOKENS__CAPPED_TOKEN_LIFETIME_SECONDS": "45"}
    with running_hub(tmp_path_factory.mktemp("hub"), settings=settings) as running:
        running.add_citizen()
        yield running


def tokens_after_a_whole_visit(application: Application) -> dict[str, Any]:
    """Sign in, redeem, sign out; return what the token endpoint answered."""
    with Visitor() as visitor:
        verifier = secrets.token_urlsafe(32)
        visitor.open(application.authorization_url(verifier))
        code = httpx.URL(visitor.sign_in("tuya", PASSWORD, until=REDIRECT_URI)).params["code"]
        answer: dict[str, Any] = application.redeem(code, verifier).json()
        visitor.open(f"{application.issuer}/oauth2/logout?id_token_hint={answer['id_token']}")
    return answer


def test_the_cap_comes_with_the_notice_given_up_and_goes_with_the_next_confirmed(hub: TunedHub) -> None:
    with (
        ListeningClient(refuses) as client,
        registered(hub, "--backchannel-logout-uri", client.uri) as application,
    ):
        before = tokens_after_a_whole_visit(application)
        assert until(lambda: events(hub, "logout.cap.applied"))
        (shown,) = hub.json("client", "show", application.client_id)
        assert until(lambda: application_is_capped(application))

        client.answer = confirms
        capped = tokens_after_a_whole_visit(application)
        assert until(lambda: events(hub, "logout.cap.lifted"))
        assert until(lambda: not application_is_capped(application))
        after = tokens_after_a_whole_visit(application)

    (applied,) = events(hub, "logout.cap.applied")
    (final, *_) = [e for e in events(hub, "logout.propagated") if e["outcome"] == "failure" and e["final"]]
    assert (before["expires_in"], capped["expires_in"], after["expires_in"]) == (300, 45, 300)
    assert ["refresh_token" in answer for answer in (before, capped, after)] == [True, False, True]
    assert shown["logout_unconfirmed_since"] is not None
    assert (applied["client_id"], applied["lifetime_seconds"]) == (application.client_id, 45)
    assert final["client_id"] == application.client_id
    (shown,) = hub.json("client", "show", application.client_id)
    assert shown["logout_unconfirmed_since"] is None


def application_is_capped(application: Application) -> bool:
    """Another process learns of it within a second: ask as a client would notice."""
    with Visitor() as visitor:
        verifier = secrets.token_urlsafe(32)
        visitor.open(application.authorization_url(verifier))
        code = httpx.URL(visitor.sign_in("tuya", PASSWORD, until=REDIRECT_URI)).params["code"]
        return bool(application.redeem(code, verifier).json()["expires_in"] == 45)
