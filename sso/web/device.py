"""The page where a person types the code that a device shows (RFC 8628 3.3)."""

from datetime import timedelta

from flask import Blueprint, Response, request

from sso.audit.event import UserCodeRejected
from sso.authentication import sessions
from sso.authentication.stores import Stores
from sso.authentication.throttling import Throttled
from sso.hub import Hub
from sso.oidc.device import VERIFICATION_PATH
from sso.oidc.digest import digest
from sso.oidc.metadata import AUTHORIZATION_PATH
from sso.oidc.pending import PendingAuthorization
from sso.oidc.session import Session
from sso.oidc.user_code import MAX_TYPED_LENGTH, read_user_code, shown
from sso.web.answers import Answers
from sso.web.door import throttled
from sso.web.journey import ANSWER, begin_own, check_form
from sso.web.pages import retry_after_text
from sso.web.visit import Visit, visit_of

PURPOSE = "device"


def blueprint(hub: Hub, answers: Answers) -> Blueprint:
    """Return the page."""
    bp = Blueprint("device", __name__)
    pages = _DevicePages(hub, answers)

    @bp.get(VERIFICATION_PATH)
    def ask_code() -> Response:
        """Ask for the code that a device shows (RFC 8628 3.3)."""
        return pages.ask(visit_of(hub, request), request.args.get("user_code", ""))

    @bp.post(VERIFICATION_PATH)
    def take_code() -> Response:
        """Take the code and lead on to the question who asks."""
        return pages.take(visit_of(hub, request), request.form.get("user_code", ""))

    return bp


class _DevicePages:
    def __init__(self, hub: Hub, answers: Answers) -> None:
        self._hub = hub
        self._answers = answers

    def ask(self, visit: Visit, typed: str, problem: str | timedelta | None = None) -> Response:
        """Show the page; `problem` is a key, or how long to wait after too many codes."""
        again = None
        if isinstance(problem, timedelta):
            again, problem = retry_after_text(visit.language, problem.total_seconds()), "throttled"
        code = read_user_code(typed)
        return self._answers.page(
            "device.html",
            visit,
            request,
            action=VERIFICATION_PATH,
            csrf_token=visit.form_token(PURPOSE),
            user_code=typed[:MAX_TYPED_LENGTH] if code is None else shown(code),
            complete=code is not None and problem is None,
            error=problem,
            retry_after_text=again,
        )

    def take(self, visit: Visit, typed: str) -> Response:
        """Lead on to the page that says who asks, by way of the sign-in."""
        check_form(visit, request, PURPOSE, self._hub.settings.issuer)
        if not typed.strip():
            return self.ask(visit, "", "empty")
        try:
            with self._hub.database.begin(visit.origin) as stores:
                session = self._counted(visit, stores)
        except Throttled as refusal:
            return throttled(self.ask(visit, typed, refusal.retry_after), refusal)
        with self._hub.database.begin(visit.origin) as stores:
            pending = self._begin(typed, session, visit, stores)
        if pending is None:
            return self.ask(visit, typed, "wrong")
        response = self._answers.to(f"{AUTHORIZATION_PATH}/{pending.id}")
        return self._answers.with_cookies(response, visit, request)

    def _counted(self, visit: Visit, stores: Stores) -> Session | None:
        """Count a code, and return who types it. It is looked up later: a count is kept whatever follows."""
        session = sessions.current(visit.session_cookie, stores, self._hub.settings, visit.now)
        account_id = session.account_id if session is not None else None
        throttle = self._hub.sign_in.throttle
        throttle.count_user_code(account_id, visit.origin.address, stores, visit.now)
        return session

    def _begin(
        self, typed: str, session: Session | None, visit: Visit, stores: Stores
    ) -> PendingAuthorization | None:
        """Begin the journey to what the code stands for."""
        code = read_user_code(typed)
        asked = stores.deferred.by_user_code(digest(code), visit.now) if code is not None else None
        if asked is None:
            known = {} if session is None else {"account_id": session.account_id, "session_id": session.id}
            stores.audit.append(UserCodeRejected(**known), visit.now)
            return None
        pending = begin_own(ANSWER, {"request": asked.id}, self._hub, visit)
        stores.pending.add(pending)
        return pending
