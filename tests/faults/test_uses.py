"""Ending what is not one's own, and saying so, while the log cannot be written (audit.md P1, P2)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import update

from sso.storage.tables import session as session_table
from sso.worker.upkeep import take_in_spooled_events
from tests.faults.access import Access, access_of
from tests.faults.page_calls import report_use
from tests.faults.stage import Place, opened, pressed
from tests.relying_parties.visitor import Page
from tests.storage.unwritable import unwritable
from tests.upstream.test_tying import Citizen

USES, ENDED, ELSEWHERE, REPORTED = (
    *("/account/uses", "session.ended.user", "account.signed_out_elsewhere"),
    "account.use.reported",
)


def elsewhere(place: Place) -> tuple[Citizen, Access]:
    """Somebody at their browser, and a stranger who is signed in as them."""
    citizen = place.citizen()
    return citizen, access_of(citizen.account, place.stage.hub)


def late(place: Place, last: str) -> list[dict[str, Any]]:
    """What came into the log since, oldest first, each late and once; without what says how much came."""
    take_in_spooled_events(place.stage.hub)
    take_in_spooled_events(place.stage.hub)
    codes = [code for code in place.events_after(last) if code != "audit.spool.taken"]
    records = [
        place.stage.log(code)[codes[: place_ + 1].count(code) - 1] for place_, code in enumerate(codes)
    ]
    assert all(record["detail"]["late"] for record in records)
    return records


def spooled(place: Place) -> int:
    """The size of the spool in bytes."""
    file = place.stage.hub.configuration.audit_spool_file
    return file.stat().st_size if file.exists() else 0


def shown(page: Page) -> set[str]:
    """What a page offers and says."""
    return {"end_elsewhere", "ended_elsewhere", "kept", "advice", "error_code"} & {
        *page.controls,
        *page.texts,
    }


def test_the_page_that_cannot_show_the_list_still_signs_out_elsewhere(place: Place) -> None:
    citizen, stranger = elsewhere(place)
    browser, last = citizen.browser, place.last_event()

    with unwritable(place.stage.hub.database):
        away = opened(browser, USES)
        done = pressed(browser, away, "end_elsewhere", 200).send()
        size = spooled(place)
        again = pressed(browser, away, "end_elsewhere", 200).send()
        going_on = stranger.goes_on()
        unspooled = spooled(place) == size
    told = stranger.told()
    records = late(place, last)

    assert (away.status, shown(away)) == (503, {"end_elsewhere", "advice", "error_code"})
    assert shown(Page("", 200, done.text)) == {"ended_elsewhere"}
    assert (going_on, done.status_code, again.status_code, unspooled) == (False, 200, 200, True)
    assert told == (1, [])
    assert [record["event"] for record in records] == [ENDED, ELSEWHERE]
    assert opened(browser, USES).status == 200


def test_it_asks_for_no_new_sign_in_and_ends_nothing_of_anybody_else(place: Place) -> None:
    """Whoever finds a stranger in their account must not wait, and nothing is given by it."""
    (citizen, stranger), (_, other) = elsewhere(place), elsewhere(place)
    own = update(session_table).where(session_table.c.account_id == citizen.account.id)
    with place.stage.hub.database._schema_writer() as connection:
        connection.execute(own.values(auth_time=datetime.now(UTC) - timedelta(hours=8)))

    done = pressed(citizen.browser, opened(citizen.browser, USES), "end_elsewhere", 200).send()

    assert (done.status_code, stranger.goes_on(), other.goes_on()) == (200, False, True)


def test_a_form_of_another_page_ends_nothing_and_who_is_not_signed_in_is_led_to_it(place: Place) -> None:
    citizen, stranger = elsewhere(place)
    page = opened(citizen.browser, USES)
    foreign = opened(citizen.browser, "/sign-out").controls["sign_out"].form
    assert foreign is not None
    call = pressed(citizen.browser, page, "end_elsewhere", 200, csrf_token=foreign.fields["csrf_token"])
    refused, kept = call.send(), stranger.goes_on()

    good = pressed(citizen.browser, page, "end_elsewhere", 303)
    pressed(citizen.browser, opened(citizen.browser, "/sign-out"), "sign_out").send()
    led = good.send()

    assert (refused.status_code, kept) == (403, True)
    assert (led.status_code, urlsplit(led.headers["Location"]).path.startswith("/oauth2/authorize/")) == (
        303,
        True,
    )
    assert stranger.goes_on()


@pytest.mark.parametrize("ends", [False, True])
def test_the_word_of_a_person_is_kept_where_the_log_can_be_read_and_asked_for_again_where_not(
    place: Place, ends: bool
) -> None:
    """On SQLite the log can be read and not written, on PostgreSQL it is away as a whole."""
    call = report_use(**({"sign_out_elsewhere": "yes"} if ends else {}))(place)
    readable = place.stage.hub.database.dialect == "sqlite"
    last = place.last_event()

    with unwritable(place.stage.hub.database):
        meanwhile = call.send()
        page = Page("", meanwhile.status_code, meanwhile.text)
    records = late(place, last)
    last = place.last_event()
    again = call.send()

    told = [record for record in records if record["event"] == REPORTED]
    assert (meanwhile.status_code, len(told)) == ((200, 1) if readable else (503, 0))
    assert [ENDED, ELSEWHERE][: 2 * ends] == [each["event"] for each in records if each not in told]
    expected = {"kept"} if readable else {"advice", "error_code"}
    assert shown(page) == expected | {"ended_elsewhere" if ends else "end_elsewhere"}
    assert again.status_code == 303
    assert place.events_after(last).count(REPORTED) == (0 if readable else 1)
