"""The hub's own first page: whether one is signed in, where, and the way out."""

from dataclasses import dataclass

from flask import Blueprint, Response, request

from sso.authentication import sessions
from sso.authentication.stores import Stores
from sso.hub import Hub
from sso.oidc.session import Session
from sso.oidc.third_party_login import login_address
from sso.web.answers import Answers
from sso.web.approvals import waiting_requests
from sso.web.visit import Visit, visit_of


@dataclass(frozen=True, slots=True)
class Service:
    """A service that the session reached; `href` leads back to it where its address is known."""

    name: str
    href: str | None


def blueprint(hub: Hub, answers: Answers) -> Blueprint:
    """Return the page."""
    bp = Blueprint("home", __name__)

    @bp.get("/")
    def home() -> Response:
        """Show whether one is signed in, and where."""
        visit = visit_of(hub, request)
        with hub.database.read() as stores:
            session = sessions.current(visit.session_cookie, stores, hub.settings, visit.now)
            account = stores.people.account(session.account_id) if session is not None else None
            services = _services(session, visit, stores, hub.settings.issuer) if session is not None else []
            waiting = waiting_requests(session, stores, visit) if session is not None else []
        return answers.page(
            "home.html",
            visit,
            request,
            signed_in_as=(account.text_claim("name") or account.login_name) if account is not None else None,
            signed_in_at=visit.language.datetime(session.auth_time) if session is not None else None,
            directory_name=account.text_claim("directory_name") if account is not None else None,
            services=services,
            approvals=len(waiting),
            sign_out_url="/sign-out",
            sign_in_url="/sign-in",
        )

    return bp


def _services(session: Session, visit: Visit, stores: Stores, issuer: str) -> list[Service]:
    clients = (stores.clients.get(client_id) for client_id in stores.sessions.clients_of(session.id))
    return [
        Service(client.name_in(visit.language.tag), login_address(client, issuer) or client.client_uri)
        for client in clients
        if client is not None
    ]
