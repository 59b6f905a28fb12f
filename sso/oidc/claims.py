"""Claims about a person: which scope asks for which, and the `claims` parameter.

OpenID Connect Core 5.1 (standard claims), 5.2 (languages), 5.4 (scopes), 5.5 (the claims parameter).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sso.audit.record import JsonValue

SCOPE_CLAIMS: Mapping[str, tuple[str, ...]] = {
    "profile": (
        "name",
        "family_name",
        "given_name",
        "middle_name",
        "nickname",
        "preferred_username",
        "profile",
        "picture",
        "website",
        "gender",
        "birthdate",
        "zoneinfo",
        "locale",
        "updated_at",
    ),
    "email": ("email", "email_verified"),
    "phone": ("phone_number", "phone_number_verified"),
    "address": ("address",),
    "department": ("persona", "directory", "directory_name", "department", "title"),
    "groups": ("groups",),
    "roles": ("roles",),
}
"""Claims per scope. Three are ours: `department` (citizen or staff, and where a clerk works), `groups` (a
clerk's groups, as far as the department's directory is set to release them) and `roles` (a clerk's roles in
the application that asks, `oidc.roles`).
"""

PROTOCOL_SCOPES = ("openid", "offline_access")
OFFICER_SCOPES = ("audit:read", "clients:manage", "people:manage")
"""What only a person who signed in may do, at this hub."""

SCIM_SCOPE = "scim"
"""Manages the people of a department, for a client that acts for itself (RFC 7644 2)."""
COMMAND_LINE_SCOPES = frozenset({*OFFICER_SCOPES, SCIM_SCOPE})
"""Given to a client on the command line only."""

SIGN_IN_SCOPES = frozenset({*PROTOCOL_SCOPES, *OFFICER_SCOPES})
"""Scopes of no token that comes without a sign-in of the person to this client."""

_BOOLEAN_CLAIMS = frozenset({"email_verified", "phone_number_verified"})
_SCALARS = (str, bool, int, float)  # a demanded value that is an object or array is never met, nor kept
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,8}")
MAX_LOCALES = 10
CLAIM_NAMES = frozenset(name for names in SCOPE_CLAIMS.values() for name in names)


class ClaimsParameterInvalid(ValueError):
    """The claims parameter is not the JSON object of OpenID Connect Core 5.5."""


@dataclass(frozen=True, slots=True)
class ClaimDemand:
    """How one claim is asked for: `values` are those that would satisfy an essential demand."""

    essential: bool = False
    values: tuple[JsonValue, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimsRequest:
    """A parsed claims parameter: demands per claim name for each place of delivery.

    A name may carry a language tag, as in `name#zh-CN`. `locales` are the languages in which claims are
    wanted beside the plain ones (claims_locales, Core 5.2).
    """

    userinfo: Mapping[str, ClaimDemand] = field(default_factory=dict)
    id_token: Mapping[str, ClaimDemand] = field(default_factory=dict)
    locales: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str | None) -> "ClaimsRequest":
        """Read the parameter; absent means nothing is asked for. Its length is the caller's to bound.

        Raises:
            ClaimsParameterInvalid: not a JSON object of the shape of Core 5.5.
        """
        if text is None:
            return cls()
        try:
            whole = json.loads(text)
        except (ValueError, RecursionError) as error:
            message = "claims is not JSON"
            raise ClaimsParameterInvalid(message) from error
        if not isinstance(whole, dict):
            message = "claims is not a JSON object"
            raise ClaimsParameterInvalid(message)
        return cls(
            userinfo=_demands(whole.get("userinfo")),
            id_token=_demands(whole.get("id_token")),
            locales=_locales(whole.get("locales")),
        )

    @property
    def names(self) -> frozenset[str]:
        """Every claim about the person that is asked for by name, in any language, and that the hub knows."""
        return frozenset(map(base_name, (*self.userinfo, *self.id_token))) & CLAIM_NAMES

    def within(self, scope: frozenset[str]) -> "ClaimsRequest":
        """Return the request without claims about the person that none of these scopes speaks of.

        What a client may learn is bounded by the scopes it is registered for, however it asks.
        """
        hidden = CLAIM_NAMES - scope_claims(scope)
        return ClaimsRequest(
            userinfo={n: demand for n, demand in self.userinfo.items() if base_name(n) not in hidden},
            id_token={n: demand for n, demand in self.id_token.items() if base_name(n) not in hidden},
            locales=self.locales,
        )

    def as_json(self) -> dict[str, JsonValue]:
        """Return the JSON object that parses to this request."""
        locales: dict[str, JsonValue] = {"locales": list(self.locales)} if self.locales else {}
        return locales | {
            place: {
                name: {"essential": demand.essential, "values": list(demand.values)}
                for name, demand in demands.items()
            }
            for place, demands in (("userinfo", self.userinfo), ("id_token", self.id_token))
            if demands
        }

    def __str__(self) -> str:
        """Return the canonical text, for storage; `parse` reads it back."""
        return json.dumps(self.as_json(), ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def _locales(member: JsonValue) -> tuple[str, ...]:
    return tuple(str(each) for each in member) if isinstance(member, list) else ()


def locales_of(text: str | None) -> tuple[str, ...]:
    """Return the languages of `claims_locales`, the first few; what is none is ignored (Core 5.2)."""
    found = [tag for tag in (text or "").split() if _LANGUAGE_TAG.fullmatch(tag)]
    return tuple(dict.fromkeys(found))[:MAX_LOCALES]


def _demands(member: JsonValue) -> dict[str, ClaimDemand]:
    if member is None:
        return {}
    if not isinstance(member, dict):
        message = "claims.userinfo and claims.id_token must be JSON objects"
        raise ClaimsParameterInvalid(message)
    return {name: _demand(value) for name, value in member.items()}


def _demand(value: JsonValue) -> ClaimDemand:
    if value is None:
        return ClaimDemand()
    if not isinstance(value, dict):
        message = "each requested claim must be null or a JSON object"
        raise ClaimsParameterInvalid(message)
    values = value.get("values")
    if values is None:
        values = [value["value"]] if "value" in value else []
    essential = value.get("essential", False)
    if not isinstance(values, list) or not isinstance(essential, bool):
        message = "essential must be true or false, values an array"
        raise ClaimsParameterInvalid(message)
    return ClaimDemand(essential=essential, values=tuple(v for v in values if isinstance(v, _SCALARS)))


def scope_claims(scope: frozenset[str]) -> frozenset[str]:
    """Return the names of the claims that a scope asks for."""
    return frozenset(name for value in scope for name in SCOPE_CLAIMS.get(value, ()))


def base_name(name: str) -> str:
    """Return a claim's name without its language tag (Core 5.2)."""
    return name.partition("#")[0]


