"""`jti`: a JWT that is good once is seen once (RFC 7519 4.1.7)."""

from datetime import datetime

from sso.audit.record import JsonValue
from sso.oidc.stores import Stores

MAX_JTI_LENGTH = 255


class JtiRefused(Exception):
    """The JWT cannot be told from others, or was seen before; the text is private."""


def spend_jti(jti: JsonValue, purpose: str, expires_at: datetime, stores: Stores) -> None:
    """Remember a jti until its JWT is past; `purpose` says what it is and whose, which keeps them apart.

    Raises:
        JtiRefused: missing, no text, too long, or seen before. One caller wins.
    """
    if not isinstance(jti, str) or not 0 < len(jti) <= MAX_JTI_LENGTH:
        raise JtiRefused("jti is missing or too long")
    if not stores.one_time_values.spend(purpose, jti, expires_at):
        raise JtiRefused("jti was used before")
