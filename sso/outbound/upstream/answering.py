"""From what the browser brought back to what the provider vouches for, outside any transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sso.authentication.upstream.accounts import Vouchee
from sso.authentication.upstream.id_token import Expected, Identity, IdTokenRefused, identity_of
from sso.authentication.upstream.journey import nonce_of, verifier_of
from sso.authentication.upstream.sign_in import Answer, NotVouched, UpstreamFailure
from sso.outbound.upstream.client import Tokens, UpstreamRefused
from sso.outbound.upstream.provider import UpstreamProvider
from sso.outbound.upstream.published import UpstreamUnavailable

MAX_CODE_LENGTH = 2_048


@dataclass(frozen=True, slots=True)
class BroughtBack:
    """The parameters of a callback, each once, and the key from which nonce and verifier are derived."""

    params: Mapping[str, str] = field(repr=False)
    key: bytes = field(repr=False)

    @property
    def state(self) -> str:
        """What was remembered of the browser."""
        return self.params.get("state", "")


def answer_of(provider: UpstreamProvider, brought: BroughtBack, now: datetime) -> Answer:
    """Redeem the code and check what comes of it.

    Raises:
        NotVouched: no answer, refused there, or an answer that is not good.
    """
    try:
        _check_sender(brought.params, provider)
        tokens = _redeemed(provider, brought, now)
        identity = _identified(provider, tokens, brought, now)
        more = provider.userinfo(tokens.access_token)
    except UpstreamUnavailable as error:
        raise NotVouched(UpstreamFailure.UNAVAILABLE, str(error)) from error
    if more and more.get("sub") != identity.sub:  # Core 5.3.2: it must not be used
        raise NotVouched(UpstreamFailure.ANSWER_INVALID, "userinfo: sub is another person's")
    vouchee = Vouchee(settings=provider.settings, said={**more, **identity.claims})
    return Answer(settings=provider.settings, identity=identity, vouchee=vouchee, id_token=tokens.id_token)


def _check_sender(params: Mapping[str, str], provider: UpstreamProvider) -> None:
    """Refuse an answer that another provider gave (RFC 9207 2.4): its code must not be sent to this one."""
    iss = params.get("iss")
    if iss is None and not provider.metadata().names_itself:
        return
    if iss != provider.settings.issuer:
        raise NotVouched(UpstreamFailure.ANSWER_INVALID, "iss is missing, or another issuer")


def _redeemed(provider: UpstreamProvider, brought: BroughtBack, now: datetime) -> Tokens:
    code = brought.params.get("code", "")
    if "error" in brought.params:
        error = UpstreamRefused(brought.params["error"]).error
        denied = error == "access_denied"
        raise NotVouched(UpstreamFailure.DENIED if denied else UpstreamFailure.REFUSED, error)
    if not 0 < len(code) <= MAX_CODE_LENGTH:
        raise NotVouched(UpstreamFailure.ANSWER_INVALID, "code is missing")
    try:
        return provider.redeem(code, verifier_of(brought.state, brought.key), now)
    except UpstreamRefused as refusal:
        raise NotVouched(UpstreamFailure.REFUSED, f"token endpoint: {refusal.error}") from refusal


def _identified(provider: UpstreamProvider, tokens: Tokens, brought: BroughtBack, now: datetime) -> Identity:
    settings = provider.settings
    expected = Expected(
        issuer=settings.issuer,
        client_id=settings.client_id,
        algorithms=settings.algorithms,
        nonce=nonce_of(brought.state, brought.key),
        access_token=tokens.access_token,
    )
    try:
        return identity_of(tokens.id_token, provider.keys_for(tokens.id_token), expected, now)
    except IdTokenRefused as error:
        raise NotVouched(UpstreamFailure.ANSWER_INVALID, str(error)) from error
