"""What a protected resource asks for in WWW-Authenticate (RFC 6750 3, 9449 7.1, 9470 3, 9728 5.1)."""

from sso.oidc.dpop import DPOP_ALGORITHMS
from sso.oidc.errors import BearerError
from sso.oidc.token_scheme import TokenScheme


def challenges(error: BearerError, described_at: str | None) -> tuple[str, ...]:
    """Return the challenges of a refusal: both schemes where no token came at all.

    `described_at` is the address of the resource's metadata.
    """
    if not error.description:
        return tuple(_written(scheme, {"resource_metadata": described_at}) for scheme in TokenScheme)
    asked = error.challenge
    members = {
        "error": error.code.value,
        "error_description": error.description,
        "scope": asked.scope,
        "acr_values": " ".join(asked.acr_values) or None,
        "max_age": None if asked.max_age is None else str(int(asked.max_age.total_seconds())),
        "resource_metadata": described_at,
    }
    return (_written(asked.scheme, members),)


def _written(scheme: TokenScheme, members: dict[str, str | None]) -> str:
    """A challenge; no value of ours holds a quote or a backslash."""
    algs = " ".join(DPOP_ALGORITHMS) if scheme is TokenScheme.DPOP else None
    whole = {"realm": "sso", **members, "algs": algs}
    return f"{scheme.value} " + ", ".join(f'{k}="{v}"' for k, v in whole.items() if v is not None)
