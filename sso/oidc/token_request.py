"""One request to the token endpoint, of a client that has proven who it is (RFC 6749 3.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sso.oidc.client import Client
from sso.oidc.confirmation import Confirmation
from sso.oidc.errors import ErrorCode, TokenError

MAX_FORM_VALUE_LENGTH = 16_384
MAX_REPETITIONS = 20


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """The client and its form parameters, each present at most once and not empty.

    Two may be repeated and are lists of their own: `resources` (RFC 8707 2) and `audiences` (RFC 8693
    2.1). `confirmation` is the key that the caller has proven to hold, if any.
    """

    client: Client
    params: Mapping[str, str] = field(repr=False)
    resources: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    confirmation: Confirmation | None = None

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


def repeated_values(form: Mapping[str, Sequence[str]], name: str) -> tuple[str, ...]:
    """Return every value of a parameter that may be repeated; empty ones count as absent.

    Raises:
        TokenError: invalid_request, too many or too long.
    """
    values = tuple(value for value in form.get(name, ()) if value)
    if len(values) > MAX_REPETITIONS or any(len(value) > MAX_FORM_VALUE_LENGTH for value in values):
        raise TokenError(ErrorCode.INVALID_REQUEST, "a parameter is too long", f"long {name}")
    return values


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
