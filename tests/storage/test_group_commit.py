"""Units that commit at the same moment share a statement, and none of them its fate."""

import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import event, select

from sso.oidc.grant import AuthorizationCode
from sso.storage.database import Database
from sso.storage.errors import RowsRefused, StorageUnavailable
from sso.storage.gates import Attempt
from sso.storage.group_commit import MAX_UNITS, GroupCommit, Rows
from sso.storage.sqlite import SqliteEngines
from sso.storage.tables import audit_event, audit_head, audit_pending
from tests.storage.conftest import opened, url_of
from tests.storage.examples import NOW, ORIGIN, code
from tests.storage.test_database import EVENT, number_of_events

SECONDS = 10.0


class Disk:
    """Inserts rows for real threads; holds the first statement until the others have queued up."""

    def __init__(self, failure: Callable[[list[str]], BaseException | None] = lambda _rows: None) -> None:
        self.statements: list[list[str]] = []
        self.durable: list[str] = []
        self.busy = threading.Event()
        self.free = threading.Event()
        self._failure = failure

    def insert(self, rows: Rows[str], _attempts: Sequence[Attempt]) -> frozenset[int]:
        (given,) = rows.values()
        self.statements.append(list(given))
        self.busy.set()
        assert self.free.wait(SECONDS)
        failure = self._failure(list(given))
        if failure is not None:
            raise failure
        self.durable.extend(given)
        return frozenset()


def commit_while_busy(disk: Disk, names: list[str]) -> dict[str, Future[None]]:
    """Commit one unit a name; the first is at the disk when the others come."""
    group = GroupCommit(disk.insert, places=1)
    with ThreadPoolExecutor(len(names)) as pool:
        first, *others = names
        futures = {first: pool.submit(group.commit, {audit_event: [first]})}
        assert disk.busy.wait(SECONDS)
        for name in others:
            futures[name] = pool.submit(group.commit, {audit_event: [name]})
        until_queued(group, len(others))
        disk.free.set()
    return futures


def until_queued(group: GroupCommit[Any], number: int) -> None:
    waited = threading.Event()
    for _ in range(1000):
        if len(group._waiting) == number:
            return
        waited.wait(0.01)
    raise AssertionError("they did not queue up")


def test_who_comes_while_the_disk_is_busy_is_committed_together() -> None:
    disk = Disk()

    futures = commit_while_busy(disk, ["a", "b", "c", "d"])

    assert [sorted(each) for each in disk.statements] == [["a"], ["b", "c", "d"]]
    assert all(future.exception() is None for future in futures.values())
    assert sorted(disk.durable) == ["a", "b", "c", "d"]


def test_a_unit_that_is_refused_takes_nobody_with_it() -> None:
    def failure(rows: list[str]) -> BaseException | None:
        return RowsRefused("there already") if "bad" in rows else None

    disk = Disk(failure)

    futures = commit_while_busy(disk, ["a", "bad", "c"])

    assert sorted(disk.durable) == ["a", "c"]
    assert isinstance(futures["bad"].exception(), StorageUnavailable)
    assert futures["c"].exception() is None


def test_a_unit_without_a_connection_fails_alone_and_the_leader_answers_for_its_own() -> None:
    exhausted = StorageUnavailable("no connection is free")
    unlucky: list[str] = []

    def failure(rows: list[str]) -> BaseException | None:
        if len(rows) > 1:
            unlucky.append(rows[1])
            return RowsRefused("there already")
        return exhausted if rows == unlucky else None

    disk = Disk(failure)

    futures = commit_while_busy(disk, ["a", "b", "c", "d"])

    assert len(unlucky) == 1
    others = [name for name in futures if name not in unlucky]
    error = futures[unlucky[0]].exception()
    assert error is not None and error.__cause__ is exhausted
    assert [futures[name].exception() for name in others] == [None, None, None]
    assert sorted(disk.durable) == others


def test_when_the_server_is_lost_everybody_is_told() -> None:
    def failure(rows: list[str]) -> BaseException | None:
        return None if rows == ["a"] else StorageUnavailable("gone")

    disk = Disk(failure)

    futures = commit_while_busy(disk, ["a", "b", "c"])

    assert len(disk.statements) == 2
    told = [futures[name].exception() for name in ("b", "c")]
    assert [str(each) for each in told if isinstance(each, StorageUnavailable)] == ["gone", "gone"]
    assert told[0] is not told[1], "an error of their own"


def test_what_nobody_expects_leaves_nobody_waiting() -> None:
    def failure(rows: list[str]) -> BaseException | None:
        return None if rows == ["a"] else MemoryError()

    disk = Disk(failure)

    futures = commit_while_busy(disk, ["a", "b", "c"])

    found = sorted(type(futures[name].exception()).__name__ for name in ("b", "c"))
    assert found == ["MemoryError", "StorageUnavailable"]


