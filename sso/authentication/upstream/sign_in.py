"""The end of a sign-in at an upstream: the session and its events, or the failure with its own."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sso.audit.event import SignInFailed, SignInSucceeded
from sso.authentication import sessions
from sso.authentication.evidence import Vouched, assurance_of
from sso.authentication.kept_accounts import usable
from sso.authentication.sessions import SignedInAs
from sso.authentication.sign_in import SignedIn
from sso.authentication.upstream.accounts import NobodyNamed, Vouchee, account_of
from sso.authentication.upstream.claims import CLOCK_SKEW
from sso.authentication.upstream.id_token import Identity
from sso.authentication.upstream.journey import UpstreamJourney, Wish
from sso.authentication.upstream.settings import UpstreamSettings
from sso.authentication.upstream.stores import Stores, UpstreamSession
from sso.directory.person import Account
from sso.oidc.session import Session
from sso.oidc.settings import Settings


class UpstreamFailure(StrEnum):
    """Why nobody was signed in, in the log's words."""

    UNAVAILABLE = "UPSTREAM_UNAVAILABLE"
    DENIED = "UPSTREAM_DENIED"
    REFUSED = "UPSTREAM_REFUSED"
    ANSWER_UNKNOWN = "UPSTREAM_ANSWER_UNKNOWN"
    ANSWER_INVALID = "UPSTREAM_ANSWER_INVALID"
    NOT_FRESH = "UPSTREAM_NOT_FRESH"
    LEVEL_TOO_LOW = "UPSTREAM_LEVEL_TOO_LOW"
    UNKNOWN_PERSON = "UPSTREAM_UNKNOWN_PERSON"
    ACCOUNT_DISABLED = "ACCOUNT_DISABLED"


class NotVouched(Exception):
    """Nobody is signed in: `failure` for the page and the log, `reason` for the log alone."""

    def __init__(self, failure: UpstreamFailure, reason: str = "") -> None:
        super().__init__(reason)
        self.failure = failure
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an upstream answered: whom it names, all that it said, and the ID token as it came."""

    settings: UpstreamSettings
    identity: Identity
    vouchee: Vouchee
    id_token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """A browser that is back: what it was sent for and by whom, and the session that it had before."""

    answer: Answer
    wish: Wish
    journey: UpstreamJourney
    client_id: str | None
    previous: Session | None


def conclude(back: Return, stores: Stores, settings: Settings, now: datetime) -> SignedIn:
    """Begin the session.

    Raises:
        NotVouched: not fresh or not strong enough for what was asked, unknown, or disabled; nothing of this
            transaction may be kept.
    """
    identity, upstream = back.answer.identity, back.answer.settings
    authenticated_at = authenticated(identity, back.wish, back.journey, now)
    assurance = assurance_of(frozenset(), Vouched(upstream.acr.ours(identity.acr), identity.amr))
    if back.wish.essential and assurance.acr not in back.wish.essential:
        raise NotVouched(UpstreamFailure.LEVEL_TOO_LOW, f"acr {identity.acr} is worth {assurance.acr}")
    account = _account(back.answer.vouchee, stores, now)
    who = SignedInAs(account, assurance, back.previous, authenticated_at)
    session, cookie = sessions.begin(who, stores, settings, now)
    begun_there = UpstreamSession(
        session_id=session.id,
        upstream_id=upstream.id,
        sub=identity.sub,
        sid=identity.sid,
        id_token=back.answer.id_token,
    )
    stores.upstreams.put_session(begun_there, now)
    success = SignInSucceeded(
        account_id=account.id,
        session_id=session.id,
        client_id=back.client_id,
        directory_id=account.directory_id,
        acr=assurance.acr,
        amr=assurance.amr,
        upstream_id=upstream.id,
        upstream_acr=identity.acr,
    )
    stores.audit.append(success, now)
    return SignedIn(session, cookie)


def _account(vouchee: Vouchee, stores: Stores, now: datetime) -> Account:
    try:
        account = account_of(vouchee, stores, now)
    except NobodyNamed as error:
        raise NotVouched(UpstreamFailure.ANSWER_INVALID, str(error)) from error
    if account is None:
        raise NotVouched(UpstreamFailure.UNKNOWN_PERSON)
    if not usable(account, stores):
        raise NotVouched(UpstreamFailure.ACCOUNT_DISABLED, f"account {account.id}")
    return account


@dataclass(frozen=True, slots=True)
class Named:
    """Whom an upstream vouches for: the claim that never changes, and what a page may show of them."""

    identifier: str
    shown: str


def named(vouchee: Vouchee) -> Named:
    """Return whom an answer names.

    Raises:
        NotVouched: the answer lacks the key of an account.
    """
    try:
        identifier = vouchee.identifier
    except NobodyNamed as error:
        raise NotVouched(UpstreamFailure.ANSWER_INVALID, str(error)) from error
    name = vouchee.claims().get("name")
    return Named(identifier, name if isinstance(name, str) and name.strip() else identifier)


def authenticated(identity: Identity, wish: Wish, journey: UpstreamJourney, now: datetime) -> datetime:
    """Return when the person proved who they are, never later than that was.

    An upstream tells it in whole seconds of its own clock. Where it had to ask again, and says that it did
    within the skew, that was after the browser left here.

    Raises:
        NotVouched: the upstream does not say when, or it was too long ago for what was asked.
    """
    told = identity.auth_time
    if told is None:
        raise NotVouched(UpstreamFailure.ANSWER_INVALID, "id_token: auth_time is missing")
    if not wish.demands_fresh:
        return told
    if told >= journey.started_at - CLOCK_SKEW:
        return max(told, journey.started_at)
    if wish.again:
        raise NotVouched(UpstreamFailure.NOT_FRESH, "it did not ask again")
    if wish.max_age is not None and (now - told).total_seconds() > wish.max_age:
        raise NotVouched(UpstreamFailure.NOT_FRESH, "the sign-in there is older than max_age")
    return told


def failed(
    upstream_id: str, refusal: NotVouched, client_id: str | None, stores: Stores, now: datetime
) -> None:
    """Record that nobody was signed in, and why."""
    event = SignInFailed(
        client_id=client_id,
        directory_id=None,
        status_code=refusal.failure.value,
        name_hmac="",
        reason=refusal.reason,
        upstream_id=upstream_id,
    )
    stores.audit.append(event, now)
