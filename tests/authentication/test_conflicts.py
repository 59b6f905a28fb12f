"""What a directory says twice waits for an officer, and whoever is clear goes on meanwhile."""

from dataclasses import replace

import pytest

from sso.authentication import conflicts
from sso.authentication.clerks import account_of, welcome
from sso.authentication.conflicts import NotResolvable, Why
from sso.authentication.leaver import Leave, end_access
from sso.authentication.linking import Decision
from sso.authentication.sign_in import NotSignedIn, SignedIn
from sso.directory.conflict import Conflict, ConflictKind, Resolution
from sso.directory.entry import Entry
from sso.directory.person import Account, Departure, Role
from sso.directory.verification import AccountState, Authentication, Verification
from sso.oidc.session import SessionEnd
from tests.authentication.examples import CIVIL, HOUR, NOW, ORIGIN, Desk, entry

WHY = "as the personnel office told"
BY = Decision("command", WHY)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def the_conflict(desk: Desk) -> Conflict:
    [conflict] = desk.stores.conflicts.of_directory("civil")
    return conflict


def made_anew(desk: Desk) -> tuple[Account, Account]:
    """A clerk signs in; later an entry of the same name and another id does."""
    earlier = desk.signed_in("bolor", clerk=True).session.account_id
    desk.directory.entry = entry(immutable_id="uuid-2", login_name="Bolor")
    later = desk.signed_in("bolor", clerk=True).session.account_id
    both = (desk.stores.people.account(earlier), desk.stores.people.account(later))
    assert both[0] is not None
    assert both[1] is not None
    return both[0], both[1]


def test_a_name_given_to_another_entry_is_another_account_and_a_conflict(desk: Desk) -> None:
    earlier, later = made_anew(desk)

    assert earlier.id != later.id
    assert earlier.person_id != later.person_id
    conflict = the_conflict(desk)
    assert conflict.kind is ConflictKind.NAME_REUSED
    assert [side.account_id for side in conflict.sides] == [earlier.id, later.id]
    [event] = [event for event in desk.stores.audit.events if event.code == "directory.conflict.found"]
    assert (event.account_id, event.other_account_id) == (later.id, earlier.id)


def test_signing_in_again_finds_nothing_new(desk: Desk) -> None:
    made_anew(desk)
    desk.signed_in("bolor", clerk=True)

    assert len(desk.stores.conflicts.by_id) == 1
    assert desk.stores.audit.codes().count("directory.conflict.found") == 1


def test_a_leaver_whom_the_hub_knows_of_is_no_conflict(desk: Desk) -> None:
    earlier = account_of(entry(), CIVIL, desk.stores, NOW)
    end_access(earlier, Leave(departure=Departure.GONE, source="directory"), desk.stores, NOW)

    welcome(entry(immutable_id="uuid-2"), CIVIL, desk.stores, NOW)
    before = desk.stores.conflicts.of_directory("civil")
    welcome(entry(), CIVIL, desk.stores, NOW)

    assert before == []
    assert the_conflict(desk).kind is ConflictKind.NAME_REUSED


def test_a_rename_to_a_name_in_use_is_a_conflict(desk: Desk) -> None:
    account_of(entry(), CIVIL, desk.stores, NOW)
    account_of(entry(immutable_id="uuid-2", login_name="saran"), CIVIL, desk.stores, NOW)
    assert desk.stores.conflicts.of_directory("civil") == []

    account_of(entry(immutable_id="uuid-2", login_name="BOLOR"), CIVIL, desk.stores, NOW)

    assert the_conflict(desk).kind is ConflictKind.NAME_REUSED


def test_two_humans_the_earlier_account_ends(desk: Desk) -> None:
    earlier, later = made_anew(desk)

    conflicts.resolve(the_conflict(desk), Resolution.DIFFERENT, BY, desk.stores, NOW)

    ended, going_on = desk.stores.people.account(earlier.id), desk.stores.people.account(later.id)
    assert ended is not None
    assert going_on is not None
    assert (ended.disabled_for, going_on.disabled_for) == (Departure.GONE, None)
    assert set(desk.stores.sessions.ended.values()) == {SessionEnd.DIRECTORY}
    assert desk.stores.conflicts.of_directory("civil") == []
    event = desk.stores.audit.events[-1]
    assert (event.code, event.resolution, event.reason) == ("directory.conflict.resolved", "different", WHY)


def test_one_human_goes_on_with_the_earlier_account(desk: Desk) -> None:
    """The `sub` that services know stays, although the department made the entry anew."""
    earlier, later = made_anew(desk)

    conflicts.resolve(the_conflict(desk), Resolution.SAME, BY, desk.stores, NOW)
    again = desk.signed_in("bolor", clerk=True)

    assert again.session.account_id == earlier.id
    replaced = desk.stores.people.account(later.id)
    assert replaced is not None
    assert (replaced.immutable_id, replaced.disabled_for) == ("uuid-1", Departure.PURGED)
    assert desk.stores.conflicts.of_directory("civil") == []


