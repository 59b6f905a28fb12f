"""An ID token of ours that comes back as a hint (Core 3.1.2.1, RP-Initiated Logout 1.0, CIBA Core 7.1)."""

from collections.abc import Mapping

from sso.audit.record import JsonValue
from sso.oidc.jose import TokenInvalid, verify_own
from sso.oidc.settings import Provider


def own_id_token(text: str, provider: Provider) -> Mapping[str, JsonValue]:
    """Return the claims of an ID token of ours, expired or not; `sub` and `aud` are texts.

    Other JWTs that we sign have its `typ`, such as the answers of JARM: they name nobody.

    Raises:
        TokenInvalid: it is not signed by us, or no ID token.
    """
    claims = verify_own(text, provider.keys, ("JWT",))
    if claims.get("iss") != provider.settings.issuer:
        raise TokenInvalid("of another issuer")
    if not all(isinstance(claims.get(name), str) for name in ("sub", "aud")):
        raise TokenInvalid("no ID token")
    return claims
