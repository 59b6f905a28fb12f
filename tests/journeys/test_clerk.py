"""A clerk signs in with the password of their department, which only their department is asked for."""

from collections.abc import Iterator

import pytest

from sso.cli.demo.slapd import Slapd
from tests.browser.chromium import OpenPage
from tests.journeys import steps
from tests.journeys.stage import (
    BOLOR,
    CAREFUL,
    EXPIRED,
    FAILURES_BEFORE_LOCK,
    LOCKED,
    NEWCOMER,
    RESIGNED,
    SARAN,
    TUYA,
    Person,
    Stage,
)

pytestmark = [pytest.mark.browser, pytest.mark.slapd]

DOES_NOT_ANSWER = "Civil Affairs Bureau does not answer at the moment"


@pytest.fixture
def stopped(staff_stage: Stage) -> Iterator[Slapd]:
    """The directory, stopped; it runs again after the test."""
    staff_stage.directory.stop()
    yield staff_stage.directory
    staff_stage.directory.start()


@pytest.fixture
def frozen(staff_stage: Stage) -> Iterator[Slapd]:
    """The directory, accepting connections and answering nothing; it goes on after the test."""
    staff_stage.directory.freeze()
    yield staff_stage.directory
    staff_stage.directory.thaw()


def refused(stage: Stage, open_page: OpenPage, person: Person, password: str | None = None) -> str:
    """Try to sign a clerk in; return what the page says."""
    page = open_page()
    steps.begin(page, stage.family)
    steps.give_name(page, person.login_name)
    steps.give_password(page, password or person.password)
    page.wait_for_selector(".govuk-error-summary")
    return steps.problem(page)


def signs_in_again(stage: Stage, open_page: OpenPage, person: Person) -> bool:
    """Try to sign a clerk in; tell whether it went well."""
    page = open_page()
    steps.begin(page, stage.family)
    steps.prove(page, person)
    page.wait_for_selector("#person_name, .govuk-error-summary")
    return page.is_visible("#person_name")


