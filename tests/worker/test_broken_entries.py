"""A question to a log in which somebody broke an entry: the others are shown, and that one is named."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from sso.audit.event import SignInFailed, SignInSucceeded, TokenIssued
from sso.audit.found import BrokenEntry, broken, readable
from sso.audit.query import AuditQuery, pages
from sso.audit.questions import QUESTIONS, Subject, query_for
from sso.audit.record import Origin
from sso.authentication.uses import look
from sso.oidc.digest import new_id
from tests.storage.examples import session
from tests.worker.conftest import NOW, Log, binary

DAY = timedelta(days=1)
X, OFFICER = new_id(), new_id()
WHOLE = AuditQuery(since=NOW - DAY, until=NOW + DAY)
Break = Callable[[Log, str], str]


def filled(log: Log, number: int = 7) -> list[str]:
    """Sign-ins of somebody, brought about by another one, with their places; their ids, oldest first."""
    with log.hub.database.begin(Origin(address="192.0.2.7", actor=OFFICER)) as stores:
        event = SignInSucceeded(account_id=X, session_id="s", directory_id=None, acr="1", amr=("pwd",))
        ids = [stores.audit.append(event, NOW + each * timedelta(seconds=1)) for each in range(number)]
    log.sequencer.sequence()
    log.sequencer.sign(NOW)
    return ids


def _set(log: Log, name: str, value: bytes, entry_id: str) -> str:
    return f"UPDATE audit_event SET {name} = {binary(log, value)} WHERE id = '{entry_id}'"


def _body(value: bytes) -> Break:
    return lambda log, entry_id: _set(log, "body", value, entry_id)


def _others_body(log: Log, entry_id: str) -> str:
    """As if another entry stood there: its id would lead pages astray."""
    other = f"(SELECT body FROM audit_event WHERE id <> '{entry_id}' ORDER BY id DESC LIMIT 1)"
    return f"UPDATE audit_event SET body = {other} WHERE id = '{entry_id}'"


BREAKS: dict[str, Break] = {
    "no JSON": _body(b"\xff{"),
    "an object of nothing": _body(b"{}"),
    "no object": _body(b"[1]"),
    "too deep": _body(b"[" * 100_000),
    "no time": _body(b'{"v":1,"id":"x","event":"e","time":"0001-01-01T00:00:00+14:00","outcome":"success"}'),
    "another entry": _others_body,
    "sealed": lambda log, entry_id: _set(log, "sealed", b"0" * 60, entry_id),
    "sealed short": lambda log, entry_id: _set(log, "sealed", b"", entry_id),
    "others": lambda log, entry_id: _set(log, "others", b"[1]", entry_id),
    "another's seal": lambda log, entry_id: (
        "UPDATE audit_event SET sealed = (SELECT sealed FROM audit_event ORDER BY id LIMIT 1)"
        f" WHERE id = '{entry_id}'"
    ),
}


@pytest.mark.parametrize("how", BREAKS)
def test_the_others_are_shown_and_the_broken_one_is_named(log: Log, how: str) -> None:
    ids = filled(log)
    log.tamper(BREAKS[how](log, ids[3]))
    there = [each for each in ids if each != ids[3]]

    with log.hub.database.read() as stores:
        search = stores.audit_search
        newest, oldest = search.search(WHOLE), search.following(WHOLE, "")
        placed, entries = search.placed(WHOLE, 1, 0, 7), search.entries(WHOLE)
        assert search.find(ids[3]) == BrokenEntry(ids[3])

    assert [each.id for each in newest] == ids[::-1]
    assert [each.id for each in oldest] == [each.id for each in placed] == ids
    assert [each.id for each in entries] == ids[::-1]
    for found in (newest, oldest, placed, entries):
        assert broken(found) == [ids[3]]
    assert sorted(each.id for each in readable(newest)) == there
    assert {(each.account_id, each.origin.actor) for each in readable(newest)} == {(X, OFFICER)}
    assert any(ids[3] in finding.sentence for finding in log.findings())


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8])
def test_pages_come_to_an_end_whatever_is_broken(log: Log, size: int) -> None:
    ids = filled(log)
    log.tamper(*(BREAKS["another entry"](log, each) for each in (ids[0], ids[1], ids[4])))
    query = AuditQuery(since=WHOLE.since, until=WHOLE.until, limit=size)

    with log.hub.database.read() as stores:
        found = [each for page in pages(query, stores.audit_search.search) for each in page]

    assert [each.id for each in found] == ids[::-1]
    assert broken(found) == [ids[4], ids[1], ids[0]]


def test_a_log_of_which_every_entry_is_broken_names_them_all(log: Log) -> None:
    ids = filled(log)
    log.tamper(*(_set(log, "body", b"{}", each) for each in ids))

    with log.hub.database.read() as stores:
        assert broken(stores.audit_search.search(WHOLE)) == ids[::-1]


def test_a_table_says_which_entries_it_could_not_read(log: Log) -> None:
    with log.hub.database.begin(Origin(address="192.0.2.7")) as stores:
        failed = SignInFailed(account_id=X, directory_id=None, status_code="BAD", name_hmac="00")
        ids = [stores.audit.append(failed, NOW + each * timedelta(seconds=1)) for each in range(5)]
    log.tamper(_set(log, "sealed", b"0" * 60, ids[2]))
    question = QUESTIONS["Q5"]

    with log.hub.database.read() as stores:
        query = query_for(question, Subject(person=(X,)), NOW - DAY, NOW + DAY)
        table = stores.audit_answers.table(question, query, NOW)

    assert table is not None
    assert table.broken == (ids[2],)
    assert [dict(zip(table.columns, row, strict=True))["failures"] for row in table.rows] == [4]


def test_who_woke_up_is_told_from_the_last_entry_that_can_be_read(log: Log) -> None:
    def issued(days: int) -> str:
        event = TokenIssued(
            client_id="housing",
            grant_type="client_credentials",
            jti="j",
            aud=(),
            scope=frozenset(),
            expires_at=NOW,
        )
        with log.hub.database.begin(Origin()) as stores:
            return stores.audit.append(event, NOW - days * DAY)

    long_ago, _, newest = issued(200), issued(150), issued(120)
    issued(1)
    log.tamper(_set(log, "body", b"{}", newest))
    question = QUESTIONS["Q10"]

    with log.hub.database.read() as stores:
        query = query_for(question, Subject(), NOW - 7 * DAY, NOW)
        table = stores.audit_answers.table(question, query, NOW)

    assert table is not None
    (row,) = (dict(zip(table.columns, each, strict=True)) for each in table.rows)
    assert (row["id"], row["days_of_silence"]) == ("housing", 149)
    assert long_ago < newest


def test_people_are_told_how_many_entries_of_theirs_are_damaged(log: Log) -> None:
    ids = filled(log)
    log.tamper(_set(log, "sealed", b"0" * 60, ids[3]))

    with log.hub.database.begin(Origin()) as stores:
        uses = look(session(account_id=X), None, stores, NOW + DAY)

    assert [each.id for each in uses.entries] == [each for each in ids[::-1] if each != ids[3]]
    assert (uses.broken, uses.older) == (1, None)
    with log.hub.database.read() as stores:
        (seen,) = readable(
            stores.audit_search.search(
                AuditQuery(since=NOW, until=NOW + 2 * DAY, events=("account.use.viewed",))
            )
        )
    assert (seen.detail["results"], seen.detail["broken"]) == (6, 1)
