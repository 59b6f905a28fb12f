"""Clerks of three vendors' directories choose a new password on the pages of one running hub."""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from sso.directory.settings import Vendor
from tests.relying_parties.visitor import Visitor
from tests.running.application import REDIRECT_URI, Application, registered
from tests.running.state import unwritable_audit
from tests.running.tuned_hub import TunedHub, running_hub
from tests.servers.directories import VENDORS, directory_of, settings_of
from tests.servers.directory_people import MONGOLIAN_PASSWORD, PASSWORD

pytestmark = [pytest.mark.slow, pytest.mark.directories]

NEW = "Quartz-vow 73 buck"
REALMS = {vendor: f"{vendor.value}.example" for vendor in VENDORS}
# Who signs in with a password that has ended: 389-DS needs grace logins for it, and then lets them in first.
EXPIRED = {Vendor.OPENLDAP: "expired", Vendor.SAMBA: "expired"}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TunedHub, Application]]:
    with ExitStack() as ends:
        servers = [ends.enter_context(directory_of(vendor)) for vendor in VENDORS]
        directories = tuple(
            settings_of(
                server,
                id=server.vendor.value,
                name=f"Bureau of {server.vendor.value}",
                realms=(REALMS[server.vendor],),
            )
            for server in servers
        )
        relaxed = {"THROTTLE__NETWORK_LIMIT": "1000"}
        running = ends.enter_context(
            running_hub(tmp_path_factory.mktemp("hub"), directories=directories, settings=relaxed)
        )
        yield running, ends.enter_context(registered(running))


@pytest.fixture
def visitor(hub: tuple[TunedHub, Application]) -> Iterator[Visitor]:
    with Visitor() as visitor:
        visitor.open(hub[1].authorization_url(secrets.token_urlsafe(32)))
        yield visitor


def _sign_in(visitor: Visitor, vendor: Vendor, uid: str, password: str = PASSWORD) -> str:
    visitor.fill("login_name", f"{uid}@{REALMS[vendor]}")
    visitor.press("continue")
    visitor.fill("password", password)
    return visitor.press("sign_in", until=REDIRECT_URI)


def _change(visitor: Visitor, new: str = NEW, old: str = PASSWORD, again: str | None = None) -> str:
    visitor.fill("password", old)
    visitor.fill("new_password", new)
    visitor.fill("new_password_again", new if again is None else again)
    return visitor.press("change_password", until=REDIRECT_URI)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_clerk_who_must_change_the_password_does_it_on_the_way_to_the_service(
    hub: tuple[TunedHub, Application], visitor: Visitor, vendor: Vendor
) -> None:
    _sign_in(visitor, vendor, "mustchange")
    reason = visitor.page.texts["reason"]

    reached = _change(visitor)

    assert reason.startswith(f"Bureau of {vendor.value} asks you to change your password")
    assert reached.startswith(REDIRECT_URI)
    changed = hub[0].audit("--event", "credential.password.changed", "--limit", "1")[0]
    assert (changed["outcome"], changed["detail"]["source"]) == ("success", "directory")


@pytest.mark.parametrize(("vendor", "uid"), EXPIRED.items())
def test_a_clerk_whose_password_has_expired_does_it_too(visitor: Visitor, vendor: Vendor, uid: str) -> None:
    _sign_in(visitor, vendor, uid)
    reason = visitor.page.texts["reason"]

    reached = _change(visitor)

    assert "has expired" in reason
    assert reached.startswith(REDIRECT_URI)


def test_a_clerk_with_grace_logins_is_let_in_and_warned_and_may_change_at_once(visitor: Visitor) -> None:
    _sign_in(visitor, Vendor.DS389, "grace")
    warning = visitor.page.texts["ends"]
    visitor.press("change_now")

    reached = _change(visitor)

    assert "lets you sign in with this password 2 more times" in warning
    assert reached.startswith(REDIRECT_URI)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_clerk_whose_password_ends_soon_is_warned_and_goes_on(visitor: Visitor, vendor: Vendor) -> None:
    _sign_in(visitor, vendor, "warn")
    title = visitor.page.title

    reached = visitor.press("later", until=REDIRECT_URI)

    assert title.startswith("Your password ends in")
    assert reached.startswith(REDIRECT_URI)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_wrong_old_password_learns_nothing(visitor: Visitor, vendor: Vendor) -> None:
    visitor.fill("login_name", f"bob@{REALMS[vendor]}")
    visitor.press("continue")
    visitor.open(visitor.page.url.replace("/password", "/new-password?why=expired"))

    _change(visitor, new="abc", old="not the password")

    assert "The sign-in name or the password is not right" in visitor.page.html
    assert "too short" not in visitor.page.html


