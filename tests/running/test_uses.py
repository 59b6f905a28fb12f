"""A person looks at what was done with their account, and says that something was not them: bare HTTP."""

import secrets
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.relying_parties.visitor import Visitor
from tests.running.application import Application, registered, signed_in
from tests.running.state import events, unwritable_audit
from tests.running.tuned_hub import TunedHub, running_hub
from tests.servers.hub import PASSWORD

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TunedHub]:
    with running_hub(tmp_path_factory.mktemp("hub")) as hub:
        hub.add_citizen()
        hub.add_citizen("dorj", name="Dorj Bat", email="dorj@example.org")
        yield hub


@pytest.fixture(scope="module")
def application(hub: TunedHub) -> Iterator[Application]:
    with registered(hub) as application:
        yield application


@pytest.fixture
def visitor(hub: TunedHub) -> Iterator[Visitor]:
    with looking(hub, "tuya") as visitor:
        yield visitor


def looking(hub: TunedHub, login_name: str) -> Visitor:
    """Somebody who opened the page, and signed in on the way to it."""
    visitor = Visitor()
    visitor.open(f"{hub.issuer}/account/uses")
    visitor.sign_in(login_name, PASSWORD)
    assert visitor.has("uses")
    return visitor


def newest(visitor: Visitor) -> str:
    """The id of the newest entry on the page."""
    href = visitor.page.controls["use_1"].href
    assert href is not None
    return href.rpartition("/")[2]


def newest_opened(hub: TunedHub, visitor: Visitor) -> str:
    """The newest entry that the page shows, and look at it."""
    visitor.open(f"{hub.issuer}/account/uses")
    entry = newest(visitor)
    visitor.press("use_1")
    return entry


def reports(hub: TunedHub, record_id: str) -> list[dict[str, Any]]:
    return [each for each in events(hub, "account.use.reported") if each["record_id"] == record_id]


def test_who_is_not_signed_in_is_led_to_the_page_by_the_sign_in(hub: TunedHub, visitor: Visitor) -> None:
    assert visitor.page.url == f"{hub.issuer}/account/uses"
    assert "Signed in" in visitor.text("uses")
    assert "127.0.0.1" in visitor.text("uses")


def test_somebody_elses_entry_is_one_that_never_was(hub: TunedHub, visitor: Visitor) -> None:
    entry = newest(visitor)
    with looking(hub, "dorj") as other:
        other.press("use_1")
        form, own = other.page.forms[0], other.page.url.rpartition("/")[2]
        answers = []
        for asked in (entry, "01890a5d-ac96-774b-bcce-b302099a8057", "x"):
            other.open(f"{hub.issuer}/account/uses/{asked}")
            answers.append((other.page.status, other.text("error_code"), other.text("advice")))
        other.open(f"{hub.issuer}/account/uses/{own}")
        other.page.controls["report"].form = form
        form.action = form.action.replace(own, entry)
        other.press("report")
        crafted = (other.page.status, other.text("error_code"))

    assert [answer[:2] for answer in answers] == [(404, "not_found")] * 3
    assert len(set(answers)) == 1
    assert crafted == (403, "form_expired")
    assert reports(hub, entry) == []


def test_a_report_with_sign_out_elsewhere_ends_every_other_session_and_what_it_gave(
    hub: TunedHub, application: Application, visitor: Visitor
) -> None:
    verifier = secrets.token_urlsafe(32)
    thief = signed_in(application)
    code = application.ask_code(thief, verifier)
    assert code is not None
    given = application.redeem(code, verifier).json()
    entry = newest_opened(hub, visitor)
    visitor.page.forms[0].fields["sign_out_elsewhere"] = "yes"

    visitor.press("report")

    assert "You said on" in visitor.text("reported")
    assert "signed out everywhere else" in visitor.text("reported")
    assert not visitor.has("end")
    (told,) = reports(hub, entry)
    assert told["reported"] == "session.sso_reused", "what the thief did last"
    assert told["ended"] >= 1
    assert "offline_access" in given["scope"]
    assert application.ask_code(thief, verifier) is None
    assert application.refresh(given["refresh_token"]).json()["error"] == "invalid_grant"
    assert "reported" in {ended["cause"] for ended in events(hub, "session.ended.user")}
    visitor.open(f"{hub.issuer}/account/uses")
    assert visitor.has("uses"), "the session of whoever reported goes on"
    assert "Reported" in visitor.text("uses")


def test_a_report_alone_ends_nothing_and_the_rest_can_follow(
    hub: TunedHub, application: Application, visitor: Visitor
) -> None:
    there = signed_in(application)
    entry = newest_opened(hub, visitor)
    visitor.press("report")
    verifier = secrets.token_urlsafe(32)
    assert application.ask_code(there, verifier) is not None

    visitor.press("end")

    assert application.ask_code(there, verifier) is None
    assert len(reports(hub, entry)) == 1
    assert not visitor.has("end")


def test_without_the_log_nothing_is_shown_and_the_word_and_the_end_still_count(
    hub: TunedHub, application: Application, visitor: Visitor
) -> None:
    there = signed_in(application)
    entry = newest_opened(hub, visitor)
    visitor.page.forms[0].fields["sign_out_elsewhere"] = "yes"
    with unwritable_audit(hub):
        visitor.press("report")
        kept = visitor.has("kept"), visitor.has("ended_elsewhere")
        visitor.open(f"{hub.issuer}/account/uses")
        unseen = visitor.page.status
        visitor.press("end_elsewhere")
        ended = visitor.has("ended_elsewhere")
    ends = time.monotonic() + 60
    while not reports(hub, entry) and time.monotonic() < ends:
        time.sleep(0.5)

    assert (kept, unseen, ended) == ((True, True), 503, True)
    assert [each["late"] for each in reports(hub, entry)] == [True]
    assert application.ask_code(there, secrets.token_urlsafe(32)) is None
