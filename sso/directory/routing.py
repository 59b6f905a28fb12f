"""Which door a login name opens: the citizen's password or exactly one department's directory.

A typed password is never tried against several directories: that would hand each department's passwords
to the others. So a name is routed by its realm, the domain behind its last `@`, before anything is asked.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sso.directory.department import Department

LOGIN_NAME_MAX_CHARACTERS = 256

# Categories refused in a login name: control, format (bidi, zero width), surrogate, private, unassigned,
# line and paragraph separator. Two names that look the same must not be two keys.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_FULL_STOPS = str.maketrans({"\u3002": ".", "\uff0e": ".", "\uff61": "."})  # RFC 3490 section 3.1
# Attributes whose values carry the realm themselves; all others hold the part before the `@`.
_ATTRIBUTES_WITH_REALM = frozenset({"userprincipalname", "mail", "krbprincipalname"})


@dataclass(frozen=True, slots=True)
class CitizenRoute:
    """The name belongs to no department."""

    login_name: str


class SearchBy(StrEnum):
    """What a name is of a clerk: the login name, the user principal name, or the mail address."""

    LOGIN = "login"
    UPN = "upn"
    MAIL = "mail"


@dataclass(frozen=True, slots=True)
class Name:
    """A name as one department's directory is searched for it."""

    text: str
    by: SearchBy = SearchBy.LOGIN

    @classmethod
    def of(cls, name: "Name | str") -> "Name":
        """A bare text is a login name."""
        return cls(name) if isinstance(name, str) else name


@dataclass(frozen=True, slots=True)
class DirectoryRoute:
    """The name belongs to one department, whose directory is searched for `name`."""

    directory: Department
    name: Name

    @property
    def login_name(self) -> str:
        """The text that is searched for."""
        return self.name.text


def normalise_login_name(text: str) -> str:
    """The one spelling under which a name is searched, throttled and stored (NFKC and case folding).

    Raises ValueError for an empty name, for control and invisible characters and for more than 256
    characters.
    """
    if len(text) > LOGIN_NAME_MAX_CHARACTERS:
        msg = "a login name has at most 256 characters"
        raise ValueError(msg)
    name = text.strip()
    for _ in range(4):  # folding and composing feed each other; real text settles on the second round
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip()
        if folded == name:
            break
        name = folded
    if any(unicodedata.category(character) in _REFUSED_CATEGORIES for character in name):
        msg = "a login name has no control or invisible characters"
        raise ValueError(msg)
    if not name:
        msg = "a login name is not empty"
        raise ValueError(msg)
    if len(name) > LOGIN_NAME_MAX_CHARACTERS:
        msg = "a login name has at most 256 characters"
        raise ValueError(msg)
    return name


def name_key(login_name: str) -> str | None:
    """The key under which a name that a directory wrote is found; None when nobody could type it."""
    try:
        return normalise_login_name(login_name)
    except ValueError:
        return None


def normalise_realm(text: str) -> str:
    """A domain as compared: IDNA, lower case, without the root's full stop. Raises ValueError."""
    domain = unicodedata.normalize("NFKC", text.strip().translate(_FULL_STOPS)).casefold().removesuffix(".")
    if not domain:
        msg = "a realm is not empty"
        raise ValueError(msg)
    try:
        ascii_domain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        msg = "a realm is a domain name"
        raise ValueError(msg) from error
    if not all(character.isalnum() or character in "-._" for character in ascii_domain):
        msg = "a realm is a domain name"
        raise ValueError(msg)
    return ascii_domain


def check_realms(directories: Sequence[Department]) -> None:
    """Raise ValueError when a domain is none or leads to two places, or two directories share an id."""
    owners: dict[str, tuple[str, SearchBy]] = {}
    ids: set[str] = set()
    for directory in directories:
        if directory.id in ids:
            msg = f"two directories have the id {directory.id!r}"
            raise ValueError(msg)
        ids.add(directory.id)
        for domain, by in _domains(directory):
            owner, owned_by = owners.setdefault(normalise_realm(domain), (directory.id, by))
            if owner != directory.id:
                msg = f"the realm {domain!r} is claimed by {owner!r} and by {directory.id!r}"
                raise ValueError(msg)
            if owned_by is not by:
                msg = f"{domain!r} of {owner!r} may be a realm, a UPN suffix or a mail domain, not several"
                raise ValueError(msg)


def route(login_name: str, directories: Sequence[Department]) -> CitizenRoute | DirectoryRoute:
    """Split a login name. The realm must match whole: `civil.example.evil` is not `civil.example`.

    Raises ValueError when the name itself is refused by `normalise_login_name`.
    """
    name = normalise_login_name(login_name)
    local_part, _, typed_realm = name.rpartition("@")
    owner = _owner_of(typed_realm, directories) if local_part.strip() else None
    if owner is None:
        return CitizenRoute(name)
    directory, by = owner
    whole = by is not SearchBy.LOGIN or directory.login_attribute.lower() in _ATTRIBUTES_WITH_REALM
    return DirectoryRoute(directory, Name(name if whole else local_part.strip(), by))


def with_realm(login_name: str, directory: Department) -> str:
    """The name as the clerks of a directory would write it whole, when its department is known otherwise.

    A name that leads to a department already stays as it is.
    """
    if isinstance(route(login_name, (directory,)), DirectoryRoute):
        return login_name
    return f"{login_name.strip()}@{next(domain for domain, _ in _domains(directory))}"


def counted_name(where: CitizenRoute | DirectoryRoute) -> str:
    """The text under which attempts are counted and recorded: one name in two departments is two names."""
    if isinstance(where, CitizenRoute):
        return where.login_name
    return f"{where.login_name}\0{where.directory.id}"


def _domains(directory: Department) -> Iterator[tuple[str, SearchBy]]:
    yield from ((domain, SearchBy.LOGIN) for domain in directory.realms)
    yield from ((domain, SearchBy.UPN) for domain in directory.upn_suffixes)
    yield from ((domain, SearchBy.MAIL) for domain in directory.mail_domains)


def _owner_of(typed_realm: str, directories: Sequence[Department]) -> tuple[Department, SearchBy] | None:
    try:
        realm = normalise_realm(typed_realm)
    except ValueError:
        return None
    owners = [
        (directory, by)
        for directory in directories
        for domain, by in _domains(directory)
        if normalise_realm(domain) == realm
    ]
    return owners[0] if len(owners) == 1 else None
