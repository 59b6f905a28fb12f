"""An account as a people manager sees it, to tell two humans apart: what it says of its holder."""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict, Field

from sso.authentication.stores import Stores
from sso.directory.department import Department
from sso.directory.person import Account

SAID = ("name", "email", "phone_number", "department", "title")
"""Claims by which an officer compares two accounts; the rest is left out."""


class AccountDocument(BaseModel):
    """An account with what its directory, or the citizen, last said of its holder.

    `state_checked_at` is when its directory last said that it is in use; null for a citizen.
    """

    model_config = ConfigDict(extra="forbid")

    account_id: str
    person_id: str
    kind: str
    login_name: str
    directory_id: str | None
    directory_name: str | None
    said: dict[str, str] = Field(description=f"Of the claims {', '.join(SAID)}, those that are known.")
    disabled_at: str | None
    disabled_for: str | None
    state_checked_at: str | None


class AccountsFound(BaseModel):
    """The accounts that match and, beside each, the other accounts of the same person."""

    accounts: list[AccountDocument]
    matching: list[str] = Field(description="Ids of those that were asked for.")


def account_document(account: Account, names: Mapping[str, str]) -> AccountDocument:
    """Return an account; `names` are the directories' by id."""
    checked, disabled = account.state_checked_at, account.disabled_at
    known = {name: account.text_claim(name) for name in SAID}
    return AccountDocument(
        account_id=account.id,
        person_id=account.person_id,
        kind=account.kind.value,
        login_name=account.login_name,
        directory_id=account.directory_id,
        directory_name=names.get(account.directory_id or ""),
        said={name: value for name, value in known.items() if value},
        disabled_at=None if disabled is None else disabled.isoformat(),
        disabled_for=None if account.disabled_for is None else account.disabled_for.value,
        state_checked_at=None if checked is None else checked.isoformat(),
    )


def directory_names(directories: Sequence[Department]) -> dict[str, str]:
    """Return what the directories are called, by their ids."""
    return {directory.id: directory.name for directory in directories}


def with_their_persons(
    matching: Sequence[Account], stores: Stores, directories: Sequence[Department]
) -> AccountsFound:
    """Return accounts and every other one of the same persons, person by person."""
    names = directory_names(directories)
    persons = dict.fromkeys(account.person_id for account in matching)
    whole = [account for person_id in persons for account in stores.people.accounts_of(person_id)]
    return AccountsFound(
        accounts=[account_document(account, names) for account in whole],
        matching=[account.id for account in matching],
    )