def test_the_name_decides_the_department(staff_stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    steps.begin(page, staff_stage.housing)

    steps.give_name(page, BOLOR.login_name)
    page.wait_for_selector("#password")

    assert "as staff of Civil Affairs Bureau" in steps.text(page, "main")
    assert steps.text(page, "label[for=password]") == "Your password at Civil Affairs Bureau"
    assert steps.text(page, "#shown_name") == BOLOR.login_name


def test_a_clerk_reaches_two_applications_and_signs_out_of_both(
    staff_stage: Stage, open_page: OpenPage
) -> None:
    page = open_page()
    steps.sign_in(page, staff_stage.housing, BOLOR)
    shown = [steps.text(page, f"#person_{claim}") for claim in ("name", "email", "persona", "department")]
    steps.begin(page, staff_stage.family)
    second = steps.arrived(page, staff_stage.family)

    steps.sign_out_of(page, staff_stage.family)

    assert shown == [BOLOR.name, BOLOR.email, "Staff", "Civil Affairs Bureau – Registry"]
    assert second == BOLOR.name
    steps.signed_out_of(page, staff_stage.housing)
    steps.signed_out_of(page, staff_stage.family)


def test_the_first_page_of_the_hub_names_the_department(staff_stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    steps.sign_in(page, staff_stage.family, BOLOR)

    page.goto(staff_stage.hub.issuer)

    assert steps.text(page, "#signed_in_as") == BOLOR.name
    assert "Civil Affairs Bureau" in steps.text(page, "#session")


def test_a_wrong_password_and_an_unknown_clerk_look_alike(staff_stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    seen = []
    for login_name in (CAREFUL.login_name, "nobody@civil.example"):
        steps.begin(page, staff_stage.family)
        steps.give_name(page, login_name)
        steps.give_password(page, "not the password at all")
        page.wait_for_selector(".govuk-error-summary")
        seen.append(steps.text(page, "main").replace(login_name, "NAME"))

    assert steps.problem(page).startswith("The sign-in name or the password is not right")
    assert seen[0] == seen[1]


def test_a_clerk_who_must_change_the_password_does_so_and_arrives(
    staff_stage: Stage, open_page: OpenPage
) -> None:
    page = open_page()
    steps.begin(page, staff_stage.family)
    steps.prove(page, NEWCOMER)
    page.wait_for_selector("#new_password")
    reason = steps.text(page, "#reason")

    steps.change_password(page, NEWCOMER.password, "Quartz-vow 73 buck")

    assert reason == "Civil Affairs Bureau asks you to change your password before you sign in."
    assert steps.arrived(page, staff_stage.family) == NEWCOMER.name


def test_a_wrong_password_does_not_tell_that_it_must_be_changed(
    staff_stage: Stage, open_page: OpenPage
) -> None:
    told = refused(staff_stage, open_page, NEWCOMER, "not the password at all")

    assert told.startswith("The sign-in name or the password is not right")


def test_a_clerk_whose_password_has_expired_is_told_so(staff_stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    steps.begin(page, staff_stage.family)
    steps.prove(page, EXPIRED)
    page.wait_for_selector("#new_password")

    assert steps.text(page, "#reason") == "Your password at Civil Affairs Bureau has expired."


def test_a_new_password_that_the_department_refuses_is_refused_with_the_reason(
    staff_stage: Stage, open_page: OpenPage
) -> None:
    page = open_page()
    steps.begin(page, staff_stage.family)
    steps.prove(page, EXPIRED)
    page.wait_for_selector("#new_password")

    steps.change_password(page, EXPIRED.password, "abc")
    page.wait_for_selector(".govuk-error-summary")

    assert steps.problem(page).startswith("The new password is too short for Civil Affairs Bureau")
    assert page.locator("#new_password-error").is_visible()


def test_a_clerk_whom_the_department_locked_sees_what_a_wrong_password_shows(
    staff_stage: Stage, open_page: OpenPage
) -> None:
    told = refused(staff_stage, open_page, LOCKED)

    assert told.startswith("The sign-in name or the password is not right")
    failure = staff_stage.hub.audit("--event", "auth.login.failure", "--limit", "1")[0]
    assert failure["detail"]["status_code"] == "ACCOUNT_LOCKED"


def test_too_many_wrong_passwords_lock_the_clerk_in_the_directory(
    staff_stage: Stage, open_page: OpenPage
) -> None:
    page = open_page()
    steps.begin(page, staff_stage.family)
    steps.give_name(page, SARAN.login_name)
    for _ in range(FAILURES_BEFORE_LOCK):
        steps.give_password(page, "not the password at all")
        page.wait_for_selector(".govuk-error-summary")

    steps.give_password(page, SARAN.password)
    page.wait_for_selector(".govuk-error-summary")

    assert steps.problem(page).startswith("The sign-in name or the password is not right")
    staff_stage.directory.enable("saran")
    assert signs_in_again(staff_stage, open_page, SARAN)


def test_a_clerk_whom_an_operator_disabled_is_signed_out_and_stays_out(
    staff_stage: Stage, open_page: OpenPage
) -> None:
    page = open_page()
    steps.sign_in(page, staff_stage.family, RESIGNED)

    staff_stage.hub.run("person", "disable", RESIGNED.login_name, "--reason", "has left the office")

    steps.signed_out_of(page, staff_stage.family)
    assert refused(staff_stage, open_page, RESIGNED).startswith(
        "Your account at Civil Affairs Bureau is disabled"
    )
    staff_stage.hub.run("person", "enable", RESIGNED.login_name)
    assert signs_in_again(staff_stage, open_page, RESIGNED)


def test_a_stopped_directory_is_named_and_citizens_are_not_affected(
    staff_stage: Stage, open_page: OpenPage, stopped: Slapd
) -> None:
    told = refused(staff_stage, open_page, BOLOR)

    assert told.startswith(DOES_NOT_ANSWER)
    assert "the sign-in of citizens is not affected" in told
    steps.sign_in(open_page(), staff_stage.family, TUYA)
    stopped.start()
    steps.until(
        lambda: signs_in_again(staff_stage, open_page, BOLOR), "clerks sign in again by themselves", 20
    )


@pytest.mark.slow
def test_a_directory_that_hangs_is_given_up_within_the_deadline(
    staff_stage: Stage, open_page: OpenPage, frozen: Slapd
) -> None:
    told = refused(staff_stage, open_page, BOLOR)

    assert told.startswith(DOES_NOT_ANSWER)
    frozen.thaw()
    steps.until(
        lambda: signs_in_again(staff_stage, open_page, BOLOR), "clerks sign in again by themselves", 20
    )


def test_who_was_signed_in_keeps_working_while_the_directory_is_stopped(
    staff_stage: Stage, open_page: OpenPage
) -> None:
    page = open_page()
    steps.sign_in(page, staff_stage.housing, BOLOR)
    staff_stage.directory.stop()
    try:
        steps.begin(page, staff_stage.family)
        second = steps.arrived(page, staff_stage.family)
    finally:
        staff_stage.directory.start()

    assert second == BOLOR.name
    steps.until(
        lambda: signs_in_again(staff_stage, open_page, BOLOR), "clerks sign in again by themselves", 20
    )
