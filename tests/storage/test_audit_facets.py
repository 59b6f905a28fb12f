"""Facets that have no column: found in the bytes of the entry, by value and never by accident."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from sqlalchemy import text

from sso.archive.parquet import write
from sso.archive.search import ArchiveSearch
from sso.audit.event import (
    AccountUpdated,
    AuthorizationAccepted,
    KeyRevoked,
    NodeStarted,
    SessionEndedByTimeout,
    SignInFailed,
    SignInSucceeded,
    TokenIssued,
    TokenRequestFailed,
    UserinfoAccessed,
)
from sso.audit.query import AuditQuery, Bar
from sso.audit.record import AuditEvent, AuditRecord, Origin, Outcome, Severity
from sso.storage.audit_months import Month
from sso.storage.database import Database
from tests.storage.examples import DAY, HOUR, NOW

EVENTS: dict[str, AuditEvent] = {
    "in": SignInSucceeded(
        account_id="account-1",
        session_id="s",
        client_id="housing",
        directory_id="civil",
        acr="2",
        amr=("pwd",),
    ),
    "failed": SignInFailed(directory_id="civil-2", status_code="BAD_CREDENTIAL", name_hmac="h"),
    "refused": TokenRequestFailed(
        client_id="housing", grant_type="refresh_token", error="invalid_grant", reason="spent"
    ),
    "idle": SessionEndedByTimeout(account_id="account-1", session_id="s", cause="idle"),
    "issued": TokenIssued(
        client_id="housing",
        account_id="account-1",
        grant_type="authorization_code",
        jti="j",
        aud=("email",),
        scope=frozenset({"openid", "phone"}),
        expires_at=NOW + HOUR,
        claims_released=frozenset({"name", "sub"}),
    ),
    "read": UserinfoAccessed(
        client_id="housing",
        account_id="account-1",
        grant_id="g",
        jti="j",
        claims_released=frozenset({"email"}),
    ),
    "changed": AccountUpdated(account_id="account-1", claims_changed=frozenset({"email"}), source="command"),
    "revoked": KeyRevoked(kid="k-9", alg="EdDSA", signed=True),
    "started": NodeStarted(node='n "acr":"2" \\ "directory_id":"civil"', version="1.0 é"),
}


@pytest.fixture
def written(sql_database: Database) -> dict[str, str]:
    """One of each, each of a request of its own; their names by id."""
    names = {}
    for number, (name, event) in enumerate(EVENTS.items()):
        origin = Origin(request_id=f"r-{number}", trace_id=f"{number:032x}", address="192.0.2.7")
        with sql_database.begin(origin) as stores:
            names[stores.audit.append(event, NOW)] = name
    return names


def found(database: Database, names: dict[str, str], **facet: Any) -> set[str]:
    query = AuditQuery(since=NOW - DAY, until=NOW + DAY, **facet)
    with database.read() as stores:
        records = stores.audit_search.search(query)
        bars = stores.audit_search.histogram(query, 3)
    assert sum(bar.success + bar.failure for bar in bars) == len(records)
    assert database.dialect != "sqlite" or found_in_archive(database, query) == (records, bars)
    return {names[record.id] for record in records}


def found_in_archive(database: Database, query: AuditQuery) -> tuple[Sequence[AuditRecord], Sequence[Bar]]:
    """What DuckDB finds and counts in a file of the month."""
    with TemporaryDirectory() as name, database.read() as stores:
        file = Path(name) / "month.parquet"
        write(file, [stores.audit_archive.page(Month.of(NOW), "", 100)])
        with ArchiveSearch(Path(name), [file], database.audit_keys) as archive:
            found = archive.search(query)
            assert not found or archive.search(replace(query, before=found[0].id)) == found[1:]
            assert archive.following(query, "") == found[::-1]
            return found, archive.histogram(query, 3)


@pytest.mark.parametrize(
    ("facet", "expected"),
    [
        ({"directory_id": "civil"}, {"in"}),
        ({"directory_id": "civil-2"}, {"failed"}),
        ({"directory_id": "ivil"}, set()),
        ({"acr": "2"}, {"in"}),
        ({"acr": ""}, set()),
        ({"status_code": "BAD_CREDENTIAL"}, {"failed"}),
        ({"status_code": "invalid_grant"}, {"refused"}),
        ({"status_code": "idle"}, {"idle"}),
        ({"status_code": "spent"}, set()),
        ({"claim": "email"}, {"read", "changed"}),
        ({"claim": "sub"}, {"issued"}),
        ({"claim": "phone"}, set()),
        ({"claim": 'email"],"x":["'}, set()),
        ({"trace_id": f"{3:032x}"}, {"idle"}),
        ({"severity": Severity.CRITICAL}, {"revoked"}),
        ({"severity": Severity.INFORMATIONAL, "outcome": Outcome.FAILURE}, {"failed", "refused"}),
        ({"text": "EdDSA"}, {"revoked"}),
        ({"text": "k-9"}, {"revoked"}),
        ({"text": "auth.login"}, {"in", "failed"}),
        ({"text": "192.0.2"}, set()),
        ({"text": "account-1"}, set()),
        ({"text": '"acr":"2"'}, {"started"}),
        ({"text": "1.0 é"}, {"started"}),
        ({"text": "100%_"}, set()),
        ({"directory_id": "civil", "claim": "email"}, set()),
        ({"account_id": "account-1"}, {"in", "idle", "issued", "read", "changed"}),
        ({"account_id": "account-2"}, set()),
        ({"involving": ("account-1", "account-2"), "events": ("auth.*",)}, {"in"}),
        ({"address": "192.0.2.0/23"}, set(EVENTS)),
        ({"address": "192.0.2.8"}, set()),
    ],
    ids=lambda value: str(sorted(value) if isinstance(value, set) else value),
)
def test_a_facet_finds_what_says_so_and_nothing_else(
    sql_database: Database, written: dict[str, str], facet: dict[str, Any], expected: set[str]
) -> None:
    assert found(sql_database, written, **facet) == expected


def test_a_transaction_is_everything_that_its_request_recorded(
    sql_database: Database, written: dict[str, str]
) -> None:
    with sql_database.begin(Origin(request_id="one")) as stores:
        first = stores.audit.append(EVENTS["in"], NOW)
        second = stores.audit.append(EVENTS["issued"], NOW)
    with sql_database.begin(Origin()) as stores:
        alone = stores.audit.append(EVENTS["idle"], NOW)
    names = {**written, first: "first", second: "second", alone: "alone"}

    assert found(sql_database, names, transaction=second) == {"first", "second"}
    assert found(sql_database, names, transaction=alone) == {"alone"}
    assert found(sql_database, names, transaction="00000000-0000-7000-8000-000000000000") == set()


def test_claims_that_were_asked_for_are_found_too(sql_database: Database, written: dict[str, str]) -> None:
    asked = AuthorizationAccepted(
        client_id="housing",
        redirect_host="housing.example",
        scope=frozenset({"openid"}),
        claims_requested=frozenset({"birthdate"}),
        acr_values=(),
        prompt=frozenset(),
        pkce=True,
    )
    with sql_database.begin(Origin()) as stores:
        written[stores.audit.append(asked, NOW)] = "asked"

    assert found(sql_database, written, claim="birthdate") == {"asked"}


def test_a_row_that_somebody_broke_never_breaks_a_search(
    sql_database: Database, written: dict[str, str]
) -> None:
    with sql_database._schema_writer() as connection:
        if sql_database.dialect == "sqlite":
            connection.execute(text("DROP TRIGGER audit_event_no_update"))
            connection.execute(text("UPDATE audit_event SET body = x'00ff7b'"))
        else:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            connection.execute(text(r"UPDATE audit_event SET body = '\x00ff7b'::bytea"))

    assert found(sql_database, written, acr="2") == set()
    assert found(sql_database, written, claim="email") == set()
    assert found(sql_database, written, text="EdDSA") == set()


@pytest.mark.parametrize("text", ["", "ab", "x" * 201])
def test_a_text_to_look_for_has_a_sensible_length(text: str) -> None:
    with pytest.raises(ValueError, match="3 to 200"):
        AuditQuery(since=NOW, until=NOW + timedelta(hours=1), text=text)
