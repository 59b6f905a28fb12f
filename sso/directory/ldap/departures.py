"""Which of some known people may still use their accounts: asked by immutable id, never by name or DN.

Absent is not unreachable: nobody counts as gone unless the same server answered completely and shows other
people of the directory. An empty replica or lost rights are a fault of the directory, not of its people.
Where the server refers to another one for a part of the tree, whoever it does not show is not judged.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sso.directory.account_state import departure_of, state_attributes
from sso.directory.entry import canonical_id_text
from sso.directory.filters import AllOf, people
from sso.directory.ldap.deadline import Deadline
from sso.directory.ldap.lookup import by_id, with_ids
from sso.directory.ldap.messages import Question
from sso.directory.ldap.root_dse import root_dse_of
from sso.directory.ldap.server import LdapServer, Misconfigured
from sso.directory.person import Departure
from sso.directory.settings import DirectorySettings

Departures = dict[str, Departure | None]
"""By immutable id; None where the account may be used. Missing: no id, or perhaps on another server."""


def departures_on(
    settings: DirectorySettings,
    server: LdapServer,
    immutable_ids: Sequence[str],
    deadline: Deadline,
    now: datetime,
) -> Departures:
    """What one server says of IDS_PER_FILTER people at most.

    Raises:
        Unreachable: it does not answer in time.
        Misconfigured: it answers what cannot be true, or refuses.
    """
    immutable_ids = [key for key in immutable_ids if _is_id(settings, key)]
    if not immutable_ids:
        return {}
    everybody = AllOf(people(settings.person_filter))
    question = Question(
        base_dn=settings.base_dn,
        condition=AllOf((everybody, with_ids(settings, immutable_ids))),
        attributes=(settings.preset.immutable_attribute, *state_attributes(settings.vendor)),
        domain_scope=settings.preset.domain_scope,
        page_size=len(immutable_ids) + 1,
    )
    answer = server.search_all(question, deadline)
    known = dict(by_id(settings, answer.entries))
    said: Departures = {
        key: departure_of(entry.attributes, settings.vendor, now) for key, entry in known.items()
    }
    absent = [key for key in immutable_ids if key not in said]
    if absent and not said:
        _require_somebody(server, replace(question, condition=everybody, page_size=0), deadline)
    if absent:
        elsewhere = _elsewhere(settings, server, question, absent, deadline)
        said |= dict.fromkeys(elsewhere, Departure.MOVED)
        if not answer.referred:
            said |= dict.fromkeys(set(absent) - elsewhere, Departure.GONE)
    return said


def _require_somebody(server: LdapServer, question: Question, deadline: Deadline) -> None:
    answer = server.search(question, deadline)
    if not answer.entries:
        message = f"nobody is found below {question.base_dn}: nobody is taken for gone"
        raise Misconfigured(message)


def _elsewhere(
    settings: DirectorySettings,
    server: LdapServer,
    question: Question,
    absent: Sequence[str],
    deadline: Deadline,
) -> set[str]:
    """Those absent of whom an entry is left, outside of filter or base, as far as the account may see."""
    wider = replace(
        question,
        condition=with_ids(settings, absent),
        attributes=(settings.preset.immutable_attribute,),
        base_dn=_suffix_of(settings.base_dn, server, deadline),
    )
    try:
        found = server.search_all(wider, deadline).entries
    except Misconfigured:  # the service account may look only below its own base
        return set()
    return {key for key, _ in by_id(settings, found)} & set(absent)


def _suffix_of(base_dn: str, server: LdapServer, deadline: Deadline) -> str:
    """The suffix of the server that holds the base; the base itself when it shows none."""
    return server.as_service(lambda session: root_dse_of(session, deadline), deadline).suffix_of(base_dn)


def _is_id(settings: DirectorySettings, immutable_id: str) -> bool:
    """Whether an answer could name this id: another spelling of one would pass for absent."""
    return canonical_id_text(settings.preset.id_format, immutable_id) == immutable_id
