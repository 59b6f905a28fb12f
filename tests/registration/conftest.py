"""A hub at which anybody may register an application, and a site that publishes what one names."""

import json
from collections.abc import Iterator

import pytest

from sso.oidc.jose import public_jwk
from tests.registration.registrant import TRUST, Registrant
from tests.running.tuned_hub import TunedHub, running_hub
from tests.servers.publisher import Publisher

OPEN = """
[registration]
mode = "open"
network_limit = 1000
grant_types = ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"]
statement_issuers = [{ issuer = "https://trust.example", jwks_file = "trust.json" }]
[outbound]
allow_loopback = true
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publisher]:
    with Publisher(tmp_path_factory.mktemp("site")) as made:
        yield made


@pytest.fixture(scope="module")
def hub(site: Publisher, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TunedHub]:
    folder = tmp_path_factory.mktemp("hub")
    (folder / "trust.json").write_text(json.dumps({"keys": [public_jwk(TRUST, "ES256")]}))
    with running_hub(folder, extra=f'{OPEN}ca_file = "{site.ca_file}"\n') as made:
        yield made


@pytest.fixture
def registrant(hub: TunedHub) -> Registrant:
    return Registrant(hub)
