"""The sign-in pages: the name decides the one door, then the password is tried there and nowhere else."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from flask import Blueprint, Response, request

from sso.authentication.password import MAX_PASSWORD_BYTES
from sso.authentication.password_in_name import PasswordInName, looks_like_a_password
from sso.authentication.sign_in import Failure, NotSignedIn, SignedIn
from sso.authentication.throttling import Throttled
from sso.directory.department import Department
from sso.hub import Hub
from sso.oidc.metadata import AUTHORIZATION_PATH
from sso.web import new_password, typed_name
from sso.web.account_creation import creation_address
from sso.web.answers import Answers
from sso.web.choose_department import chosen_department
from sso.web.door import Door, door_of, journey_of, settle, throttled
from sso.web.journey import HOME, Journey, begin_own, check_form
from sso.web.pages import retry_after_text
from sso.web.visit import Visit, visit_of

MAX_LOGIN_NAME_LENGTH = 256


_PROBLEM: Mapping[Failure | None, str] = {
    None: "wrong",
    Failure.ACCOUNT_DISABLED: "disabled",
    Failure.ACCOUNT_EXPIRED: "disabled",
    Failure.ACCOUNT_LOCKED: "locked",
    Failure.PASSWORD_EXPIRED: "expired",
    Failure.PASSWORD_MUST_CHANGE: "must_change",
    Failure.POLICY_DENIED: "not_now",
    Failure.DIRECTORY_UNAVAILABLE: "unavailable",
    Failure.TOO_BUSY: "busy",
}


def blueprint(hub: Hub, answers: Answers) -> Blueprint:
    """Return the pages: name, then password."""
    bp = Blueprint("sign_in", __name__)
    pages = _SignInPages(hub, answers)

    @bp.get("/sign-in")
    def begin() -> Response:
        """Begin a sign-in that no service asked for."""
        return pages.begin()

    @bp.get("/sign-in/<pending_id>")
    def ask_name(pending_id: str) -> Response:
        """Ask for the sign-in name."""
        return pages.ask_name(pending_id)

    @bp.post("/sign-in/<pending_id>")
    def take_name(pending_id: str) -> Response:
        """Take the name and lead on to the password page."""
        return pages.take_name(pending_id)

    @bp.get("/sign-in/<pending_id>/password")
    def ask_password(pending_id: str) -> Response:
        """Ask for the password of the name that was typed; without one, ask for the name."""
        return pages.ask_password(pending_id)

    @bp.post("/sign-in/<pending_id>/password")
    def take_password(pending_id: str) -> Response:
        """Take the password."""
        return pages.take_password(pending_id)

    return bp


class _SignInPages:
    def __init__(self, hub: Hub, answers: Answers) -> None:
        self._hub = hub
        self._answers = answers

    def begin(self) -> Response:
        """Begin a journey that no client asked for: it ends on our own first page."""
        visit = visit_of(self._hub, request)
        pending = begin_own(HOME, {}, self._hub, visit)
        with self._hub.database.begin(visit.origin) as stores:
            stores.pending.add(pending)
        return self._answers.with_cookies(self._answers.to(f"/sign-in/{pending.id}"), visit, request)

    def ask_name(self, pending_id: str) -> Response:
        visit, journey = journey_of(pending_id, self._hub, request)
        hint = journey.asked.login_hint if journey.asked is not None else None
        return self._name_page(journey, visit, hint or "", None)

    def take_name(self, pending_id: str) -> Response:
        visit, journey = journey_of(pending_id, self._hub, request)
        check_form(visit, request, pending_id, self._hub.settings.issuer)
        typed = request.form.get("login_name", "")
        door = door_of(typed, self._hub, self._department())
        if isinstance(door, str):
            response = self._name_page(journey, visit, typed, door)
        else:
            response = self._answers.to(f"/sign-in/{pending_id}/password")
            typed_name.remember(response, door.typed, pending_id, visit, self._hub)
        digests = typed_name.digests_with(typed, request, pending_id, visit)
        return typed_name.keep_digests(response, digests, pending_id, self._hub)

    def _department(self) -> Department | None:
        """The department that was chosen on the page before, if one was."""
        return chosen_department(request.values.get("department"), self._hub.directories)

    def ask_password(self, pending_id: str) -> Response:
        visit, journey = journey_of(pending_id, self._hub, request)
        door = door_of(typed_name.recall(request, pending_id, visit) or "", self._hub)
        if isinstance(door, str):
            return self._answers.to(f"/sign-in/{pending_id}")
        return self._password_page(journey, visit, door)

    def take_password(self, pending_id: str) -> Response:
        visit, journey = journey_of(pending_id, self._hub, request)
        check_form(visit, request, pending_id, self._hub.settings.issuer)
        typed, password = request.form.get("username", ""), request.form.get("password", "")
        door = door_of(typed, self._hub)
        if isinstance(door, str):
            return self._name_page(journey, visit, typed, door)
        if not password or len(password) > MAX_PASSWORD_BYTES:
            return self._password_page(journey, visit, door, "wrong" if password else "empty")
        return self._sign_in(journey, visit, door, password)

    def _sign_in(self, journey: Journey, visit: Visit, door: Door, password: str) -> Response:
        """Prepare and conclude in transactions, prove between them: no hash holds the database."""
        sign_in, database, address = self._hub.sign_in, self._hub.database, visit.origin.address
        try:
            with database.begin(visit.origin) as stores:
                attempt = sign_in.prepare(door.destination, journey.client_id, address, stores, visit.now)
        except Throttled as refusal:
            return throttled(self._password_page(journey, visit, door, refusal.retry_after), refusal)
        attempt = replace(attempt, password_in_name=_password_in_name(journey, visit, door, password))
        proof = sign_in.prove(attempt, password)
        now = visit_of(self._hub, request).now
        with database.begin(visit.origin) as stores:
            outcome = sign_in.conclude(attempt, proof, journey.session, stores, now)
            settle(journey, outcome, stores)
        if isinstance(outcome, NotSignedIn):
            return self._not_signed_in(journey, visit, door, outcome.failure)
        return self._signed_in(journey, visit, outcome)

    def _not_signed_in(self, journey: Journey, visit: Visit, door: Door, failure: Failure | None) -> Response:
        problem = _PROBLEM.get(failure, "wrong")
        if problem in new_password.REASONS and door.changes_passwords:
            return self._answers.to(new_password.path(journey.pending.id, problem))
        return self._password_page(journey, visit, door, problem)

    def _signed_in(self, journey: Journey, visit: Visit, outcome: SignedIn) -> Response:
        pending_id, ends = journey.pending.id, outcome.password_ends
        if ends is None:
            response = self._answers.to(f"{AUTHORIZATION_PATH}/{pending_id}")
            typed_name.forget(response, pending_id, self._hub)
        else:
            response = self._answers.to(new_password.warning_path(pending_id, ends))
        return self._answers.with_session(
            self._answers.with_cookies(response, visit, request), outcome.cookie
        )

    def _name_page(self, journey: Journey, visit: Visit, typed: str, problem: str | None) -> Response:
        department, tag = self._department(), visit.language.tag
        chooser = f"/sign-in/{journey.pending.id}/department" if self._hub.directories else None
        return self._answers.page(
            "identifier.html",
            visit,
            request,
            target=[
                *([journey.target] if journey.target else []),
                *(each.settings.issuer for each in self._hub.upstreams.values()),
            ],
            action=f"/sign-in/{journey.pending.id}",
            csrf_token=visit.form_token(journey.pending.id),
            service_name=journey.service_name(tag),
            login_name=typed[:MAX_LOGIN_NAME_LENGTH],
            department_id=None if department is None else department.id,
            department_name=None if department is None else department.display_name(tag),
            departments_url=chooser,
            upstreams=[
                (each.settings.label(tag), f"/sign-in/{journey.pending.id}/upstream/{each.settings.id}")
                for each in self._hub.upstreams.values()
            ],
            error=problem,
            cancel_action=journey.cancel_action,
            adding=journey.adds_account,
            create_account_url=creation_address(self._hub, journey.pending.id, visit.language),
        )

    def _password_page(
        self,
        journey: Journey,
        visit: Visit,
        door: Door,
        problem: str | timedelta | None = None,
    ) -> Response:
        """Ask for the password; `problem` is a key, or how long to wait after too many attempts."""
        again = None
        if isinstance(problem, timedelta):
            again, problem = retry_after_text(visit.language, problem.total_seconds()), "throttled"
        return self._answers.page(
            "password.html",
            visit,
            request,
            target=journey.target,
            action=f"/sign-in/{journey.pending.id}/password",
            csrf_token=visit.form_token(journey.pending.id),
            service_name=journey.service_name(visit.language.tag),
            login_name=door.typed.strip(),
            change_url=f"/sign-in/{journey.pending.id}",
            directory_name=door.directory_name(visit.language.tag),
            error=problem,
            retry_after_text=again,
            cancel_action=journey.cancel_action,
        )


def _password_in_name(journey: Journey, visit: Visit, door: Door, password: str) -> PasswordInName | None:
    """Whether a password seems to have been typed as a name, before or just now."""
    if typed_name.was_typed(request, password, door.typed, journey.pending.id, visit):
        return PasswordInName.SAME
    return PasswordInName.LIKELY if looks_like_a_password(door.typed) else None
