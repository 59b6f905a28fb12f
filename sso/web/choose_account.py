"""The page on which a person with several accounts says which one to use."""

from dataclasses import dataclass, replace

from flask import Blueprint, Response, request

from sso.authentication.stores import Stores
from sso.directory.person import Account, AccountKind
from sso.directory.routing import with_realm
from sso.hub import Hub
from sso.oidc.digest import digest
from sso.oidc.metadata import AUTHORIZATION_PATH
from sso.oidc.session import Session
from sso.web import typed_name
from sso.web.answers import Answers
from sso.web.journey import Journey, check_form, in_its_language, load
from sso.web.language import Language
from sso.web.refusals import ExpiredPage
from sso.web.visit import Visit, visit_of


@dataclass(frozen=True, slots=True)
class Choice:
    """One account on the page; choosing one that is not signed in asks for its own password."""

    id: str
    title: str
    subtitle: str
    current: bool
    needs_password: bool


def blueprint(hub: Hub, answers: Answers) -> Blueprint:
    """Return the page."""
    bp = Blueprint("choose_account", __name__)

    @bp.get("/sign-in/<pending_id>/account")
    def ask_account(pending_id: str) -> Response:
        """Ask which of several accounts to use."""
        visit = visit_of(hub, request)
        with hub.database.read() as stores:
            journey = load(hub, pending_id, visit, stores)
            visit = in_its_language(hub, journey, visit, request)
            session = _session(journey)
            choices = _choices(session, stores, visit.language, hub)
        return answers.page(
            "persona.html",
            visit,
            request,
            target=journey.target,
            action=f"/sign-in/{pending_id}/account",
            csrf_token=visit.form_token(pending_id),
            service_name=journey.service_name(visit.language.tag),
            choices=choices,
            cancel_action=journey.cancel_action,
        )

    @bp.post("/sign-in/<pending_id>/account")
    def take_account(pending_id: str) -> Response:
        """Take the chosen account."""
        visit = visit_of(hub, request)
        chosen = request.form.get("account", "")
        with hub.database.begin(visit.origin) as stores:
            journey = load(hub, pending_id, visit, stores)
            check_form(visit, request, pending_id, hub.settings.issuer)
            address = _chosen(chosen, journey, visit, stores)
            name = _name_of(chosen, journey, stores, hub)
        if name is None:
            return answers.to(address)
        response = answers.to(f"/sign-in/{pending_id}/password")
        return typed_name.remember(response, name, pending_id, visit, hub)

    return bp


def _session(journey: Journey) -> Session:
    if journey.session is None:
        raise ExpiredPage
    return journey.session


def _chosen(account_id: str, journey: Journey, visit: Visit, stores: Stores) -> str:
    """Settle the account of the session, or lead to the sign-in page of another."""
    session, pending_id = _session(journey), journey.pending.id
    stores.pending.mark_account_selected(pending_id, visit.now)
    if account_id != session.account_id:
        return f"/sign-in/{pending_id}"
    settled = replace(session, persona_chosen=True)
    stores.sessions.renew(settled, digest(visit.session_cookie or ""))
    return f"{AUTHORIZATION_PATH}/{pending_id}"


def _name_of(account_id: str, journey: Journey, stores: Stores, hub: Hub) -> str | None:
    """The name under which another account of the person is signed in to, where that is certain.

    It saves the typing and proves nothing: the account's own password is asked for, behind its own door.
    """
    session, account = _session(journey), stores.people.account(account_id)
    if account is None or account.person_id != session.person_id or account.id == session.account_id:
        return None
    if account.kind is AccountKind.CITIZEN:
        return account.login_name
    settings = next((d for d in hub.directories if d.id == account.directory_id and d.realms), None)
    return None if settings is None else with_realm(account.login_name, settings)


def _choices(session: Session, stores: Stores, language: Language, hub: Hub) -> list[Choice]:
    accounts = stores.people.accounts_of(session.person_id)
    return [_choice(account, session, language, hub) for account in accounts if account.disabled_at is None]


def _choice(account: Account, session: Session, language: Language, hub: Hub) -> Choice:
    current = account.id == session.account_id
    return Choice(
        id=account.id,
        title=account.text_claim("name") or account.login_name,
        subtitle=persona_text(account, language, hub),
        current=current,
        needs_password=not current,
    )


def persona_text(account: Account, language: Language, hub: Hub) -> str:
    """Return what an account is in words: a citizen's, or a clerk's of a department."""
    if account.kind is AccountKind.CITIZEN:
        return language.gettext("Citizen")
    settings = next((d for d in hub.directories if d.id == account.directory_id), None)
    if settings is None:
        return account.text_claim("directory_name") or language.gettext("Staff")
    return settings.display_name(language.tag)
