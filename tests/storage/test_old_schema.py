"""A database of an earlier version of the hub, with data in it, becomes one of today's and loses nothing."""

import json
from datetime import UTC, datetime

from alembic import command
from sqlalchemy import select, text

from sso.audit.event import NodeStarted
from sso.audit.query import AuditQuery
from sso.audit.record import Origin
from sso.oidc.registration import changed_client
from sso.storage import schema
from sso.storage.database import Database
from sso.storage.schema import migrate
from sso.storage.tables import audit_hour
from tests.storage.examples import HOUR, ORIGIN
from tests.storage.test_schema import empty_database

__all__ = ["empty_database"]

AT = datetime(2026, 3, 4, 5, 6, 7, 123456, tzinfo=UTC)
EVENT = "019c0000-0000-7000-8000-000000000001"


REGISTRATION = {
    "scope": ["openid"],
    "grant_types": ["authorization_code"],
    "subject_type": "pairwise",
    "names": {"zh-CN": "住房"},
    **dict.fromkeys(("post_logout_redirect_uris", "audience", "contacts"), []),
    **dict.fromkeys(("backchannel_logout_session_required", "require_pkce", "rotate_refresh_tokens"), True),
    **dict.fromkeys(("claims_in_id_token", "accept_token_endpoint_audience"), False),
    **dict.fromkeys(("backchannel_logout_uri", "jwks", "token_endpoint_auth_signing_alg", "client_uri")),
    **dict.fromkeys(("default_max_age", "logo_uri", "policy_uri", "tos_uri", "initiate_login_uri")),
    "id_token_signed_response_alg": "RS256",
}
"""What the first version wrote of a client."""


def at_first_version(database: Database) -> None:
    schema._make_private(database)
    with database._schema_writer() as connection:
        command.upgrade(schema._config(connection), "0001_first")
    at = int(AT.timestamp()) * 1_000_000 + AT.microsecond if database.dialect == "sqlite" else AT
    event = {"id": EVENT, "event": "session.created", "occurred_at": at, "outcome": "success", "severity": 1}
    event |= {"client_id": "housing", "account_id": "account-1", "address": "192.0.2.7"}
    event |= {
        "origin": '{"user_agent": "Old", "trace_id": null, "actor": null}',
        "detail": '{"expires_at": "x"}',
    }
    grant = {"id": "g", "client_id": "c", "account_id": "a", "sub": "s", "session_id": "z", "scope": "openid"}
    grant |= {"claims": "{}", "auth_time": at, "acr": "x", "amr": "pwd", "offline": False, "created_at": at}
    clients = [
        {"client_id": name, "client_name": name, "auth_method": "none", "sector": name, "trusted": False}
        | {"registration": json.dumps(REGISTRATION | {"redirect_uris": [address]})}
        | {"created_at": at, "updated_at": at}
        for name, address in (("app", "org.example.app:/cb"), ("site", "https://site.example/cb"))
    ]
    rows = [("audit_event", event), ('"grant"', grant), *(("client", client) for client in clients)]
    with database._schema_writer() as connection:
        for table, row in rows:
            names = ", ".join(row)
            values = ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), row)


def test_events_from_before_the_log_become_entries(empty_database: Database) -> None:
    at_first_version(empty_database)

    migrate(empty_database)
    with empty_database.begin(Origin()) as stores:
        taken = stores.audit_import.take(10)

    with empty_database.read() as stores:
        entry = stores.audit_search.find(EVENT)
        waiting = stores.audit_tree.waiting().events
    assert (taken, waiting) == (1, 1)
    assert entry is not None
    assert (entry.event, entry.account_id, entry.client_id) == ("session.created", "account-1", "housing")
    assert (entry.origin.address, entry.origin.user_agent) == ("192.0.2.7", "Old")
    assert entry.occurred_at == AT


def test_entries_from_before_the_counts_are_counted_and_those_that_wait_are_not(
    empty_database: Database,
) -> None:
    schema._make_private(empty_database)
    empty_database.audit_keys.create()
    with empty_database._schema_writer() as connection:
        command.upgrade(schema._config(connection), "0021_audit_severe")
    with empty_database.begin(ORIGIN) as stores:
        for _ in range(3):
            stores.audit.append(NodeStarted(node="n", version="1"), AT)
    oldest = "WHERE event_id = (SELECT min(id) FROM audit_event)"
    head = "INSERT INTO audit_head (epoch, origin, size, frontier, opened_at)"
    first = "SELECT 1, 'o', 1, leaf_hash, occurred_at FROM audit_pending JOIN audit_event ON id = event_id"
    with empty_database._schema_writer() as connection:
        for statement in (
            f"{head} {first} {oldest}",
            f"INSERT INTO audit_leaf SELECT 1, 0, event_id, leaf_hash FROM audit_pending {oldest}",
            f"DELETE FROM audit_pending {oldest}",
        ):
            connection.execute(text(statement))

    migrate(empty_database)

    with empty_database.read() as stores:
        bars = stores.audit_search.histogram(AuditQuery(since=AT - HOUR, until=AT + HOUR), 1)
        [grown] = stores.audit_tree.heads()
    with empty_database._schema_reader() as connection:
        counted = connection.execute(select(audit_hour)).all()
    assert grown.counted == 1
    assert [bar.success for bar in bars] == [3]
    assert counted == [(AT.replace(minute=0, second=0, microsecond=0), "node.started", "success", 1, "", 1)]


