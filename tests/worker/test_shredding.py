"""Crypto-shredding: what a log tells of somebody is gone for good, and every root and proof is as it was."""

import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sso.audit.event import AuditSearched, ClientDeleted, RoleGranted, SignInSucceeded
from sso.audit.query import AuditQuery
from sso.audit.record import AuditRecord, Origin
from sso.oidc.digest import new_id
from sso.storage.audit_data_key import DataKey
from sso.storage.audit_key_cache import MAX_KEY_AGE_SECONDS
from sso.storage.audit_keys import AuditKeys
from tests.worker.conftest import NOW, Log

DAY = timedelta(days=1)
X, PERSON, OFFICER = new_id(), new_id(), new_id()


def signed_in(account_id: str) -> SignInSucceeded:
    return SignInSucceeded(account_id=account_id, session_id="s", directory_id="civil", acr="2", amr=("pwd",))


@pytest.fixture
def told(log: Log) -> dict[str, str]:
    """Events of X, by X, about X, of X as a person, and of somebody else; signed. Their ids by name."""
    browser = Origin(address="192.0.2.7", user_agent="Browser of X")
    ids = {}
    with log.hub.database.begin(browser) as stores:
        ids["of"] = stores.audit.append(signed_in(X), NOW)
        ids["else"] = stores.audit.append(signed_in(OFFICER), NOW)
    with log.hub.database.begin(replace(browser, actor=X)) as stores:
        ids["by"] = stores.audit.append(ClientDeleted(client_id="housing", source="api"), NOW)
    with log.hub.database.begin(Origin(actor=OFFICER)) as stores:
        searched = AuditSearched(
            account_id=OFFICER, query={"account_id": X, "since": "x"}, results=1, reason="r"
        )
        ids["about"] = stores.audit.append(searched, NOW)
        ids["person"] = stores.audit.append(RoleGranted(person_id=PERSON, role="auditor", source="c"), NOW)
    log.sequencer.sequence()
    log.sequencer.sign(NOW)
    return ids


def shred(log: Log, *ids: str) -> int:
    keys = log.hub.database.audit_keys
    destroyed = keys.destroy([key.id for each in ids for key in keys.living(each)])
    assert keys.rewrite(NOW) == destroyed
    return destroyed


def record(log: Log, event_id: str) -> AuditRecord:
    with log.hub.database.read() as stores:
        found = stores.audit_search.find(event_id)
    assert found is not None
    return found


def involved(log: Log, *ids: str) -> set[str]:
    query = AuditQuery(since=NOW - DAY, until=NOW + DAY, involving=ids)
    with log.hub.database.read() as stores:
        return {found.id for found in stores.audit_search.search(query)}


def test_a_person_is_found_as_whom_it_tells_of_as_who_acted_and_as_who_was_asked_about(
    log: Log, told: dict[str, str]
) -> None:
    assert involved(log, X) == {told["of"], told["by"], told["about"]}
    assert involved(log, PERSON) == {told["person"]}
    assert involved(log, X, PERSON) == {told[name] for name in ("of", "by", "about", "person")}
    assert involved(log, OFFICER) == {told["else"], told["about"], told["person"]}
    assert involved(log, "command:nobody") == set()


def test_nothing_is_lost_by_sealing_others_apart(log: Log, told: dict[str, str]) -> None:
    assert record(log, told["by"]).origin == Origin(actor=X, address="192.0.2.7", user_agent="Browser of X")
    assert record(log, told["about"]).detail["query"] == {"account_id": X, "since": "x"}
    assert record(log, told["about"]).origin.actor == OFFICER


def test_after_a_shredding_nothing_tells_of_the_person(log: Log, told: dict[str, str]) -> None:
    assert shred(log, PERSON, X) == 2

    assert involved(log, X, PERSON) == set()
    known = [record(log, told[name]).as_json() for name in ("of", "by", "about", "person")]
    for secret in (X, PERSON):
        assert secret not in str(known)
    assert "address" not in known[0] and "user_agent" not in known[0]
    assert (known[0]["event"], known[0]["detail"]) == ("auth.login.success", _public_detail())
    assert record(log, told["about"]).detail["query"] == {"since": "x"}
    assert record(log, told["else"]).account_id == OFFICER


def _public_detail() -> dict[str, object]:
    return {"acr": "2", "amr": ["pwd"], "directory_id": "civil"}


def test_every_root_and_proof_is_as_it_was(log: Log, told: dict[str, str]) -> None:
    query = AuditQuery(since=NOW - DAY, until=NOW + DAY)
    with log.hub.database.read() as stores:
        before = [str(one.proof) for one in stores.audit_receipts.proven(stores.audit_search.entries(query))]
        head = stores.audit_tree.head()

    shred(log, PERSON, X, OFFICER)

    with log.hub.database.read() as stores:
        after = [str(one.proof) for one in stores.audit_receipts.proven(stores.audit_search.entries(query))]
        assert stores.audit_tree.head() == head
    assert after == before
    assert log.findings() == []
    log.grow(3)
    assert log.findings() == []


def test_a_restored_backup_of_the_log_tells_nothing_either(
    log: Log, told: dict[str, str], tmp_path: Path
) -> None:
    """On SQLite a file; on PostgreSQL the rows, which a shredding does not touch: a backup is the same."""
    file, backup = log.hub.database.path, tmp_path / "backup.db"
    rows = _rows(log)
    if file is not None:
        _copy(Path(file), backup)

    shred(log, PERSON, X)

    if file is not None:
        log.write(3)
        _copy(backup, Path(file))
        assert X.encode() not in backup.read_bytes()
    assert _rows(log) == rows
    assert X not in str(rows) and X.encode() not in b"".join(_bytes_of(rows))
    assert X not in str(record(log, told["of"]).as_json()) + str(record(log, told["by"]).as_json())
    assert involved(log, X, PERSON) == set()


