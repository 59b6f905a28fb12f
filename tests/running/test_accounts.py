"""A person puts a citizen's and a clerk's account together by signing in to both, and apart again."""

import secrets
from collections.abc import Iterator

import pytest

from sso.directory.settings import Vendor
from tests.relying_parties.visitor import Visitor
from tests.running.application import REDIRECT_URI, Application, registered
from tests.running.state import events, execute
from tests.running.tuned_hub import TunedHub, running_hub
from tests.servers.directories import directory_of, settings_of
from tests.servers.directory_people import PASSWORD as CLERKS_PASSWORD
from tests.servers.hub import PASSWORD

pytestmark = [pytest.mark.slow, pytest.mark.directories]

CLERK = "alice@civil.example"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TunedHub]:
    with directory_of(Vendor.OPENLDAP) as server:
        folder = tmp_path_factory.mktemp("hub")
        with running_hub(folder, directories=(settings_of(server),), settings={}) as hub:
            hub.add_citizen()
            hub.add_citizen("dorj", name="Dorj Bat", email="dorj@example.org")
            yield hub


@pytest.fixture(scope="module")
def application(hub: TunedHub) -> Iterator[Application]:
    with registered(hub) as application:
        yield application


@pytest.fixture
def visitor(hub: TunedHub) -> Iterator[Visitor]:
    with Visitor() as visitor:
        visitor.open(f"{hub.issuer}/account")
        visitor.sign_in("tuya", PASSWORD)
        yield visitor
    for (account_id,) in execute(hub, "SELECT id FROM account WHERE kind = 'staff'"):
        linked = int(str(execute(hub, "SELECT count(DISTINCT person_id) FROM account")[0][0])) < 3
        if linked:
            hub.run("person", "unlink", str(account_id), "--reason", "the next test begins anew")


def ask_for_the_other(visitor: Visitor, login_name: str = CLERK, password: str = CLERKS_PASSWORD) -> None:
    visitor.press("add_account")
    visitor.press("continue")
    assert visitor.has("adding")
    visitor.sign_in(login_name, password)


def persons(hub: TunedHub) -> int:
    return int(str(execute(hub, "SELECT count(DISTINCT person_id) FROM account")[0][0]))


def test_both_accounts_are_proven_before_they_are_one_persons(hub: TunedHub, visitor: Visitor) -> None:
    ask_for_the_other(visitor)
    apart = persons(hub)

    visitor.press("link")

    assert visitor.page.url == f"{hub.issuer}/account"
    assert "Tuya" in visitor.text("accounts")
    assert "Civil Affairs Bureau" in visitor.text("accounts")
    assert persons(hub) == apart - 1
    assert events(hub, "account.linked")[-1]["rule"] == "proof"


def test_at_the_next_sign_in_the_person_chooses_and_only_the_password_is_asked_for(
    hub: TunedHub, visitor: Visitor, application: Application
) -> None:
    ask_for_the_other(visitor)
    visitor.press("link")

    with Visitor() as later:
        verifier = secrets.token_urlsafe(32)
        later.open(application.authorization_url(verifier))
        later.sign_in("tuya", PASSWORD)
        [clerk] = execute(hub, "SELECT id FROM account WHERE kind = 'staff'")
        later.page.forms[0].fields["account"] = str(clerk[0])
        later.press("continue")
        assert later.text("shown_name") == CLERK
        later.fill("password", PASSWORD)
        later.press("sign_in")
        assert later.page.forms[0].fields["username"] == CLERK, "the citizen's password is not the clerk's"
        later.fill("password", CLERKS_PASSWORD)
        reached = later.press("sign_in", until=REDIRECT_URI)

    assert reached.startswith(REDIRECT_URI)


def test_whoever_says_no_leaves_them_apart(hub: TunedHub, visitor: Visitor) -> None:
    ask_for_the_other(visitor)
    apart, linked = persons(hub), len(events(hub, "account.linked"))

    visitor.press("leave")

    assert (persons(hub), len(events(hub, "account.linked"))) == (apart, linked)
    assert visitor.has("add_account")


def test_two_citizens_are_never_one_person(hub: TunedHub, visitor: Visitor) -> None:
    apart = persons(hub)
    ask_for_the_other(visitor, "dorj", PASSWORD)

    assert not visitor.has("link")
    assert "a person has only one" in visitor.page.html
    form = visitor.page.forms[0]
    form.fields["decision"] = "link"
    visitor.press("leave")
    assert persons(hub) == apart