def release(
    known: Mapping[str, JsonValue], names: frozenset[str], asked: ClaimsRequest, place: str
) -> dict[str, JsonValue]:
    """Return what is known of the named claims, and of those demanded at a place: userinfo or id_token.

    Unknown names are ignored, also essential ones (Core 5.5.1). A claim that is demanded with a particular
    value, and has another one, is not what was asked for. Names, and languages of names, are compared
    without case in the tag.
    """
    demands = asked.id_token if place == "id_token" else asked.userinfo
    demanded = {_folded(name): demand for name, demand in demands.items() if base_name(name) in CLAIM_NAMES}
    wanted = names | {_folded(f"{name}#{locale}") for name in names for locale in asked.locales}
    released = {name: _typed(name, value) for name, value in known.items() if value not in (None, "")}
    return {
        name: value
        for name, value in released.items()
        if _folded(name) in wanted or _meets(value, demanded.get(_folded(name)))
    }


def _folded(name: str) -> str:
    """A name whose language tag is in lower case (BCP 47 2.1.1)."""
    base, mark, tag = name.partition("#")
    return f"{base}{mark}{tag.lower()}"


def _meets(value: JsonValue, demand: ClaimDemand | None) -> bool:
    return demand is not None and (not demand.values or value in demand.values)


def _typed(name: str, value: JsonValue) -> JsonValue:
    """Return the value with the JSON type of Core 5.1: directories and commands know only texts."""
    if not isinstance(value, str):
        return value
    name = base_name(name)
    if name in _BOOLEAN_CLAIMS:
        return value.strip().lower() in {"true", "1", "yes"}
    if name == "address":
        return {"formatted": value}
    if name == "updated_at" and value.isascii() and value.isdigit():
        return int(value)
    return value
