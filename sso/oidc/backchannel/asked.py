"""What a client asks for in a backchannel authentication request (CIBA Core 7.1)."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from sso.oidc.client import Client, GrantType
from sso.oidc.deferred import deferred_details, deferred_scope
from sso.oidc.details import Detail
from sso.oidc.errors import ErrorCode, TokenError
from sso.oidc.settings import Settings

DELIVERY_MODES = ("poll", "ping")
"""How the client learns of the answer; push would send tokens to an address, and is not offered."""
HINTS = ("login_hint_token", "id_token_hint", "login_hint")
MAX_BINDING_MESSAGE_LENGTH = 100
MAX_NOTIFICATION_TOKEN_LENGTH = 1024
MIN_NOTIFICATION_TOKEN_LENGTH = 22
"""What 128 random bits take in Base64, which is the least that CIBA Core 7.1 allows."""

PARAMETERS = frozenset(
    "scope client_notification_token acr_values login_hint_token id_token_hint login_hint binding_message "
    "user_code requested_expiry authorization_details".split()
)
_BEARER = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_UNSHOWABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A valid request; `hint` and `hinted` say whom it is about. `notification_token` is for ping alone."""

    scope: frozenset[str]
    hint: str
    hinted: str = field(repr=False)
    acr_values: tuple[str, ...]
    binding_message: str | None
    lifetime: timedelta
    authorization_details: tuple[Detail, ...]
    notification_token: str | None = field(repr=False)

    @classmethod
    def parse(cls, params: Mapping[str, str], client: Client, settings: Settings) -> "Asked":
        """Return a valid request.

        Raises:
            TokenError: unauthorized_client, invalid_request, invalid_scope, invalid_binding_message,
                invalid_authorization_details.
        """
        if GrantType.CIBA not in client.grant_types or client.public:
            raise TokenError(ErrorCode.UNAUTHORIZED_CLIENT, "this client is not registered for this")
        if "user_code" in params:
            raise _invalid("user_code is not supported")
        hint = _hint(params)
        return cls(
            scope=_scope(params, client),
            hint=hint,
            hinted=params[hint],
            acr_values=tuple(params.get("acr_values", "").split()),
            binding_message=_binding_message(params.get("binding_message")),
            lifetime=_lifetime(params.get("requested_expiry"), settings),
            authorization_details=deferred_details(params.get("authorization_details"), client, settings),
            notification_token=_notification_token(params, client),
        )


def _hint(params: Mapping[str, str]) -> str:
    given = [name for name in HINTS if name in params]
    if len(given) != 1:
        raise _invalid("send exactly one of login_hint and id_token_hint")
    if given[0] == "login_hint_token":
        raise _invalid("login_hint_token is not supported")
    return given[0]


def _scope(params: Mapping[str, str], client: Client) -> frozenset[str]:
    if "scope" not in params:
        raise _invalid("scope is missing")
    scope = deferred_scope(params["scope"], client)
    if "openid" not in scope:
        raise TokenError(ErrorCode.INVALID_SCOPE, "scope must hold openid")
    return scope


def _binding_message(text: str | None) -> str | None:
    """What the person compares with what the service shows them: short, and nothing but what can be seen."""
    if text is None:
        return None
    unseen = any(unicodedata.category(character) in _UNSHOWABLE for character in text)
    if unseen or len(text) > MAX_BINDING_MESSAGE_LENGTH:
        raise TokenError(
            ErrorCode.INVALID_BINDING_MESSAGE,
            "binding_message has at most 100 visible characters",
        )
    return text


def _lifetime(text: str | None, settings: Settings) -> timedelta:
    """What the client asks for, as far as it goes (CIBA Core 7.1, requested_expiry)."""
    if text is None:
        return settings.backchannel_lifetime
    if not _NUMBER.fullmatch(text):
        raise _invalid("requested_expiry is not a positive number of seconds")
    return min(timedelta(seconds=int(text)), settings.backchannel_max_lifetime)


def _notification_token(params: Mapping[str, str], client: Client) -> str | None:
    if client.backchannel_token_delivery_mode != "ping":
        return None
    token = params.get("client_notification_token")
    if token is None:
        raise _invalid("client_notification_token is missing")
    fits = MIN_NOTIFICATION_TOKEN_LENGTH <= len(token) <= MAX_NOTIFICATION_TOKEN_LENGTH
    if not fits or not _BEARER.fullmatch(token):
        raise _invalid("client_notification_token is not a bearer token of 22 to 1024 characters")
    return token


def _invalid(description: str) -> TokenError:
    return TokenError(ErrorCode.INVALID_REQUEST, description)
