"""The part of the log that a system receives: its own, and nothing by which people could be linked."""

import dataclasses

import pytest

from sso.audit.entry import entry_of, public_record
from sso.audit.event import EVENT_CLASSES, AuditSearched, NodeStarted, SessionCreated, TokenIssued
from sso.audit.event.identity import AccountLinked, PeopleLookedUp
from sso.audit.event.synchronisation import AccountPurged, DirectorySynchronised
from sso.audit.record import AuditEvent, AuditRecord, Origin, record_of
from sso.audit.slice import LogSlice, accounts_in, means
from tests.audit.test_ocsf import NOW, sample

CLERK, OTHER, CITIZEN, OFFICER = ("c" * 22, "o" * 22, "z" * 22, "f" * 22)
DIRECTORIES = {CLERK: "civil", OTHER: "tax", CITIZEN: None, OFFICER: "tax"}
CIVIL = LogSlice(directory_id="civil")


def session_of(account_id: str, actor: str | None = None) -> AuditRecord:
    event = SessionCreated(account_id=account_id, session_id="s", expires_at=NOW)
    return record_of(event, Origin(actor=actor), NOW)


def of(event: AuditEvent) -> AuditRecord | None:
    return CIVIL.of(record_of(event, Origin(), NOW), DIRECTORIES)


def fields_of(kind: type[AuditEvent]) -> set[str]:
    return {field.name for field in dataclasses.fields(kind)}


def test_a_department_receives_what_is_about_its_clerks_and_its_directory() -> None:
    own = session_of(CLERK)

    assert CIVIL.of(own, DIRECTORIES) == own
    assert of(DirectorySynchronised(directory_id="civil", run=1, kind="full", counts={})) is not None


@pytest.mark.parametrize("account_id", [OTHER, CITIZEN, "x" * 22], ids=["tax", "citizen", "unknown"])
def test_it_receives_nothing_about_anybody_else(account_id: str) -> None:
    assert CIVIL.of(session_of(account_id), DIRECTORIES) is None


def test_of_an_account_that_is_gone_it_receives_what_names_the_directory() -> None:
    def purged(directory_id: str) -> AuditRecord | None:
        gone = "x" * 22
        return of(AccountPurged(account_id=gone, person_id="p", directory_id=directory_id, source="sync"))

    assert purged("civil") is not None
    assert purged("tax") is None


def test_it_receives_nothing_of_nobodys_and_nothing_of_another_directory() -> None:
    assert of(NodeStarted(node="n", version="1")) is None
    assert of(DirectorySynchronised(directory_id="tax", run=1, kind="full", counts={})) is None


def test_it_receives_nothing_that_its_own_officers_looked_for() -> None:
    """Whatever keeps the question, and whatever was opened: it may name anybody."""
    looks = [kind for kind in EVENT_CLASSES if "query" in fields_of(kind) or kind.code.endswith(".viewed")]
    by_clerks = [kind for kind in looks if "account_id" in fields_of(kind)]

    told = [dataclasses.replace(sample(kind, bare=False), account_id=CLERK) for kind in by_clerks]

    assert {AuditSearched, PeopleLookedUp} < set(by_clerks)
    assert [event.code for event in told if of(event) is not None] == []


def test_it_learns_of_no_request_that_another_department_has_a_part_of() -> None:
    """One decision of an officer may move accounts of two departments in one request."""
    event = SessionCreated(account_id=CLERK, session_id="s", expires_at=NOW)
    told = CIVIL.of(record_of(event, Origin(request_id="r", trace_id="t"), NOW), DIRECTORIES)

    assert told is not None
    assert (told.origin.request_id, told.origin.trace_id) == (None, None)


def test_it_learns_of_no_other_account_of_a_person() -> None:
    linked = AccountLinked(account_id=CLERK, person_id="p", rule="officer", linked_account_id=CITIZEN)

    told = of(linked)

    assert told is not None
    assert dict(told.detail) == {"rule": "officer"}


@pytest.mark.parametrize(("actor", "told"), [(CLERK, CLERK), (OFFICER, None), ("worker", "worker")])
def test_it_learns_who_acted_only_of_its_own_and_of_the_hub(actor: str, told: str | None) -> None:
    own = CIVIL.of(session_of(CLERK, actor), DIRECTORIES)

    assert own is not None
    assert own.origin.actor == told


def test_everything_given_must_be_so() -> None:
    record = session_of(CLERK)

    assert LogSlice().of(record, {}) is record
    assert LogSlice(("auth.", "session.*")).of(record, {}) is record
    assert LogSlice(("auth.*",)).of(record, {}) is None
    assert LogSlice(client_id="housing").of(record, {}) is None
    assert LogSlice(("auth.*",), directory_id="civil").of(record, DIRECTORIES) is None


def test_an_application_receives_what_the_body_tells_and_nothing_that_officers_looked_for() -> None:
    """The hub's id of an account is the same for every application."""
    own = LogSlice(client_id="housing", bodies_only=True)
    origin = Origin(address="192.0.2.7", user_agent="Firefox", actor=OFFICER, request_id="r")
    token = dataclasses.replace(sample(TokenIssued, bare=False), client_id="housing", account_id=CITIZEN)
    record = record_of(token, origin, NOW)

    told = own.of(record, {})

    assert told == public_record(entry_of(record).body)
    assert CITIZEN not in str(told)
    assert own.of(dataclasses.replace(record, client_id="tax"), {}) is None
    assert own.of(dataclasses.replace(record, event="audit.slice.pulled"), {}) is None
    assert own.of(dataclasses.replace(record, event="person.viewed"), {}) is None


def test_a_family_ends_at_its_dot() -> None:
    assert means("auth.*", "auth.login.success")
    assert means("auth.login.success", "auth.login.success")
    assert not means("auth", "auth.login.success")
    assert not means("auth.", "authz.request.accepted")


def test_only_accounts_have_a_directory_to_look_up() -> None:
    assert accounts_in(session_of(CLERK, "worker")) == {CLERK}
    assert accounts_in(session_of(CLERK, OFFICER)) == {CLERK, OFFICER}
