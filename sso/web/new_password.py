"""A clerk whose password has ended, ends soon or must be changed chooses a new one during the sign-in.

The old password is asked for again: the hub keeps none between two pages. The directory alone judges both.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, Response, request

from sso.authentication.password import MAX_PASSWORD_BYTES
from sso.authentication.password_change import NotChanged
from sso.authentication.sign_in import Failure, NotSignedIn, PasswordEnds, SignedIn
from sso.authentication.throttling import Throttled
from sso.directory.password_change import ChangeOutcome
from sso.hub import Hub
from sso.oidc.metadata import AUTHORIZATION_PATH
from sso.web import typed_name
from sso.web.answers import Answers
from sso.web.door import Door, door_of, journey_of, settle, throttled
from sso.web.journey import Journey, check_form
from sso.web.pages import retry_after_text
from sso.web.visit import Visit, visit_of

DAY_SECONDS = 86_400
REASONS = ("must_change", "expired")
MAX_DAYS, MAX_GRACE_LOGINS = 90, 100

_PROBLEM: Mapping[ChangeOutcome | None, str] = {
    None: "wrong",
    ChangeOutcome.BAD_CREDENTIALS: "wrong",
    ChangeOutcome.TOO_SHORT: "too_short",
    ChangeOutcome.TOO_LONG: "too_long",
    ChangeOutcome.TOO_SIMPLE: "too_simple",
    ChangeOutcome.TOO_YOUNG: "too_young",
    ChangeOutcome.USED_BEFORE: "used_before",
    ChangeOutcome.REFUSED: "refused",
    ChangeOutcome.NOT_OFFERED: "not_offered",
    ChangeOutcome.UNKNOWN: "unknown",
    ChangeOutcome.UNAVAILABLE: "unavailable",
}
_OF_STATE: Mapping[Failure | None, str] = {
    Failure.ACCOUNT_DISABLED: "disabled",
    Failure.ACCOUNT_EXPIRED: "disabled",
    Failure.ACCOUNT_LOCKED: "locked",
    Failure.POLICY_DENIED: "not_now",
}


@dataclass(frozen=True, slots=True)
class _Step:
    """One request of these pages: who visits, on which journey, through which door."""

    visit: Visit
    journey: Journey
    door: Door


def path(pending_id: str, reason: str | None = None) -> str:
    """Return the address of the page; `reason` is why the person is led there, one of REASONS."""
    return f"/sign-in/{pending_id}/new-password" + (f"?why={reason}" if reason in REASONS else "")


def warning_path(pending_id: str, ends: PasswordEnds) -> str:
    """Return the address of the page that warns of a password's end."""
    if ends.grace_logins is not None:
        return f"/sign-in/{pending_id}/password-ends?left={min(ends.grace_logins, MAX_GRACE_LOGINS)}"
    return f"/sign-in/{pending_id}/password-ends?days={min(ends.seconds_left // DAY_SECONDS, MAX_DAYS)}"


def blueprint(hub: Hub, answers: Answers) -> Blueprint:
    """Return the pages: the warning, and the choice of a new password."""
    bp = Blueprint("new_password", __name__)
    pages = _NewPasswordPages(hub, answers)

    @bp.get("/sign-in/<pending_id>/password-ends")
    def warn(pending_id: str) -> Response:
        """Tell someone who has just signed in that the password ends soon."""
        return pages.warn(pending_id)

    @bp.get("/sign-in/<pending_id>/new-password")
    def ask_new_password(pending_id: str) -> Response:
        """Ask for the old password and the new one."""
        return pages.ask(pending_id)

    @bp.post("/sign-in/<pending_id>/new-password")
    def take_new_password(pending_id: str) -> Response:
        """Have the directory exchange the password, and sign in with the new one."""
        return pages.take(pending_id)

    return bp


