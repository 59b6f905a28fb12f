"""Sign-out: asked for by a service (RP-Initiated Logout 1.0) or by the person, always told in words."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, request

from sso.authentication import sessions
from sso.authentication.stores import Stores
from sso.hub import Hub
from sso.oidc.client import Client
from sso.oidc.logout import LogoutRequest, parse_logout
from sso.oidc.metadata import END_SESSION_PATH
from sso.oidc.notice import LogoutNotice
from sso.oidc.session import Session, SessionEnd
from sso.web.answers import Answers
from sso.web.journey import check_form
from sso.web.visit import Visit, visit_of

PURPOSE = "sign-out"
PATIENCE_SECONDS = 2.0
"""How long the page waits for services to confirm; those that are slower are told of as waiting."""

_KEPT = ("id_token_hint", "client_id", "post_logout_redirect_uri", "state")


@dataclass(frozen=True, slots=True)
class ToldService:
    """A line of the last page: a service and whether it confirmed the sign-out."""

    name: str
    status: str


def blueprint(hub: Hub, answers: Answers) -> Blueprint:
    """Return the end_session endpoint and the page that follows."""
    bp = Blueprint("sign_out", __name__)
    pages = _SignOutPages(hub, answers)

    @bp.get(END_SESSION_PATH)
    def end_session() -> Response:
        """Sign out at the wish of a service (RP-Initiated Logout 1.0)."""
        return pages.ask(request.args)

    @bp.post(END_SESSION_PATH)
    def end_session_by_post() -> Response:
        """Go on by GET: a service's POST comes without our cookies, as if nobody were signed in."""
        return answers.by_get(END_SESSION_PATH, request.form)

    @bp.get("/sign-out")
    def ask() -> Response:
        """Ask whether to sign out."""
        return pages.ask({})

    @bp.post("/sign-out")
    def sign_out() -> Response:
        """Sign out after the person said so."""
        return pages.confirmed(request.form)

    @bp.get("/signed-out")
    def signed_out() -> Response:
        """Say that nobody is signed in here."""
        return pages.signed_out()

    return bp


class _SignOutPages:
    def __init__(self, hub: Hub, answers: Answers) -> None:
        self._hub = hub
        self._answers = answers

    def ask(self, params: Mapping[str, str]) -> Response:
        """Sign out at once when the service proves whose session it means; ask the person otherwise."""
        visit = visit_of(self._hub, request, params.get("ui_locales"))
        with self._hub.database.begin(visit.origin) as stores:
            asked = parse_logout(params, stores, self._hub.provider(), visit.now)
            session = sessions.current(visit.session_cookie, stores, self._hub.settings, visit.now)
            proven = session is not None and asked.session_id == session.id
            if session is not None and proven:
                sessions.end(session, SessionEnd.SIGNED_OUT, stores, visit.now)
            names = self._names(session, visit, stores) if session is not None else []
            account = stores.people.account(session.account_id) if session is not None else None
        if session is None or proven:
            return self._leave(asked, session, visit)
        return self._answers.page(
            "sign_out.html",
            visit,
            request,
            target=asked.return_to,
            action="/sign-out",
            csrf_token=visit.form_token(PURPOSE),
            service_name=asked.client.name_in(visit.language.tag) if asked.client else None,
            fields={name: params[name] for name in _KEPT if name in params},
            account_name=(account.text_claim("name") or account.login_name) if account else None,
            services=names,
            stay_url=_stay_url(asked.client),
        )

    def confirmed(self, form: Mapping[str, str]) -> Response:
        """End the session after the person pressed the button."""
        visit = visit_of(self._hub, request)
        check_form(visit, request, PURPOSE, self._hub.settings.issuer)
        with self._hub.database.begin(visit.origin) as stores:
            asked = parse_logout(form, stores, self._hub.provider(), visit.now)
            session = sessions.current(visit.session_cookie, stores, self._hub.settings, visit.now)
            if session is not None:
                sessions.end(session, SessionEnd.SIGNED_OUT, stores, visit.now)
        return self._leave(asked, session, visit)

    def signed_out(self) -> Response:
        """Show the last page with nothing to tell."""
        return self._told_page(visit_of(self._hub, request), None, ())

    def _leave(self, asked: LogoutRequest, session: Session | None, visit: Visit) -> Response:
        """Go back to the service where it may be gone to; else say who was told."""
        if asked.return_to is not None:
            query = urlencode({"state": asked.state}) if asked.state is not None else ""
            mark = "&" if urlsplit(asked.return_to).query else "?"
            response = self._answers.to(f"{asked.return_to}{mark}{query}" if query else asked.return_to)
        else:
            response = self._told_page(visit, asked, self._notices(session) if session is not None else ())
        return self._answers.without_session(response) if session is not None else response

    def _told_page(
        self,
        visit: Visit,
        asked: LogoutRequest | None,
        notices: tuple[tuple[Client | None, LogoutNotice], ...],
    ) -> Response:
        client = asked.client if asked is not None else None
        language = visit.language.tag
        return self._answers.page(
            "signed_out.html",
            visit,
            request,
            services=[
                ToldService(told.name_in(language) if told else notice.client_id, _status(notice))
                for told, notice in notices
            ],
            return_url=client.client_uri if client is not None else None,
            service_name=client.name_in(language) if client is not None else None,
            sign_in_url="/sign-in",
        )

    def _notices(self, session: Session) -> tuple[tuple[Client | None, LogoutNotice], ...]:
        """Return the notices of a session, after giving the worker a moment to deliver them."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while True:
            with self._hub.database.read() as stores:
                notices = stores.outbox.of_session(session.id)
                found = tuple((stores.clients.get(notice.client_id), notice) for notice in notices)
            if all(_status(notice) != "waiting" for notice in notices) or time.monotonic() > ends:
                return found
            time.sleep(0.1)

    def _names(self, session: Session, visit: Visit, stores: Stores) -> list[str]:
        clients = (stores.clients.get(client_id) for client_id in stores.sessions.clients_of(session.id))
        return [client.name_in(visit.language.tag) for client in clients if client is not None]


def _status(notice: LogoutNotice) -> str:
    if notice.delivered_at is not None:
        return "told"
    return "failed" if notice.gave_up_at is not None else "waiting"


def _stay_url(client: Client | None) -> str:
    return client.client_uri if client is not None and client.client_uri else "/"
