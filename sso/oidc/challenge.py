"""What a protected resource answers in WWW-Authenticate (RFC 6750 3, RFC 9449 7.1)."""

from sso.oidc.dpop import DPOP_ALGORITHMS
from sso.oidc.errors import BearerError
from sso.oidc.token_scheme import TokenScheme


def challenges(error: BearerError) -> tuple[str, ...]:
    """Return the challenges of a refusal: both schemes where no token came at all."""
    if not error.description:
        return tuple(_written(scheme, {}) for scheme in TokenScheme)
    asked = error.challenge
    members = {"error": error.code.value, "error_description": error.description, "scope": asked.scope}
    return (_written(asked.scheme, members),)


def _written(scheme: TokenScheme, members: dict[str, str | None]) -> str:
    """A challenge; no value of ours holds a quote or a backslash."""
    algs = " ".join(DPOP_ALGORITHMS) if scheme is TokenScheme.DPOP else None
    whole = {"realm": "sso", **members, "algs": algs}
    return f"{scheme.value} " + ", ".join(f'{k}="{v}"' for k, v in whole.items() if v is not None)