def test_a_wrong_password_for_the_other_account_links_nothing(hub: TunedHub, visitor: Visitor) -> None:
    apart = persons(hub)
    visitor.press("add_account")
    visitor.press("continue")
    journey = visitor.page.url.rpartition("/")[2]
    visitor.sign_in(CLERK, "wrong")

    visitor.open(f"{hub.issuer}/account/add/{journey}")

    assert visitor.text("error_code") == "expired_page"
    assert persons(hub) == apart


def test_a_form_made_elsewhere_or_sent_twice_links_nothing(hub: TunedHub, visitor: Visitor) -> None:
    ask_for_the_other(visitor)
    address, token = visitor.page.url, visitor.page.forms[0].fields["csrf_token"]
    visitor.page.forms[0].fields["csrf_token"] = "x" * 64
    visitor.press("link")
    refused = visitor.text("error_code")
    visitor.open(address)
    visitor.page.forms[0].fields["csrf_token"] = token
    visitor.press("link")
    visitor.open(address)

    assert refused == "form_expired"
    assert visitor.text("error_code") == "expired_page"


def test_the_journey_of_another_browser_cannot_be_taken_over(hub: TunedHub, visitor: Visitor) -> None:
    ask_for_the_other(visitor)
    with Visitor() as other:
        other.open(f"{hub.issuer}/account")
        other.sign_in("dorj", PASSWORD)
        other.open(visitor.page.url)

        assert other.text("error_code") == "expired_page"


def test_an_account_is_separated_by_the_one_that_is_signed_in(hub: TunedHub, visitor: Visitor) -> None:
    ask_for_the_other(visitor)
    visitor.press("link")
    together = persons(hub)

    visitor.press("separate_1")

    assert persons(hub) == together + 1
    assert not visitor.has("separate_1")
    assert events(hub, "account.unlinked")[-1]["rule"] == "proof"


def test_somebody_elses_account_is_not_separated(hub: TunedHub, visitor: Visitor) -> None:
    ask_for_the_other(visitor)
    visitor.press("link")
    [dorj] = execute(hub, "SELECT id FROM account WHERE login_name = 'dorj'")
    separated = len(events(hub, "account.unlinked"))
    visitor.page.forms[0].fields["account"] = str(dorj[0])

    visitor.press("separate_1")

    assert visitor.text("error_code") == "expired_page"
    assert len(events(hub, "account.unlinked")) == separated


def test_an_old_sign_in_is_not_enough_to_add_an_account(hub: TunedHub, visitor: Visitor) -> None:
    """The first account is proven within ten minutes of the second, by whoever sits there now."""
    execute(hub, "UPDATE session SET auth_time = auth_time - 700000000")  # microseconds

    visitor.press("add_account")

    assert visitor.has("login_name")
    visitor.sign_in("tuya", PASSWORD)
    assert visitor.page.url == f"{hub.issuer}/account/add"


def test_proofs_that_are_more_than_ten_minutes_apart_link_nothing(hub: TunedHub, visitor: Visitor) -> None:
    ask_for_the_other(visitor)
    apart = persons(hub)
    execute(hub, "UPDATE session SET auth_time = auth_time - 700000000")
    execute(hub, "UPDATE session SET auth_time = auth_time + 1400000000 WHERE ended_at IS NULL")

    visitor.press("link")

    assert visitor.text("error_code") == "expired_page"
    assert persons(hub) == apart


def test_a_first_session_that_was_ended_links_nothing(hub: TunedHub, visitor: Visitor) -> None:
    """By a leaver's directory, an officer or a sign-out elsewhere: only the second sign-in may replace it."""
    ask_for_the_other(visitor)
    apart = persons(hub)
    execute(hub, "UPDATE session SET ended_cause = 'officer' WHERE ended_cause = 'replaced'")

    visitor.press("link")

    assert visitor.text("error_code") == "expired_page"
    assert persons(hub) == apart


def test_a_yes_is_for_the_accounts_that_were_shown(hub: TunedHub, visitor: Visitor) -> None:
    ask_for_the_other(visitor)
    apart = persons(hub)
    execute(
        hub,
        "UPDATE session SET account_id = (SELECT id FROM account WHERE login_name = 'dorj')"
        " WHERE ended_at IS NULL AND account_id IN (SELECT id FROM account WHERE kind = 'staff')",
    )

    visitor.press("link")

    assert visitor.text("error_code") == "form_expired"
    assert persons(hub) == apart