def test_a_grant_from_before_is_read_as_bound_to_nothing(empty_database: Database) -> None:
    at_first_version(empty_database)

    migrate(empty_database)

    with empty_database.begin(ORIGIN) as stores:
        grant = stores.grants.get("g")
    assert grant is not None
    assert (grant.resource, grant.authorization_details, grant.confirmation, grant.act) == (
        (),
        (),
        None,
        None,
    )


def test_a_client_from_before_has_the_defaults_of_todays_fields(empty_database: Database) -> None:
    at_first_version(empty_database)

    migrate(empty_database)

    with empty_database.begin(ORIGIN) as stores:
        app, site = stores.clients.get("app"), stores.clients.get("site")
    assert app is not None
    assert site is not None
    assert (app.application_type, site.application_type) == ("native", "web")
    assert (app.response_types, app.access_token_format, app.self_registration) == ({"code"}, "jwt", None)
    assert changed_client(app, {"client_name": "App"}, AT).redirect_uris == ("org.example.app:/cb",)
    assert site.names == {"zh-CN": "住房"}


FINDING = {
    "rule": "r",
    "title": "t",
    "level": 3,
    "group_digest": "linked",
    "first_record_id": EVENT,
    "last_record_id": EVENT,
    "records": 1,
    "state": "open",
}


def test_a_finding_from_before_leads_to_nobody(empty_database: Database) -> None:
    """Its digest could be made again from the hub's own key and the person's id."""
    schema._make_private(empty_database)
    with empty_database._schema_writer() as connection:
        command.upgrade(schema._config(connection), "0017_finding_retention")
    at = int(AT.timestamp()) * 1_000_000 + AT.microsecond if empty_database.dialect == "sqlite" else AT
    times = dict.fromkeys(("first_at", "last_at", "opened_at", "changed_at"), at)
    rows: list[tuple[str, dict[str, object]]] = []
    for name, fields in (("somebody", "client_id account_id"), ("thing", "client_id")):
        rows.append(("finding", {"id": name, "fields": fields, **times, **FINDING}))
        told = {"id": f"s-{name}", "rule": "r", "finding_id": name, "group_digest": "linked", "reason": "x"}
        more = {"author": "command:root", "created_at": at, "ends_at": at, "matches": 1}
        rows.append(("finding_suppression", told | more))
    with empty_database._schema_writer() as connection:
        for table, row in rows:
            names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), row)

    migrate(empty_database)

    with empty_database._schema_reader() as connection:
        for table in ("finding", "finding_suppression"):
            found = connection.execute(text(f"SELECT group_digest FROM {table} ORDER BY id")).scalars().all()
            assert found == ["", "linked"]
    with empty_database.begin(ORIGIN) as stores:
        kept = stores.findings.get("somebody")
    assert kept is not None
    assert (kept.rule, kept.first_at, kept.records) == ("r", AT, 1)


def test_a_clerk_from_before_is_found_by_the_name_that_people_type(empty_database: Database) -> None:
    at_first_version(empty_database)
    at = int(AT.timestamp()) * 1_000_000 if empty_database.dialect == "sqlite" else AT
    common = {"person_id": "p", "kind": "staff", "directory_id": "civil", "claims": "{}"}
    with empty_database._schema_writer() as connection:
        connection.execute(text("INSERT INTO person (id, name) VALUES ('p', 'Bolor')"))
        for number, name in enumerate(("Bolor.Ｅ", "tuya\u0001")):
            row = common | {"id": f"a{number}", "immutable_id": str(number), "login_name": name}
            row |= {"created_at": at, "updated_at": at}
            names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO account ({names}) VALUES ({values})"), row)

    migrate(empty_database)

    with empty_database.begin(ORIGIN) as stores:
        assert [account.id for account in stores.people.staff_named("civil", "bolor.e")] == ["a0"]
        assert stores.people.staff_named("civil", "tuya\u0001") == []