def _copy(source: Path, target: Path) -> None:
    with sqlite3.connect(source) as read, sqlite3.connect(target) as written:
        read.backup(written)


def _rows(log: Log) -> list[tuple[object, ...]]:
    with log.hub.database._schema_reader() as connection:
        found = connection.exec_driver_sql("SELECT * FROM audit_event ORDER BY id").fetchall()
    return [tuple(row) for row in found]


def _bytes_of(rows: list[tuple[object, ...]]) -> list[bytes]:
    return [bytes(cell) for row in rows for cell in row if isinstance(cell, bytes | memoryview)]


def test_the_files_hold_nothing_any_more_of_a_key_that_was_destroyed(log: Log, told: dict[str, str]) -> None:
    keys = log.hub.database.audit_keys
    with keys._connection(writes=False) as connection:
        name = "audit_key" if log.hub.database.path else "audit_keys.audit_key"
        sealed = connection.exec_driver_sql(f"SELECT sealed FROM {name} WHERE account_id = '{X}'").scalar()
    assert isinstance(sealed, bytes) and sealed in _files(log)

    shred(log, X)

    assert sealed not in _files(log)


def _files(log: Log) -> bytes:
    if log.hub.database.path is not None:
        folder = Path(log.hub.database.path).parent
        return b"".join(file.read_bytes() for file in sorted(folder.glob("hub-audit-keys.db*")))
    with log.hub.database._schema_writer() as connection:
        connection.exec_driver_sql("CHECKPOINT")
        path = "pg_relation_filepath('audit_keys.audit_key')"
        return bytes(connection.exec_driver_sql(f"SELECT pg_read_binary_file({path})").scalar() or b"")


def test_another_process_forgets_a_destroyed_key_in_time(log: Log, told: dict[str, str]) -> None:
    now = [0.0]
    hub = log.hub.database.audit_keys
    other = AuditKeys(hub._url.render_as_string(hide_password=False), hub._sealer, hub._pool, lambda: now[0])
    dead = other.for_event(X, NOW).id

    shred(log, X)

    now[0] = MAX_KEY_AGE_SECONDS
    assert other.for_event(X, NOW).id == dead
    now[0] += 0.001
    assert other.for_event(X, NOW).id != dead
    other.dispose()


def test_a_key_that_is_destroyed_while_it_is_looked_up_is_not_remembered(
    log: Log, told: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = log.hub.database.audit_keys
    fresh = AuditKeys(keys._url.render_as_string(hide_password=False), keys._sealer, keys._pool)
    look = AuditKeys._of_period

    def destroyed_meanwhile(self: AuditKeys, place: tuple[str, str]) -> DataKey | None:
        found = look(self, place)
        monkeypatch.undo()
        assert self.destroy([key.id for key in self.living(X)]) == 1
        return found

    monkeypatch.setattr(AuditKeys, "_of_period", destroyed_meanwhile)
    dead = fresh.for_event(X, NOW).id

    assert fresh.for_event(X, NOW).id != dead
    fresh.dispose()


def test_what_is_recorded_after_a_shredding_can_be_read(log: Log, told: dict[str, str]) -> None:
    shred(log, X)

    with log.hub.database.begin(Origin()) as stores:
        again = stores.audit.append(signed_in(X), NOW + DAY)

    assert record(log, again).account_id == X
    assert record(log, told["of"]).account_id is None


def test_keys_of_a_page_of_accounts_are_read_at_once_and_kept_until_the_next(
    log: Log, told: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = log.hub.database.audit_keys
    fresh = AuditKeys(keys._url.render_as_string(hide_password=False), keys._sealer, keys._pool)
    asked: list[tuple[str, str]] = []
    look = AuditKeys._of_period

    def noted(self: AuditKeys, place: tuple[str, str]) -> DataKey | None:
        asked.append(place)
        return look(self, place)

    monkeypatch.setattr(AuditKeys, "_of_period", noted)
    fresh.recall([X, OFFICER, "nobody-has-heard-of"], NOW)

    assert fresh.for_event(X, NOW).id == keys.for_event(X, NOW).id
    assert fresh.for_event(OFFICER, NOW).ref(OFFICER) == keys.for_event(OFFICER, NOW).ref(OFFICER)
    assert asked == []

    fresh.recall([OFFICER], NOW)
    fresh.for_event(OFFICER, NOW)
    assert asked == []
    fresh.for_event(X, NOW)
    assert [account for account, _ in asked] == [X]
    fresh.dispose()


def test_a_key_that_is_destroyed_while_a_page_is_read_is_not_remembered(
    log: Log, told: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = log.hub.database.audit_keys
    fresh = AuditKeys(keys._url.render_as_string(hide_password=False), keys._sealer, keys._pool)
    opened = AuditKeys._opened
    dead = keys.for_event(X, NOW).id

    def destroyed_meanwhile(self: AuditKeys, row: object) -> DataKey:
        found = opened(self, row)
        monkeypatch.undo()
        assert self.destroy([key.id for key in self.living(X)]) == 1
        return found

    monkeypatch.setattr(AuditKeys, "_opened", destroyed_meanwhile)
    fresh.recall([X], NOW)

    assert fresh.for_event(X, NOW).id != dead
    fresh.dispose()
