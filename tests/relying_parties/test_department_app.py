"""Two departments' applications (Flask and Authlib) at a real hub: in once, out once."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.relying_parties.department import Department, department, registration
from tests.relying_parties.visitor import Visitor
from tests.servers.hub import PASSWORD, HubServer, free_port

pytestmark = [pytest.mark.relying_party, pytest.mark.slow]

LOGOUT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Town:
    """A hub with a citizen in it, and two departments."""

    hub: HubServer
    housing: Department
    tax: Department
    client_ids: tuple[str, str]


@pytest.fixture(scope="module")
def town(hub: HubServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    hub.add_citizen()
    folder = tmp_path_factory.mktemp("departments")
    with ExitStack() as running:
        apps, client_ids = [], []
        for name in ("Housing", "Tax"):
            port = free_port()
            client = hub.add_client(*registration(port), name=name)
            setting = {"ISSUER": hub.issuer, "CLIENT_ID": client["client_id"], "APP_NAME": name}
            setting["CLIENT_SECRET"] = client["client_secret"]
            apps.append(running.enter_context(department(port, folder, **setting)))
            client_ids.append(client["client_id"])
        yield Town(hub, apps[0], apps[1], (client_ids[0], client_ids[1]))


def is_signed_in(visitor: Visitor, app: Department) -> bool:
    visitor.open(f"{app.address}/")
    return visitor.has("department_sign_out")


def has_been_signed_out(visitor: Visitor, app: Department) -> bool:
    """Whether the hub's logout token arrives within the time that it may take."""
    deadline = time.monotonic() + LOGOUT_SECONDS
    while time.monotonic() < deadline:
        if not is_signed_in(visitor, app):
            return True
        time.sleep(0.1)
    return False


@pytest.fixture
def signed_in(town: Town, visitor: Visitor) -> Visitor:
    visitor.open(f"{town.housing.address}/")
    visitor.press("department_sign_in")
    visitor.sign_in("tuya", PASSWORD)
    return visitor


def test_a_citizen_signs_in_and_the_department_learns_who_it_is(town: Town, signed_in: Visitor) -> None:
    assert signed_in.page.url == f"{town.housing.address}/"
    assert signed_in.text("person_name") == "Tuya Bat"
    assert signed_in.text("person_email") == "tuya@example.org"
    assert signed_in.text("person_persona") == "Citizen"
    assert signed_in.text("person_acr") != "not given"


def test_the_second_department_asks_for_no_password_and_knows_another_number(
    town: Town, signed_in: Visitor
) -> None:
    number_at_housing = signed_in.text("person_sub")

    signed_in.open(f"{town.tax.address}/sign-in")
    if signed_in.has("allow"):
        signed_in.press("allow")

    assert signed_in.page.url == f"{town.tax.address}/"
    assert signed_in.text("person_name") == "Tuya Bat"
    assert signed_in.text("person_sub") != number_at_housing


def test_signing_out_of_one_department_signs_out_of_both(town: Town, signed_in: Visitor) -> None:
    signed_in.open(f"{town.tax.address}/sign-in")
    if signed_in.has("allow"):
        signed_in.press("allow")

    signed_in.press("department_sign_out")

    assert signed_in.page.url.startswith(f"{town.tax.address}/signed-out?state=")
    assert signed_in.page.status == 200
    assert has_been_signed_out(signed_in, town.housing)
    signed_in.press("department_sign_in")
    assert signed_in.has("login_name")


def test_signing_out_in_one_browser_leaves_the_other_signed_in(town: Town, signed_in: Visitor) -> None:
    with Visitor() as at_the_library:
        at_the_library.open(f"{town.housing.address}/sign-in")
        at_the_library.sign_in("tuya", PASSWORD)
        at_the_library.open(f"{town.tax.address}/sign-in")
        at_the_library.open(f"{town.housing.address}/")
        at_the_library.press("department_sign_out")

        assert has_been_signed_out(at_the_library, town.tax)
        assert is_signed_in(signed_in, town.housing)


def test_signing_in_again_gives_the_same_number(town: Town, signed_in: Visitor) -> None:
    number = signed_in.text("person_sub")
    signed_in.press("department_sign_out")
    signed_in.open(f"{town.housing.address}/sign-in")

    signed_in.sign_in("tuya", PASSWORD)

    assert signed_in.text("person_sub") == number


def test_who_does_not_share_is_not_signed_in(town: Town, visitor: Visitor) -> None:
    town.hub.add_citizen("sarnai", name="Sarnai Bold", email="sarnai@example.org")
    visitor.open(f"{town.housing.address}/sign-in")
    visitor.fill("login_name", "sarnai")
    visitor.press("continue")
    visitor.fill("password", PASSWORD)
    visitor.press("sign_in")

    visitor.press("deny")

    assert visitor.text("error_code") == "access_denied"
    assert not is_signed_in(visitor, town.housing)


def test_a_wrong_password_is_told_at_the_hub_and_the_right_one_goes_on(town: Town, visitor: Visitor) -> None:
    visitor.open(f"{town.housing.address}/sign-in")
    visitor.fill("login_name", "tuya")
    visitor.press("continue")
    visitor.fill("password", "nine blue yaks in the desert")
    visitor.press("sign_in")
    stayed_at = visitor.page.url

    visitor.fill("password", PASSWORD)
    visitor.press("sign_in")
    if visitor.has("allow"):
        visitor.press("allow")

    assert stayed_at.startswith(town.hub.issuer)
    assert visitor.page.url == f"{town.housing.address}/"


def test_a_person_who_is_disabled_is_signed_out_everywhere(town: Town, visitor: Visitor) -> None:
    town.hub.add_citizen("oyun", name="Oyun Dorj", email="oyun@example.org")
    visitor.open(f"{town.housing.address}/sign-in")
    visitor.sign_in("oyun", PASSWORD)
    assert is_signed_in(visitor, town.housing)

    town.hub.run("person", "disable", "oyun", "--reason", "moved away")

    assert has_been_signed_out(visitor, town.housing)


def test_every_step_is_on_record_for_its_client(town: Town, signed_in: Visitor) -> None:
    found = {event["event"] for event in town.hub.audit("--client", town.client_ids[0])}

    assert {"code.issued", "token.issued", "userinfo.accessed"} <= found


def test_a_public_client_signs_people_in_too(town: Town, visitor: Visitor, tmp_path_factory) -> None:
    port = free_port()
    client = town.hub.add_client(
        "--public", "--trusted", "--redirect-uri", f"http://127.0.0.1:{port}/callback"
    )
    setting = {"ISSUER": town.hub.issuer, "CLIENT_ID": client["client_id"], "APP_NAME": "Parks"}
    with department(port, tmp_path_factory.mktemp("public"), **setting) as parks:
        visitor.open(f"{parks.address}/sign-in")

        visitor.sign_in("tuya", PASSWORD)

        assert visitor.text("person_name") == "Tuya Bat"
