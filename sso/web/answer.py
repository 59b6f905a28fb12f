"""The page on which a person answers a client that waits elsewhere: a device, or a service that calls."""

from flask import Blueprint, Response, request

from sso.authentication.stores import Stores
from sso.authentication.throttling import network_of
from sso.hub import Hub
from sso.oidc import decision
from sso.oidc.client import GrantType
from sso.oidc.decision import Waiting
from sso.oidc.metadata import AUTHORIZATION_PATH
from sso.oidc.session import Session
from sso.web.answers import Answers
from sso.web.consent import signed_in_as
from sso.web.detail_words import details_shown
from sso.web.journey import Journey, check_form, load
from sso.web.refusals import ExpiredPage
from sso.web.sharing import sharing
from sso.web.visit import Visit, visit_of

Ready = tuple[Waiting, Session]
"""A request that waits, and a session that may answer it."""


def blueprint(hub: Hub, answers: Answers) -> Blueprint:
    """Return the page with its two answers."""
    bp = Blueprint("answer", __name__)
    pages = _AnswerPages(hub, answers)

    @bp.get("/answer/<pending_id>")
    def ask_answer(pending_id: str) -> Response:
        """Show who waits, where the request came from, and what would be shared."""
        return pages.ask(pending_id, visit_of(hub, request))

    @bp.post("/answer/<pending_id>")
    def take_answer(pending_id: str) -> Response:
        """Take the answer."""
        allowed = request.form.get("decision") == "allow"
        return pages.take(pending_id, allowed, visit_of(hub, request))

    return bp


class _AnswerPages:
    def __init__(self, hub: Hub, answers: Answers) -> None:
        self._hub = hub
        self._answers = answers

    def ask(self, pending_id: str, visit: Visit) -> Response:
        """Show the question, or go back to the sign-in for what is missing."""
        with self._hub.database.begin(visit.origin) as stores:
            journey = load(self._hub, pending_id, visit, stores)
            ready = _ready(journey, visit)
            if ready is None:
                return self._answers.to(f"{AUTHORIZATION_PATH}/{pending_id}")
            return self._page(ready, journey, visit, stores)

    def take(self, pending_id: str, allowed: bool, visit: Visit) -> Response:
        """Note the answer, and say what happens now."""
        with self._hub.database.begin(visit.origin) as stores:
            journey = load(self._hub, pending_id, visit, stores)
            check_form(visit, request, _purpose(journey), self._hub.settings.issuer)
            ready = _ready(journey, visit)
            if ready is None:
                return self._answers.to(f"{AUTHORIZATION_PATH}/{pending_id}")
            _answer(self._hub, ready, allowed, visit, stores)
            stores.pending.remove(pending_id)
        return self._answered_page(ready[0], allowed, visit)

    def _page(self, ready: Ready, journey: Journey, visit: Visit, stores: Stores) -> Response:
        (asked, session), language = ready, visit.language
        waits, subject = asked.request, stores.subjects.get(session.account_id)
        here = network_of(visit.origin.address)
        return self._answers.page(
            "answer.html",
            visit,
            request,
            action=f"/answer/{journey.pending.id}",
            csrf_token=visit.form_token(_purpose(journey)),
            service_name=asked.client.name_in(language.tag),
            service=asked.client,
            on_device=_on_device(asked),
            message=waits.binding_message,
            asked_at=language.datetime(waits.asked_at),
            asked_ago=language.duration((visit.now - waits.asked_at).total_seconds()),
            address=waits.address,
            same_network=waits.address is not None and network_of(waits.address) == here,
            software=waits.user_agent,
            signed_in_as=signed_in_as(session, visit, stores, self._hub),
            details=details_shown(language, waits.authorization_details, self._hub.settings.detail_types),
            sharing=sharing(language, asked.client, subject, waits.scope, frozenset()),
        )

    def _answered_page(self, asked: Waiting, allowed: bool, visit: Visit) -> Response:
        return self._answers.page(
            "answered.html",
            visit,
            request,
            service_name=asked.client.name_in(visit.language.tag),
            on_device=_on_device(asked),
            allowed=allowed,
        )


def _on_device(asked: Waiting) -> bool:
    """Whether a device waits, which anyone may hold; else it is a service that knows the person."""
    return asked.request.grant_type is GrantType.DEVICE_CODE


def _ready(journey: Journey, visit: Visit) -> Ready | None:
    """Return what can be answered now; None while somebody has to sign in or choose an account first."""
    asked, session = journey.waiting, journey.session
    if asked is None:
        raise ExpiredPage
    if session is None or not (session.persona_chosen or journey.pending.account_selected_at):
        return None
    may = decision.may_answer(asked, session, journey.pending.asked_at, visit.now)
    return (asked, session) if may else None


def _purpose(journey: Journey) -> str:
    """The form is of one request and one account: who signs in meanwhile as another sees it anew."""
    account_id = journey.session.account_id if journey.session is not None else ""
    return f"{journey.pending.id} {account_id}"


def _answer(hub: Hub, ready: Ready, allowed: bool, visit: Visit, stores: Stores) -> None:
    """Note the answer; of two windows one is in time, and nothing of the other is kept."""
    asked, session = ready
    stores.people.lock_account(session.account_id)  # who ends its access waits, or has just done so
    if stores.sessions.by_id(session.id) is None:
        raise ExpiredPage
    if allowed:
        in_time = decision.allow(asked, session, stores, hub.provider(), visit.now)
    else:
        in_time = decision.refuse(asked, session, stores, visit.now)
    if not in_time:
        raise ExpiredPage
