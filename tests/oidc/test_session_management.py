"""session_state: what a client's page needs to notice a change, and nothing more (Session Management 1.0)."""

import base64
import hashlib
from dataclasses import replace

import pytest

from sso.oidc.authorize import grant
from sso.oidc.errors import ResponseMode, ReturnAddress
from sso.oidc.metadata import metadata
from sso.oidc.response import AuthorizationResponse
from sso.oidc.session_management import browser_state, session_state, with_session_state
from tests.oidc.examples import ISSUER, NOW, World, client

KEY = b"k" * 32
STATE = browser_state(KEY, "cookie-1")


def answered(redirect_uri: str, scope: frozenset[str] = frozenset({"openid"})) -> dict[str, str]:
    to = ReturnAddress(redirect_uri, "s", client(redirect_uris=(redirect_uri,)), ResponseMode.QUERY)
    return dict(with_session_state(AuthorizationResponse(to, (("code", "c"),)), scope, STATE, "salt").params)


def test_it_is_the_hash_that_the_frame_makes_too() -> None:
    """Session Management 3.2: client_id, origin, browser state and salt, and the salt itself."""
    said = f"housing https://housing.example {STATE} salt"
    digest = base64.urlsafe_b64encode(hashlib.sha256(said.encode()).digest()).rstrip(b"=").decode()

    assert session_state("housing", "https://housing.example", STATE, "salt") == f"{digest}.salt"
    assert answered("https://housing.example/cb")["session_state"] == f"{digest}.salt"


@pytest.mark.parametrize(
    ("redirect_uri", "origin"),
    [
        ("https://housing.example:443/cb", "https://housing.example"),
        ("https://housing.example:8443/cb?x=1", "https://housing.example:8443"),
        ("http://127.0.0.1:9/cb", "http://127.0.0.1:9"),
        ("https://Housing.Example/cb", "https://housing.example"),
    ],
)
def test_the_origin_is_the_browsers_spelling(redirect_uri: str, origin: str) -> None:
    """RFC 6454 6.2: lower case, no default port."""
    assert answered(redirect_uri)["session_state"] == session_state("housing", origin, STATE, "salt")


def test_only_an_authentication_response_to_a_page_carries_it() -> None:
    """Session Management 2."""
    assert "session_state" not in answered("https://housing.example/cb", frozenset({"housing:read"}))
    assert "session_state" not in answered("org.example.app:/cb")


def test_there_is_no_space_in_it() -> None:
    """Session Management 2."""
    assert " " not in answered("https://housing.example/cb")["session_state"]


def test_the_browser_state_changes_with_the_cookie_and_the_key_and_tells_neither() -> None:
    states = {STATE, browser_state(KEY, "cookie-2"), browser_state(b"x" * 32, "cookie-1")}

    assert len(states) == 3
    assert browser_state(KEY, "cookie-1") == STATE
    assert "cookie-1" not in STATE


def test_it_is_advertised_only_where_it_is_on() -> None:
    """Session Management 3.3; Discovery 3: exactly what is enabled."""
    off = World().provider
    on = replace(off, settings=replace(off.settings, session_management=True))

    assert metadata(on, (), NOW)["check_session_iframe"] == f"{ISSUER}/oauth2/check-session"
    assert "check_session_iframe" not in metadata(off, (), NOW)


def test_a_real_answer_is_extended_and_otherwise_as_it_was() -> None:
    world = World()
    answer = grant(world.ask(), world.session, world.stores, world.provider, NOW)

    extended = with_session_state(answer, frozenset({"openid"}), STATE, "salt")

    assert extended.params[:-1] == answer.params
    assert extended.params[-1][0] == "session_state"
