"""The queue of what directories say twice, and ids that two accounts exchange: contract of `conflicts`."""

from dataclasses import replace

from sso.directory.conflict import Conflict, ConflictKind, Resolution, Side
from sso.directory.person import Departure
from sso.oidc.digest import new_id
from sso.storage.database import Database
from tests.storage.examples import HOUR, NOW, ORIGIN, clerk, person

SIDES = (
    Side("uuid-1", "bolor", "uid=bolor,dc=example"),
    Side("uuid-2", "Bolor \0 \ud800", "uid=bolor,ou=other,dc=example"),
)


def conflict(**changes: object) -> Conflict:
    values: dict[str, object] = {
        "id": new_id(),
        "directory_id": "civil",
        "kind": ConflictKind.NAME_AMBIGUOUS,
        "sides": SIDES,
        "found_at": NOW,
        "seen_at": NOW,
    }
    return Conflict(**values | changes)  # type: ignore[arg-type]  # values of the right types, by name


def test_a_conflict_is_remembered_once_while_it_is_open(database: Database) -> None:
    first = conflict()
    with database.begin(ORIGIN) as stores:
        assert stores.conflicts.note(first)
        assert not stores.conflicts.note(conflict(sides=SIDES[::-1], seen_at=NOW + HOUR))
        assert stores.conflicts.note(conflict(directory_id="tax"))
        assert stores.conflicts.note(conflict(kind=ConflictKind.ID_SHARED, found_at=NOW + HOUR))

    with database.read() as stores:
        assert stores.conflicts.get(first.id) == replace(first, seen_at=NOW + HOUR)
        assert [each.kind for each in stores.conflicts.of_directory("civil")] == [
            first.kind,
            ConflictKind.ID_SHARED,
        ]


def test_one_decision_counts_and_a_conflict_that_comes_back_is_new(database: Database) -> None:
    first = conflict()
    with database.begin(ORIGIN) as stores:
        stores.conflicts.note(first)

        assert stores.conflicts.resolve(first.id, Resolution.MENDED, "renamed", NOW)
        assert not stores.conflicts.resolve(first.id, Resolution.MENDED, "again", NOW)
        assert not stores.conflicts.resolve("unknown", Resolution.MENDED, "x", NOW)
        assert stores.conflicts.of_directory("civil") == []
        assert stores.conflicts.note(conflict(found_at=NOW + HOUR))

    with database.read() as stores:
        known = stores.conflicts.of_directory("civil", resolved=True)
    resolved = {"resolved_at": NOW, "resolution": Resolution.MENDED, "reason": "renamed"}
    assert known[0] == replace(first, **resolved)  # type: ignore[arg-type]  # by name
    assert known[1].resolved_at is None


def test_two_accounts_exchange_their_ids(database: Database) -> None:
    bolor = person()
    old, new = clerk(bolor.id, immutable_id="old"), clerk(bolor.id, immutable_id="new")
    with database.begin(ORIGIN) as stores:
        stores.people.add_person(bolor)
        stores.people.add_account(old, NOW)
        stores.people.add_account(new, NOW)

        reused = stores.conflicts.reused_names("civil")
        stores.conflicts.exchange_ids(old, new)
        stores.conflicts.exchange_ids(old, old)
        stores.people.disable_account(new.id, Departure.GONE, NOW)
        left = stores.conflicts.reused_names("civil")
        stores.people.enable_account(new.id)

        assert (reused, left) == (["bolor"], [])
        assert stores.people.staff("civil", "new") == replace(old, immutable_id="new")
        assert stores.people.staff("civil", "old") == replace(new, immutable_id="old")
