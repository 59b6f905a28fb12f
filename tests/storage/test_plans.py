"""Every query has its index, on both databases: what each statement would do is asked of the planner."""

import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Connection,
    Delete,
    Engine,
    Executable,
    LargeBinary,
    Select,
    Update,
    event,
)
from sqlalchemy.sql.elements import BindParameter, ClauseElement

import sso.storage
from sso.audit.query import AuditQuery
from sso.audit.rules.finding import Wanted
from sso.directory.person import Departure, Role
from sso.directory.stores import PasswordCredential
from sso.oidc.client import ClientSecret
from sso.oidc.security_event import EventType, SecurityEvent
from sso.oidc.session import SessionEnd
from sso.storage.cleanup import SWEPT_TABLES
from sso.storage.columns import Text, UtcDateTime
from sso.storage.database import Database
from sso.storage.expiries import EXPIRING_TABLES
from sso.storage.gates import Gate
from sso.storage.lease import Lease
from sso.storage.sqlite import SqliteEngines
from sso.storage.stores import SqlStores
from tests.storage.examples import (
    DAY,
    HOUR,
    NOW,
    ORIGIN,
    citizen,
    client,
    code,
    deferred,
    grant,
    initial_access_token,
    person,
    pushed,
    refresh_token,
    refusals,
    session,
)

WHOLE_IS_RIGHT = {
    "SCAN due",  # what the statement itself has just chosen
    "SCAN oldest",  # and this one, too
    "SCAN descended",  # what came of a few grants
    "SCAN logout_notice USING INDEX ix_logout_notice_due",  # holds only those that wait
    "SCAN ping USING INDEX ix_ping_due",  # and this one, too
    "SCAN by_hour",  # what the statement itself has just counted, by the hour
    "SCAN audit_head",  # one row an epoch
    "SCAN CONSTANT ROW",  # no table
}
ALL_WANTED = {
    "sso.storage.signing_keys._LOAD",  # a table that is small for ever
    "sso.storage.audit_checkpoints._KEYS",  # likewise
    "sso.storage.audit_tree._HEAD",  # one row an epoch
    "sso.storage.audit_tree._HEADS",
    "sso.storage.audit_tree._HEAD_LOCKED",
    "sso.storage.audit_tree._HEAD_IF_FREE",
    "sso.storage.audit_tree._TAKE",  # holds only those that wait
    "sso.storage.audit_tree._oldest",
    "sso.storage.audit_import._oldest",
    "sso.storage.audit_tree._WAITING",
    "sso.storage.audit_import._TAKE",  # likewise
    "sso.storage.audit_holds._ACTIVE",  # a few in years
    "sso.storage.detection._NEWEST",  # one row an epoch
    "sso.storage.detection._RULES",  # one row a rule
    "sso.storage.audit_holds._ALONE",  # a lock, and no table
    "sso.storage.audit_tree._ONE_WAITING",  # one row of those that wait
    "sso.storage.audit_anchors._LAST_STAMP",  # the first row from the end of its own index
    "sso.storage.audit_hours._BEHIND",  # one row an epoch
    "sso.storage.audit_hours._FIRST_HOUR",  # the first row from an end of an index
    "sso.storage.audit_hours._LAST_HOUR",
    "sso.storage.audit_hours._FIRST_ENTRY",
    "sso.storage.audit_hours._LAST_ENTRY",
    "sso.storage.audit_sinks._ALL",  # a few that are configured
    "sso.storage.clients._WITH_SECRETS",  # never sent as it is: others narrow it down
    "sso.storage.people._PERSONS",  # likewise
    "sso.storage.audit_archive._SAID",  # likewise
    "sso.storage.registration._LIST",  # a page of what an officer made, for an officer
    "sso.storage.registration._COUNT",  # counts up to registration.max_clients only
}

ANOTHER_DATABASE = ("sso.storage.audit_keys", "sso.storage.audit_key_table")

