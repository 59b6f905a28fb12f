"""What may be used once: four calls at the same moment, two processes, one PostgreSQL, one winner."""

import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import jwt
import pytest

from sso.oidc.client_authentication import ASSERTION_TYPE
from tests.oidc.examples import private, signing_key
from tests.oidc.proofs import proof
from tests.running.application import REDIRECT_URI, registered, signed_in
from tests.running.tuned_hub import TunedHub, running_hub
from tests.servers.postgresql import PostgreSQL

ROUNDS = 200
CALLS = 4
KEY = signing_key("ES256", 1)

pytestmark = [pytest.mark.slow, pytest.mark.postgresql, pytest.mark.timeout(600)]

Call = Callable[[httpx.Client], httpx.Response]


@dataclass
class Site:
    hub: TunedHub
    by_key: str
    by_secret: dict[str, str]

    @property
    def token_address(self) -> str:
        return f"{self.hub.issuer}/oauth2/token"


@pytest.fixture(scope="module")
def site(postgresql: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("hub")
    settings = {"SERVER__WORKERS": "2", "SERVER__THREADS": "4"}
    with running_hub(folder, database_url=postgresql.new_database(), settings=settings) as hub:
        jwks = {"keys": [KEY.public_jwk]}
        by_key = {"token_endpoint_auth_method": "private_key_jwt", "jwks": jwks}
        by_secret = {"token_endpoint_auth_method": "client_secret_post"}
        made = []
        for number, metadata in enumerate((by_key, by_secret)):
            file = folder / f"{number}.json"
            file.write_text(json.dumps({"grant_types": ["client_credentials"], "scope": "a:b", **metadata}))
            made.append(hub.add_client("--metadata-file", str(file)))
        yield Site(hub, made[0]["client_id"], made[1])


def winners(prepare: Callable[[], Call]) -> Counter[tuple[int, ...]]:
    """How the statuses of each round's calls came out, over all rounds."""
    outcomes: Counter[tuple[int, ...]] = Counter()
    barrier = threading.Barrier(CALLS)
    clients = [httpx.Client(trust_env=False, timeout=30) for _ in range(CALLS)]

    def act(http: httpx.Client, call: Call) -> int:
        barrier.wait(30)
        return call(http).status_code

    with ThreadPoolExecutor(CALLS) as pool:
        for _ in range(ROUNDS):
            call = prepare()
            outcomes[tuple(sorted(pool.map(lambda http, call=call: act(http, call), clients)))] += 1
    for http in clients:
        http.close()
    return outcomes


def test_one_code_has_one_winner(site: Site) -> None:
    """RFC 6749 4.1.2: whoever is late is refused, and what the first one got is revoked (RFC 9700 2.1.1)."""
    site.hub.add_citizen()
    verifier = "v" * 43
    with registered(site.hub) as application:
        cookies = signed_in(application)

        def prepare() -> Call:
            code = application.ask_code(cookies, verifier)
            form = {
                "grant_type": "authorization_code",
                "redirect_uri": REDIRECT_URI,
                "code": code,
                "code_verifier": verifier,
                "client_id": application.client_id,
                "client_secret": application.client_secret,
            }
            return lambda http: http.post(site.token_address, data=form)

        assert winners(prepare) == {(200, 400, 400, 400): ROUNDS}


def test_one_client_assertion_has_one_winner(site: Site) -> None:
    """RFC 7523 3, rule 7."""

    def prepare() -> Call:
        now = int(time.time())
        claims = {"iss": site.by_key, "sub": site.by_key, "aud": site.hub.issuer, "exp": now + 60}
        text = jwt.encode({**claims, "jti": secrets.token_urlsafe(16)}, private(KEY), algorithm="ES256")
        form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": text}
        return lambda http: http.post(site.token_address, data={"grant_type": "client_credentials", **form})

    assert winners(prepare) == {(200, 401, 401, 401): ROUNDS}


def test_one_proof_has_one_winner(site: Site) -> None:
    """RFC 9449 11.1."""
    form = {"grant_type": "client_credentials", **site.by_secret}

    def prepare() -> Call:
        made = proof(htu=site.token_address, at=datetime.now(UTC))
        return lambda http: http.post(site.token_address, data=form, headers={"DPoP": made})

    assert winners(prepare) == {(200, 400, 400, 400): ROUNDS}
