"""Read which client calls and what it brings to prove it (RFC 6749 2.3.1, RFC 7521 4.2)."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from sso.oidc.certificate import ClientCertificate
from sso.oidc.client import ClientAuthMethod
from sso.oidc.client_authentication.presented import Presented
from sso.oidc.errors import ErrorCode, TokenError
from sso.oidc.jose import HMAC_ALGORITHMS, TokenInvalid, unverified_claims, unverified_header

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request brings; `method` is none where it only names its client, whatever its certificate."""

    method: ClientAuthMethod
    client_id: str
    secrets: tuple[str, ...] = field(default=(), repr=False)
    assertion: str = field(default="", repr=False)
    certificate: ClientCertificate | None = None


def credentials_of(presented: Presented) -> Credentials:
    """Return the one set of credentials of a request.

    Raises:
        TokenError: invalid_request for several, invalid_client for none or malformed ones.
    """
    form = presented.form
    found: list[Credentials] = []
    if presented.authorization is not None and presented.authorization[:6].lower() == "basic ":
        found.append(_basic(presented.authorization[6:].strip(), form))
    if "client_secret" in form:
        found.append(
            Credentials(
                ClientAuthMethod.CLIENT_SECRET_POST, form.get("client_id", ""), (form["client_secret"],)
            )
        )
    if "client_assertion" in form or "client_assertion_type" in form:
        found.append(_assertion(form))
    if len(found) > 1:
        raise TokenError(ErrorCode.INVALID_REQUEST, "use one way of client authentication")
    if found:
        return found[0]
    if "client_id" not in form:
        raise TokenError(ErrorCode.INVALID_CLIENT, "client authentication is missing")
    return Credentials(ClientAuthMethod.NONE, form["client_id"], certificate=presented.certificate)


def claimed_client_id(presented: Presented) -> str:
    """Return the client_id that a request claims, proven or not; "" where it claims none."""
    try:
        return credentials_of(presented).client_id
    except TokenError:
        return ""


def _basic(encoded: str, form: Mapping[str, str]) -> Credentials:
    """Read Basic credentials: form-decoded as RFC 6749 2.3.1 says, and raw as many libraries send them."""
    try:
        user, colon, password = base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")
    except ValueError as error:  # not Base64, not ASCII, or not UTF-8 within
        raise TokenError(ErrorCode.INVALID_CLIENT, "the Authorization header is malformed") from error
    client_id = unquote_plus(user)
    if not colon or form.get("client_id", client_id) != client_id:
        raise TokenError(ErrorCode.INVALID_CLIENT, "the Authorization header is malformed")
    return Credentials(ClientAuthMethod.CLIENT_SECRET_BASIC, client_id, (unquote_plus(password), password))


def _assertion(form: Mapping[str, str]) -> Credentials:
    assertion = form.get("client_assertion", "")
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise TokenError(ErrorCode.INVALID_CLIENT, "client_assertion_type is not supported")
    return Credentials(
        _method_of(assertion),
        form.get("client_id") or _claimed_issuer(assertion),
        assertion=assertion,
    )


def _method_of(assertion: str) -> ClientAuthMethod:
    """Return the method that an assertion is of, by what its header claims; the client decides if it may."""
    try:
        hashed = unverified_header(assertion).get("alg") in HMAC_ALGORITHMS
    except TokenInvalid:
        hashed = False
    return ClientAuthMethod.CLIENT_SECRET_JWT if hashed else ClientAuthMethod.PRIVATE_KEY_JWT


def _claimed_issuer(assertion: str) -> str:
    """Return the unverified `iss` of an assertion: only to know whose keys to try."""
    try:
        return str(unverified_claims(assertion).get("iss", ""))
    except TokenInvalid:
        return ""
