"""A department without LDAP: it brings its people over SCIM 2.0 (RFC 7643, RFC 7644), and the hub keeps them.

Attributes are named as RFC 7644 3.10 writes them: `userName`, `name.familyName`, an extension's with its URN.
A multi-valued attribute alone (`emails`) is its primary value, else its first.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from sso.audit.record import JsonValue
from sso.directory.claim_rules import ClaimRule, rule_of
from sso.directory.entry import Entry
from sso.directory.groups import Group, check_released
from sso.directory.routing import DirectoryRoute, normalise_login_name, route
from sso.directory.settings import DIRECTORY_ID, RESERVED_CLAIMS

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
DEFAULT_MAPPING: Mapping[str, str | ClaimRule] = MappingProxyType(
    {
        "name": ClaimRule(first=("displayName", "name.formatted", "userName")),
        "given_name": "name.givenName",
        "family_name": "name.familyName",
        "middle_name": "name.middleName",
        "nickname": "nickName",
        "preferred_username": "userName",
        "email": "emails",
        "phone_number": "phoneNumbers",
        "title": "title",
        "department": f"{ENTERPRISE}:department",
        "locale": "locale",
        "zoneinfo": "timezone",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScimGroups:
    """From a group's displayName to the value that the claims `groups` and `roles` hold.

    Raises ValueError with a sentence for the administrator.
    """

    released: Mapping[str, str] = field(default_factory=dict, hash=False)
    roles: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        check_released(self.released, self.roles)
        for name in (*self.released, *self.roles):
            if "=" in name:  # a DN to `released`, which no group over SCIM has
                msg = f"{name!r} is no displayName of a group: over SCIM a group is named, and has no DN"
                raise ValueError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScimSettings:
    """A department whose people come over SCIM; fields are those of `DirectorySettings` where it has them.

    With `bound_tokens_only` a provisioning client is believed only with a token that is bound to its key.
    Raises ValueError with a sentence for the administrator.
    """

    id: str
    name: str
    realms: tuple[str, ...]
    display_names: Mapping[str, str] = field(default_factory=dict, hash=False)
    mapping: Mapping[str, str | ClaimRule] = field(default_factory=dict, hash=False)
    groups: ScimGroups | None = None
    bound_tokens_only: bool = False
    rules: Mapping[str, ClaimRule] = field(init=False, hash=False)

    def __post_init__(self) -> None:
        mapping = self.mapping or DEFAULT_MAPPING
        rules = {claim: rule_of(told) for claim, told in mapping.items()}
        object.__setattr__(self, "rules", MappingProxyType(rules))
        if not DIRECTORY_ID.fullmatch(self.id):
            msg = "the id of a directory is made of lower-case letters, digits and hyphens"
            raise ValueError(msg)
        if not self.realms:
            msg = f"directory {self.id!r} needs at least one realm"
            raise ValueError(msg)
        for claim in rules:
            if claim in RESERVED_CLAIMS:
                msg = f"the claim {claim!r} is stated by the hub alone and cannot be mapped"
                raise ValueError(msg)

    @property
    def upn_suffixes(self) -> tuple[str, ...]:
        """None: realms do for names that the hub itself looks up."""
        return ()

    @property
    def mail_domains(self) -> tuple[str, ...]:
        """None, likewise."""
        return ()

    @property
    def login_attribute(self) -> str:
        """What clerks sign in with, before the realm."""
        return "userName"

    @property
    def warn_days(self) -> int:
        """Passwords that the hub keeps never end by time (NIST SP 800-63B-4 3.1.1.2)."""
        return 0

    @property
    def keeps_passwords(self) -> bool:
        """The hub keeps them, as argon2 hashes."""
        return False

    @property
    def changes_passwords(self) -> bool:
        """Always: whoever was given a password must choose one of their own."""
        return True

    def display_name(self, language_tag: str) -> str:
        """The department's name in that language, else the plain name."""
        return self.display_names.get(language_tag, self.name)

    def login_name(self, user_name: str) -> str:
        """The name under which a userName signs in here: without this department's realm.

        Raises:
            ValueError: it is no sign-in name.
        """
        found = route(user_name, (self,))
        return found.login_name if isinstance(found, DirectoryRoute) else normalise_login_name(user_name)


def values_of(attributes: Mapping[str, JsonValue]) -> dict[str, tuple[str, ...]]:
    """Every text of a resource by its attribute's path; of several values the primary one first."""
    found: dict[str, list[str]] = {}
    for path, text in _texts("", attributes):
        found.setdefault(path, []).append(text)
    return {path: tuple(texts) for path, texts in found.items()}


def entry_of(
    settings: ScimSettings, resource_id: str, attributes: Mapping[str, JsonValue], groups: Sequence[str]
) -> Entry:
    """The user as a directory entry, so that the same rules make the same claims of it.

    Raises:
        ValueError: the userName is no sign-in name.
    """
    found = values_of(attributes)
    raw = {
        path.lower(): tuple(one.encode("utf-8", "replace") for one in texts) for path, texts in found.items()
    }
    return Entry(
        directory_id=settings.id,
        immutable_id=resource_id,
        dn="",
        login_name=settings.login_name(found["userName"][0]),
        attributes=raw,
        groups=tuple(Group("", name) for name in groups),
    )


def _texts(path: str, value: JsonValue) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for name, member in value.items():
            yield from _texts(_joined(path, name), member)
    elif isinstance(value, Sequence):
        for one in sorted(value, key=_is_primary, reverse=True):
            yield from _of_one(path, one)


def _of_one(path: str, one: JsonValue) -> Iterator[tuple[str, str]]:
    yield from _texts(path, one)
    if isinstance(one, Mapping) and isinstance(one.get("value"), str):
        yield from _texts(path, one["value"])


def _joined(path: str, name: str) -> str:
    """An attribute of an extension follows its URN after a colon (RFC 7644 3.10)."""
    if not path:
        return name
    return f"{path}:{name}" if path.startswith("urn:") and path.endswith(":User") else f"{path}.{name}"


def _is_primary(one: JsonValue) -> bool:
    return isinstance(one, Mapping) and one.get("primary") is True
