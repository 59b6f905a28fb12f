"""The consent page, and the way back to the service without it."""

from flask import Blueprint, Response, request

from sso.authentication.stores import Stores
from sso.hub import Hub
from sso.oidc import authorize as authorization
from sso.oidc.errors import AuthorizationError
from sso.oidc.interaction import ConsentRequired
from sso.oidc.metadata import AUTHORIZATION_PATH
from sso.oidc.registered_address import sector_host
from sso.oidc.response import AuthorizationResponse, error_response
from sso.oidc.session import Session
from sso.web.answers import Answers
from sso.web.authorize import next_step_of
from sso.web.choose_account import persona_text
from sso.web.detail_words import details_shown
from sso.web.journey import Journey, check_form, finish, in_its_language, load
from sso.web.refusals import ExpiredPage
from sso.web.sharing import sharing
from sso.web.visit import Visit, visit_of


def blueprint(hub: Hub, answers: Answers) -> Blueprint:
    """Return the page with its two answers, and the cancel form of the other pages."""
    bp = Blueprint("consent", __name__)

    @bp.get("/consent/<pending_id>")
    def ask_consent(pending_id: str) -> Response:
        """Show what a service wants to know."""
        visit = visit_of(hub, request)
        with hub.database.begin(visit.origin) as stores:
            journey = load(hub, pending_id, visit, stores)
            if not _is_due(hub, journey, visit, stores):
                return answers.to(f"{AUTHORIZATION_PATH}/{pending_id}")
            visit = in_its_language(hub, journey, visit, request)
            return _page(hub, answers, journey, visit, stores)

    @bp.post("/consent/<pending_id>")
    def take_consent(pending_id: str) -> Response:
        """Take the answer of the consent page."""
        visit, _ = visit_of(hub, request), request.form  # the body is waited for outside of a transaction
        with hub.database.begin(visit.origin) as stores:
            journey = load(hub, pending_id, visit, stores)
            check_form(visit, request, _purpose(journey), hub.settings.issuer)
            if request.form.get("decision") == "allow":
                _allow(hub, journey, visit, stores)
                return answers.to(f"{AUTHORIZATION_PATH}/{pending_id}")
            denied = _deny(hub, journey, visit, stores)
        return answers.authorization_response(denied, visit, request)

    @bp.post("/cancel/<pending_id>")
    def cancel(pending_id: str) -> Response:
        """Go back to the service without signing in."""
        visit, _ = visit_of(hub, request), request.form  # the body is waited for outside of a transaction
        with hub.database.begin(visit.origin) as stores:
            journey = load(hub, pending_id, visit, stores)
            check_form(visit, request, pending_id, hub.settings.issuer)
            denied = _deny(hub, journey, visit, stores)
        return answers.authorization_response(denied, visit, request)

    return bp


def _is_due(hub: Hub, journey: Journey, visit: Visit, stores: Stores) -> bool:
    """Whether consent is what comes next; the authorization endpoint says, and records, why not."""
    try:
        return isinstance(next_step_of(journey, visit, stores, hub.acr_values), ConsentRequired)
    except AuthorizationError:
        return False


def _purpose(journey: Journey) -> str:
    """The form is of one request and one account: who signs in meanwhile as another sees it anew."""
    account_id = journey.session.account_id if journey.session is not None else ""
    return f"{journey.pending.id} {account_id}"


def _page(hub: Hub, answers: Answers, journey: Journey, visit: Visit, stores: Stores) -> Response:
    if journey.asked is None or journey.session is None:
        raise ExpiredPage
    asked, subject = journey.asked, stores.subjects.get(journey.session.account_id)
    return answers.page(
        "consent.html",
        visit,
        request,
        target=journey.target,
        action=f"/consent/{journey.pending.id}",
        csrf_token=visit.form_token(_purpose(journey)),
        service_name=journey.service_name(visit.language.tag),
        service=asked.client,
        return_host=sector_host(asked.to.redirect_uri),
        signed_in_as=signed_in_as(journey.session, visit, stores, hub),
        details=details_shown(visit.language, asked.authorization_details, hub.settings.detail_types),
        remembered=not asked.asks_every_time,
        sharing=sharing(visit.language, asked.client, subject, asked.scope, asked.claims.names),
        expires_text=visit.language.date(visit.now + hub.settings.consent_lifetime),
    )


def signed_in_as(session: Session, visit: Visit, stores: Stores, hub: Hub) -> str:
    """Return who is signed in, and in which role, in words."""
    account = stores.people.account(session.account_id)
    if account is None:
        raise ExpiredPage
    name = account.text_claim("name") or account.login_name
    persona = persona_text(account, visit.language, hub)
    return visit.language.gettext("{person} ({persona})", person=name, persona=persona)


def _allow(hub: Hub, journey: Journey, visit: Visit, stores: Stores) -> None:
    if journey.asked is None or journey.session is None:
        raise ExpiredPage
    authorization.allow(journey.asked, journey.session, stores, hub.provider(), visit.now)
    stores.pending.mark_consented(journey.pending.id, journey.session.account_id, visit.now)


def _deny(hub: Hub, journey: Journey, visit: Visit, stores: Stores) -> AuthorizationResponse:
    if journey.asked is None or not finish(journey.pending, stores):
        raise ExpiredPage
    refusal = authorization.deny(journey.asked, journey.session, stores, visit.now)
    return error_response(refusal.to, hub.settings.issuer, refusal.code, refusal.description)
