"""Let a call use an access token of ours at one of our own resources (RFC 6750 2, RFC 8705 3, RFC 9449 7)."""

from dataclasses import dataclass, field
from datetime import datetime

from sso.oidc.bearer import AccessToken, TokenNotLive, live_access_token
from sso.oidc.certificate import ClientCertificate
from sso.oidc.confirmation import Confirmation
from sso.oidc.dpop import Expected, ProofRefused, thumbprint_of_proof
from sso.oidc.errors import BearerError, Challenge, ErrorCode
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores
from sso.oidc.token_scheme import TokenScheme


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentedToken:
    """An access token, and what came with it to prove that its bearer may use it.

    `url` is the address that was called, below our issuer; `dpop` are the values of the DPoP header.
    """

    text: str = field(repr=False)
    scheme: TokenScheme
    method: str
    url: str
    dpop: tuple[str, ...] = field(default=(), repr=False)
    certificate: ClientCertificate | None = None


def require_access_token(
    presented: PresentedToken, stores: Stores, provider: Provider, now: datetime
) -> AccessToken:
    """Return a live token that this caller may use, or refuse as RFC 6750 3.1 and RFC 9449 7.1 say.

    Raises:
        BearerError: invalid_token, invalid_dpop_proof or use_dpop_nonce.
    """
    try:
        token = live_access_token(presented.text, stores, provider, now)
    except TokenNotLive as error:
        raise _refusal(
            presented.scheme, "the access token is invalid, expired or revoked", str(error)
        ) from error
    bound_to = token.confirmation or Confirmation()
    _check_scheme(bound_to.jkt, presented)
    if bound_to.jkt is not None:
        _check_proof(token, presented, stores, provider, now)
    _check_certificate(bound_to.x5t, presented)
    return token


def _check_scheme(jkt: str | None, presented: PresentedToken) -> None:
    """RFC 9449 7.2: neither does a bound token pass for a bearer token, nor the other way round."""
    if jkt is None and presented.scheme is TokenScheme.DPOP:
        raise _refusal(TokenScheme.BEARER, "the access token is not bound to a key", "DPoP scheme")
    if jkt is not None and presented.scheme is not TokenScheme.DPOP:
        raise _refusal(TokenScheme.DPOP, "the access token is bound to a key", "Bearer scheme")


def _check_proof(
    token: AccessToken, presented: PresentedToken, stores: Stores, provider: Provider, now: datetime
) -> None:
    settings = provider.settings
    expected = Expected(
        method=presented.method,
        urls=settings.addresses(presented.url),
        access_token=presented.text,
        nonce_required=settings.dpop_nonce_required or token.client.dpop_nonce_required,
    )
    try:
        proven = thumbprint_of_proof(presented.dpop, expected, stores, provider, now)
    except ProofRefused as refused:
        raise BearerError(
            refused.code, "the DPoP proof is not accepted", str(refused), Challenge(TokenScheme.DPOP)
        ) from refused
    if token.confirmation is None or proven != token.confirmation.jkt:
        raise _refusal(TokenScheme.DPOP, "the access token is bound to another key", "proof by another key")


def _check_certificate(x5t: str | None, presented: PresentedToken) -> None:
    if x5t is None:
        return
    shown = presented.certificate
    if shown is None or shown.x5t != x5t:
        reason = "no certificate" if shown is None else "another certificate"
        raise _refusal(presented.scheme, "the access token is bound to a certificate", reason)


def _refusal(scheme: TokenScheme, description: str, reason: str) -> BearerError:
    return BearerError(ErrorCode.INVALID_TOKEN, description, reason, Challenge(scheme=scheme))