Sent = tuple[str, Any]


class _Caught(Exception):
    """Carries what would have been sent."""

    def __init__(self, sent: Sent) -> None:
        super().__init__()
        self.sent = sent


def written_statements() -> Iterator[tuple[str, Executable]]:
    """Every SELECT, UPDATE and DELETE that a module of the storage keeps under a name."""
    for found in pkgutil.iter_modules(sso.storage.__path__, "sso.storage."):
        if not found.ispkg and found.name not in ANOTHER_DATABASE:
            for name, value in vars(importlib.import_module(found.name)).items():
                for key, statement in value.items() if isinstance(value, dict) else (("", value),):
                    alone = statement.statement if isinstance(statement, Gate) else statement
                    if isinstance(alone, Select | Update | Delete):
                        yield f"{found.name}.{name}{key}", alone


def example_of(parameter: BindParameter[Any]) -> object:
    """A value that a parameter may have; a LIMIT says nothing of its type."""
    kinds = {Text: "x", UtcDateTime: NOW, LargeBinary: b"x", Boolean: True, JSON: {}}
    one = next((value for kind, value in kinds.items() if isinstance(parameter.type, kind)), 1)
    return [one] if parameter.expanding else one


def sent_of(connection: Connection, statement: Executable) -> Sent:
    """What the driver would be given for a statement."""
    assert isinstance(statement, ClauseElement)
    named = statement.compile(dialect=connection.dialect).binds
    parameters = {name: example_of(parameter) for name, parameter in named.items() if parameter.required}
    try:
        connection.execute(statement, parameters)
    except _Caught as caught:
        return caught.sent
    raise AssertionError("it was sent")


def _catch(*given: Any) -> None:
    statement, parameters, many = given[2], given[3], given[5]
    raise _Caught((statement, parameters[0] if many else parameters))


def plan_of(connection: Connection, sent: Sent) -> list[str]:
    """The steps that read a whole table."""
    statement, parameters = sent
    if connection.dialect.name == "sqlite":
        steps = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
        return [step for step in steps if step.startswith("SCAN") and step not in WHOLE_IS_RIGHT]
    # A table of a few rows is always read whole; so it is asked as if that were very dear.
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    if isinstance(parameters, dict):
        steps = [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)]
    else:
        driver: Any = connection.connection.driver_connection
        steps = [row[0] for row in psycopg.RawCursor(driver).execute(f"EXPLAIN {statement}", parameters)]
    return [step for step in steps if "Seq Scan" in step and "on audit_head " not in step]


def test_no_written_statement_reads_a_whole_table(sql_database: Database) -> None:
    with sql_database._schema_reader() as connection:
        event.listen(connection, "before_cursor_execute", _catch)
        sent = {name: sent_of(connection, statement) for name, statement in written_statements()}

    with sql_database._schema_reader() as connection:
        whole = {name: plan_of(connection, each) for name, each in sent.items()}

    assert {name: steps for name, steps in whole.items() if steps and name not in ALL_WANTED} == {}
    assert len(sent) > 70


