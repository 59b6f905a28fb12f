"""Calls of the hub's management API with the officer's own access token, refreshed when it runs out."""

import re
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from admin.login import HubUnreachable, Login
from admin.officer_sessions import OfficerSession
from admin.settings import API_PATH, Settings

TIMEOUT_SECONDS = 20.0
REFRESH_BEFORE_SECONDS = 20.0

_MAX_AGE = re.compile(r'max_age="([0-9]{1,9})"')

Parameters = Mapping[str, str | int | list[str]]


class ApiRefused(Exception):
    """The API answered with a problem (RFC 9457)."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(problem.get("code"))
        self.status = status
        self.code = str(problem.get("code", "server_error"))
        self.cause = str(problem.get("cause", ""))
        self.detail = str(problem.get("detail", ""))
        self.reference = str(problem.get("reference", ""))
        self.errors: list[Mapping[str, str]] = list(problem.get("errors", ()))


class SignedOutByHub(Exception):
    """The hub takes neither the access token nor the refresh token any more: sign in again."""


class FreshSignInNeeded(Exception):
    """The officer's sign-in is too old for this change (RFC 9470); `max_age` in seconds would do."""

    def __init__(self, max_age: int) -> None:
        super().__init__(max_age)
        self.max_age = max_age


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """A document and the version that it is."""

    document: dict[str, Any]
    etag: str | None


class Api:
    """The management API."""

    def __init__(self, settings: Settings, login: Login) -> None:
        self._login = login
        self._url = f"{settings.issuer}{API_PATH}"
        verify = ssl.create_default_context(cafile=settings.ca_file)
        self._http = httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False, verify=verify)

    def get(self, officer: OfficerSession, path: str, parameters: Parameters | None = None) -> dict[str, Any]:
        """Return a document.

        Raises:
            ApiRefused, SignedOutByHub, HubUnreachable: there is none.
        """
        query = f"?{urlencode(parameters, doseq=True)}" if parameters else ""
        return self.call(officer, "GET", f"{path}{query}").document

    def look(
        self, officer: OfficerSession, path: str, parameters: Parameters | None = None
    ) -> dict[str, Any]:
        """Return a document that shows some of the log, and say why the officer looks.

        Raises:
            ApiRefused, SignedOutByHub, HubUnreachable: there is none.
        """
        return self.get(officer, path, {**(parameters or {}), "reason": officer.reason})

    def call(
        self,
        officer: OfficerSession,
        method: str,
        path: str,
        *,
        document: Mapping[str, Any] | None = None,
        if_match: str | None = None,
    ) -> ApiAnswer:
        """Make one call; a token that the hub no longer takes is refreshed once.

        Raises:
            ApiRefused, FreshSignInNeeded, SignedOutByHub, HubUnreachable: the call did not succeed.
        """
        headers = {"Accept": "application/json", **_forwarded(officer.address)}
        if if_match is not None:
            headers["If-Match"] = if_match
        response: httpx.Response | None = None
        for force in (False, True):
            token = self._access_token(officer, force)
            try:
                response = self._http.request(
                    method,
                    self._url + path,
                    json=document,
                    headers={**headers, "Authorization": f"Bearer {token}"},
                )
            except httpx.HTTPError as error:
                raise HubUnreachable from error
            if response.status_code != 401:
                return _answer(response)
            _raise_if_too_old(response)
        raise SignedOutByHub

    def _access_token(self, officer: OfficerSession, force: bool) -> str:
        now = time.time()
        with officer.refreshing:
            if force or officer.tokens.expires_at - now < REFRESH_BEFORE_SECONDS:
                fresh = self._login.refreshed(officer.tokens, now)
                if fresh is None:
                    raise SignedOutByHub
                officer.tokens = fresh
            return officer.tokens.access_token


def segment(value: str) -> str:
    """Return a value as one segment of a path."""
    return quote(value, safe="") or "-"


def _forwarded(address: str | None) -> dict[str, str]:
    """Say for whom we call (RFC 7239): a hub that trusts the console's address records the officer's."""
    if address is None:
        return {}
    return {"Forwarded": f'for="[{address}]"' if ":" in address else f"for={address}"}


def _raise_if_too_old(response: httpx.Response) -> None:
    """A new token would not help: it tells of the same sign-in."""
    challenge = response.headers.get("WWW-Authenticate", "")
    wanted = _MAX_AGE.search(challenge)
    if wanted is not None and 'error="insufficient_user_authentication"' in challenge:
        raise FreshSignInNeeded(int(wanted[1]))


def _answer(response: httpx.Response) -> ApiAnswer:
    if response.status_code == 204:
        return ApiAnswer({}, None)
    try:
        document = response.json()
    except ValueError as error:
        raise HubUnreachable from error
    if not isinstance(document, dict):
        raise HubUnreachable
    if response.status_code >= 400:
        raise ApiRefused(response.status_code, document)
    return ApiAnswer(document, response.headers.get("ETag"))
