"""Every step to a sign-in at an upstream, tried out for the administrator: each says what to mend."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sso.authentication.upstream.settings import ClientProof, SignOut
from sso.directory.check import Check
from sso.oidc.digest import new_secret
from sso.oidc.jose import KeySetInvalid, usable_keys
from sso.oidc.keys import NoSigningKey, SignerUnavailable
from sso.outbound.upstream.client import Question, UpstreamRefused
from sso.outbound.upstream.provider import UpstreamProvider
from sso.outbound.upstream.published import Metadata, UpstreamUnavailable


def probe(provider: UpstreamProvider, now: datetime) -> Sequence[Check]:
    """Try every step, and stop where the next one needs what failed."""
    checks = published_checks(provider)
    if not checks[0].ok:
        return checks
    metadata = provider.metadata()
    return [
        *checks,
        _redirect_uri(provider),
        *_client(provider, now),
        *_levels(provider, metadata),
        *_sign_out(provider, metadata),
    ]


def published_checks(provider: UpstreamProvider) -> Sequence[Check]:
    """Read what the provider publishes: what it says of itself, and its keys."""
    try:
        metadata = provider.metadata()
    except UpstreamUnavailable as error:
        advice = "is the issuer right, does the hub trust its certificate, may it be called (allow_networks)?"
        return [Check("metadata", ok=False, sentence=f"{error}; {advice}")]
    said = Check("metadata", ok=True, sentence=f"{provider.settings.issuer} says what it is")
    return [said, _keys(provider, metadata)]


def _keys(provider: UpstreamProvider, metadata: Metadata) -> Check:
    try:
        found = usable_keys(provider.read(metadata.jwks_uri))["keys"]
    except (UpstreamUnavailable, KeySetInvalid) as error:
        return Check("keys", ok=False, sentence=f"jwks_uri: {error}; its ID tokens cannot be checked")
    count = len(found) if isinstance(found, list) else 0
    return Check("keys", ok=True, sentence=f"{count} key(s) at {metadata.jwks_uri}")


def _redirect_uri(provider: UpstreamProvider) -> Check:
    """Ask as a browser would, and silently: who knows the address sends the browser back to it."""
    asked = Question(new_secret(), new_secret(), new_secret(), {"prompt": "none"})
    try:
        status = provider.status_of(provider.address(asked))
    except UpstreamUnavailable as error:
        return Check("redirect_uri", ok=False, sentence=f"the authorization endpoint: {error}")
    if status in (200, 302, 303):
        return Check("redirect_uri", ok=True, sentence=f"{provider.redirect_uri} is accepted there")
    advice = f"register the redirect URI {provider.redirect_uri} there, for {provider.settings.client_id}"
    return Check("redirect_uri", ok=False, sentence=f"the authorization endpoint answers {status}; {advice}")


def _client(provider: UpstreamProvider, now: datetime) -> Iterator[Check]:
    """Redeem a code that nobody gave: whoever knows the hub refuses the code, and not the hub."""
    settings = provider.settings
    try:
        provider.redeem(new_secret(), new_secret(), now)
    except UpstreamRefused as refusal:
        if refusal.error == "invalid_grant":
            yield Check("client", ok=True, sentence=f"the hub is known there as {settings.client_id}")
            return
        by_key = settings.proof is ClientProof.PRIVATE_KEY_JWT
        advice = "does it read the hub's /oauth2/jwks?" if by_key else "is the client secret right?"
        yield Check(
            "client", ok=False, sentence=f"{settings.client_id} is refused: {refusal.error}; {advice}"
        )
    except UpstreamUnavailable as error:
        yield Check("client", ok=False, sentence=f"{error}; is its token endpoint up?")
    except (NoSigningKey, SignerUnavailable):
        alg = settings.assertion_algorithm
        yield Check(
            "client", ok=False, sentence=f"no {alg} key signs; add it to keys.algorithms, or run the worker"
        )


def _levels(provider: UpstreamProvider, metadata: Metadata) -> Iterator[Check]:
    offered = metadata.whole.get("acr_values_supported")
    if not isinstance(offered, list):
        return
    unknown = [theirs for theirs, _ in provider.settings.acr.pairs if theirs not in offered]
    if unknown:
        names = ", ".join(map(str, offered)) or "none"
        yield Check(
            "levels", ok=False, sentence=f"acr: it does not know {', '.join(unknown)}; it has: {names}"
        )
    else:
        yield Check("levels", ok=True, sentence="it knows every level of the table")


def _sign_out(provider: UpstreamProvider, metadata: Metadata) -> Iterator[Check]:
    if provider.settings.sign_out is SignOut.NEVER:
        return
    there = metadata.end_session_endpoint
    sentence = "it can be signed out of" if there else 'no end_session_endpoint; set sign_out = "never"'
    yield Check("sign_out", ok=there is not None, sentence=sentence)
