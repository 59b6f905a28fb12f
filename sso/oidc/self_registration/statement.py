"""Software statements: what somebody whom the operator trusts says about an application (RFC 7591 2.3)."""

from collections.abc import Mapping
from datetime import datetime

from sso.audit.record import JsonValue
from sso.oidc.jose import ASSERTION_ALGORITHMS, TokenInvalid, unverified_claims, verify_with_keys
from sso.oidc.registration import InvalidClientMetadata, MetadataErrorCode
from sso.oidc.registration_policy import RegistrationPolicy
from sso.oidc.self_registration.policy import spoken
from sso.oidc.settings import Settings

MEMBER = "software_statement"


def stated(
    document: Mapping[str, JsonValue], settings: Settings, now: datetime
) -> tuple[str, dict[str, JsonValue]] | None:
    """Return the issuer of a document's software statement and the metadata that it states, or None.

    Raises:
        InvalidClientMetadata: the statement does not hold, its issuer is not trusted, or one is required.
    """
    policy, text = settings.registration, document.get(MEMBER)
    if text is None:
        if policy.statement_required:
            raise InvalidClientMetadata(
                "a software_statement of a trusted issuer is required",
                MetadataErrorCode.UNAPPROVED_SOFTWARE_STATEMENT,
            )
        return None
    if not isinstance(text, str):
        raise _invalid("software_statement must be a JWT")
    claims = _verified(text, policy)
    _check_times(claims, settings, now)
    return str(claims["iss"]), spoken(claims)


def _verified(text: str, policy: RegistrationPolicy) -> Mapping[str, JsonValue]:
    try:
        named = unverified_claims(text).get("iss")
        issuer = next((known for known in policy.issuers if known.issuer == named), None)
        if issuer is None:
            raise InvalidClientMetadata(
                "the issuer of the software_statement is not trusted here",
                MetadataErrorCode.UNAPPROVED_SOFTWARE_STATEMENT,
            )
        return verify_with_keys(text, issuer.jwks, ASSERTION_ALGORITHMS)
    except TokenInvalid as error:
        raise _invalid("software_statement does not verify") from error


def _check_times(claims: Mapping[str, JsonValue], settings: Settings, now: datetime) -> None:
    """A statement has no end unless it says so (RFC 7591 2.3); one that begins later does not hold yet."""
    skew = settings.clock_skew.total_seconds()
    exp, nbf, iat = claims.get("exp"), claims.get("nbf"), claims.get("iat")
    if exp is not None and not (_is_number(exp) and now.timestamp() - skew < float(str(exp))):
        raise _invalid("software_statement has expired")
    for begins in (nbf, iat):
        if begins is not None and not (_is_number(begins) and float(str(begins)) <= now.timestamp() + skew):
            raise _invalid("software_statement is not valid yet")


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _invalid(sentence: str) -> InvalidClientMetadata:
    return InvalidClientMetadata(sentence, MetadataErrorCode.INVALID_SOFTWARE_STATEMENT)
