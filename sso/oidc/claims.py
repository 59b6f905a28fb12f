"""Claims about a person: which scope asks for which, and the `claims` parameter.

OpenID Connect Core 5.1 (standard claims), 5.4 (scopes), 5.5 (the claims parameter).
"""

import json
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
    "groups": ("groups", "roles"),
}
"""Claims per scope. Two are ours: `department` (citizen or staff, and where a clerk works) and `groups` (a
clerk's groups and roles, as far as the department's directory is set to release them).
"""

PROTOCOL_SCOPES = ("openid", "offline_access")
_BOOLEAN_CLAIMS = frozenset({"email_verified", "phone_number_verified"})
_SCALARS = (str, bool, int, float)  # a demanded value that is an object or array is never met, nor kept
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
    """A parsed claims parameter: demands per claim name for each place of delivery."""

    userinfo: Mapping[str, ClaimDemand] = field(default_factory=dict)
    id_token: Mapping[str, ClaimDemand] = field(default_factory=dict)

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
        return cls(userinfo=_demands(whole.get("userinfo")), id_token=_demands(whole.get("id_token")))

    @property
    def names(self) -> frozenset[str]:
        """Every claim about the person that is asked for by name and that the hub knows."""
        return frozenset(self.userinfo) & CLAIM_NAMES | frozenset(self.id_token) & CLAIM_NAMES

    def within(self, scope: frozenset[str]) -> "ClaimsRequest":
        """Return the request without claims about the person that none of these scopes speaks of.

        What a client may learn is bounded by the scopes it is registered for, however it asks.
        """
        hidden = CLAIM_NAMES - scope_claims(scope)
        return ClaimsRequest(
            userinfo={name: demand for name, demand in self.userinfo.items() if name not in hidden},
            id_token={name: demand for name, demand in self.id_token.items() if name not in hidden},
        )

    def as_json(self) -> dict[str, JsonValue]:
        """Return the JSON object that parses to this request."""
        return {
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


def release(
    known: Mapping[str, JsonValue], names: frozenset[str], demands: Mapping[str, ClaimDemand]
) -> dict[str, JsonValue]:
    """Return what is known of the named claims and the demanded ones; unknown names are ignored."""
    wanted = names | (frozenset(demands) & CLAIM_NAMES)
    return {
        name: _typed(name, value)
        for name, value in known.items()
        if name in wanted and value not in (None, "")
    }


def _typed(name: str, value: JsonValue) -> JsonValue:
    """Return the value with the JSON type of Core 5.1: directories and commands know only texts."""
    if not isinstance(value, str):
        return value
    if name in _BOOLEAN_CLAIMS:
        return value.strip().lower() in {"true", "1", "yes"}
    if name == "address":
        return {"formatted": value}
    if name == "updated_at" and value.isascii() and value.isdigit():
        return int(value)
    return value
