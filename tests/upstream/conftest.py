"""A hub whose people may sign in at another hub: both real, the second an upstream of the first."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.relying_parties.visitor import Visitor
from tests.requests.developer import Developer, registered
from tests.servers.hub import PASSWORD, HubServer
from tests.upstream.platform import Platform
from tests.upstream.stage import Stage, open_stage

UPSTREAM_HOST = "127.0.0.2"
"""Another host than the hub's, so that a browser keeps their cookies apart."""
ACR_PASSWORD = "urn:sso-hub:acr:password"


@dataclass
class Pair:
    """The hub, the national platform, and what the hub is registered as there."""

    hub: HubServer
    platform: HubServer
    registration: dict[str, Any]

    def application(self, *options: str, **metadata: Any) -> Developer:
        """An application of the hub that asks nobody for consent."""
        return registered(self.hub, "--trusted", *options, **metadata)

    def begin(self, application: Developer, **changes: str | None) -> Visitor:
        """A browser that an application has just sent to the hub."""
        visitor = Visitor()
        visitor.open(application.address(**application.params(**changes)))
        return visitor


def block(hub: HubServer, platform: str, client_id: str, more: str = "") -> str:
    return f"""
[[upstream]]
id = "national"
issuer = "{platform}"
label = {{ en = "National platform", "zh-CN" = "国家平台" }}
client_id = "{client_id}"
acr = [{{ theirs = "{ACR_PASSWORD}", ours = "{ACR_PASSWORD}" }}]
scopes = ["openid", "profile", "email"]
just_in_time = true
allow_loopback = true
{more}
"""


@pytest.fixture(scope="package")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Return both, with one citizen at the platform and nobody at the hub."""
    folder: Path = tmp_path_factory.mktemp("upstream")
    platform = HubServer(folder / "platform", host=UPSTREAM_HOST)
    hub = HubServer(folder / "hub")
    platform.initialise()
    platform.start()
    platform.add_citizen()
    registration = platform.add_client(
        *("--redirect-uri", f"{hub.issuer}/sign-in/upstream/national/callback"),
        *("--auth-method", "private_key_jwt", "--trusted"),
        *("--metadata", f'jwks_uri="{hub.issuer}/oauth2/jwks"', "--scope", "openid profile email"),
        *("--metadata", f'backchannel_logout_uri="{hub.issuer}/upstream/national/backchannel-logout"'),
        *("--metadata", f'post_logout_redirect_uris=["{hub.issuer}/signed-out/upstream"]'),
        name="The hub",
    )
    hub.extra = block(hub, platform.issuer, registration["client_id"], 'sign_out = "follow"')
    hub.initialise()
    hub.start()
    yield Pair(hub, platform, registration)
    hub.stop()
    platform.stop()


def signed_in_there(visitor: Visitor, until: str) -> str:
    """Go to the platform and sign in there; the address at which the browser stops."""
    visitor.press("upstream_1")
    return visitor.sign_in("tuya", PASSWORD, until=until)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The hub in this process, and a platform that may lie."""
    with Platform() as platform:
        stage = open_stage(tmp_path_factory.mktemp("hub"), platform)
        yield stage
        stage.hub.close()


@pytest.fixture
def stage(opened: Stage) -> Stage:
    """Both anew, and the platform good."""
    opened.renew()
    return opened