def everything(stores: SqlStores) -> None:
    """Call every verb that a request or the worker uses."""
    tuya, told, begun, given = person(), client(), session(), code()
    account, granted, waited_for = citizen(tuya.id), grant(), deferred()
    stores.people.add_person(tuya)
    stores.people.add_account(account, NOW)
    stores.people.grant_role(tuya.id, Role.AUDITOR, NOW)
    stores.people.person(tuya.id)
    stores.people.list_persons(after="", limit=10)
    stores.people.citizen("tuya")
    stores.people.staff("civil", "uuid")
    stores.people.staff_named("civil", "bolor")
    stores.people.accounts_of(tuya.id)
    stores.people.list_accounts(after="", limit=10)
    stores.people.update_account(account.id, "tuya", {}, NOW)
    stores.people.disable_account(account.id, Departure.OFFICER, NOW)
    stores.people.enable_account(account.id)
    stores.people.note_state(account.id, NOW)
    stores.signed_in.of_directory("civil", after="", limit=10)
    stores.people.move_account(account.id, tuya.id)
    stores.people.revoke_role(tuya.id, Role.AUDITOR)
    stores.credentials.put(PasswordCredential(account.id, "hash", NOW))
    stores.credentials.get(account.id)
    stores.security_events.add(
        SecurityEvent(id="jti", client_id="c", kind=EventType.SESSION_REVOKED, occurred_at=NOW),
        pushed=True,
        now=NOW,
    )
    stores.security_events.concerned(account.id)
    stores.security_events.has_due(NOW)
    stores.security_events.claim_due(NOW, 10, 30)
    stores.security_events.waiting_for("c", 10)
    stores.security_events.failed("jti", NOW, "refused")
    stores.security_events.delivered("jti", "c", NOW)
    stores.security_events.gave_up("jti", "c", "refused", NOW)
    stores.subjects.get(account.id)
    stores.subjects.sub(account.id, "", NOW)
    stores.clients.add(told, NOW)
    stores.clients.get(told.client_id)
    stores.clients.list_clients()
    stores.clients.rotate_secret(told.client_id, ClientSecret(b"d" * 32), NOW, HOUR)
    stores.initial_access_tokens.add(initial_access_token())
    stores.initial_access_tokens.get(b"t" * 32)
    stores.initial_access_tokens.use(b"t" * 32, NOW)
    stores.initial_access_tokens.revoke("token-1", NOW)
    stores.registration_access.add(told.client_id, b"t" * 32, NOW)
    stores.registration_access.accepts(told.client_id, b"t" * 32)
    stores.registration_access.settle(told.client_id, b"t" * 32)
    stores.registration_access.rotate(told.client_id, b"t" * 32, b"u" * 32, NOW)
    stores.registration_access.remove(told.client_id)
    stores.sessions.add(begun, b"c" * 32)
    stores.sessions.get(b"c" * 32)
    stores.sessions.by_id(begun.id)
    stores.sessions.renew(begun, b"d" * 32)
    stores.sessions.touch(begun.id, NOW)
    stores.sessions.join(begun.id, told.client_id, NOW)
    stores.sessions.clients_of(begun.id)
    stores.sessions.of_account(account.id)
    stores.sessions.expired(NOW, 60, 10)
    stores.sessions.end(begun.id, SessionEnd.SIGNED_OUT, NOW)
    stores.codes.add(given)
    stores.codes.get(given.digest)
    stores.codes.redeem(given.digest, NOW)
    stores.grants.add(granted)
    stores.deferred.add(waited_for)
    stores.deferred.get(waited_for.digest)
    stores.deferred.by_id(waited_for.id)
    stores.deferred.by_user_code(b"u" * 32, NOW)
    stores.deferred.polled(waited_for, HOUR, NOW)
    stores.deferred.decide(waited_for.id, granted, NOW)
    stores.deferred.redeem(waited_for.digest, NOW)
    stores.deferred.waiting_for(account.id, NOW)
    stores.pings.add(waited_for, "https://bank.example/ping", NOW)
    stores.pings.claim_due(NOW, 10, 60)
    stores.pings.delivered(waited_for.id, NOW)
    stores.pings.failed(waited_for.id, None, "", NOW)
    stores.pings.waiting_count()
    stores.subjects.account_of("sub", "")
    stores.grants.add(grant(), (granted.id,))
    stores.grants.hold((granted.id,))
    stores.grants.of_session(begun.id, told.client_id)
    stores.clients.of_resource("https://a.example/")
    stores.refresh_tokens.add(refresh_token(given.grant))
    stores.refresh_tokens.get(b"r" * 32)
    stores.refresh_tokens.use(b"r" * 32, b"s", NOW)
    stores.grants.get(given.grant.id)
    stores.grants.revoke(given.grant.id, NOW)
    stores.grants.revoke_of_session(begun.id, keep_offline=True, now=NOW)
    stores.grants.revoke_of_account(account.id, NOW)
    stores.grants.revoke_elsewhere(account.id, begun.id, NOW)
    stores.grants.revoke_of_client(told.client_id, NOW)
    stores.consents.get(account.id, told.client_id, NOW)
    stores.denied_tokens.add("jti", NOW)
    stores.denied_tokens.denied("jti")
    stores.one_time_values.spend("assertion", "jti", NOW)
    stores.throttles.attempt(b"key", window_seconds=60, now=NOW)
    stores.throttles.forget(b"key")
    stores.throttles.refuse(refusals(b"key"))
    stores.throttles.take_refusals(NOW + DAY, 10)
    for expiring in EXPIRING_TABLES:
        stores.expiries.take(expiring, NOW, 10)
        stores.expiries.take(expiring, NOW + DAY, 10)
    stores.notices.add_logout(begun, told, "sub", NOW)
    stores.outbox.claim_due(NOW, 10, 60)
    stores.outbox.of_session(begun.id)
    stores.outbox.pending_count()
    stores.pending.get("id", b"b", NOW)
    stores.pending.remove("id")
    stores.pushed.add(pushed())
    stores.pushed.spend(b"p" * 32)
    stores.clients.remove(told.client_id)
    for closed in (False, True):
        stores.findings.page(Wanted(closed=closed, rule="r", assignee="a"))
    stores.audit_recalls.ask("e", "c", NOW)
    stores.audit_recalls.of("e")
    stores.audit_recalls.take(NOW)
    stores.audit_recalls.keep("e", b"body", NOW)
    stores.audit_recalls.failed("e", NOW)
    stores.audit_recalls.given("e", NOW)
    stores.findings.unclosed("r", ["g", "h"])
    stores.findings.suppressing("r", ["g", "h"], NOW)
    for table in SWEPT_TABLES:
        stores.cleanup.sweep(table, NOW + 30 * DAY)
    for facet in ("client_id", "account_id", "session_id", "grant_id", "request_id", "address"):
        stores.audit_search.search(AuditQuery(since=NOW, until=NOW + DAY, **{facet: "192.0.2.7"}))
    stores.audit_search.search(AuditQuery(since=NOW, until=NOW + DAY, events=("token.*",)))
    stores.audit_search.histogram(AuditQuery(since=NOW, until=NOW + DAY), 10)


