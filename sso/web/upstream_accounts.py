"""A citizen's account at another provider as a way to sign in here: tied by proof of both, untied again.

As for a second account of one's own (`sso.web.accounts`) the first was proven at most FRESH ago, and the
provider must ask the person anew; then a page shows both and asks for a yes.
"""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from sso.authentication.linking import PROOF, Decision, LinkRefused
from sso.authentication.upstream import tying
from sso.authentication.upstream.settings import UpstreamSettings
from sso.authentication.upstream.stores import Stores
from sso.authentication.upstream.tying import AccountThere, Untying
from sso.directory.person import Account
from sso.hub import Hub
from sso.oidc.session import Session
from sso.web.accounts import FRESH, PURPOSE, AccountsPages, Shown, is_fresh
from sso.web.answers import Answers
from sso.web.journey import HOME, TIE, Journey, begin_own, check_form, load
from sso.web.refusals import ExpiredPage
from sso.web.upstream import UpstreamPages
from sso.web.upstream_ways import for_citizens
from sso.web.visit import Visit, visit_of


def blueprint(hub: Hub, answers: Answers) -> Blueprint:
    """Return the pages; how the browser goes there and comes back is `sso.web.upstream`."""
    bp = Blueprint("upstream_accounts", __name__)
    pages = _TyingPages(hub, answers)

    @bp.get("/account/upstream/<upstream_id>")
    def before_tying(upstream_id: str) -> Response:
        """Say what follows; sign in once more first, unless that was minutes ago."""
        return pages.before_tying(pages.offered(upstream_id), visit_of(hub, request))

    @bp.post("/account/upstream/<upstream_id>")
    def prove(upstream_id: str) -> Response:
        """Send the browser there to sign in."""
        return pages.prove(pages.offered(upstream_id), visit_of(hub, request))

    @bp.get("/account/upstream/<upstream_id>/<pending_id>")
    def confirm(upstream_id: str, pending_id: str) -> Response:
        """Show both accounts that were proven and ask whether they are the same person's."""
        return pages.confirm(pages.offered(upstream_id), pending_id, visit_of(hub, request))

    @bp.post("/account/upstream/<upstream_id>/<pending_id>")
    def decide(upstream_id: str, pending_id: str) -> Response:
        """Tie them, or leave them as they are."""
        return pages.decide(pages.offered(upstream_id), pending_id, visit_of(hub, request))

    @bp.post("/account/upstream/<upstream_id>/untie")
    def untie(upstream_id: str) -> Response:
        """Let nobody sign in to the account there any more."""
        return pages.untie(pages.offered(upstream_id), visit_of(hub, request))

    return bp


@dataclass(frozen=True, slots=True)
class _Proven:
    """The account that began and the one there: `shown` is the name that the provider gives."""

    account: Account
    there: AccountThere
    shown: str

    def purpose(self, pending_id: str) -> str:
        """What the form is for: a yes counts for the two that the page showed, and for no others."""
        return f"{pending_id}\0{self.account.id}\0{self.there.upstream.id}\0{self.there.identifier}"


