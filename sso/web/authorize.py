"""The authorization endpoint (OpenID Connect Core 3.1.2): the one place that decides what comes next."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from flask import Blueprint, Response, request

from sso.audit.event import AuthorizationRejected
from sso.authentication import sessions
from sso.authentication.stores import Stores
from sso.hub import Hub
from sso.oidc import authorize as authorization
from sso.oidc.decision import may_answer
from sso.oidc.digest import new_id
from sso.oidc.errors import AuthorizationError, RequestRejected
from sso.oidc.interaction import (
    AccountCreationRequired,
    AccountSelectionRequired,
    ConsentRequired,
    Granted,
    LoginRequired,
    NextStep,
    Situation,
    next_step,
)
from sso.oidc.known_state import StateUnknown, require_known_state
from sso.oidc.metadata import AUTHORIZATION_PATH
from sso.oidc.pending import PendingAuthorization
from sso.oidc.request import AuthorizationRequest
from sso.oidc.request.arrival import Arrival, arrive
from sso.oidc.request.parameters import kept
from sso.oidc.response import AuthorizationResponse, error_response
from sso.oidc.session import Session
from sso.oidc.session_management import with_session_state
from sso.oidc.settings import Provider
from sso.web.account_creation import creation_address
from sso.web.account_states import with_known_state
from sso.web.answers import Answers
from sso.web.client_keys import prepare_client_keys, request_object
from sso.web.journey import LINK, Journey, finish, load, own_page, spend
from sso.web.refusals import ExpiredPage
from sso.web.visit import Visit, visit_of


def blueprint(hub: Hub, answers: Answers) -> Blueprint:
    """Return the endpoint: a new request at its address, a pending one under its id."""
    bp = Blueprint("authorize", __name__)

    @bp.get(AUTHORIZATION_PATH)
    def authorize() -> Response:
        """Take an authorization request (RFC 6749 3.1): a page that asks, or the answer."""
        visit = visit_of(hub, request, request.args.get("ui_locales"))
        params = request.args.to_dict(flat=False)
        read = request_object(hub, params)
        signed = request.args.get("request") if read is None else read.decode("ascii", "replace").strip()
        prepare_client_keys(hub, request.args.get("client_id", ""), signed)
        outcome = _in_turn(hub, visit, lambda turn: _begin(turn, params, read))
        return _respond(outcome, answers, visit)

    @bp.post(AUTHORIZATION_PATH)
    def authorize_by_post() -> Response:
        """Take the same by POST: cross-site it comes without our cookies, so it is brought back by GET."""
        return answers.by_get(AUTHORIZATION_PATH, request.form)

    @bp.get(f"{AUTHORIZATION_PATH}/<pending_id>")
    def resume(pending_id: str) -> Response:
        """Go on with a pending request after a page: the next page, or the answer."""
        visit = visit_of(hub, request)
        outcome = _in_turn(hub, visit, lambda turn: _resume(turn, pending_id))
        return _respond(outcome, answers, visit)

    return bp


@dataclass(frozen=True, slots=True)
class Turn:
    """One call of the endpoint: the hub, the visit, and the stores of its transaction."""

    hub: Hub
    visit: Visit
    stores: Stores
    provider: Provider

    def session(self) -> Session | None:
        """Return the session of the browser, if the account behind it is known to be in use.

        When its directory was asked and is away for too long, it is as if nobody were signed in.

        Raises:
            StateUnknown: the directory has to be asked first.
        """
        visit = self.visit
        session = sessions.current(visit.session_cookie, self.stores, self.hub.settings, visit.now)
        subject = self.stores.subjects.get(session.account_id) if session is not None else None
        if subject is None:
            return None
        try:
            require_known_state(subject, self.provider, visit.now)
        except StateUnknown:
            if subject.account_id in self.provider.states_asked:
                return None
            raise
        return session


Outcome = AuthorizationResponse | str
"""An answer for the client, or the address of the page that comes next: ours, or the one for new accounts."""


def _in_turn(hub: Hub, visit: Visit, take: Callable[[Turn], Outcome]) -> Outcome:
    """Take a turn in a transaction; when a directory has to be asked first, ask it and take it again."""

    def taken(provider: Provider) -> Outcome:
        with hub.database.begin(visit.origin) as stores:
            return take(Turn(hub, visit, stores, provider))

    return with_known_state(hub, visit.origin, taken)


def _respond(outcome: Outcome, answers: Answers, visit: Visit) -> Response:
    if isinstance(outcome, str):
        return answers.with_cookies(answers.to(outcome), visit, request)
    return answers.authorization_response(outcome, visit, request)


def _begin(turn: Turn, params: dict[str, list[str]], read: bytes | None) -> Outcome:
    visit, stores = turn.visit, turn.stores
    session: Session | None = None
    pushed: bytes | None = None
    try:
        arrival = arrive(params, stores, turn.provider, visit.now, read)
        pushed = arrival.pushed
        asked = AuthorizationRequest.parse(arrival.params, stores.clients, turn.provider)
        authorization.accept(asked, pushed, stores, visit.now)
        session = turn.session()
        return _step(turn, Journey(_pending(turn, asked, arrival), asked, session), new=True)
    except RequestRejected as refusal:
        if pushed is not None:
            stores.pushed.spend(pushed)
        client_ids = params.get("client_id", [])
        return _refused(turn, refusal, client_ids[0] if len(client_ids) == 1 else "", session)


def _resume(turn: Turn, pending_id: str) -> Outcome:
    known = turn.session()
    try:
        journey = load(turn.hub, pending_id, turn.visit, turn.stores)
        journey = journey if known is not None else replace(journey, session=None)
    except RequestRejected as refusal:  # the client or its address was removed meanwhile
        turn.stores.pending.remove(pending_id)
        return _refused(turn, refusal, "", None)
    if journey.asked is None:
        return _own_page(turn, journey)
    try:
        return _step(turn, journey, new=False)
    except RequestRejected as refusal:
        finish(journey.pending, turn.stores)
        return _refused(turn, refusal, journey.pending.client_id, journey.session)


def _own_page(turn: Turn, journey: Journey) -> Outcome:
    """Go on with a journey to a page of our own: the first one, or one where a client awaits an answer."""
    session, pending = journey.session, journey.pending
    if session is None or not _may_answer(journey, session, turn.visit.now):
        return f"/sign-in/{pending.id}"
    if (journey.adds_account or pending.params.get("fresh")) and not journey.is_proven:
        return f"/sign-in/{pending.id}"
    if journey.adds_account:
        return f"{LINK}/{pending.id}"
    if not session.persona_chosen and pending.account_selected_at is None:
        return f"/sign-in/{pending.id}/account"
    if journey.waiting is not None:
        return f"/answer/{pending.id}"
    turn.stores.pending.remove(pending.id)
    return own_page(pending)


def _may_answer(journey: Journey, session: Session, now: datetime) -> bool:
    asked = journey.waiting
    return asked is None or may_answer(asked, session, journey.pending.asked_at, now)


def _pending(turn: Turn, asked: AuthorizationRequest, arrival: Arrival) -> PendingAuthorization:
    now = turn.visit.now
    return PendingAuthorization(
        id=new_id(),
        browser=turn.visit.browser_digest,
        client_id=asked.client.client_id,
        params=kept(arrival.params),
        asked_at=now,
        expires_at=now + turn.hub.settings.pending_lifetime,
        pushed=arrival.pushed,
    )


def _step(turn: Turn, journey: Journey, *, new: bool) -> Outcome:
    """Ask what comes next, and do it: a page, or the code."""
    step = next_step_of(journey, turn.visit, turn.stores, turn.hub.acr_values)
    if isinstance(step, Granted):
        return _grant(turn, journey, step.session, new=new)
    if new:
        turn.stores.pending.add(journey.pending)
    if isinstance(step, AccountCreationRequired):
        return _creation(turn, journey.pending.id)
    return _page_of(step, journey.pending.id)


def _creation(turn: Turn, pending_id: str) -> str:
    """Send the person away to make an account; they come back to the pending request."""
    turn.stores.pending.mark_creation_offered(pending_id, turn.visit.now)
    return creation_address(turn.hub, pending_id, turn.visit.language) or f"{AUTHORIZATION_PATH}/{pending_id}"


def next_step_of(journey: Journey, visit: Visit, stores: Stores, reachable_acr: Sequence[str]) -> NextStep:
    """Return the next step of a journey that a client began; `reachable_acr` are the hub's acr_values.

    Raises:
        AuthorizationError: as `sso.oidc.interaction.next_step` says.
    """
    if journey.asked is None:
        raise ExpiredPage
    session, client = journey.session, journey.asked.client
    situation = Situation(
        session=session,
        sub=stores.subjects.sub(session.account_id, client.sector, visit.now) if session else None,
        consent=stores.consents.get(session.account_id, client.client_id, visit.now) if session else None,
        pending=journey.pending,
        now=visit.now,
        reachable_acr=reachable_acr,
    )
    return next_step(journey.asked, situation)


def _page_of(step: LoginRequired | AccountSelectionRequired | ConsentRequired, pending_id: str) -> str:
    match step:
        case LoginRequired():
            return f"/sign-in/{pending_id}"
        case AccountSelectionRequired():
            return f"/sign-in/{pending_id}/account"
        case ConsentRequired():
            return f"/consent/{pending_id}"
        case _:
            assert_never(step)


def _grant(turn: Turn, journey: Journey, session: Session, *, new: bool) -> AuthorizationResponse:
    """Issue the code; of two tabs that finish one pending request, or one pushed one, one wins."""
    hub, visit, stores = turn.hub, turn.visit, turn.stores
    if journey.asked is None or not (spend if new else finish)(journey.pending, stores):
        raise ExpiredPage
    stores.people.lock_account(session.account_id)  # who ends its access waits, or has just done so
    if stores.sessions.by_id(session.id) is None:
        raise ExpiredPage
    if session.auth_time < journey.pending.asked_at:
        authorization.record_reuse(journey.asked, session, stores, visit.now)
    sessions.touch(session, stores, visit.now)
    answer = authorization.grant(journey.asked, session, stores, turn.provider, visit.now)
    if not hub.settings.session_management or visit.state is None:
        return answer
    return with_session_state(answer, journey.asked.scope, visit.state, new_id())


def _refused(
    turn: Turn, refusal: RequestRejected, client_id: str, session: Session | None
) -> AuthorizationResponse:
    """Record a refusal; bring it to the client if there is an address to trust, raise it if not."""
    client = turn.stores.clients.get(client_id)
    event = AuthorizationRejected(
        client_id=client.client_id if client else None,
        error=refusal.code.value,
        reason=refusal.reason,
        account_id=session.account_id if session else None,
        session_id=session.id if session else None,
    )
    turn.stores.audit.append(event, turn.visit.now)
    if isinstance(refusal, AuthorizationError):
        return error_response(refusal.to, turn.hub.settings.issuer, refusal.code, refusal.description)
    raise refusal
