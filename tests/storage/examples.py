"""Values to remember: each function makes one, and takes what the test cares about."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sso.audit.record import Origin
from sso.directory.person import Account, AccountKind, Person
from sso.directory.stores import Refusals
from sso.oidc.claims import ClaimsRequest
from sso.oidc.client import Client, ClientAuthMethod, GrantType
from sso.oidc.deferred import DeferredRequest
from sso.oidc.digest import digest, new_id, new_secret
from sso.oidc.grant import AuthorizationCode, Grant, RefreshToken
from sso.oidc.pushed import PushedAuthorization
from sso.oidc.self_registration.access import InitialAccessToken
from sso.oidc.session import Session

NOW = datetime(2026, 3, 4, 5, 6, 7, 123456, tzinfo=UTC)
ORIGIN = Origin(address="192.0.2.7", user_agent="Tests", request_id="r-1")
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def client(**changes: Any) -> Client:
    values: dict[str, Any] = {
        "client_id": new_id(),
        "client_name": "Housing",
        "auth_method": ClientAuthMethod.CLIENT_SECRET_BASIC,
        "redirect_uris": ("https://housing.example/cb",),
        "backchannel_logout_uri": "https://housing.example/logout",
    }
    return Client(**values | changes)


def person(**changes: Any) -> Person:
    values: dict[str, Any] = {"id": new_id(), "name": "Tuya Bat", "disabled_at": None, "roles": frozenset()}
    return Person(**values | changes)


def citizen(person_id: str, **changes: Any) -> Account:
    values: dict[str, Any] = {
        "id": new_id(),
        "person_id": person_id,
        "kind": AccountKind.CITIZEN,
        "login_name": "tuya",
        "directory_id": None,
        "immutable_id": None,
        "claims": {"name": "Tuya Bat", "email": "tuya@example.org"},
        "disabled_at": None,
    }
    return Account(**values | changes)


def clerk(person_id: str, **changes: Any) -> Account:
    values = {
        "kind": AccountKind.STAFF,
        "login_name": "bolor",
        "directory_id": "civil",
        "immutable_id": "uuid-1",
    }
    return citizen(person_id, **values | changes)


def session(**changes: Any) -> Session:
    values: dict[str, Any] = {
        "id": new_id(),
        "account_id": "account-1",
        "person_id": "person-1",
        "auth_time": NOW,
        "acr": "urn:example:password",
        "amr": ("pwd",),
        "persona_chosen": True,
        "created_at": NOW,
        "last_seen_at": NOW,
        "expires_at": NOW + 12 * HOUR,
    }
    return Session(**values | changes)


def grant(**changes: Any) -> Grant:
    values: dict[str, Any] = {
        "id": new_id(),
        "client_id": "client-1",
        "account_id": "account-1",
        "sub": new_id(),
        "session_id": "session-1",
        "scope": frozenset({"openid", "email"}),
        "claims": ClaimsRequest(),
        "nonce": None,
        "auth_time": NOW,
        "acr": "urn:example:password",
        "amr": ("pwd", "otp"),
        "offline": False,
        "created_at": NOW,
    }
    return Grant(**values | changes)


def code(of: Grant | None = None, **changes: Any) -> AuthorizationCode:
    values: dict[str, Any] = {
        "digest": digest(new_secret()),
        "grant": of or grant(),
        "redirect_uri": "https://housing.example/cb",
        "code_challenge": None,
        "expires_at": NOW + MINUTE,
    }
    return AuthorizationCode(**values | changes)


def refresh_token(of: Grant, **changes: Any) -> RefreshToken:
    values: dict[str, Any] = {
        "digest": digest(new_secret()),
        "grant": of,
        "generation": 1,
        "expires_at": NOW + 30 * DAY,
    }
    return RefreshToken(**values | changes)


def pushed(**changes: Any) -> PushedAuthorization:
    values: dict[str, Any] = {
        "digest": digest(new_secret()),
        "client_id": "client-1",
        "params": {"state": "a\0b", "nonce": "\ud800", "scope": "openid", "resource": "urn:a urn:b"},
        "expires_at": NOW + MINUTE,
        "kept_until": NOW + HOUR,
    }
    return PushedAuthorization(**values | changes)


def refusals(key: bytes, **changes: Any) -> Refusals:
    values: dict[str, Any] = {"key_class": "account", "refused": 1, "window_started_at": NOW}
    return Refusals(key=key, **values | {"first_at": NOW, "last_at": NOW, "ends_at": NOW + MINUTE} | changes)


def deferred(**changes: Any) -> DeferredRequest:
    values: dict[str, Any] = {
        "id": new_id(),
        "digest": digest(new_secret()),
        "grant_type": GrantType.DEVICE_CODE,
        "client_id": "client-1",
        "scope": frozenset({"openid", "email"}),
        "asked_at": NOW,
        "expires_at": NOW + 10 * MINUTE,
        "interval": 5 * SECOND,
        "next_poll_at": NOW,
        "user_code": digest(new_secret()),
    }
    return DeferredRequest(**values | changes)


def initial_access_token(**changes: Any) -> InitialAccessToken:
    values: dict[str, Any] = {
        "id": "token-1",
        "digest": b"t" * 32,
        "label": "Housing's suppliers",
        "metadata": {"audience": ["https://api.housing.example"], "client_name": "é\u0000"},
        "uses_left": 2,
        "created_at": NOW,
        "expires_at": NOW + HOUR,
    }
    return InitialAccessToken(**values | changes)