def test_who_finds_a_place_does_not_wait_for_the_disk() -> None:
    disk = Disk()
    group = GroupCommit(disk.insert, places=2)

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(group.commit, {audit_event: ["a"]})
        assert disk.busy.wait(SECONDS)
        disk.busy.clear()
        second = pool.submit(group.commit, {audit_event: ["b"]})
        assert disk.busy.wait(SECONDS)
        third = pool.submit(group.commit, {audit_event: ["c"]})
        until_queued(group, 1)
        disk.free.set()

    assert [first.exception(), second.exception(), third.exception()] == [None, None, None]
    assert disk.statements == [["a"], ["b"], ["c"]]


def test_what_was_committed_makes_room_for_the_next() -> None:
    disk = Disk()
    disk.free.set()
    group = GroupCommit(disk.insert, places=1)

    for name in ("a", "b"):
        group.commit({audit_event: [name]})

    assert disk.durable == ["a", "b"]


def test_a_long_queue_is_committed_in_parts() -> None:
    disk = Disk()
    names = [f"{number:03}" for number in range(MAX_UNITS + 2)]

    commit_while_busy(disk, names)

    assert [len(each) for each in disk.statements] == [1, MAX_UNITS, 1]
    assert sorted(disk.durable) == names


@pytest.mark.parametrize("dialect", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_of_many_units_only_the_refused_one_leaves_nothing(
    request: pytest.FixtureRequest, dialect: str, tmp_path: Path
) -> None:
    database = opened(url_of(request, dialect, tmp_path))
    known = code()
    with database.begin(ORIGIN) as stores:
        stores.codes.add(known)

    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(_record, database, number % 4 == 0, known) for number in range(40)]

    refused = [future for future in futures if future.exception() is not None]
    assert len(refused) == 10
    assert all(isinstance(future.exception(), StorageUnavailable) for future in refused)
    assert number_of_events(database) == 30
    database.dispose()


def _record(database: Database, bad: bool, known: AuthorizationCode) -> None:
    with database.begin(ORIGIN) as stores:
        stores.audit.append(EVENT, NOW)
        if bad:
            stores.codes.add(known)  # it is there already


def test_on_sqlite_who_waits_for_the_disk_is_committed_together(tmp_path: Path) -> None:
    file = tmp_path / "hub.db"
    database = opened(f"sqlite:///{file}")
    with database.begin(ORIGIN) as stores:
        stores.audit.append(EVENT, NOW)  # its key is there from now on
    engines = cast(SqliteEngines, database._engines)
    commits: list[object] = []
    event.listen(engines._writer, "commit", commits.append)

    another = sqlite3.connect(file, isolation_level=None)
    another.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(7) as pool:
        futures = [pool.submit(_append, database) for _ in range(7)]
        until_queued(engines._group, 6)
        another.execute("ROLLBACK")
    another.close()

    assert [future.exception() for future in futures] == [None] * 7
    assert number_of_events(database) == 8
    assert len(commits) == 2
    database.dispose()


@pytest.mark.parametrize("bad", [{"size": 2**70}, {"opened_at": NOW.replace(tzinfo=None)}, {"origin": None}])
def test_on_sqlite_a_row_that_cannot_be_kept_takes_nobody_with_it(
    tmp_path: Path, bad: dict[str, Any]
) -> None:
    file = tmp_path / "hub.db"
    database = opened(f"sqlite:///{file}")
    engines = cast(SqliteEngines, database._engines)
    head = {"origin": "o", "size": 0, "frontier": b"", "opened_at": NOW}
    rows = [{**head, "epoch": number, **(bad if number == 4 else {})} for number in range(1, 8)]

    another = sqlite3.connect(file, isolation_level=None)
    another.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(7) as pool:
        futures = [pool.submit(engines._group.commit, {audit_head: [row]}) for row in rows]
        until_queued(engines._group, 6)
        another.execute("ROLLBACK")
    another.close()

    failed = [number for number, future in enumerate(futures, 1) if future.exception() is not None]
    assert failed == [4]
    assert isinstance(futures[3].exception(), StorageUnavailable)
    with database.read() as stores:
        assert len(stores.unit.rows(select(audit_head.c.epoch))) == 6
    database.dispose()


def test_on_sqlite_a_unit_that_leaves_a_column_out_takes_none_from_others(tmp_path: Path) -> None:
    database = opened(f"sqlite:///{tmp_path / 'hub.db'}")
    engines = cast(SqliteEngines, database._engines)
    bare = {"event_id": "one", "leaf_hash": b"1"}
    head = {"epoch": 1, "origin": "o", "size": 0, "frontier": b"", "opened_at": NOW}
    more = {**head, "epoch": 2, "minimum_index": 7}

    engines._insert({audit_pending: [bare], audit_head: [head, more]}, [])

    with database.read() as stores:
        found = stores.unit.rows(select(audit_head).order_by(audit_head.c.epoch))
    assert [row.minimum_index for row in found] == [None, 7]
    database.dispose()


def _append(database: Database) -> None:
    with database.begin(ORIGIN) as stores:
        stores.audit.append(EVENT, NOW)