@pytest.mark.parametrize(
    ("vendor", "new", "says"),
    [
        (Vendor.OPENLDAP, "abc", "The new password is too short"),
        (Vendor.DS389, "abc", "The new password is too easy to guess"),
        (Vendor.SAMBA, PASSWORD, "You have used this password before"),
    ],
)
def test_the_directorys_reason_is_told_and_another_try_is_welcome(
    visitor: Visitor, vendor: Vendor, new: str, says: str
) -> None:
    visitor.fill("login_name", f"alice@{REALMS[vendor]}")
    visitor.press("continue")
    visitor.open(visitor.page.url.replace("/password", "/new-password"))

    _change(visitor, new=new)
    told = visitor.page.html
    reached = _change(visitor)

    assert says in told
    assert reached.startswith(REDIRECT_URI)


@pytest.mark.parametrize(
    ("old", "new", "again", "says"),
    [
        ("", NEW, NEW, "Enter your password of now"),
        (PASSWORD, "", "", "Enter a new password"),
        (PASSWORD, NEW, "other", "The two new passwords are not the same"),
        (PASSWORD, "x" * 5000, "x" * 5000, "The new password is too long"),
    ],
)
def test_a_form_that_cannot_be_meant_asks_no_directory(
    hub: tuple[TunedHub, Application], visitor: Visitor, old: str, new: str, again: str, says: str
) -> None:
    visitor.fill("login_name", f"samira@{REALMS[Vendor.OPENLDAP]}")
    visitor.press("continue")
    visitor.open(visitor.page.url.replace("/password", "/new-password"))
    before = len(hub[0].audit("--event", "credential.password.changed"))

    _change(visitor, new, old, again)

    assert says in visitor.page.html
    assert len(hub[0].audit("--event", "credential.password.changed")) == before


@pytest.mark.parametrize("vendor", VENDORS)
def test_no_directory_is_asked_for_a_change_that_cannot_be_recorded(
    hub: tuple[TunedHub, Application], visitor: Visitor, vendor: Vendor
) -> None:
    """A directory takes no password back: the old one still holds when the log is well again."""
    visitor.fill("login_name", f"ganbold@{REALMS[vendor]}")
    visitor.press("continue")
    visitor.open(visitor.page.url.replace("/password", "/new-password"))
    form = visitor.page

    with unwritable_audit(hub[0]):
        _change(visitor, old=MONGOLIAN_PASSWORD)
    refused, visitor.page = visitor.page, form
    reached = _change(visitor, old=MONGOLIAN_PASSWORD)

    assert (refused.status, refused.texts["error_code"]) == (503, "temporarily_unavailable")
    assert reached.startswith(REDIRECT_URI)


@pytest.mark.parametrize("where", ["new-password", "password-ends?days=5"])
def test_a_citizen_is_never_led_to_a_departments_page(visitor: Visitor, where: str) -> None:
    visitor.fill("login_name", "tuya")
    visitor.press("continue")

    visitor.open(visitor.page.url.replace("/password", f"/{where}"))

    assert "login_name" in visitor.page.html
    assert "new_password" not in visitor.page.html


@pytest.mark.parametrize(
    "query", ["", "?days=x", "?days=1&left=1", "?days=-99999999999", "?days=" + "9" * 40, "?left=" + "9" * 40]
)
def test_the_warning_survives_any_numbers_in_its_address(visitor: Visitor, query: str) -> None:
    visitor.fill("login_name", f"samira@{REALMS[Vendor.OPENLDAP]}")
    visitor.press("continue")

    visitor.open(visitor.page.url.replace("/password", f"/password-ends{query}"))

    assert visitor.page.status == 200
