"""The words of the questions, and what the tables of their answers become."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from admin.language import Language, languages
from admin.question_room import Cell, cells
from admin.question_words import ASKS, COLUMNS, MOMENTS, NAMES
from admin.refusals import ASKED
from sso.api.audit_questions import MAX_RECORDS
from sso.audit.findings import attacks, claims_grown, reach
from sso.audit.query import AuditQuery, AuditQueryInvalid
from sso.audit.questions import QUESTIONS

ENGLISH, CHINESE = languages()
NOW = datetime(2026, 3, 4, tzinfo=UTC)


def test_every_question_of_the_hub_has_its_words() -> None:
    assert set(ASKS) == set(NAMES) == set(QUESTIONS)


def test_every_column_that_is_computed_has_its_words() -> None:
    tables = (attacks([]), claims_grown({}, {}), reach([]))

    assert {name for table in tables for name in table.columns} <= set(COLUMNS)
    assert set(COLUMNS) >= MOMENTS


@pytest.mark.parametrize("language", languages(), ids=["en", "zh-CN"])
def test_bounds_are_told_as_the_hub_has_them(language: Language) -> None:
    with pytest.raises(AuditQueryInvalid) as refused:
        AuditQuery(since=NOW - timedelta(days=1), until=NOW, address="10.0.0.0/8")
    widths = re.findall(r"/\d+", str(refused.value))

    assert re.findall(r"/\d+", language.gettext(ASKED["network_too_wide"])) == widths
    assert f"{MAX_RECORDS:,}" in language.gettext(ASKED["too_many_records"])


def test_a_table_is_told_in_words_and_leads_on() -> None:
    table = {
        "columns": ["what", "id", "last_seen_before", "days_of_silence", "asked_anew", "first_seen"],
        "rows": [["client_id", "c1", "2026-03-04T05:06:07+00:00", 1234, ["name", "email"], "no"]],
    }

    (row,) = cells(table, ENGLISH, {"c1": "Water board"})

    assert row == [
        Cell("Application"),
        Cell("Water board", link="/search?range=365d&client_id=c1"),
        Cell("2026-03-04 05:06:07", at="2026-03-04T05:06:07+00:00"),
        Cell("1,234"),
        Cell("name, email"),
        Cell("No"),
    ]


def test_what_never_was_has_no_time() -> None:
    table = {"columns": ["then_success", "success_from", "claims_released"], "rows": [["-", "-", []]]}

    assert cells(table, CHINESE, {}) == [[Cell("–"), Cell("–"), Cell("–")]]
