"""RFC 9126 over HTTP: an application pushes, a browser brings the reference, a code comes back."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.relying_parties.visitor import Visitor
from tests.requests.developer import REDIRECT_URI, Developer, answer_of, signed_in
from tests.servers.hub import PASSWORD, HubServer, StartHub

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def developer(hub: HubServer) -> Developer:
    hub.add_citizen()
    return Developer(hub, hub.add_client("--redirect-uri", REDIRECT_URI))


def test_a_person_signs_in_by_reference_and_the_code_is_redeemed(developer: Developer) -> None:
    """RFC 9126 4."""
    request_uri = developer.push(scope="openid email offline_access")

    with Visitor() as visitor:
        visitor.open(developer.pushed_address(request_uri))
        answer = answer_of(visitor.sign_in("tuya", PASSWORD, until=REDIRECT_URI))
    tokens = developer.redeem(answer["code"]).json()

    assert (answer["state"], answer["iss"]) == ("af0ifjsldkj", developer.hub.issuer)
    assert set(tokens["scope"].split()) == {"openid", "email", "offline_access"}


def test_a_reference_is_spent_when_its_request_is_answered_and_not_before(developer: Developer) -> None:
    """RFC 9126 4, FAPI 2.0 5.3.2.2."""
    address = developer.pushed_address(developer.push(prompt="consent"))

    with signed_in(developer.hub) as visitor:
        visitor.open(address)
        visitor.open(address)
        answer = answer_of(visitor.press("allow", until=REDIRECT_URI))
        visitor.open(address)

        assert "code" in answer
        assert (visitor.page.status, visitor.text("error_code")) == (400, "invalid_request_uri")


def test_a_refusal_spends_it_too(developer: Developer) -> None:
    address = developer.pushed_address(developer.push(prompt="none"))

    with Visitor() as visitor:
        answer = answer_of(visitor.open(address, until=REDIRECT_URI))
        visitor.open(address)

    assert answer["error"] == "login_required"
    assert visitor.text("error_code") == "invalid_request_uri"


def test_going_back_to_the_service_spends_it_too(developer: Developer) -> None:
    address = developer.pushed_address(developer.push())

    with Visitor() as visitor:
        visitor.open(address)
        answer = answer_of(visitor.press("cancel", until=REDIRECT_URI))
        visitor.open(address)

    assert answer["error"] == "access_denied"
    assert visitor.text("error_code") == "invalid_request_uri"


def test_nobody_pushes_without_proof(developer: Developer) -> None:
    """RFC 9126 2."""
    answer = developer.post("/oauth2/par", developer.params(), proven=False)

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_pushing_is_by_post_only(developer: Developer, method: str) -> None:
    """RFC 9126 2.3."""
    answer = httpx.request(method, f"{developer.hub.issuer}/oauth2/par", trust_env=False)

    assert (answer.status_code, answer.json()["error"]) == (405, "invalid_request")


def test_an_address_that_is_not_registered_is_refused_though_the_client_is_proven(
    developer: Developer,
) -> None:
    """RFC 9126 2.4 would allow it; an address that no officer has seen gets no code here."""
    answer = developer.post("/oauth2/par", developer.params(redirect_uri="https://new.example/cb"))

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_request_that_is_too_large_is_refused(developer: Developer) -> None:
    """RFC 9126 2.3."""
    answer = developer.post("/oauth2/par", developer.params(state="s" * 300_000))

    assert (answer.status_code, answer.json()["error"]) == (413, "invalid_request")


def test_of_many_browsers_with_one_reference_one_gets_a_code(developer: Developer) -> None:
    """The last check is one DELETE; see also storage/test_concurrency.py, 200 rounds on PostgreSQL."""
    hub = developer.hub
    trusted = Developer(hub, hub.add_client("--redirect-uri", REDIRECT_URI, "--trusted", name="Portal"))
    visitors = [signed_in(hub) for _ in range(4)]

    with ThreadPoolExecutor(len(visitors)) as pool:
        for _ in range(5):
            address = trusted.pushed_address(trusted.push())
            ends = list(pool.map(lambda v, a=address: v.open(a, until=REDIRECT_URI), visitors))

            assert len([end for end in ends if end.startswith(REDIRECT_URI)]) == 1
    for visitor in visitors:
        visitor.__exit__(None, None, None)


def test_the_trail_tells_the_push_and_the_visit_together(developer: Developer) -> None:
    with Visitor() as visitor:
        visitor.open(developer.pushed_address(developer.push()))

    pushed = developer.hub.audit("--event", "authz.request.pushed")[0]
    accepted = developer.hub.audit("--event", "authz.request.accepted")[0]

    assert pushed["detail"]["reference_prefix"] == accepted["detail"]["reference_prefix"]


def test_a_hub_may_demand_it_of_every_application(start_hub: StartHub) -> None:
    """RFC 9126 5."""
    hub = start_hub(extra="\n[requests]\nrequire_pushed = true\npushed_lifetime_seconds = 10\n")
    developer = Developer(hub, hub.add_client("--redirect-uri", REDIRECT_URI))

    with Visitor() as visitor:
        answer = answer_of(visitor.open(developer.address(**developer.params()), until=REDIRECT_URI))
        visitor.open(developer.pushed_address(developer.push()))
    metadata = httpx.get(f"{hub.issuer}/.well-known/openid-configuration", trust_env=False).json()

    assert answer["error"] == "invalid_request"
    assert "login_name" in visitor.page.forms[0].fields
    assert metadata["require_pushed_authorization_requests"] is True
    assert metadata["pushed_authorization_request_endpoint"] == f"{hub.issuer}/oauth2/par"
