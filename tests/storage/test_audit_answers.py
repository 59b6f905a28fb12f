"""The tables of the questions: computed oldest first, page by page, and only as far as is allowed."""

import pytest

from sso.audit.event import TokenIssued
from sso.audit.query import AuditQuery
from sso.audit.questions import QUESTIONS, Subject, query_for
from sso.audit.record import Origin
from sso.storage.audit_answers import RECORDS_A_LOOK
from sso.storage.audit_selection import TooManyRecords
from sso.storage.database import Database
from tests.storage.examples import DAY, HOUR, NOW

UNTIL = NOW + HOUR


@pytest.fixture
def issued(sql_database: Database) -> list[str]:
    """The ids of three tokens of one account and one application, one a day, oldest first."""
    with sql_database.begin(Origin()) as stores:
        return [
            stores.audit.append(
                TokenIssued(
                    client_id="housing",
                    account_id="a",
                    grant_type="authorization_code",
                    jti=f"j{days}",
                    aud=(),
                    scope=frozenset(),
                    expires_at=NOW,
                ),
                NOW - days * DAY,
            )
            for days in (3, 2, 1)
        ]


def test_pages_follow_from_the_oldest_on(sql_database: Database, issued: list[str]) -> None:
    query = AuditQuery(since=NOW - 9 * DAY, until=UNTIL, client_id="housing", limit=2)

    with sql_database.read() as stores:
        pages = [stores.audit_search.following(query, after) for after in ("", issued[1], issued[2])]

    assert [[record.id for record in page] for page in pages] == [issued[:2], issued[2:], []]


@pytest.mark.parametrize(("name", "costs"), [("Q8", 3), ("Q10", 3 + 2 * RECORDS_A_LOOK)])
def test_a_table_that_costs_more_than_is_allowed_is_refused(
    sql_database: Database, issued: list[str], name: str, costs: int
) -> None:
    question = QUESTIONS[name]
    query = query_for(question, Subject(), None, UNTIL)

    with sql_database.read() as stores:
        assert stores.audit_answers.table(question, query, NOW, costs) is not None
        with pytest.raises(TooManyRecords, match=f"more than {costs - 1} records"):
            stores.audit_answers.table(question, query, NOW, costs - 1)
