"""Decide what must happen next before an authorization request can be granted.

The only place that decides. Pages never send the browser to one another: each returns to the
authorization endpoint, which asks again.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sso.oidc.claims import scope_claims
from sso.oidc.client import Client
from sso.oidc.consent import Consent
from sso.oidc.details import Detail
from sso.oidc.errors import AuthorizationError, ErrorCode
from sso.oidc.pending import PendingAuthorization
from sso.oidc.request import AuthorizationRequest
from sso.oidc.request.prompting import CREATE
from sso.oidc.session import Session


@dataclass(frozen=True, slots=True)
class AccountCreationRequired:
    """The person is to be sent to where accounts are made, and comes back."""


@dataclass(frozen=True, slots=True)
class LoginRequired:
    """The person must prove who they are; `reason` is for logs."""

    reason: str


@dataclass(frozen=True, slots=True)
class AccountSelectionRequired:
    """The person must say which of their accounts, or another one, to use."""


@dataclass(frozen=True, slots=True)
class ConsentRequired:
    """The person must allow these scopes, claims and authorization details for this client."""

    scope: frozenset[str]
    claims: frozenset[str]
    authorization_details: tuple[Detail, ...] = ()


@dataclass(frozen=True, slots=True)
class Granted:
    """Nothing stands in the way."""

    session: Session


NextStep = AccountCreationRequired | LoginRequired | AccountSelectionRequired | ConsentRequired | Granted


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything the decision rests on: the live session, its `sub` for this client, the consent."""

    session: Session | None
    sub: str | None
    consent: Consent | None
    pending: PendingAuthorization
    now: datetime
    reachable_acr: Collection[str] = ()
    """Levels that signing in again may reach."""


def next_step(request: AuthorizationRequest, situation: Situation) -> NextStep:
    """Return the next step.

    Raises:
        AuthorizationError: prompt=none forbids asking (Core 3.1.2.6), the hinted person did not sign
            in, or an essential acr cannot be met.
    """
    session = situation.session
    if CREATE in request.prompt and situation.pending.creation_offered_at is None:
        return AccountCreationRequired()
    reason = _login_reason(request, situation)
    if session is None or reason is not None:
        _refuse_if_silent(request, ErrorCode.LOGIN_REQUIRED)
        return LoginRequired(reason or "no session")
    if _must_select(request, session, situation.pending):
        _refuse_if_silent(request, ErrorCode.ACCOUNT_SELECTION_REQUIRED)
        return AccountSelectionRequired()
    _check_acr(request, session)
    if (missing := _missing_consent(request, situation)) is not None:
        _refuse_if_silent(request, ErrorCode.CONSENT_REQUIRED)
        return missing
    return Granted(session)


def _login_reason(request: AuthorizationRequest, situation: Situation) -> str | None:
    session, pending, now = situation.session, situation.pending, situation.now
    if session is None:
        return "no session"
    fresh = session.auth_time >= pending.asked_at
    if request.prompt & {"login", CREATE} and not fresh:
        return "prompt=login or create"
    if (
        request.max_age is not None
        and not fresh
        and now - session.auth_time > timedelta(seconds=request.max_age)
    ):
        return "max_age"
    if request.hinted_subs is not None and situation.sub not in request.hinted_subs:
        # Whoever signed in elsewhere may have proven it before they came: they signed in here all the same.
        if fresh or session.created_at >= pending.asked_at:
            raise AuthorizationError(
                ErrorCode.LOGIN_REQUIRED, "another person than the hinted one signed in", request.to
            )
        return "another person was hinted"
    if not fresh and _may_step_up(request, session, situation):
        return "essential acr"
    return None


def _may_step_up(request: AuthorizationRequest, session: Session, situation: Situation) -> bool:
    """Whether the session is too weak for an essential acr that another sign-in may reach (RFC 9470 4)."""
    essential = request.essential_acr
    return (
        bool(essential) and session.acr not in essential and bool({*essential} & {*situation.reachable_acr})
    )


def _must_select(request: AuthorizationRequest, session: Session, pending: PendingAuthorization) -> bool:
    if not session.persona_chosen:
        return True
    return "select_account" in request.prompt and pending.account_selected_at is None


def _check_acr(request: AuthorizationRequest, session: Session) -> None:
    if request.essential_acr and session.acr not in request.essential_acr:
        raise AuthorizationError(
            ErrorCode.UNMET_AUTHENTICATION_REQUIREMENTS, "the essential acr cannot be met", request.to
        )


def _missing_consent(request: AuthorizationRequest, situation: Situation) -> ConsentRequired | None:
    asked = ConsentRequired(request.scope, request.claims.names, request.authorization_details)
    answered = _answered(situation)
    if ("consent" in request.prompt or request.asks_every_time) and not answered:
        return asked
    if request.client.trusted:
        return None
    consent = situation.consent
    if consent is None:
        return asked if needs_consent(request.client) else None
    scope = request.scope - consent.scope - {"openid"}
    claims = request.claims.names - consent.claims - scope_claims(consent.scope)
    details = not answered and any(
        each not in consent.authorization_details for each in request.authorization_details
    )
    return asked if scope or claims or details else None


def _answered(situation: Situation) -> bool:
    """Whether this account has answered the consent page for this request: another one's yes is not its."""
    pending, session = situation.pending, situation.session
    if pending.consented_at is None or session is None:
        return False
    return pending.consented_by == session.account_id


def needs_consent(client: Client) -> bool:
    """Whether people are asked before this client learns anything of them, even their `sub`."""
    return not client.trusted


def _refuse_if_silent(request: AuthorizationRequest, code: ErrorCode) -> None:
    if "none" in request.prompt:
        raise AuthorizationError(code, "prompt=none forbids asking the person", request.to)
