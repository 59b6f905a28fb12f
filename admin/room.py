"""What every page of the console needs: the officer at the browser, the API, the templates, forms of ours."""

import hmac
import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import Request, Response, redirect, session

from admin.api import Api
from admin.login import Login
from admin.officer_sessions import OfficerSession, OfficerSessions
from admin.pages import Pages, Visit
from admin.settings import Settings

REFERENCE_KEY = "console.reference"
AUDITOR = "auditor"
ROLES = (AUDITOR, "client_manager", "people_manager")
MAX_NEXT_LENGTH = 1500
"""What a cookie can still hold beside the attempts to sign in."""


class NotSignedIn(Exception):
    """Nobody is signed in here (any more)."""


class PageRefused(Exception):
    """A page cannot be shown; `code` is the stable code of what is shown instead."""

    def __init__(self, code: str, status: int) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


class ReasonMissing(Exception):
    """An auditor has not said yet why they look at the log."""


@dataclass(frozen=True, slots=True)
class Room:
    """The parts of the console."""

    settings: Settings
    pages: Pages
    login: Login
    api: Api
    sessions: OfficerSessions

    def visit(self, request: Request) -> Visit:
        """Return the visit that a request is."""
        now = time.time()
        officer = self.sessions.get(session.get("key"), now)
        if officer is not None:
            officer.address = request.remote_addr
        return Visit(
            request=request,
            language=self.pages.language(request),
            officer=officer,
            reference=reference_of(request),
            now=now,
        )

    def enter(self, request: Request, role: str | None = None) -> tuple[Visit, OfficerSession]:
        """Return the visit of an officer; a form must be one of ours.

        Raises:
            NotSignedIn: nobody is signed in.
            PageRefused: no_role, role_missing or form_expired.
        """
        visit = self.visit(request)
        officer = visit.officer
        if officer is None:
            raise NotSignedIn
        if request.method == "POST":
            given = request.form.get("csrf_token", "").encode("utf-8", "replace")
            if not hmac.compare_digest(given, officer.csrf_token.encode()):
                raise PageRefused("form_expired", 403)
        if role is not None and role not in officer.roles:
            raise PageRefused("role_missing" if officer.roles else "no_role", 403)
        return visit, officer

    def look(self, request: Request) -> tuple[Visit, OfficerSession]:
        """Return the visit of an auditor who has said why; a form must be one of ours.

        Raises:
            NotSignedIn, PageRefused: as for `enter`.
            ReasonMissing: the page of the log waits for the reason.
        """
        visit, officer = self.enter(request, AUDITOR)
        if not officer.reason:
            raise ReasonMissing
        return visit, officer

    def learn_roles(self, officer: OfficerSession) -> None:
        """Ask the hub who the officer is and which roles they hold now."""
        me = self.api.get(officer, "/me")
        officer.name = str(me.get("name", ""))
        officer.account_id = str(me.get("account_id", ""))
        officer.roles = frozenset(role for role in ROLES if role in me.get("roles", ()))

    def client_names(self, officer: OfficerSession) -> dict[str, str]:
        """Return the names of the applications by id, for an auditor."""
        clients = self.api.get(officer, "/audit/clients")["clients"]
        return {client["client_id"]: client["client_name"] for client in clients}

    def page(self, visit: Visit, template: str, status: int = 200, **context: Any) -> Response:
        """Return a page."""
        return self.pages.page(visit, template, status, **context)


def see_other(address: str) -> Response:
    """Return a redirect that turns a POST into a GET."""
    response = redirect(address, 303, Response)
    response.headers["Cache-Control"] = "no-store"
    assert isinstance(response, Response)  # noqa: S101 - narrows the type for mypy
    return response


def own_path(text: str | None, longest: int = MAX_NEXT_LENGTH) -> str:
    """Return a path of ours, or nothing: never an address elsewhere."""
    if not text or len(text) > longest or not text.isascii() or not text.isprintable():
        return ""
    if not text.startswith("/") or text.startswith(("//", "/\\", "/sign-", "/callback")) or "\\" in text:
        return ""
    parts = urlsplit(text)
    return "" if parts.scheme or parts.netloc else text


def reference_of(request: Request) -> str:
    """Return the reference number of a request."""
    known = request.environ.get(REFERENCE_KEY)
    if not isinstance(known, str):
        known = request.environ[REFERENCE_KEY] = secrets.token_hex(8)
    return known
