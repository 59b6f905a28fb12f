"""The list of services that wait for the person who is signed in (CIBA Core 8)."""

from dataclasses import dataclass

from flask import Blueprint, Response, request

from sso.authentication import sessions
from sso.authentication.stores import Stores
from sso.hub import Hub
from sso.oidc.deferred import DeferredRequest
from sso.oidc.metadata import AUTHORIZATION_PATH
from sso.oidc.session import Session
from sso.web.answers import Answers
from sso.web.journey import ANSWER, HOME, begin_own, check_form
from sso.web.refusals import ExpiredPage
from sso.web.visit import Visit, visit_of

PURPOSE = "approvals"


@dataclass(frozen=True, slots=True)
class Approval:
    """One service that waits, and what it shows the person to compare."""

    id: str
    service_name: str
    message: str | None
    asked_ago: str
    ends_in: str


def blueprint(hub: Hub, answers: Answers) -> Blueprint:
    """Return the page."""
    bp = Blueprint("approvals", __name__)
    pages = _ApprovalsPages(hub, answers)

    @bp.get("/approvals")
    def approvals() -> Response:
        """Show which services wait for an answer; sign in first."""
        return pages.show(visit_of(hub, request))

    @bp.post("/approvals")
    def look() -> Response:
        """Lead on to one of them."""
        return pages.look(request.form.get("request", ""), visit_of(hub, request))

    return bp


class _ApprovalsPages:
    def __init__(self, hub: Hub, answers: Answers) -> None:
        self._hub = hub
        self._answers = answers

    def show(self, visit: Visit) -> Response:
        """Show the list, or begin the sign-in that leads back here."""
        with self._hub.database.read() as stores:
            session = sessions.current(visit.session_cookie, stores, self._hub.settings, visit.now)
            known = session is not None and session.persona_chosen
            waiting = self._waiting(session, visit, stores) if session is not None and known else []
        if not known:
            return self._begin(HOME, {"page": "approvals"}, visit)
        return self._answers.page(
            "approvals.html",
            visit,
            request,
            action="/approvals",
            csrf_token=visit.form_token(PURPOSE),
            approvals=waiting,
        )

    def look(self, request_id: str, visit: Visit) -> Response:
        """Begin the journey to one request; who may answer it is decided there."""
        check_form(visit, request, PURPOSE, self._hub.settings.issuer)
        with self._hub.database.read() as stores:
            session = sessions.current(visit.session_cookie, stores, self._hub.settings, visit.now)
            waiting = waiting_requests(session, stores, visit) if session is not None else []
        if request_id not in {asked.id for asked in waiting}:
            raise ExpiredPage
        return self._begin(ANSWER, {"request": request_id}, visit)

    def _begin(self, kind: str, params: dict[str, str], visit: Visit) -> Response:
        pending = begin_own(kind, params, self._hub, visit)
        with self._hub.database.begin(visit.origin) as stores:
            stores.pending.add(pending)
        response = self._answers.to(f"{AUTHORIZATION_PATH}/{pending.id}")
        return self._answers.with_cookies(response, visit, request)

    def _waiting(self, session: Session, visit: Visit, stores: Stores) -> list[Approval]:
        return [_approval(asked, visit, stores) for asked in waiting_requests(session, stores, visit)]


def waiting_requests(session: Session, stores: Stores, visit: Visit) -> list[DeferredRequest]:
    """Return what the account of a session is asked, by clients that are still registered."""
    waiting = stores.deferred.waiting_for(session.account_id, visit.now)
    return [asked for asked in waiting if stores.clients.get(asked.client_id) is not None]


def _approval(asked: DeferredRequest, visit: Visit, stores: Stores) -> Approval:
    client, language = stores.clients.get(asked.client_id), visit.language
    return Approval(
        id=asked.id,
        service_name=client.name_in(language.tag) if client is not None else asked.client_id,
        message=asked.binding_message,
        asked_ago=language.duration((visit.now - asked.asked_at).total_seconds()),
        ends_in=language.duration((asked.expires_at - visit.now).total_seconds()),
    )
