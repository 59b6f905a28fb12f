"""Who the person is thought to be (OpenID Connect Core 3.1.2.1, 5.5.1)."""

from sso.oidc.claims import ClaimsRequest
from sso.oidc.errors import ReturnAddress
from sso.oidc.id_token_hint import own_id_token
from sso.oidc.jose import TokenInvalid, is_encrypted
from sso.oidc.request.refusal import invalid
from sso.oidc.settings import Provider


def hinted_subs(
    hint: str | None, claims: ClaimsRequest, provider: Provider, to: ReturnAddress
) -> frozenset[str] | None:
    """Return whom id_token_hint and a claims demand for `sub` both name, or None when nobody is named.

    Raises:
        AuthorizationError: the hint was not issued here, or is encrypted to the client (Core 3.1.2.1: it
            decrypts it first).
    """
    demands = (claims.id_token.get("sub"), claims.userinfo.get("sub"))
    named = [frozenset(map(str, demand.values)) for demand in demands if demand and demand.values]
    if hint is not None:
        named.append(frozenset({_sub_of_hint(hint, provider, to)}))
    return frozenset.intersection(*named) if named else None


def _sub_of_hint(hint: str, provider: Provider, to: ReturnAddress) -> str:
    """Return whom an ID token of ours names, expired or not."""
    if is_encrypted(hint):
        invalid("id_token_hint is encrypted: send the signed ID token within it", to)
    try:
        return str(own_id_token(hint, provider)["sub"])
    except TokenInvalid as error:
        invalid("id_token_hint was not issued here", to, str(error))