class _TyingPages:
    def __init__(self, hub: Hub, answers: Answers) -> None:
        self._hub = hub
        self._answers = answers
        self._accounts = AccountsPages(hub, answers)
        self._upstream = UpstreamPages(hub, answers)

    def offered(self, upstream_id: str) -> UpstreamSettings:
        for each in for_citizens(self._hub):
            if each.id == upstream_id:
                return each
        raise NotFound

    def before_tying(self, upstream: UpstreamSettings, visit: Visit) -> Response:
        with self._hub.database.read() as stores:
            session = self._accounts.session(visit, stores)
            account = stores.people.account(session.account_id) if session is not None else None
        if session is None or account is None or not is_fresh(session, visit):
            return self._sign_in_first(upstream, visit)
        return self._answers.page(
            "upstream_add.html",
            visit,
            request,
            target=upstream.issuer,
            account=self._accounts.shown(account, account.id, visit.language),
            upstream_name=upstream.label(visit.language.tag),
            action=f"{TIE}/{upstream.id}",
            csrf_token=visit.form_token(PURPOSE),
        )

    def _sign_in_first(self, upstream: UpstreamSettings, visit: Visit) -> Response:
        params = {"page": "account_upstream", "upstream": upstream.id, "fresh": "1"}
        return self._accounts.begin(HOME, params, visit)

    def prove(self, upstream: UpstreamSettings, visit: Visit) -> Response:
        check_form(visit, request, PURPOSE, self._hub.settings.issuer)
        with self._hub.database.read() as stores:
            session = self._accounts.session(visit, stores)
        if session is None or not is_fresh(session, visit):
            return self._answers.to(f"{TIE}/{upstream.id}")
        begun_by = {
            "page": "account",
            "account": session.account_id,
            "session": session.id,
            "auth_time": session.auth_time.isoformat(),
            "upstream": upstream.id,
        }
        pending = begin_own(TIE, begun_by, self._hub, visit)
        return self._upstream.depart(upstream.id, Journey(pending, None, session), visit, new=True)

    def confirm(self, upstream: UpstreamSettings, pending_id: str, visit: Visit) -> Response:
        with self._hub.database.read() as stores:
            proven = self._proven(upstream, pending_id, visit, stores)
            obstacle = tying.obstacle(proven.account, proven.there, Decision(PROOF), stores)
        here = self._accounts.shown(proven.account, proven.account.id, visit.language)
        name = upstream.label(visit.language.tag)
        there = Shown(id="", title=proven.shown, subtitle=name, current=False, disabled=False)
        return self._answers.page(
            "account_link.html",
            visit,
            request,
            accounts=[here, there],
            obstacle=None if obstacle is None else obstacle.value,
            upstream_name=name,
            action=f"{TIE}/{upstream.id}/{pending_id}",
            csrf_token=visit.form_token(proven.purpose(pending_id)),
        )

    def decide(self, upstream: UpstreamSettings, pending_id: str, visit: Visit) -> Response:
        with self._hub.database.read() as stores:
            proven = self._proven(upstream, pending_id, visit, stores)
        check_form(visit, request, proven.purpose(pending_id), self._hub.settings.issuer)
        try:
            with self._hub.database.begin(visit.origin) as stores:
                proven = self._proven(upstream, pending_id, visit, stores)
                if not stores.pending.remove(pending_id):
                    raise ExpiredPage
                if request.form.get("decision") == "link":
                    tying.tie(proven.account, proven.there, Decision(PROOF), stores, visit.now)
        except LinkRefused:
            return self._answers.to(f"{TIE}/{upstream.id}/{pending_id}")
        return self._answers.to("/account")

    def untie(self, upstream: UpstreamSettings, visit: Visit) -> Response:
        check_form(visit, request, PURPOSE, self._hub.settings.issuer)
        with self._hub.database.read() as stores:
            session = self._accounts.session(visit, stores)
        if session is None or not is_fresh(session, visit):
            return self._accounts.begin(HOME, {"page": "account", "fresh": "1"}, visit)
        usable = [each.id for each in for_citizens(self._hub)]
        untying = Untying(upstream.id, usable, Decision(PROOF), session)
        try:
            with self._hub.database.begin(visit.origin) as stores:
                account = stores.people.account(session.account_id)
                if account is None:
                    raise ExpiredPage
                tying.untie(account, untying, stores, visit.now)
        except LinkRefused as refusal:
            return self._accounts.show(visit, refusal.obstacle.value)
        return self._answers.to("/account")

    def _proven(self, upstream: UpstreamSettings, pending_id: str, visit: Visit, stores: Stores) -> _Proven:
        """Return what a journey has proven.

        Raises:
            ExpiredPage: the provider has not answered, the proofs are more than FRESH apart, or the session
                that began is not the one of the browser.
        """
        journey = load(self._hub, pending_id, visit, stores)
        params, session = journey.pending.params, journey.session
        if not journey.ties_account or "identifier" not in params or params["upstream"] != upstream.id:
            raise ExpiredPage
        account = stores.people.account(params["account"])
        if account is None or session is None or not _is_of(session, params["account"], params["session"]):
            raise ExpiredPage
        if journey.pending.asked_at - datetime.fromisoformat(params["auth_time"]) > FRESH:
            raise ExpiredPage
        return _Proven(account, AccountThere(upstream, params["identifier"]), params["shown"])


def _is_of(session: Session, account_id: str, session_id: str) -> bool:
    return (session.account_id, session.id) == (account_id, session_id)
