"""The accounts of one person: what belongs together, adding one by signing in to it, separating one again.

To add an account one signs in to both, in one browser and within minutes: the first was proven at most
FRESH ago when the second is asked for, and the second is proven in the journey that began then. Equal names
or mail addresses mean nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, Response, request

from sso.authentication import linking, sessions
from sso.authentication.linking import PROOF, Decision, LinkRefused
from sso.authentication.stores import Stores
from sso.directory.person import Account
from sso.hub import Hub
from sso.oidc.metadata import AUTHORIZATION_PATH
from sso.oidc.session import Session, SessionEnd
from sso.web.answers import Answers
from sso.web.choose_account import persona_text
from sso.web.journey import HOME, LINK, Journey, begin_own, check_form, load
from sso.web.language import Language
from sso.web.refusals import ExpiredPage
from sso.web.upstream_ways import ways_into
from sso.web.visit import Visit, visit_of

FRESH = timedelta(minutes=10)
PURPOSE = "account"


@dataclass(frozen=True, slots=True)
class Shown:
    """One account on a page."""

    id: str
    title: str
    subtitle: str
    current: bool
    disabled: bool


def blueprint(hub: Hub, answers: Answers) -> Blueprint:
    """Return the pages."""
    bp = Blueprint("accounts", __name__)
    pages = AccountsPages(hub, answers)

    @bp.get("/account")
    def accounts() -> Response:
        """Show which accounts are one person's; sign in first."""
        return pages.show(visit_of(hub, request))

    @bp.get("/account/add")
    def before_adding() -> Response:
        """Say what adding an account means; sign in once more first, unless that was minutes ago."""
        return pages.before_adding(visit_of(hub, request))

    @bp.post("/account/add")
    def add() -> Response:
        """Begin the sign-in to the account that is to be added."""
        return pages.add(visit_of(hub, request))

    @bp.get("/account/add/<pending_id>")
    def confirm(pending_id: str) -> Response:
        """Show both accounts that were proven and ask whether they are the same person's."""
        return pages.confirm(pending_id, visit_of(hub, request))

    @bp.post("/account/add/<pending_id>")
    def decide(pending_id: str) -> Response:
        """Link them, or leave them as they are."""
        return pages.decide(pending_id, visit_of(hub, request))

    @bp.post("/account/separate")
    def separate() -> Response:
        """Give an account to a person of its own again."""
        return pages.separate(request.form.get("account", ""), visit_of(hub, request))

    return bp


