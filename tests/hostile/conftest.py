"""One hub for every hostile test: it must outlive them all."""

from collections.abc import Iterator

import pytest

from tests.hostile.stage import PASSWORD, REDIRECT_URI, Stage, secret_cookies
from tests.relying_parties.visitor import Visitor
from tests.servers.hub import HubServer


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Return the stage: a citizen is signed in, and attempts are throttled late."""
    hub = HubServer(
        tmp_path_factory.mktemp("hostile"),
        extra="\n[throttle]\nnetwork_limit = 10000\n",
    )
    hub.initialise()
    hub.start()
    try:
        hub.add_citizen()
        client = hub.add_client("--redirect-uri", REDIRECT_URI)
        with Visitor() as visitor:
            visitor.open(f"{hub.issuer}/sign-in")
            visitor.sign_in("tuya", PASSWORD)
            secrets = [PASSWORD, client["client_secret"], *secret_cookies(visitor)]
            yield Stage(hub, client, visitor, secrets)
    finally:
        hub.stop()