@contextmanager
def noted(database: Database) -> Iterator[list[Sent]]:
    """Everything that either database is asked meanwhile."""
    seen: list[Sent] = []
    engines = database._my_engines()
    if isinstance(engines, SqliteEngines):
        with listening(engines._writer, seen):
            yield seen
        return
    run = Lease.run

    def running(lease: Lease, text: bytes, values: Sequence[Any], **how: bool) -> Any:
        seen.append((text.decode(), values))
        return run(lease, text, values, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Lease, "run", running)
        yield seen


@contextmanager
def listening(engine: Engine, seen: list[Sent]) -> Iterator[None]:
    def note(*given: Any) -> None:
        statement, parameters, many = given[2], given[3], given[5]
        seen.append((statement, parameters[0] if many else parameters))

    event.listen(engine, "before_cursor_execute", note)
    yield
    event.remove(engine, "before_cursor_execute", note)


def test_no_query_reads_a_whole_table(sql_database: Database) -> None:
    with noted(sql_database) as seen, sql_database.begin(ORIGIN) as stores:
        everything(stores)

    asked = [each for each in seen if each[0].split()[0] in ("SELECT", "UPDATE", "DELETE", "WITH")]
    with sql_database._schema_reader() as connection:
        whole = [(plan, each[0]) for each in asked if (plan := plan_of(connection, each))]

    assert whole == []
    assert len(asked) > 50