class AccountsPages:
    """The pages of one person's accounts."""

    def __init__(self, hub: Hub, answers: Answers) -> None:
        self._hub = hub
        self._answers = answers

    def show(self, visit: Visit, problem: str | None = None) -> Response:
        """Show the list; `problem` says why an account, or a way into it, stays as it is."""
        with self._hub.database.read() as stores:
            session = self.session(visit, stores)
            known = stores.people.accounts_of(session.person_id) if session is not None else []
            ways = ways_into(session, visit.language, stores, self._hub) if session is not None else []
        if session is None:
            return self.begin(HOME, {"page": "account"}, visit)
        return self._answers.page(
            "accounts.html",
            visit,
            request,
            status=200 if problem is None else 409,
            accounts=[self.shown(account, session.account_id, visit.language) for account in known],
            ways=ways,
            action="/account/separate",
            csrf_token=visit.form_token(PURPOSE),
            problem=problem,
        )

    def before_adding(self, visit: Visit) -> Response:
        """Say what follows, to whoever has just signed in."""
        with self._hub.database.read() as stores:
            session = self.session(visit, stores)
            account = stores.people.account(session.account_id) if session is not None else None
        if session is None or account is None or not is_fresh(session, visit):
            return self.begin(HOME, {"page": "account_add", "fresh": "1"}, visit)
        return self._answers.page(
            "account_add.html",
            visit,
            request,
            account=self.shown(account, account.id, visit.language),
            action="/account/add",
            csrf_token=visit.form_token(PURPOSE),
        )

    def add(self, visit: Visit) -> Response:
        """Begin the second sign-in."""
        check_form(visit, request, PURPOSE, self._hub.settings.issuer)
        with self._hub.database.read() as stores:
            session = self.session(visit, stores)
        if session is None or not is_fresh(session, visit):
            return self._answers.to("/account/add")
        first = {
            "account": session.account_id,
            "session": session.id,
            "auth_time": session.auth_time.isoformat(),
        }
        return self.begin(LINK, first, visit)

    def confirm(self, pending_id: str, visit: Visit) -> Response:
        """Show both accounts."""
        with self._hub.database.read() as stores:
            journey = self._journey(pending_id, visit, stores)
            first, second = _both(journey, stores)
            obstacle = linking.obstacle(first, second, stores)
        return self._answers.page(
            "account_link.html",
            visit,
            request,
            accounts=[self.shown(account, second.id, visit.language) for account in (first, second)],
            obstacle=None if obstacle is None else obstacle.value,
            upstream_name=None,
            action=f"/account/add/{pending_id}",
            csrf_token=visit.form_token(_purpose(pending_id, first, second)),
        )

    def decide(self, pending_id: str, visit: Visit) -> Response:
        """Take the yes or the no."""
        with self._hub.database.read() as stores:
            shown = _both(self._journey(pending_id, visit, stores), stores)
        check_form(visit, request, _purpose(pending_id, *shown), self._hub.settings.issuer)
        yes = request.form.get("decision") == "link"
        try:
            with self._hub.database.begin(visit.origin) as stores:
                journey = self._journey(pending_id, visit, stores)
                first, second = _both(journey, stores)
                if (first.id, second.id) != (shown[0].id, shown[1].id):
                    raise ExpiredPage
                if not stores.pending.remove(pending_id):
                    raise ExpiredPage
                if yes:
                    linking.link(first, second, Decision(PROOF), stores, visit.now)
        except LinkRefused:
            return self._answers.to(f"/account/add/{pending_id}")
        return self._answers.to("/account")

    def separate(self, account_id: str, visit: Visit) -> Response:
        """Another account of the person, while the session itself stays where it is."""
        check_form(visit, request, PURPOSE, self._hub.settings.issuer)
        with self._hub.database.read() as stores:
            session = self.session(visit, stores)
        if session is None or not is_fresh(session, visit):
            return self.begin(HOME, {"page": "account", "fresh": "1"}, visit)
        try:
            with self._hub.database.begin(visit.origin) as stores:
                account = stores.people.account(account_id)
                if account is None or account.person_id != session.person_id:
                    raise ExpiredPage
                linking.unlink(account, Decision(PROOF), stores, visit.now)
        except LinkRefused as refusal:
            return self.show(visit, refusal.obstacle.value)
        return self._answers.to("/account")

    def session(self, visit: Visit, stores: Stores) -> Session | None:
        """Return the live session of the browser."""
        return sessions.current(visit.session_cookie, stores, self._hub.settings, visit.now)

    def _journey(self, pending_id: str, visit: Visit, stores: Stores) -> Journey:
        journey = load(self._hub, pending_id, visit, stores)
        if journey.pending.client_id != LINK or not journey.is_proven:
            raise ExpiredPage
        return journey

    def begin(self, kind: str, params: dict[str, str], visit: Visit) -> Response:
        """Begin a journey of our own."""
        pending = begin_own(kind, params, self._hub, visit)
        with self._hub.database.begin(visit.origin) as stores:
            stores.pending.add(pending)
        response = self._answers.to(f"{AUTHORIZATION_PATH}/{pending.id}")
        return self._answers.with_cookies(response, visit, request)

    def shown(self, account: Account, current_id: str, language: Language) -> Shown:
        """Return what a page shows of an account."""
        return Shown(
            id=account.id,
            title=account.text_claim("name") or account.login_name,
            subtitle=persona_text(account, language, self._hub),
            current=account.id == current_id,
            disabled=account.disabled_at is not None,
        )


def is_fresh(session: Session, visit: Visit) -> bool:
    """Whether the person proved who they are minutes ago."""
    return visit.now - session.auth_time <= FRESH


def _purpose(pending_id: str, first: Account, second: Account) -> str:
    """What a form is for: a yes counts for the two accounts that the page showed, and for no others."""
    return f"{pending_id}\0{first.id}\0{second.id}"


def _both(journey: Journey, stores: Stores) -> tuple[Account, Account]:
    """The account that began and the one that is signed in now.

    Raises:
        ExpiredPage: one is missing, the proofs are more than FRESH apart, or the first session ended
            otherwise than by the second.
    """
    params, session = journey.pending.params, journey.session
    first = stores.people.account(params.get("account", ""))
    second = stores.people.account(session.account_id) if session is not None else None
    record = stores.sessions.record(params.get("session", ""))
    if first is None or second is None or session is None or record is None:
        raise ExpiredPage
    if record.ended_at is not None and record.ended_cause is not SessionEnd.REPLACED:
        raise ExpiredPage
    if session.auth_time - datetime.fromisoformat(params["auth_time"]) > FRESH:
        raise ExpiredPage
    return first, second
