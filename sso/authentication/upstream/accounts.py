"""The account of somebody whom an upstream vouches for: found by (upstream, identifier) and by nothing else.

Never by an equal mail address or name: those are changed and re-used, and an upstream states them of people
whom this hub knows otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sso.audit.event import AccountCreated, AccountUpdated
from sso.audit.record import JsonValue
from sso.authentication.upstream.settings import UpstreamSettings
from sso.authentication.upstream.stores import Stores
from sso.directory.entry import canonical_id_text
from sso.directory.mapping import claims_by_rules
from sso.directory.person import Account, AccountKind, ClaimValue, Person
from sso.oidc.digest import new_id

SOURCE = "upstream"
MAX_IDENTIFIER = 255


class NobodyNamed(Exception):
    """The upstream's answer lacks the claim that is the key of an account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouchee:
    """Somebody whom an upstream vouches for: the claims that it made, ID token and userinfo together."""

    settings: UpstreamSettings
    said: Mapping[str, JsonValue] = field(repr=False)

    @property
    def identifier(self) -> str:
        """The claim that never changes; a directory's immutable id in the one spelling that the hub uses.

        Raises:
            NobodyNamed: it is missing, no short text, or no id as that directory writes them.
        """
        value = self.said.get(self.settings.identifier)
        if not isinstance(value, str) or not 0 < len(value.strip()) or len(value) > MAX_IDENTIFIER:
            raise NobodyNamed(f"{self.settings.identifier} is missing or not a short text")
        if (directory := self.settings.directory) is None:
            return value
        canonical = canonical_id_text(directory.preset.id_format, value)
        if canonical is None:
            raise NobodyNamed(f"{self.settings.identifier} is no immutable id of {directory.id}")
        return canonical

    def claims(self) -> dict[str, ClaimValue]:
        """The claims of the account, by the operator's rules."""
        made: dict[str, ClaimValue] = {**claims_by_rules(self.settings.rules, self._first)}
        if (directory := self.settings.directory) is not None:
            made |= {"directory": directory.id, "directory_name": directory.name}
        return made

    def _first(self, name: str) -> bytes | None:
        """Read a claim as text: a list by its first, a member of an object by `address.locality`."""
        value: JsonValue = self.said
        for part in [name] if name in self.said else name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if isinstance(value, list):
            value = value[0] if value else None
        if isinstance(value, bool) or not isinstance(value, str | int):
            return None
        return str(value).encode("utf-8", "replace")


def account_of(vouchee: Vouchee, stores: Stores, now: datetime) -> Account | None:
    """Return the account, in step with what the upstream says today; None where unknown people stay out.

    None too for somebody of a directory who was purged, and for whom the tie to the account just ended.

    Raises:
        NobodyNamed: the answer lacks the key.
    """
    settings, identifier = vouchee.settings, vouchee.identifier
    known = stores.upstreams.account_of(settings.id, identifier)
    if known is not None:
        stores.people.lock_account(known)  # who unties it waits, or has just done so
        account = stores.people.account(known)
        if account is None or stores.upstreams.account_of(settings.id, identifier) != known:
            return None
        return _refreshed(account, vouchee, stores, now)
    if settings.directory is not None:
        clerk = stores.people.staff(settings.directory.id, identifier)
        if clerk is not None:
            return _refreshed(clerk, vouchee, stores, now)
        if stores.register.is_purged(settings.directory.id, identifier):
            return None
    if not settings.just_in_time:
        return None
    return _created(vouchee, stores, now)


def _refreshed(account: Account, vouchee: Vouchee, stores: Stores, now: datetime) -> Account | None:
    directory = vouchee.settings.directory
    made_there = is_made_there(account, vouchee.settings)
    if directory is None and not made_there:
        return account  # the person tied it: what the hub knows of them stands
    # What this upstream says nothing of today stays: it may be there because the person allowed less.
    before, claims = dict(account.claims), vouchee.claims()
    if directory is not None and not made_there:
        # The directory has named its clerk: what it says stands, and of the rest the upstream may speak.
        claims = {name: claims[name] for name in claims if name not in before.keys() & directory.rules.keys()}
    changed = {name for name, value in claims.items() if before.get(name) != value}
    if not changed:
        return account
    stores.people.update_account(account.id, account.login_name, {**before, **claims}, now)
    stores.audit.append(
        AccountUpdated(account_id=account.id, claims_changed=frozenset(changed), source=SOURCE), now
    )
    return stores.people.account(account.id)


def is_made_there(account: Account, settings: UpstreamSettings) -> bool:
    """Whether an account was made at a sign-in there, so that its claims follow what the upstream says."""
    return account.login_name.startswith(_made_up(settings))


def _made_up(settings: UpstreamSettings) -> str:
    """How the name of an account begins that nobody chose, until a directory names its clerk."""
    return f"{settings.id}:"


def _created(vouchee: Vouchee, stores: Stores, now: datetime) -> Account | None:
    """Make person and account; of two first sign-ins at once one makes them, the other finds them."""
    settings, identifier, claims = vouchee.settings, vouchee.identifier, vouchee.claims()
    account_id = new_id()
    if not stores.upstreams.link(settings.id, identifier, account_id, now):
        known = stores.upstreams.account_of(settings.id, identifier)
        return stores.people.account(known) if known is not None else None
    login_name = _made_up(settings) + new_id().lower()  # nobody chose it, and no password goes with it
    directory = settings.directory
    name = claims.get("name")
    person = Person(
        id=new_id(), name=name if isinstance(name, str) else login_name, disabled_at=None, roles=frozenset()
    )
    account = Account(
        id=account_id,
        person_id=person.id,
        kind=AccountKind.CITIZEN if directory is None else AccountKind.STAFF,
        login_name=login_name,
        directory_id=None if directory is None else directory.id,
        immutable_id=None if directory is None else identifier,
        claims=claims,
        disabled_at=None,
    )
    stores.people.add_person(person)
    stores.people.add_account(account, now)
    event = AccountCreated(
        account_id=account.id,
        person_id=person.id,
        kind=account.kind.value,
        source=SOURCE,
        directory_id=account.directory_id,
        upstream_id=settings.id,
    )
    stores.audit.append(event, now)
    return account
