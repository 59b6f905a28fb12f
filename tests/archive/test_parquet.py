"""A month as Parquet: every column of the log's table comes back as it was."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from pyarrow import parquet

from sso.archive.parquet import SCHEMA, ArchivedRow, Content, content_of, read, write
from sso.storage.tables import audit_event, audit_leaf

NOW = datetime(2026, 3, 4, 5, 6, 7, 123456, tzinfo=UTC)
ROW: ArchivedRow = dict.fromkeys(SCHEMA.names) | {
    "id": "019cb6a5-1",
    "event": "node.started",
    "occurred_at": NOW,
    "outcome": "success",
    "severity": 1,
    "body": b'{"v":1}\xff\0',
    "sealed": bytes(range(256)),
    "epoch": 1,
    "leaf_index": 2**40,
    "leaf_hash": b"h" * 32,
}


def test_the_columns_are_those_of_the_table_and_of_the_place() -> None:
    place = [name for name in audit_leaf.c.keys() if name != "event_id"]

    assert SCHEMA.names == [*audit_event.c.keys(), *place]
    assert [field.name for field in SCHEMA if not field.nullable] == [
        column.name for column in audit_event.c if not column.nullable
    ]


def test_rows_come_back_as_they_were_page_by_page(tmp_path: Path) -> None:
    file = tmp_path / "month.parquet"
    rows = [{**ROW, "id": f"019cb6a5-{number}"} for number in range(5)]

    written = write(file, [rows[:2], rows[2:]])

    assert [row for page in read(file) for row in page] == rows
    assert written == content_of(file)
    assert written.entries == 5
    assert parquet.ParquetFile(file).num_row_groups == 2


def test_what_rows_come_to_tells_the_smallest_change_and_no_time_zone(tmp_path: Path) -> None:
    def content(row: ArchivedRow) -> Content:
        return write(tmp_path / "month.parquet", [[row]])

    elsewhere = NOW.astimezone(timezone(timedelta(hours=8)))

    assert content({**ROW, "occurred_at": elsewhere}) == content(ROW)
    assert content({**ROW, "sealed": None}) != content(ROW)
    assert content({**ROW, "session_id": ""}) != content(ROW)
    assert content({**ROW, "occurred_at": NOW + timedelta(microseconds=1)}) != content(ROW)


def test_a_month_without_entries_is_a_file_too(tmp_path: Path) -> None:
    assert write(tmp_path / "month.parquet", []) == content_of(tmp_path / "month.parquet")