class _NewPasswordPages:
    def __init__(self, hub: Hub, answers: Answers) -> None:
        self._hub = hub
        self._answers = answers

    def warn(self, pending_id: str) -> Response:
        visit, journey = journey_of(pending_id, self._hub, request)
        door = door_of(typed_name.recall(request, pending_id, visit) or "", self._hub)
        days, left = request.args.get("days", type=int), request.args.get("left", type=int)
        on = f"{AUTHORIZATION_PATH}/{pending_id}"
        name = None if isinstance(door, str) else door.directory_name(visit.language.tag)
        if isinstance(door, str) or name is None or (days is None) == (left is None):
            return self._answers.to(on)
        return self._answers.page(
            "password_ends.html",
            visit,
            request,
            target=journey.target,
            service_name=journey.service_name(visit.language.tag),
            directory_name=name,
            days=None if days is None else visit.language.duration(_within(days, MAX_DAYS) * DAY_SECONDS),
            is_today=days == 0,
            left=None if left is None else _within(left, MAX_GRACE_LOGINS),
            change_url=path(pending_id) if door.changes_passwords else None,
            continue_url=on,
        )

    def ask(self, pending_id: str) -> Response:
        visit, journey = journey_of(pending_id, self._hub, request)
        door = door_of(typed_name.recall(request, pending_id, visit) or "", self._hub)
        if isinstance(door, str) or not door.changes_passwords:
            return self._answers.to(f"/sign-in/{pending_id}")
        why = request.args.get("why")
        return self._page(_Step(visit, journey, door), reason=why if why in REASONS else None)

    def take(self, pending_id: str) -> Response:
        visit, journey = journey_of(pending_id, self._hub, request)
        check_form(visit, request, pending_id, self._hub.settings.issuer)
        door = door_of(request.form.get("username", ""), self._hub)
        if isinstance(door, str) or not door.changes_passwords:
            return self._answers.to(f"/sign-in/{pending_id}")
        step = _Step(visit, journey, door)
        old, new = request.form.get("password", ""), request.form.get("new_password", "")
        problem = _form_problem(old, new, request.form.get("new_password_again", ""))
        return self._change(step, old, new) if problem is None else self._page(step, problem)

    def _change(self, step: _Step, old: str, new: str) -> Response:
        """Prepare and conclude in transactions, ask the directory between them."""
        hub, visit, journey = self._hub, step.visit, step.journey
        changing, origin = hub.password_changing, visit.origin
        try:
            with hub.database.begin(origin) as stores:
                attempt = changing.prepare(
                    step.door.destination, journey.client_id, origin.address, stores, visit.now
                )
        except Throttled as refusal:
            return throttled(self._page(step, refusal.retry_after), refusal)
        tried = changing.change(attempt, old, new)
        now = visit_of(hub, request).now
        with hub.database.begin(origin) as stores:
            outcome = changing.conclude(attempt, tried, journey.session, stores, now)
            result = None if isinstance(outcome, NotChanged) else outcome.result
            settle(journey, result, stores)
        if isinstance(outcome, NotChanged):
            return self._page(step, _problem_of(outcome))
        return self._signed_in(step, outcome.result)

    def _signed_in(self, step: _Step, result: SignedIn | NotSignedIn) -> Response:
        if isinstance(result, NotSignedIn):
            return self._page(step, "changed")
        pending_id = step.journey.pending.id
        response = self._answers.to(f"{AUTHORIZATION_PATH}/{pending_id}")
        typed_name.forget(response, pending_id, self._hub)
        return self._answers.with_session(
            self._answers.with_cookies(response, step.visit, request), result.cookie
        )

    def _page(
        self, step: _Step, problem: str | timedelta | None = None, reason: str | None = None
    ) -> Response:
        """Ask for both passwords; `problem` is a key, or how long to wait after too many attempts."""
        visit, journey, again = step.visit, step.journey, None
        if isinstance(problem, timedelta):
            again, problem = retry_after_text(visit.language, problem.total_seconds()), "throttled"
        return self._answers.page(
            "new_password.html",
            visit,
            request,
            target=journey.target,
            action=path(journey.pending.id),
            csrf_token=visit.form_token(journey.pending.id),
            service_name=journey.service_name(visit.language.tag),
            login_name=step.door.typed.strip(),
            directory_name=step.door.directory_name(visit.language.tag),
            sign_in_url=f"/sign-in/{journey.pending.id}/password",
            reason=reason,
            error=problem,
            retry_after_text=again,
            cancel_action=journey.cancel_action,
        )


def _within(number: int, most: int) -> int:
    """The number, or the nearest that we could have written into the address."""
    return max(0, min(number, most))


def _form_problem(old: str, new: str, again: str) -> str | None:
    """The key of what is wrong with the form before anybody is asked."""
    if not old:
        return "empty"
    if not new:
        return "empty_new"
    if new != again:
        return "differ"
    if len(old) > MAX_PASSWORD_BYTES:
        return "wrong"
    return "too_long" if len(new) > MAX_PASSWORD_BYTES else None


def _problem_of(told: NotChanged) -> str:
    if told.outcome is ChangeOutcome.STATE:
        return _OF_STATE.get(told.failure, "wrong")
    return _PROBLEM.get(told.outcome, "refused")
