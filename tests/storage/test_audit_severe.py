"""What is severe, or no daily success, is found by an index of its own, in a plan for all values, too."""

from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection

from sso.audit.event import CodeReused
from sso.audit.event.assurance import CheckpointRejected
from sso.audit.query import AuditQuery
from sso.audit.record import Outcome, Severity
from sso.storage.database import Database
from tests.storage.examples import DAY, MINUTE, NOW, ORIGIN
from tests.storage.test_audit import issued
from tests.storage.test_plans import Sent, noted

INDEX_OF_NOTABLE = {
    "sqlite": "USING INDEX ix_audit_event_notable",
    "postgresql": "_id_severity_outcome_idx",
}
INDEX_OF_SEVERE = {"sqlite": "USING INDEX ix_audit_event_severe", "postgresql": "_id_severity_idx"}
SINCE, UNTIL = NOW - DAY, NOW + DAY


@pytest.fixture
def filled(private_database: Database) -> Database:
    """Some severe records among many others, and what a planner knows of that."""
    reused = CodeReused(client_id="client-1", account_id="account-1", grant_id="grant-1")
    with private_database.begin(ORIGIN) as stores:
        for number in range(400):
            stores.audit.append(issued(), NOW + number * MINUTE)
        stores.audit.append(CheckpointRejected(anchor="w", size=2, witness_size=3, reason="other"), NOW)
        for number in range(4):
            stores.audit.append(reused, NOW + number * 90 * MINUTE)
    with private_database._schema_writer() as connection:
        connection.exec_driver_sql("ANALYZE")
    return private_database


def plan_without_values(connection: Connection, sent: Sent) -> str:
    """The steps of a statement, as they are planned once for all values of its parameters."""
    statement, parameters = sent
    if connection.dialect.name == "sqlite":
        steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return "\n".join(row[3] for row in steps)
    driver: Any = connection.connection.driver_connection
    driver.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    driver.execute(f"PREPARE asked AS {statement}")
    given = ", ".join(["%s"] * len(parameters))
    steps = psycopg.ClientCursor(driver).execute(f"EXPLAIN EXECUTE asked({given})", parameters).fetchall()
    driver.execute("DEALLOCATE asked")
    return "\n".join(row[0] for row in steps)


@pytest.mark.parametrize(("severity", "records"), [(Severity.HIGH, 5), (Severity.CRITICAL, 1)])
def test_what_is_severe_is_found_by_its_index(filled: Database, severity: Severity, records: int) -> None:
    with noted(filled) as seen, filled.begin(ORIGIN) as stores:
        found = stores.audit_search.search(AuditQuery(since=SINCE, until=UNTIL, severity=severity))

    assert len(found) == records
    (asked,) = [sent for sent in seen if "ORDER BY audit_event.id DESC" in sent[0]]
    with filled._schema_reader() as connection:
        assert INDEX_OF_SEVERE[connection.dialect.name] in plan_without_values(connection, asked)


@pytest.mark.parametrize(
    ("facets", "records"),
    [
        ({"severity": Severity.LOW}, 5),
        ({"severity": Severity.MEDIUM}, 5),
        ({"outcome": Outcome.FAILURE}, 5),
    ],
    ids=["low", "medium", "failure"],
)
def test_what_is_no_daily_success_is_found_by_its_index(
    filled: Database, facets: dict[str, Any], records: int
) -> None:
    with noted(filled) as seen, filled.begin(ORIGIN) as stores:
        found = stores.audit_search.search(AuditQuery(since=SINCE, until=UNTIL, **facets))

    assert len(found) == records
    (asked,) = [sent for sent in seen if "ORDER BY audit_event.id DESC" in sent[0]]
    with filled._schema_reader() as connection:
        assert INDEX_OF_NOTABLE[connection.dialect.name] in plan_without_values(connection, asked)


def test_a_lower_level_does_not_ask_the_index_that_lacks_it(filled: Database) -> None:
    query = AuditQuery(since=SINCE, until=UNTIL, severity=Severity.MEDIUM, limit=1000)
    with filled.read() as stores:
        severe = stores.audit_search.search(query)
        everything = stores.audit_search.search(
            AuditQuery(since=SINCE, until=UNTIL, severity=Severity.INFORMATIONAL, limit=1000)
        )

    assert (len(severe), len(everything)) == (5, 405)
