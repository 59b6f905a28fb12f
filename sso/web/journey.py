"""A journey: one pending authorization request on its way through the pages.

Every page of it loads the request anew, and returns to the authorization endpoint, which decides what
comes next.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from flask import Request

from sso.authentication import sessions
from sso.authentication.stores import Stores
from sso.hub import Hub
from sso.oidc.client import Client
from sso.oidc.decision import Waiting, waiting
from sso.oidc.digest import new_id
from sso.oidc.errors import ErrorCode, UntrustedRequest
from sso.oidc.pending import PendingAuthorization
from sso.oidc.request import AuthorizationRequest
from sso.oidc.request.parameters import as_params
from sso.oidc.session import Session
from sso.web.refusals import ExpiredPage, FormRefused
from sso.web.visit import Visit, language_of

HOME = "/"
"""The client_id of a journey to a page of our own, whose key of OWN_PAGES is the parameter `page`.

No client can have it (`sso client add`).
"""
OWN_PAGES = {
    "home": "/",
    "approvals": "/approvals",
    "account": "/account",
    "account_add": "/account/add",
    "account_uses": "/account/uses",
    "account_upstream": "/account/upstream",
}
"""Where journeys of our own may end; with the parameter `fresh` only after a new sign-in.

The page `account_upstream` is that of the parameter `upstream`.
"""

LINK = "/account/add"
"""The client_id of a journey to a second account of the person whose first is the parameter `account`."""

TIE = "/account/upstream"
"""The client_id of a journey to an account at an upstream that is to become a way into one here.

Parameters: `account`, `session` and `auth_time` of the person who began it, the `upstream`, and once it has
answered the `identifier` and the name (`shown`) of whom it vouches for.
"""

ANSWER = "/answer"
"""The client_id of a journey to answer a deferred request, whose id is the parameter `request`."""
_PENDING_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Journey:
    """A pending request, parsed, with the session of the browser. `asked` is None when nobody asked.

    `waiting` is the deferred request that the person came to answer, if they did.
    """

    pending: PendingAuthorization
    asked: AuthorizationRequest | None
    session: Session | None
    waiting: Waiting | None = None

    @property
    def client(self) -> Client | None:
        """The client that asked, here or from elsewhere."""
        if self.waiting is not None:
            return self.waiting.client
        return self.asked.client if self.asked is not None else None

    @property
    def client_id(self) -> str | None:
        """The id of the client that asked."""
        return self.client.client_id if self.client is not None else None

    @property
    def target(self) -> str | None:
        """The address outside to which the journey leads in the end."""
        return self.asked.to.redirect_uri if self.asked is not None else None

    @property
    def is_proven(self) -> bool:
        """Whether the browser's session was proven in this journey."""
        return self.session is not None and self.session.auth_time >= self.pending.asked_at

    @property
    def waits_for_another(self) -> bool:
        """Whether only the account of somebody else than is signed in may answer the deferred request."""
        if self.waiting is None or self.session is None:
            return False
        return self.waiting.request.account_id not in (None, self.session.account_id)

    @property
    def adds_account(self) -> bool:
        """Whether the person is to sign in with another account of theirs."""
        return self.pending.client_id == LINK

    @property
    def ties_account(self) -> bool:
        """Whether the person went to an upstream to prove an account there beside the one here."""
        return self.pending.client_id == TIE

    def service_name(self, language_tag: str) -> str | None:
        """The name of the service in the page's language."""
        return self.client.name_in(language_tag) if self.client is not None else None

    @property
    def cancel_action(self) -> str | None:
        """Where the form goes that takes the person back to the service."""
        return f"/cancel/{self.pending.id}" if self.asked is not None else None


def load(hub: Hub, pending_id: str, visit: Visit, stores: Stores) -> Journey:
    """Return the journey of a page's address.

    Raises:
        ExpiredPage: unknown, of another browser, finished or too old.
    """
    wellformed = _PENDING_ID.fullmatch(pending_id)
    pending = stores.pending.get(pending_id, visit.browser_digest, visit.now) if wellformed else None
    if pending is None:
        raise ExpiredPage
    session = sessions.current(visit.session_cookie, stores, hub.settings, visit.now)
    if pending.client_id in (HOME, LINK, TIE):
        return Journey(pending, None, session)
    if pending.client_id == ANSWER:
        return Journey(pending, None, session, _waiting(pending, visit, stores))
    asked = AuthorizationRequest.parse(as_params(pending.params), stores.clients, hub.provider())
    if asked.client.client_id != pending.client_id:
        raise UntrustedRequest(ErrorCode.INVALID_CLIENT, "the pending request is of another client")
    return Journey(pending, asked, session)


def finish(pending: PendingAuthorization, stores: Stores) -> bool:
    """Forget a request that is being answered, and what was pushed of it; true for one caller only.

    Of two tabs with one pending request, and of two with one request_uri, one answers.
    """
    return stores.pending.remove(pending.id) and spend(pending, stores)


def spend(pending: PendingAuthorization, stores: Stores) -> bool:
    """Spend the request_uri that a request came by; true for one caller only, or if it came in the open."""
    return pending.pushed is None or stores.pushed.spend(pending.pushed)


def _waiting(pending: PendingAuthorization, visit: Visit, stores: Stores) -> Waiting:
    found = waiting(pending.params.get("request", ""), stores, visit.now)
    if found is None:
        raise ExpiredPage
    return found


def begin_own(client_id: str, params: Mapping[str, str], hub: Hub, visit: Visit) -> PendingAuthorization:
    """Return a journey that leads to a page of our own: HOME, LINK, TIE or ANSWER."""
    return PendingAuthorization(
        id=new_id(),
        browser=visit.browser_digest,
        client_id=client_id,
        params=params,
        asked_at=visit.now,
        expires_at=visit.now + hub.settings.pending_lifetime,
    )


def own_page(pending: PendingAuthorization) -> str:
    """Return the address of the page of our own at which a journey ends."""
    page = str(pending.params.get("page", ""))
    path = OWN_PAGES.get(page, "/")
    return f"{path}/{pending.params['upstream']}" if page == "account_upstream" else path


def in_its_language(hub: Hub, journey: Journey, visit: Visit, request: Request) -> Visit:
    """Return the visit in the language that the service asked for, unless the person chose another."""
    if journey.asked is None or journey.asked.ui_locales is None:
        return visit
    return replace(visit, language=language_of(hub, request, journey.asked.ui_locales))


def check_form(visit: Visit, request: Request, purpose: str, issuer: str) -> None:
    """Accept a form only from our own page in this browser.

    Raises:
        FormRefused: the token is missing or of another page or browser, or the origin is foreign.
    """
    origin = request.headers.get("Origin")
    if origin not in (None, "null", issuer):
        raise FormRefused("forbidden_origin")
    if not visit.owns(request.form.get("csrf_token"), purpose):
        raise FormRefused("form_expired")
