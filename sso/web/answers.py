"""Responses: a page with its policy, a redirect, an authorization response, our cookies."""

import secrets
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Request, Response, redirect
from werkzeug.datastructures import MultiDict

from sso.hub import Hub
from sso.oidc.errors import ResponseMode
from sso.oidc.jose import KeySetInvalid
from sso.oidc.response import AuthorizationResponse
from sso.oidc.session_management import browser_state
from sso.oidc.signed_response import delivered
from sso.web.client_keys import prepare_client_keys
from sso.web.pages import Pages
from sso.web.refusals import PageRefused
from sso.web.visit import CookieNames, Visit, language_links

_POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action {targets}; frame-ancestors 'none'; base-uri 'none'"
)
YEAR_SECONDS = 31_536_000
MAX_QUERY_LENGTH = 16_384
"""Characters of a query that servers and proxies in front of us carry without complaint."""


class Answers:
    """Makes the responses of the pages."""

    def __init__(self, hub: Hub, pages: Pages) -> None:
        self._hub = hub
        self._pages = pages
        self._names = CookieNames.for_hub(hub)

    def page(
        self,
        template: str,
        visit: Visit,
        request: Request,
        *,
        target: str | Sequence[str] | None = None,
        status: int = 200,
        **context: Any,
    ) -> Response:
        """Return a page. `target` is the address outside, or are those, to which its forms may lead."""
        nonce = secrets.token_urlsafe(16)
        html = self._pages.render(
            template, visit.language, csp_nonce=nonce, language_links=language_links(request), **context
        )
        response = Response(html, status=status, mimetype="text/html")
        policy = _POLICY.format(nonce=nonce, targets=_form_targets(target))
        response.headers["Content-Security-Policy"] = policy
        response.headers["Cache-Control"] = "no-store"
        return self.with_cookies(response, visit, request)

    def with_frames(self, page: Response, addresses: Sequence[str]) -> Response:
        """Let a page load these addresses in frames, and no others."""
        if addresses:
            sources = " ".join(dict.fromkeys(map(_frame_source, addresses)))
            page.headers["Content-Security-Policy"] += f"; frame-src {sources}"
        return page

    def to(self, path: str) -> Response:
        """Return a redirect that turns a POST into a GET."""
        return _see_other(path)

    def by_get(self, path: str, form: MultiDict[str, str]) -> Response:
        """Return a redirect that brings a form's values to one of our own addresses by GET.

        Raises:
            PageRefused: they do not fit into an address.
        """
        query = urlencode(list(form.items(multi=True)))
        if len(query) > MAX_QUERY_LENGTH:
            raise PageRefused("request_too_large", 413)
        return _see_other(f"{path}?{query}")

    def authorization_response(
        self, answer: AuthorizationResponse, visit: Visit, request: Request
    ) -> Response:
        """Bring an authorization response to the client, in the mode that it asked for.

        Raises:
            PageRefused: it is to be encrypted, and the client has no key.
        """
        if answer.mode.signed:
            prepare_client_keys(self._hub, answer.to.client.client_id)
        try:
            answer = delivered(answer, self._hub.provider(), visit.now)
        except KeySetInvalid as error:
            raise PageRefused("no_client_key", 400) from error
        return self._with_state(self._brought(answer, visit, request), visit.state)

    def _brought(self, answer: AuthorizationResponse, visit: Visit, request: Request) -> Response:
        uri, params = answer.to.redirect_uri, urlencode(answer.params)
        match answer.mode:
            case ResponseMode.FORM_POST | ResponseMode.FORM_POST_JWT:
                return self._posted(answer, visit, request)
            case ResponseMode.FRAGMENT | ResponseMode.FRAGMENT_JWT:
                return _see_other(f"{uri}#{params}")
            case ResponseMode.QUERY | ResponseMode.QUERY_JWT:
                return _see_other(f"{uri}{'&' if urlsplit(uri).query else '?'}{params}")

    def _posted(self, answer: AuthorizationResponse, visit: Visit, request: Request) -> Response:
        return self.page(
            "form_post.html",
            visit,
            request,
            target=answer.to.redirect_uri,
            action=answer.to.redirect_uri,
            fields=list(answer.params),
            service_name=None,
        )

    def with_cookies(self, response: Response, visit: Visit, request: Request) -> Response:
        """Set the browser's secret when it is new, and the language that was chosen by a link."""
        if visit.new_browser:
            self._set(response, self._names.browser, visit.browser, YEAR_SECONDS)
        if request.args.get("lang") == visit.language.tag:
            self._set(response, self._names.language, visit.language.tag, YEAR_SECONDS)
        return response

    def with_session(self, response: Response, cookie: str) -> Response:
        """Set the session cookie; it ends with the browser, and on the server by its limits."""
        self._set(response, self._names.session, cookie, None)
        return self._with_state(response, browser_state(self._hub.form_key, cookie))

    def without_session(self, response: Response) -> Response:
        """Remove the session cookie."""
        response.delete_cookie(
            self._names.session, path="/", secure=self._hub.settings.secure, httponly=True, samesite="Lax"
        )
        # Not deleted: a frame that finds no cookie cannot know whether the browser keeps it from it.
        return self._with_state(response, secrets.token_urlsafe(32))

    def _with_state(self, response: Response, state: str | None) -> Response:
        """Set the browser state, which scripts in frames of other sites may read (Session Management 1.0)."""
        if self._hub.settings.session_management and state is not None:
            secure = self._hub.settings.secure
            same_site = "None" if secure else "Lax"  # without TLS a browser refuses None
            response.set_cookie(self._names.state, state, path="/", secure=secure, samesite=same_site)
        return response

    def _set(self, response: Response, name: str, value: str, max_age: int | None) -> None:
        response.set_cookie(
            name,
            value,
            max_age=max_age,
            path="/",
            secure=self._hub.settings.secure,
            httponly=True,
            samesite="Lax",
        )


def _see_other(location: str) -> Response:
    response = redirect(location, 303, Response)
    response.headers["Cache-Control"] = "no-store"
    assert isinstance(response, Response)  # noqa: S101 - narrows the type for mypy
    return response


def _frame_source(address: str) -> str:
    """The source expression of one address (CSP 3, 2.3.1): no query, and nothing that ends a directive."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}{parts.path}".replace(";", "%3B").replace(",", "%2C")


def _form_targets(targets: str | Sequence[str] | None) -> str:
    """Browsers hold the whole chain of redirects after a form against `form-action`: name every end."""
    named = [targets] if isinstance(targets, str) else targets or ()
    return " ".join(dict.fromkeys(("'self'", *map(_form_target, named))))


def _form_target(target: str) -> str:
    parts = urlsplit(target)
    if parts.scheme == "https":
        return "https:"
    if parts.scheme == "http":
        return f"http://{parts.netloc}"
    return f"{parts.scheme}:"
