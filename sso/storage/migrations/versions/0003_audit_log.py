"""The audit log as a Merkle tree. Events recorded before it wait in audit_event_before_log to be taken in."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0003_audit_log"
down_revision = "0002_complete_provider"
branch_labels = None
depends_on = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
TIME = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
BYTES = sa.LargeBinary()
_OLD_INDEXES = (
    "event",
    "occurred",
    "client_id",
    "account_id",
    "session_id",
    "grant_id",
    "request_id",
    "address_bytes",
)
_FOUND_BY = ("client_id", "session_id", "grant_id", "request_id", "account_ref", "address_ref", "network_ref")
_MONTHS_AHEAD = 3


def upgrade() -> None:
    _set_old_events_aside()
    _create_events()
    _create_tree()
    if op.get_bind().dialect.name == "postgresql":
        _partition_by_month(datetime.now(UTC))
        _refuse_changes_on_postgresql()
    else:
        _refuse_changes_on_sqlite()


def _set_old_events_aside() -> None:
    for name in _OLD_INDEXES:
        op.drop_index(f"ix_audit_event_{name}", "audit_event")
    op.rename_table("audit_event", "audit_event_before_log")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER INDEX pk_audit_event RENAME TO pk_audit_event_before_log")


def _create_events() -> None:
    op.create_table(
        "audit_event",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("event", TEXT, nullable=False),
        sa.Column("occurred_at", TIME, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("client_id", TEXT, nullable=True),
        sa.Column("session_id", TEXT, nullable=True),
        sa.Column("grant_id", TEXT, nullable=True),
        sa.Column("request_id", TEXT, nullable=True),
        sa.Column("account_ref", BYTES, nullable=True),
        sa.Column("address_ref", BYTES, nullable=True),
        sa.Column("network_ref", BYTES, nullable=True),
        sa.Column("body", BYTES, nullable=False),
        sa.Column("sealed", BYTES, nullable=True),
        sa.Column("key_id", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_index("ix_audit_event_event", "audit_event", ["event", "id"])
    op.create_index("ix_audit_event_occurred", "audit_event", ["occurred_at", "outcome"])
    for name in _FOUND_BY:
        known = sa.text(f"{name} IS NOT NULL")
        op.create_index(
            f"ix_audit_event_{name}", "audit_event", [name, "id"], sqlite_where=known, postgresql_where=known
        )


def _create_tree() -> None:
    op.create_table(
        "audit_pending",
        sa.Column("event_id", TEXT, nullable=False),
        sa.Column("leaf_hash", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_audit_pending")),
    )
    op.create_table(
        "audit_head",
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("origin", TEXT, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("frontier", BYTES, nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("epoch", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "audit_leaf",
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("leaf_index", sa.BigInteger(), nullable=False),
        sa.Column("event_id", TEXT, nullable=False),
        sa.Column("leaf_hash", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("epoch", "leaf_index", name=op.f("pk_audit_leaf")),
        sa.UniqueConstraint("event_id", name=op.f("uq_audit_leaf_event_id")),
    )
    op.create_table(
        "audit_tile",
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("root", BYTES, nullable=False),
        sa.Column("hashes", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("epoch", "level", "number", name=op.f("pk_audit_tile")),
    )
    op.create_table(
        "audit_checkpoint",
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", BYTES, nullable=False),
        sa.Column("note", TEXT, nullable=False),
        sa.Column("signed_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("epoch", "size", name=op.f("pk_audit_checkpoint")),
    )
    op.create_table(
        "audit_log_key",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("public", BYTES, nullable=False),
        sa.Column("private", BYTES, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("retired_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("name", "public", name=op.f("pk_audit_log_key")),
    )


def _partition_by_month(now: datetime) -> None:
    """A month is a range of ids: the first 48 bits of an id are its milliseconds (RFC 9562 5.7)."""
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for _ in range(_MONTHS_AHEAD):
        following = _next(month)
        name = f"audit_event_{month:%Y_%m}"
        op.execute(
            f"CREATE TABLE {name} PARTITION OF audit_event "
            f"FOR VALUES FROM ('{_first_id(month)}') TO ('{_first_id(following)}')"
        )
        month = following
    op.execute("CREATE TABLE audit_event_other PARTITION OF audit_event DEFAULT")


def _next(month: datetime) -> datetime:
    return month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)


def _first_id(moment: datetime) -> str:
    text = f"{int(moment.timestamp()) * 1000:012x}"
    return f"{text[:8]}-{text[8:]}"


def _refuse_changes_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION audit_event_stays() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'an audit event is never changed or deleted'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_event_stays BEFORE UPDATE OR DELETE ON audit_event "
        "FOR EACH ROW EXECUTE FUNCTION audit_event_stays()"
    )


def _refuse_changes_on_sqlite() -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_event_no_{verb.lower()} BEFORE {verb} ON audit_event "
            "BEGIN SELECT RAISE(ABORT, 'an audit event is never changed or deleted'); END"
        )
