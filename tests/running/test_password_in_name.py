"""A password that is typed as a name is noticed when it is tried as a password; the text is kept nowhere."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.relying_parties.visitor import Visitor
from tests.running.state import events
from tests.running.tuned_hub import TunedHub, running_hub
from tests.servers.hub import PASSWORD

pytestmark = pytest.mark.slow

OTHER = "seven grey cranes over the lake"
LOOKS_LIKE_ONE = "Winter2026!"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TunedHub]:
    relaxed = {"THROTTLE__NETWORK_LIMIT": "1000", "THROTTLE__ACCOUNT_LIMIT": "100"}
    with running_hub(tmp_path_factory.mktemp("hub"), settings=relaxed) as hub:
        hub.add_citizen()
        yield hub


@pytest.fixture
def visitor(hub: TunedHub) -> Iterator[Visitor]:
    with Visitor() as visitor:
        visitor.open(f"{hub.issuer}/sign-in")
        yield visitor


def name(visitor: Visitor, text: str) -> None:
    """Type a name, after another one if there was one."""
    if visitor.has("change"):
        visitor.press("change")
    visitor.fill("login_name", text)
    visitor.press("continue")


def prove(visitor: Visitor, password: str) -> None:
    visitor.fill("password", password)
    visitor.press("sign_in")


def newest(hub: TunedHub, outcome: str) -> dict[str, Any]:
    found: dict[str, Any] = events(hub, f"auth.login.{outcome}")[-1]
    return found


def test_who_typed_the_password_first_signs_in_and_it_is_on_record(hub: TunedHub, visitor: Visitor) -> None:
    name(visitor, f" {PASSWORD} ")
    name(visitor, "tuya")

    prove(visitor, PASSWORD)

    assert newest(hub, "success")["password_in_name"] == "same"
    assert not {"sso-name", "sso-names-before"} & set(visitor.cookies())
    kept = [file.read_bytes() for file in hub.folder.iterdir() if file.name.startswith("hub")]
    assert not [content for content in kept if PASSWORD.encode() in content]
    assert len(hub.json("audit", "rules", "dry-run", "--rule", "r27_password_as_name", "--since", "1h")) == 1


def test_it_counts_also_where_the_password_is_wrong_or_many_names_were_typed(
    hub: TunedHub, visitor: Visitor
) -> None:
    name(visitor, OTHER)
    for number in range(4):
        name(visitor, f"tuya-{number}")

    prove(visitor, OTHER)

    assert newest(hub, "failure")["password_in_name"] == "same"


def test_a_name_that_cannot_be_one_counts_too(hub: TunedHub, visitor: Visitor) -> None:
    visitor.fill("login_name", OTHER + "\u200b")
    visitor.press("continue")
    assert visitor.has("login_name")
    name(visitor, "tuya")

    prove(visitor, OTHER + "\u200b")

    assert newest(hub, "failure")["password_in_name"] == "same"


@pytest.mark.parametrize(
    ("typed", "password"),
    [
        (["tuya"], "wrong"),
        ([OTHER, "tuya"], OTHER.upper()),
        (["nobody"], "nobody"),
        (["tuya", "tuya"], "tuya"),
        ([OTHER, *(f"tuya-{number}" for number in range(5)), "tuya"], OTHER),
    ],
)
def test_another_text_or_the_name_itself_is_no_sign(
    hub: TunedHub, visitor: Visitor, typed: list[str], password: str
) -> None:
    for each in typed:
        name(visitor, each)

    prove(visitor, password)

    assert "password_in_name" not in newest(hub, "failure")


def test_another_way_in_or_another_browser_knows_nothing_of_it(hub: TunedHub, visitor: Visitor) -> None:
    name(visitor, OTHER)
    visitor.open(f"{hub.issuer}/sign-in")
    name(visitor, "tuya")

    prove(visitor, OTHER)

    assert "password_in_name" not in newest(hub, "failure")


@pytest.mark.parametrize("value", ["", ".", "0" * 64, ".".join(["z" * 64] * 50), "." * 3_000])
def test_a_made_up_cookie_is_no_sign_and_no_error(hub: TunedHub, visitor: Visitor, value: str) -> None:
    name(visitor, "tuya")
    kept = next(each for each in visitor._client.cookies.jar if each.name == "sso-names-before")
    kept.value = value

    prove(visitor, OTHER)

    assert visitor.has("password")
    assert "password_in_name" not in newest(hub, "failure")


def test_an_unknown_name_that_looks_like_a_password_is_likely_one(hub: TunedHub, visitor: Visitor) -> None:
    name(visitor, LOOKS_LIKE_ONE)

    prove(visitor, "whatever")

    failed = newest(hub, "failure")
    assert (failed["status_code"], failed["password_in_name"]) == ("UNKNOWN_USER", "likely")
    assert LOOKS_LIKE_ONE.lower() not in str(failed).lower()


def test_without_a_password_nothing_is_on_record(hub: TunedHub, visitor: Visitor) -> None:
    before = len(events(hub, "auth.login.failure"))

    name(visitor, LOOKS_LIKE_ONE)

    assert len(events(hub, "auth.login.failure")) == before
