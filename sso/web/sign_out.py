"""Sign-out: asked for by a service (RP-Initiated Logout 1.0) or by the person, always told in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, request

from sso.authentication import sessions
from sso.authentication.stores import Stores
from sso.directory.person import Account
from sso.hub import Hub
from sso.oidc.client import Client
from sso.oidc.digest import digest
from sso.oidc.logout import LogoutRequest, means_someone_else, parse_logout
from sso.oidc.metadata import END_SESSION_PATH
from sso.oidc.session import Session, SessionEnd
from sso.web.answers import Answers
from sso.web.journey import check_form
from sso.web.signed_out import Farewell
from sso.web.upstream_farewell import follows, leave, provider_to_leave
from sso.web.visit import Visit, visit_of

PURPOSE = "sign-out"
PATH = "/sign-out"
TWICE_WITHIN = timedelta(minutes=5)
"""How long after a sign-out the same cookie is still told of it: a second press, a page from the history."""

_KEPT = ("id_token_hint", "logout_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales")


def blueprint(hub: Hub, answers: Answers) -> Blueprint:
    """Return the end_session endpoint and the page that asks."""
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

    @bp.get(PATH)
    def ask() -> Response:
        """Ask whether to sign out."""
        return pages.ask({})

    @bp.post(PATH)
    def sign_out() -> Response:
        """Sign out after the person said so."""
        return pages.confirmed(request.form)

    return bp


@dataclass(frozen=True, slots=True)
class _Ended:
    """A session that has ended, and whether the last page has frames to load for it."""

    session_id: str
    has_frames: bool


class _SignOutPages:
    def __init__(self, hub: Hub, answers: Answers) -> None:
        self._hub = hub
        self._answers = answers

    def ask(self, params: Mapping[str, str]) -> Response:
        """Sign out at once when the service proves whose session it means; ask the person otherwise."""
        visit = visit_of(self._hub, request, params.get("ui_locales"))

        def ask_or_end(stores: Stores) -> tuple[LogoutRequest, _Ended | None, dict[str, Any] | None]:
            asked = parse_logout(params, stores, self._hub.provider(), visit.now)
            session = sessions.current(visit.session_cookie, stores, self._hub.settings, visit.now)
            if session is not None and asked.session_id != session.id:
                return asked, None, self._question(asked, session, visit, stores)
            return asked, _end(visit, stores), None

        asked, ended, question = self._hub.database.contain(visit.origin, ask_or_end)
        if question is None:
            return self._leave(asked, ended, params, visit)
        return self._answers.page(
            "sign_out.html",
            visit,
            request,
            target=asked.return_to,
            action=PATH,
            csrf_token=visit.form_token(PURPOSE),
            fields={name: params[name] for name in _KEPT if params.get(name)},
            stay_url=_stay_url(asked.client),
            **question,
        )

    def confirmed(self, form: Mapping[str, str]) -> Response:
        """End the session after the person pressed the button."""
        visit = visit_of(self._hub, request, form.get("ui_locales"))
        check_form(visit, request, PURPOSE, self._hub.settings.issuer)

        def end(stores: Stores) -> tuple[LogoutRequest, _Ended | None]:
            return parse_logout(form, stores, self._hub.provider(), visit.now), _end(visit, stores)

        asked, ended = self._hub.database.contain(visit.origin, end)
        return self._leave(asked, ended, form, visit)

    def _question(
        self, asked: LogoutRequest, session: Session, visit: Visit, stores: Stores
    ) -> dict[str, Any]:
        """Return what the page that asks says of the person and of the services."""
        account, client = stores.people.account(session.account_id), asked.client
        sub = stores.subjects.sub(session.account_id, client.sector, visit.now) if client else None
        names = {session.id, *([sub] if sub else []), *(self._names_of(account) if account else [])}
        return {
            "service_name": client.name_in(visit.language.tag) if client is not None else None,
            "someone_else": means_someone_else(asked, sub, names),
            "account_name": (account.text_claim("name") or account.login_name) if account else None,
            "services": self._services(session, visit, stores),
        }

    def _names_of(self, account: Account) -> list[str]:
        """Return every name that a service may have for an account."""
        realms = next((d.realms for d in self._hub.directories if d.id == account.directory_id), ())
        contacts = [text for name in ("email", "phone_number") if (text := account.text_claim(name))]
        in_realms = [f"{account.login_name}@{realm}" for realm in realms]
        return [account.id, account.login_name, *in_realms, *contacts]

    def _leave(
        self, asked: LogoutRequest, ended: _Ended | None, params: Mapping[str, str], visit: Visit
    ) -> Response:
        """Go back to the service at once if nothing is left to do here; else to the last page."""
        farewell = Farewell(
            session_id=ended.session_id if ended is not None else None,
            client_id=asked.client.client_id if asked.client is not None else None,
            way_back=asked.way_back,
        )
        response = self._answers.to(self._where(farewell, ended, params, visit))
        self._answers.with_cookies(response, visit, request)
        return self._answers.without_session(response) if visit.session_cookie is not None else response

    def _where(
        self, farewell: Farewell, ended: _Ended | None, params: Mapping[str, str], visit: Visit
    ) -> str:
        """The address that comes next; the upstream at once where sign-outs follow there, past no frame."""
        has_frames = ended is not None and ended.has_frames
        if not has_frames and follows(farewell.session_id, self._hub):
            there = leave(farewell.session_id, farewell.state(visit), self._hub, visit)
            if there is not None:
                return there
        offers = provider_to_leave(farewell.session_id, self._hub) is not None
        if farewell.way_back is not None and not has_frames and not offers:
            return farewell.way_back
        return farewell.address(visit, params.get("ui_locales"))

    def _services(self, session: Session, visit: Visit, stores: Stores) -> list[str]:
        clients = (stores.clients.get(client_id) for client_id in stores.sessions.clients_of(session.id))
        return [client.name_in(visit.language.tag) for client in clients if client is not None]


def _stay_url(client: Client | None) -> str:
    return client.client_uri if client is not None and client.client_uri else "/"


def _end(visit: Visit, stores: Stores) -> _Ended | None:
    """End the session of this browser, over its limits or not; one that ended a moment ago counts too."""
    if visit.session_cookie is None:
        return None
    cookie = digest(visit.session_cookie)
    session = stores.sessions.get(cookie)
    if session is not None:
        sessions.end(session, SessionEnd.SIGNED_OUT, stores, visit.now)
    else:
        before = stores.sessions.lately_ended(cookie, visit.now - TWICE_WITHIN)
        session = before.session if before is not None else None
    if session is None:
        return None
    frames = stores.frames.of_session(session.id)
    return _Ended(session.id, any(not frame.reported for frame in frames))
