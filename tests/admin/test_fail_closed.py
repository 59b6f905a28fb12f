"""While the hub's log cannot be written the console says so in the officer's language; nothing is done."""

from collections.abc import Iterator

import pytest

from admin.app import create_app
from admin.settings import load
from tests.admin.conftest import OFFICERS, ConsoleServer
from tests.admin.recorded_pages import NOTHING_RECORDED, REFUSED, WHY, Desk, Step, remove
from tests.relying_parties.visitor import Page, Visitor
from tests.running.state import execute, unwritable_audit
from tests.servers.hub import PASSWORD
from tests.web.test_every_route_is_recorded import RECORDED

ENDS = {"clients.remove", "door.sign_out"}
SIGNING_IN = {"door.callback"}
STATE = (
    "client",
    "client_secret",
    "account",
    "person",
    "directory_conflict",
    "finding_suppression",
    "session",
)


@pytest.fixture(scope="module")
def desk(console: ConsoleServer) -> Iterator[Desk]:
    officers = {role: Visitor("zh-CN") for role in OFFICERS if role != "nobody"}
    for role, officer in officers.items():
        officer.open(f"{console.address}/sign-in")
        officer.sign_in(OFFICERS[role], PASSWORD)
        assert officer.page.url.startswith(console.address), officer.page
    say_why(officers["auditor"])
    yield Desk(console, officers)
    for officer in officers.values():
        officer.__exit__(None, None, None)


def say_why(auditor: Visitor, reason: str = WHY) -> None:
    """Answer the page that asks an auditor for the reason."""
    auditor.fill("reason", reason)
    auditor.press("go_on")


def kept(desk: Desk) -> dict[str, list[tuple[object, ...]]]:
    return {table: sorted(execute(desk.console.hub, f'SELECT * FROM "{table}"'), key=repr) for table in STATE}


def recorded_after(desk: Desk, last: str) -> set[str]:
    return {
        str(row[0]) for row in execute(desk.console.hub, f"SELECT event FROM audit_event WHERE id > '{last}'")
    }


def newest(desk: Desk) -> str:
    return str(execute(desk.console.hub, "SELECT max(id) FROM audit_event")[0][0])


def test_every_page_that_is_recorded_is_tried(console: ConsoleServer) -> None:
    app = create_app(load(console.folder / "console.toml"))
    routes = {rule.endpoint for rule in app.url_map.iter_rules()}
    tried = {route for route, _ in REFUSED} | ENDS | SIGNING_IN

    assert routes - tried - NOTHING_RECORDED.keys() == set(), (
        "try these, or say why nothing is recorded there"
    )
    assert (tried | NOTHING_RECORDED.keys()) - routes == set()


def says_so(page: Page) -> None:
    assert (page.status, page.language) == (503, "zh-CN"), page.html
    assert page.texts["error_code"] == "temporarily_unavailable"


@pytest.mark.parametrize("case", REFUSED, ids=" ".join)
def test_what_cannot_be_recorded_is_refused_whole_and_can_be_done_later(
    desk: Desk, case: tuple[str, str]
) -> None:
    step: Step = REFUSED[case](desk)
    before = kept(desk)

    with unwritable_audit(desk.console.hub):
        step.do()
        refused, after = step.officer.page, kept(desk)
    last = newest(desk)
    step.do()

    says_so(refused)
    assert after == before
    assert (step.officer.page.status, "error_code" in step.officer.page.texts) == (200, False)
    assert recorded_after(desk, last) & {*RECORDED[f"api.{case[1]}"]}


def test_an_application_is_removed_all_the_same(desk: Desk) -> None:
    step = remove(desk)

    with unwritable_audit(desk.console.hub):
        step.do()

    assert step.officer.page.status == 200


def test_an_officer_signs_in_once_the_log_is_well_again(desk: Desk) -> None:
    """The code is still good, and so is what the console remembers of the attempt."""
    address = desk.console.address
    with Visitor("zh-CN") as officer:
        officer.open(f"{address}/sign-in")
        back = officer.sign_in("ana", PASSWORD, until=f"{address}/callback")
        with unwritable_audit(desk.console.hub):
            officer.open(back)
        refused = officer.page
        officer.open(back)

        says_so(refused)
        assert (officer.page.status, officer.page.url) == (200, f"{address}/overview")


def test_an_officer_signs_out_all_the_same(desk: Desk) -> None:
    address = desk.console.address
    with Visitor("zh-CN") as officer:
        officer.open(f"{address}/sign-in")
        officer.sign_in("ana", PASSWORD)
        with unwritable_audit(desk.console.hub):
            officer.press("sign_out")
            left = officer.page
        officer.open(f"{desk.console.hub.issuer}/account")

        assert left.status == 200
        assert "login_name" in officer.page.texts
