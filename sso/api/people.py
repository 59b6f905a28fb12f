"""Find the accounts of people for an auditor: by sign-in name, or by account id. Names only, no claims."""

import re
from collections.abc import Collection, Sequence
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from sso.api.audit_documents import PersonDocument
from sso.api.audit_parameters import Identifier, Look, Reason
from sso.api.flaw import Flaw, Flawed
from sso.api.operation import Nothing
from sso.audit.record import JsonValue
from sso.authentication.stores import Stores
from sso.directory.department import Department
from sso.directory.person import Account
from sso.directory.routing import CitizenRoute, counted_name, normalise_login_name, route
from sso.hub import Hub

_ID = re.compile(r"[A-Za-z0-9_-]{22}")


def _login_name(value: str) -> str:
    try:
        return normalise_login_name(value)
    except ValueError as error:
        raise Flawed(Flaw.NOT_A_LOGIN_NAME, str(error)) from error


LoginName = Annotated[str, AfterValidator(_login_name)]


class PeopleAsked(Nothing):
    """Exactly one of the two."""

    model_config = ConfigDict(extra="forbid")

    login_name: LoginName | None = Field(
        None,
        description="As typed at sign-in: tuya, or bolor@civil.example; bolor alone asks every directory.",
    )
    account_id: Identifier | None = None
    reason: Reason | None = None

    @model_validator(mode="after")
    def _one(self) -> "PeopleAsked":
        if (self.login_name is None) == (self.account_id is None):
            raise Flawed(Flaw.NOT_ONE_OF_TWO, "give login_name or account_id")
        return self


class PeopleSought(Look, PeopleAsked):
    """The same of an auditor, who reads the log with what they find."""


def people_found(
    asked: PeopleAsked, stores: Stores, directories: Sequence[Department]
) -> list[PersonDocument]:
    """Return the accounts that match and the other accounts of the same persons."""
    persons = dict.fromkeys(account.person_id for account in accounts_asked_for(asked, stores, directories))
    return [each for person_id in persons for each in accounts_of_person(person_id, stores, directories)]


def accounts_asked_for(
    asked: PeopleAsked, stores: Stores, directories: Sequence[Department]
) -> list[Account]:
    """Return the accounts that match; a name without a realm may match in several directories."""
    if asked.account_id is None:
        return _named(asked.login_name or "", stores, directories)
    account = stores.people.account(asked.account_id)
    return [] if account is None else [account]


def looks(asked: PeopleAsked, hub: Hub, shown: Collection[str]) -> list[dict[str, JsonValue]]:
    """Return how a look is recorded: once for each account shown; of nobody, by what was asked for.

    What cannot be an id is a name that somebody typed into the wrong field: it is recorded as names are.
    """
    named, account_id = asked.login_name, asked.account_id
    if not shown and account_id is not None and not _ID.fullmatch(account_id):
        named, account_id = account_id, None
    name: dict[str, JsonValue] = {} if named is None else {"name_hmac": name_hmac(named, hub)}
    ids = list(shown) or ([] if account_id is None else [account_id])
    return [{**name, "account_id": each} for each in ids] or [name]


def name_hmac(login_name: str, hub: Hub) -> str:
    """Return a name as failed sign-ins record it, so that a search and what was tried can be joined."""
    try:
        name = counted_name(route(login_name, hub.directories))
    except ValueError:
        name = login_name
    return hub.sign_in.throttle.name_hmac(name)


def accounts_of_person(
    person_id: str, stores: Stores, directories: Sequence[Department]
) -> list[PersonDocument]:
    """Return every account of a person."""
    names = {directory.id: directory.name for directory in directories}
    person = stores.people.person(person_id)
    return [
        PersonDocument(
            account_id=account.id,
            person_id=person_id,
            kind=account.kind.value,
            login_name=account.login_name,
            name=account.text_claim("name") or (person.name if person is not None else ""),
            directory_id=account.directory_id,
            directory_name=names.get(account.directory_id or ""),
        )
        for account in stores.people.accounts_of(person_id)
    ]


def _named(login_name: str, stores: Stores, directories: Sequence[Department]) -> list[Account]:
    routed = route(login_name, directories)
    if isinstance(routed, CitizenRoute):
        citizen = stores.people.citizen(routed.login_name)
        asked = directories
    else:
        citizen, asked = None, (routed.directory,)
    clerks = [a for directory in asked for a in stores.people.staff_named(directory.id, routed.login_name)]
    return clerks if citizen is None else [citizen, *clerks]
