"""Ids that two entries show, and so are nobody's: found before anybody is taken in under one.

The ids of the presets are the server's own, different in each entry (RFC 4530). Any other attribute is
written by people, who copy entries: there everybody who shows an id is looked for by it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from sso.directory.dn import comparable
from sso.directory.entry import Entry
from sso.directory.filters import AllOf, people
from sso.directory.ldap.lookup import (
    IDS_PER_FILTER,
    by_id,
    contested_entries,
    entry_of,
    only_entry,
    question_for,
    with_ids,
)
from sso.directory.ldap.messages import FoundEntry, Question, SearchAnswer
from sso.directory.presets import preset_of
from sso.directory.routing import Name
from sso.directory.settings import DirectorySettings


def can_share(settings: DirectorySettings) -> bool:
    """Whether the id is another attribute than the vendor's."""
    usual = preset_of(settings.vendor).immutable_attribute
    return settings.preset.immutable_attribute.lower() != usual.lower()


def shared_among(
    settings: DirectorySettings,
    found: Sequence[FoundEntry],
    pages: Callable[[Question], Iterable[Sequence[FoundEntry]]],
) -> dict[str, tuple[Entry, ...]]:
    """Ids of these entries that two entries show, by id, with both. Raises what `pages` raises."""
    bearers: dict[str, dict[tuple[str, ...], FoundEntry]] = {}

    def meet(entries: Sequence[FoundEntry]) -> None:
        for key, entry in by_id(settings, entries):
            of_key = bearers.setdefault(key, {})
            if len(of_key) < 2:
                of_key[comparable(entry.dn)] = entry

    if not can_share(settings):
        meet(found)
    else:
        ids = sorted({key for key, _ in by_id(settings, found)})
        for first in range(0, len(ids), IDS_PER_FILTER):
            for page in pages(_bearers_of(settings, ids[first : first + IDS_PER_FILTER])):
                meet(page)
    return {
        key: tuple(entry_of(settings, entry) for entry in sorted(of_key.values(), key=lambda each: each.dn))
        for key, of_key in bearers.items()
        if len(of_key) > 1
    }


def found_alone(
    settings: DirectorySettings, name: Name, search: Callable[[Question], SearchAnswer]
) -> tuple[Entry | None, tuple[Entry, ...]]:
    """The one entry with a name, if its id is nobody else's; and two where the name or the id is theirs.

    Raises Misconfigured when a search fails, and what `search` raises.
    """
    answer = search(question_for(settings, name))
    entry = only_entry(settings, answer)
    if entry is None or not can_share(settings):
        return entry, contested_entries(settings, answer)
    bearers = search(replace(_bearers_of(settings, [entry.immutable_id]), page_size=0))
    alone = only_entry(settings, bearers) is not None
    return entry if alone else None, contested_entries(settings, bearers)


def _bearers_of(settings: DirectorySettings, immutable_ids: Sequence[str]) -> Question:
    return Question(
        base_dn=settings.base_dn,
        condition=AllOf((*people(settings.person_filter), with_ids(settings, immutable_ids))),
        attributes=(settings.preset.immutable_attribute, settings.login_attribute),
        domain_scope=settings.preset.domain_scope,
        page_size=5 * IDS_PER_FILTER,
    )