@pytest.mark.parametrize("resolution", [Resolution.SAME, Resolution.DIFFERENT])
def test_an_officers_account_neither_ends_nor_goes_to_an_entry_made_anew(
    desk: Desk, resolution: Resolution
) -> None:
    earlier, later = made_anew(desk)
    desk.stores.people.grant_role(earlier.person_id, Role.AUDITOR, NOW)
    conflict = the_conflict(desk)

    with pytest.raises(NotResolvable) as caught, desk.database.begin(ORIGIN) as stores:
        conflicts.resolve(conflict, resolution, BY, stores, NOW)

    assert caught.value.why is Why.ROLE
    assert desk.stores.people.account(later.id) == later
    assert the_conflict(desk) == conflict


def test_what_is_resolved_is_not_resolved_again_nor_in_another_way(desk: Desk) -> None:
    made_anew(desk)
    conflict = the_conflict(desk)
    with pytest.raises(NotResolvable) as wrong_kind:
        conflicts.resolve(conflict, Resolution.MENDED, BY, desk.stores, NOW)
    conflicts.resolve(conflict, Resolution.DIFFERENT, BY, desk.stores, NOW)
    with pytest.raises(NotResolvable) as twice:
        conflicts.resolve(conflict, Resolution.SAME, BY, desk.stores, NOW)

    assert (wrong_kind.value.why, twice.value.why) == (Why.NOT_THIS_KIND, Why.RESOLVED)


def test_a_leaver_settles_a_conflict_by_leaving(desk: Desk) -> None:
    earlier, _ = made_anew(desk)
    end_access(earlier, Leave(departure=Departure.GONE, source="directory"), desk.stores, NOW)

    assert conflicts.unsettled("civil", desk.stores) == []
    assert len(desk.stores.conflicts.of_directory("civil")) == 1


@pytest.mark.parametrize("resolution", [Resolution.SAME, Resolution.DIFFERENT])
def test_what_has_settled_itself_is_not_decided_any_more(desk: Desk, resolution: Resolution) -> None:
    """An officer's page may be older than the end of one of the accounts."""
    earlier, later = made_anew(desk)
    end_access(later, Leave(departure=Departure.GONE, source="directory"), desk.stores, NOW)

    with pytest.raises(NotResolvable) as caught, desk.database.begin(ORIGIN) as stores:
        conflicts.resolve(the_conflict(desk), resolution, BY, stores, NOW)

    assert caught.value.why is Why.SETTLED
    assert desk.stores.people.account(earlier.id) == earlier


def test_a_reading_of_the_directory_finds_every_reused_name(desk: Desk) -> None:
    for number, name in enumerate(("bolor", "Bolor", "saran")):
        account_of(entry(immutable_id=f"uuid-{number}", login_name=name), CIVIL, desk.stores, NOW)
    desk.stores.conflicts.by_id.clear()

    names = desk.stores.conflicts.reused_names("civil")
    for now in (NOW, NOW + HOUR):
        conflicts.note_reused_names("civil", names, desk.stores, now)

    assert len(names) == 1
    assert [each.kind for each in conflicts.unsettled("civil", desk.stores)] == [ConflictKind.NAME_REUSED]


def contested(*entries: Entry) -> Authentication:
    refused = Verification(AccountState.BAD_CREDENTIALS, reason="no single entry has this login name")
    return Authentication(refused, None, entries)


def test_two_entries_of_one_name_sign_nobody_in_and_wait_in_the_queue(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    twice = (entry(), entry(immutable_id="uuid-2", dn="uid=bolor,ou=other,dc=example"))
    monkeypatch.setattr(desk.directory, "authenticate", lambda *_: contested(*twice))

    first = desk.attempt("bolor", clerk=True)
    desk.now += HOUR
    second = desk.attempt("bolor", clerk=True)

    assert (first, second) == (NotSignedIn(None), NotSignedIn(None))
    conflict = the_conflict(desk)
    assert conflict.kind is ConflictKind.NAME_AMBIGUOUS
    assert (conflict.found_at, conflict.seen_at) == (NOW, NOW + HOUR)
    monkeypatch.undo()
    assert isinstance(desk.attempt("bolor", clerk=True), SignedIn)


def test_what_was_mended_and_comes_back_is_a_new_conflict(desk: Desk) -> None:
    twice = (entry(), entry(immutable_id="uuid-2", dn="uid=bolor,ou=other,dc=example"))
    conflicts.note_contested(twice, desk.stores, NOW)
    first = the_conflict(desk)

    conflicts.resolve(first, Resolution.MENDED, BY, desk.stores, NOW)
    conflicts.note_contested(tuple(reversed(twice)), desk.stores, NOW + HOUR)

    assert the_conflict(desk).id != first.id


def test_entries_of_one_id_wait_in_the_queue(desk: Desk) -> None:
    twice = (entry(), replace(entry(), dn="uid=copy,dc=example", login_name="copy"))

    conflicts.note_contested(twice, desk.stores, NOW)

    assert the_conflict(desk).kind is ConflictKind.ID_SHARED
    assert {side.dn for side in the_conflict(desk).sides} == {twice[0].dn, twice[1].dn}
