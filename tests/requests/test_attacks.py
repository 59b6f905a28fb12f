"""Attacks on the code flow, over HTTP: injection, downgrade, mix-up, replay (RFC 9700 2.1, 4.4, 4.5, 4.8)."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import jwt
import pytest

from tests.relying_parties.visitor import Visitor
from tests.requests.developer import REDIRECT_URI, Developer, answer_of, registered, signed_in
from tests.servers.hub import HubServer

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def developer(hub: HubServer) -> Developer:
    hub.add_citizen()
    return registered(hub, "--trusted")


@pytest.fixture(scope="module")
def excused(developer: Developer) -> Developer:
    """Old software that an officer has excused from PKCE."""
    return registered(developer.hub, "--trusted", "--no-pkce")


@pytest.fixture(scope="module")
def visitor(developer: Developer) -> Iterator[Visitor]:
    with signed_in(developer.hub) as visitor:
        yield visitor


def ask(developer: Developer, visitor: Visitor, **changes: str | None) -> dict[str, str]:
    address = developer.address(**developer.params(**changes))
    return answer_of(visitor.open(address, until=REDIRECT_URI))


def error_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


def test_a_stolen_code_is_worthless_in_another_browsers_session(
    developer: Developer, visitor: Visitor
) -> None:
    """RFC 9700 4.5: the client brings the verifier of the session that the code is put into."""
    stolen = ask(developer, visitor)["code"]

    injected = developer.redeem(stolen, code_verifier="v" * 43)
    without = developer.redeem(stolen, code_verifier="")

    assert error_of(injected) == error_of(without) == (400, "invalid_grant")
    assert developer.redeem(stolen).status_code == 200


def test_a_challenge_that_was_taken_away_on_the_way_is_missed(
    developer: Developer, excused: Developer, visitor: Visitor
) -> None:
    """RFC 9700 2.1.1 and 4.8.2: PKCE downgrade."""
    stripped = {"code_challenge": None, "code_challenge_method": None}

    required = ask(developer, visitor, **stripped)
    downgraded = excused.redeem(ask(excused, visitor, **stripped)["code"])

    assert required["error"] == "invalid_request"
    assert error_of(downgraded) == (400, "invalid_grant")


def test_a_code_of_another_client_is_worthless(
    developer: Developer, excused: Developer, visitor: Visitor
) -> None:
    """RFC 6749 4.1.3."""
    code = ask(developer, visitor)["code"]

    assert error_of(excused.redeem(code, code_verifier=developer.verifier)) == (400, "invalid_grant")
    assert developer.redeem(code).status_code == 200


def test_a_code_that_went_to_another_address_is_worthless(developer: Developer, visitor: Visitor) -> None:
    """RFC 6749 4.1.3."""
    code = ask(developer, visitor)["code"]

    assert error_of(developer.redeem(code, redirect_uri=REDIRECT_URI + "/x")) == (400, "invalid_grant")
    assert developer.redeem(code).status_code == 200


def test_a_code_that_comes_twice_ends_what_it_gave(developer: Developer, visitor: Visitor) -> None:
    """RFC 9700 2.1.1, RFC 6749 4.1.2."""
    code = ask(developer, visitor)["code"]
    token = developer.redeem(code).json()["access_token"]

    replayed = developer.redeem(code)
    after = developer.post("/oauth2/introspect", {"token": token}).json()

    assert error_of(replayed) == (400, "invalid_grant")
    assert after == {"active": False}


def in_query(url: str, visitor: Visitor) -> str:
    return answer_of(url)["iss"]


def in_fragment(url: str, visitor: Visitor) -> str:
    return answer_of(url, part="fragment")["iss"]


def by_post(url: str, visitor: Visitor) -> str:
    [form] = [form for form in visitor.page.forms if form.action == REDIRECT_URI]
    return form.fields["iss"]


def inside(url: str, visitor: Visitor) -> str:
    [(_, text)] = parse_qsl(urlsplit(url).query)
    claims: dict[str, Any] = jwt.decode(text, options={"verify_signature": False})
    return str(claims["iss"])


@pytest.mark.parametrize(
    ("mode", "issuer"),
    [("query", in_query), ("fragment", in_fragment), ("form_post", by_post), ("jwt", inside)],
)
@pytest.mark.parametrize("wrong", [{}, {"scope": "unheard:of"}])
def test_every_answer_says_who_gives_it(
    developer: Developer, visitor: Visitor, mode: str, issuer: Any, wrong: dict[str, str]
) -> None:
    """RFC 9207 2, RFC 9700 4.4: a client that talks to several issuers must not mix them up."""
    address = developer.address(**developer.params(response_mode=mode, **wrong))

    url = visitor.open(address, until=REDIRECT_URI)

    assert issuer(url, visitor) == developer.hub.issuer


def test_who_turns_back_brings_the_issuer_along(developer: Developer) -> None:
    """RFC 9207 2."""
    with Visitor() as stranger:
        stranger.open(developer.address(**developer.params()))
        answer = answer_of(stranger.press("cancel", until=REDIRECT_URI))

    assert (answer["error"], answer["iss"]) == ("access_denied", developer.hub.issuer)


@pytest.mark.parametrize(
    "address",
    [
        REDIRECT_URI + "/",
        REDIRECT_URI + "?x=1",
        REDIRECT_URI + "#x",
        REDIRECT_URI.upper(),
        "http://127.0.0.1:9@evil.example/cb",
        "http://127.0.0.1:9.evil.example/cb",
        "http://127.0.0.1:9/cb/../evil",
        "http://127.0.0.1:9/%63b",
        "http://localhost:9/cb",
        "http://[::1]:9/cb",
    ],
)
def test_a_code_goes_to_the_registered_address_and_nowhere_else(
    developer: Developer, visitor: Visitor, address: str
) -> None:
    """RFC 9700 4.1.3: byte for byte, in the open and pushed."""
    visitor.open(developer.address(**developer.params(redirect_uri=address)))
    pushed = developer.post("/oauth2/par", developer.params(redirect_uri=address))

    assert visitor.text("error_code") == "invalid_redirect_uri"
    assert error_of(pushed) == (400, "invalid_request")
