"""What was done with one's account, and the word that something was not one's own.

Whoever is signed in sees the entries of the account of that session and of no other. A report is for the
security officers (rule `r28_not_me`); with it, or without, all other sessions can be ended. That waits for no
log and asks for no new sign-in: it gives nothing. Where the log cannot be read, the page offers that alone.
"""

import logging
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, request

from sso.audit.event import SignInSucceeded
from sso.audit.record import AuditRecord
from sso.authentication import sessions, uses
from sso.authentication.uses import Word
from sso.hub import Hub
from sso.oidc.session import Session
from sso.storage.errors import StorageUnavailable
from sso.storage.stores import SqlStores
from sso.web.accounts import AccountsPages
from sso.web.answers import Answers
from sso.web.journey import HOME, check_form
from sso.web.use_words import UseShown, use_shown
from sso.web.visit import Visit, request_id_of, visit_of

log = logging.getLogger("sso.web")

PATH = "/account/uses"
ELSEWHERE = "/account/sign-out-elsewhere"
_ELSEWHERE_PURPOSE = "elsewhere"


def blueprint(hub: Hub, answers: Answers) -> Blueprint:
    """Return the pages."""
    bp = Blueprint("uses", __name__)
    pages = _UsesPages(hub, answers)

    @bp.get(PATH)
    def look() -> Response:
        """Show what was done with the account; sign in first."""
        return pages.look(request.args.get("before"), visit_of(hub, request))

    @bp.get(f"{PATH}/<record_id>")
    def ask(record_id: str) -> Response:
        """Show one entry, and ask whether to report it; or what was reported."""
        return pages.ask(record_id, visit_of(hub, request))

    @bp.post(f"{PATH}/<record_id>")
    def report(record_id: str) -> Response:
        """Report it, end all other sessions, or both."""
        return pages.report(record_id, visit_of(hub, request))

    @bp.post(ELSEWHERE)
    def sign_out_elsewhere() -> Response:
        """End all other sessions, also while the log cannot be written."""
        return pages.sign_out_elsewhere(visit_of(hub, request))

    return bp


