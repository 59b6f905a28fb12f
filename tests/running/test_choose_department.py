"""A clerk without a realm in the name says which department it is, before any password is asked for."""

import secrets
from collections.abc import Iterator

import pytest

from sso.directory.settings import Vendor
from tests.relying_parties.visitor import Visitor
from tests.running.application import REDIRECT_URI, Application, registered
from tests.running.tuned_hub import running_hub
from tests.servers.directories import directory_of, settings_of
from tests.servers.directory_people import PASSWORD

pytestmark = [pytest.mark.slow, pytest.mark.directories]


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    with directory_of(Vendor.OPENLDAP) as server:
        directories = (
            settings_of(server),
            settings_of(server, id="tax", name="Tax Office", realms=("tax.example",)),
        )
        folder = tmp_path_factory.mktemp("hub")
        with running_hub(folder, directories=directories, settings={}) as hub, registered(hub) as application:
            yield application


@pytest.fixture
def visitor(application: Application) -> Iterator[Visitor]:
    with Visitor() as visitor:
        visitor.open(application.authorization_url(secrets.token_urlsafe(32)))
        yield visitor


def _choose(visitor: Visitor, directory_id: str) -> None:
    visitor.press("departments")
    visitor.page.forms[0].fields["department"] = directory_id
    visitor.press("continue")


def test_a_bare_name_goes_to_the_department_that_was_chosen(visitor: Visitor) -> None:
    _choose(visitor, "civil-affairs")
    visitor.fill("login_name", "alice")
    visitor.press("continue")
    shown = visitor.page.texts["shown_name"]
    visitor.fill("password", PASSWORD)

    reached = visitor.press("sign_in", until=REDIRECT_URI)

    assert shown == "alice@civil.example"
    assert reached.startswith(REDIRECT_URI)


def test_a_name_with_a_realm_goes_where_the_realm_leads_whatever_was_chosen(visitor: Visitor) -> None:
    _choose(visitor, "tax")
    visitor.fill("login_name", "alice@civil.example")
    visitor.press("continue")

    assert visitor.page.texts["shown_name"] == "alice@civil.example"
    assert "staff of Civil Affairs Bureau" in visitor.page.html


def test_the_departments_are_listed_by_name_and_the_last_choice_is_remembered(
    application: Application, visitor: Visitor
) -> None:
    _choose(visitor, "tax")
    visitor.open(application.authorization_url(secrets.token_urlsafe(32)))

    visitor.press("departments")

    assert visitor.page.html.index("Civil Affairs Bureau") < visitor.page.html.index("Tax Office")
    assert visitor.page.forms[0].fields["department"] == "tax"


@pytest.mark.parametrize("directory_id", ["", "nowhere", "<script>"])
def test_a_department_that_there_is_not_is_asked_for_again(visitor: Visitor, directory_id: str) -> None:
    _choose(visitor, directory_id)

    assert "Choose the department that you work for" in visitor.page.html
    assert "<script>" not in visitor.page.html.replace("<script type", "")


def test_a_department_in_the_address_that_there_is_not_changes_nothing(visitor: Visitor) -> None:
    visitor.open(f"{visitor.page.url}?department=nowhere")
    visitor.fill("login_name", "alice")
    visitor.press("continue")

    assert "as a citizen" in visitor.page.html


def test_a_hub_without_departments_offers_none(tmp_path_factory: pytest.TempPathFactory) -> None:
    with (
        running_hub(tmp_path_factory.mktemp("hub"), directories=(), settings={}) as hub,
        registered(hub) as application,
        Visitor() as visitor,
    ):
        visitor.open(application.authorization_url(secrets.token_urlsafe(32)))

    assert "departments" not in visitor.page.controls
