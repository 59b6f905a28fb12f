"""Accounts side by side: a row a fact, a column an account, for an officer who decides whose they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from admin.language import Language, plain
from admin.people_wording import ACCOUNT_FIELDS, ACCOUNT_KINDS

_TIMES = ("state_checked_at", "disabled_at")


@dataclass(frozen=True, slots=True)
class Row:
    """One fact: its name, and what each account says, "" where nothing is known."""

    name: str
    label: str
    values: Sequence[str]


def rows(
    accounts: Sequence[Mapping[str, Any] | None],
    language: Language,
    entries: Sequence[Mapping[str, Any]] = (),
) -> list[Row]:
    """Return the facts that are known of at least one account; `entries` are the directory's of each."""
    columns = [
        _facts(account or {}, entries[index] if entries else {}, language)
        for index, account in enumerate(accounts)
    ]
    return [
        Row(name, language.gettext(label), values)
        for name, label in ACCOUNT_FIELDS.items()
        if any(values := [column.get(name, "") for column in columns])
    ]


def _facts(account: Mapping[str, Any], entry: Mapping[str, Any], language: Language) -> dict[str, str]:
    told = {**entry, **account, **account.get("said", {})}
    facts = {name: plain(str(told[name])) for name in ACCOUNT_FIELDS if told.get(name)}
    facts |= {name: language.moment(str(account[name])) for name in _TIMES if account.get(name)}
    if account.get("kind") in ACCOUNT_KINDS:
        facts["kind"] = language.gettext(ACCOUNT_KINDS[account["kind"]])
    return facts