class _UsesPages:
    def __init__(self, hub: Hub, answers: Answers) -> None:
        self._hub = hub
        self._answers = answers
        self._accounts = AccountsPages(hub, answers)

    def look(self, before: str | None, visit: Visit) -> Response:
        """Show a page of entries; that somebody looked is one more of the log's."""
        try:
            with self._hub.database.begin(visit.origin) as stores:
                session = self._accounts.session(visit, stores)
                told = None if session is None else self._entries(session, before, visit, stores)
        except StorageUnavailable as error:
            return self._away(visit, error)
        return self._page("uses.html", told, visit)

    def ask(self, record_id: str, visit: Visit) -> Response:
        """Show one entry."""
        try:
            with self._hub.database.read() as stores:
                session = self._accounts.session(visit, stores)
                told = None if session is None else self._entry(session, record_id, visit, stores)
        except StorageUnavailable as error:
            return self._away(visit, error)
        return self._page("use.html", told, visit)

    def report(self, record_id: str, visit: Visit) -> Response:
        """Take the word of the person, after what they want to end has ended."""
        check_form(visit, request, _purpose(record_id), self._hub.settings.issuer)
        elsewhere = request.form.get("sign_out_elsewhere") == "yes"
        ended = self._end_elsewhere(visit) if elsewhere else None

        def take(stores: SqlStores) -> bool:
            session = self._accounts.session(visit, stores)
            if session is None:
                return False
            record = uses.use_of(session, record_id, stores, visit.now)
            uses.report(Word(session, record, ended), self._hub.sign_in.throttle, stores, visit.now)
            return stores.audit.is_late

        try:
            is_late = self._hub.database.contain(visit.origin, take)
        except StorageUnavailable as error:
            return self._away(visit, error, report="lost", ended=elsewhere)
        if is_late:  # the page of the entry cannot show it yet
            return self._without_list(visit, report="kept", ended=elsewhere)
        return self._answers.to(f"{PATH}/{record_id}")

    def sign_out_elsewhere(self, visit: Visit) -> Response:
        """End what goes on elsewhere, and say so."""
        check_form(visit, request, _ELSEWHERE_PURPOSE, self._hub.settings.issuer)
        if self._end_elsewhere(visit) is None:
            return self._page("", None, visit)
        return self._answers.page("signed_out_elsewhere.html", visit, request, path=PATH)

    def _end_elsewhere(self, visit: Visit) -> int | None:
        """Return how many sessions ended; None where nobody is signed in here."""

        def end(stores: SqlStores) -> int | None:
            session = self._accounts.session(visit, stores)
            return None if session is None else sessions.end_elsewhere(session, stores, visit.now)

        return self._hub.database.contain(visit.origin, end)

    def _away(self, visit: Visit, error: StorageUnavailable, **told: Any) -> Response:
        """Say that the log is away, to whoever is signed in; nobody else has anything to end here.

        Raises:
            StorageUnavailable: so is the rest of the database.
        """
        extra = {"request_id": request_id_of(request)}
        log.error("somebody cannot be shown the log", extra=extra, exc_info=error)
        with self._hub.database.read() as stores:
            session = self._accounts.session(visit, stores)
        if session is None:
            return self._page("", None, visit)
        response = self._without_list(visit, reference=request_id_of(request), **told)
        response.headers["Retry-After"] = "5"
        return response

    def _without_list(
        self, visit: Visit, *, report: str | None = None, ended: bool = False, reference: str | None = None
    ) -> Response:
        """Offer to sign out elsewhere, unless that was done; with a reference where something is wrong."""
        return self._answers.page(
            "uses_away.html",
            visit,
            request,
            status=200 if reference is None else 503,
            report=report,
            ended=ended,
            reference=reference,
            path=PATH,
            **_form(visit),
        )

    def _page(self, template: str, told: dict[str, Any] | None, visit: Visit) -> Response:
        if told is None:
            return self._accounts.begin(HOME, {"page": "account_uses"}, visit)
        return self._answers.page(template, visit, request, path=PATH, **told)

    def _entries(
        self, session: Session, before: str | None, visit: Visit, stores: SqlStores
    ) -> dict[str, Any]:
        found = uses.look(session, before, stores, visit.now)
        account = stores.people.account(session.account_id)
        return {
            "account": None if account is None else self._accounts.shown(account, account.id, visit.language),
            "uses": _shown(found.entries, session, visit, stores),
            "broken": found.broken,
            "days": str(uses.SHOWN_FOR.days),
            "newest_url": None if before is None else PATH,
            **_form(visit),
            "older_url": None if found.older is None else f"{PATH}?before={found.older}",
        }

    def _entry(self, session: Session, record_id: str, visit: Visit, stores: SqlStores) -> dict[str, Any]:
        record = uses.use_of(session, record_id, stores, visit.now)
        (shown,) = _shown([record], session, visit, stores)
        return {
            "use": shown,
            "elsewhere": len(stores.sessions.of_account(session.account_id)) > 1,
            "action": f"{PATH}/{record_id}",
            "csrf_token": visit.form_token(_purpose(record_id)),
        }


def _form(visit: Visit) -> dict[str, str]:
    """The form that ends what goes on elsewhere."""
    return {"action": ELSEWHERE, "csrf_token": visit.form_token(_ELSEWHERE_PURPOSE)}


def _purpose(record_id: str) -> str:
    """What a form is for: a yes counts for the entry that the page showed."""
    return f"use\0{record_id}"


def _shown(
    records: Sequence[AuditRecord], session: Session, visit: Visit, stores: SqlStores
) -> list[UseShown]:
    going_on = {each.id for each in stores.sessions.of_account(session.account_id)}
    reports = uses.reports_of(session, stores, visit.now)

    def name_of(client_id: str) -> str | None:
        client = stores.clients.get(client_id)
        return client.name_in(visit.language.tag) if client is not None else None

    def where(record: AuditRecord) -> str | None:
        if record.event != SignInSucceeded.code or record.session_id not in going_on:
            return None
        return "here" if record.session_id == session.id else "elsewhere"

    return [
        use_shown(record, visit.language, name_of, session=where(record), report=reports.get(record.id))
        for record in records
    ]
