"""One request to the token endpoint, of a client that has proven who it is (RFC 6749 3.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sso.oidc.client import Client
from sso.oidc.errors import ErrorCode, TokenError

MAX_FORM_VALUE_LENGTH = 16_384


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """The client and its form parameters, each present at most once and not empty."""

    client: Client
    params: Mapping[str, str] = field(repr=False)

    def required(self, name: str) -> str:
        """Return a parameter.

        Raises:
            TokenError: invalid_request, it is missing.
        """
        value = self.params.get(name)
        if value is None:
            raise TokenError(ErrorCode.INVALID_REQUEST, f"{name} is missing")
        return value

    def optional(self, name: str) -> str | None:
        """Return a parameter, or None."""
        return self.params.get(name)


def single_values(form: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return a form's values by name; empty ones count as absent (RFC 6749 3.2).

    Raises:
        TokenError: invalid_request, a parameter is repeated, too long, or holds a NUL.
    """
    single: dict[str, str] = {}
    for name, values in form.items():
        if len(values) > 1 and name not in {"resource", "audience"}:
            raise TokenError(ErrorCode.INVALID_REQUEST, "a parameter is repeated", f"repeated {name[:40]}")
        if len(values[0]) > MAX_FORM_VALUE_LENGTH or "\0" in values[0]:
            raise TokenError(ErrorCode.INVALID_REQUEST, "a parameter is too long", f"long {name[:40]}")
        if values[0]:
            single[name] = values[0]
    return single
