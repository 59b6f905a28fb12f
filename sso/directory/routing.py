"""Which door a login name opens: the citizen's password or exactly one department's directory.

A typed password is never tried against several directories: that would hand each department's passwords
to the others. So a name is routed by its realm, the domain behind its last `@`, before anything is asked.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from sso.directory.settings import DirectorySettings

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


@dataclass(frozen=True, slots=True)
class DirectoryRoute:
    """The name belongs to one department; `login_name` is what its login attribute is searched for."""

    directory: DirectorySettings
    login_name: str


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


def check_realms(directories: Sequence[DirectorySettings]) -> None:
    """Raise ValueError when a realm is no domain, or two directories share a realm or an id."""
    owners: dict[str, str] = {}
    ids: set[str] = set()
    for directory in directories:
        if directory.id in ids:
            msg = f"two directories have the id {directory.id!r}"
            raise ValueError(msg)
        ids.add(directory.id)
        for realm in directory.realms:
            owner = owners.setdefault(normalise_realm(realm), directory.id)
            if owner != directory.id:
                msg = f"the realm {realm!r} is claimed by {owner!r} and by {directory.id!r}"
                raise ValueError(msg)


def route(login_name: str, directories: Sequence[DirectorySettings]) -> CitizenRoute | DirectoryRoute:
    """Split a login name. The realm must match whole: `civil.example.evil` is not `civil.example`.

    Raises ValueError when the name itself is refused by `normalise_login_name`.
    """
    name = normalise_login_name(login_name)
    local_part, _, typed_realm = name.rpartition("@")
    directory = _owner_of(typed_realm, directories) if local_part.strip() else None
    if directory is None:
        return CitizenRoute(name)
    searched = name if directory.login_attribute.lower() in _ATTRIBUTES_WITH_REALM else local_part.strip()
    return DirectoryRoute(directory, searched)


def counted_name(where: CitizenRoute | DirectoryRoute) -> str:
    """The text under which attempts are counted and recorded: one name in two departments is two names."""
    if isinstance(where, CitizenRoute):
        return where.login_name
    return f"{where.login_name}\0{where.directory.id}"


def _owner_of(typed_realm: str, directories: Sequence[DirectorySettings]) -> DirectorySettings | None:
    try:
        realm = normalise_realm(typed_realm)
    except ValueError:
        return None
    owners = [d for d in directories if realm in {normalise_realm(own) for own in d.realms}]
    return owners[0] if len(owners) == 1 else None
