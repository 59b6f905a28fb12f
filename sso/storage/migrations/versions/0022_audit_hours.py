"""Entries of the log that have their places are counted by the hour, by event, outcome, severity and client.

What has its place now is counted here: every entry is read from the disk, a few minutes for ten million.
Nobody has to wait meanwhile. A worker of an earlier release that goes on counts nothing: the next one does.
"""

from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op

revision = "0022_audit_hours"
down_revision = "0021_audit_severe"
branch_labels = None
depends_on = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
TIME = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
_KINDS = ("event", "outcome", "severity")


def upgrade() -> None:
    counts = op.create_table(
        "audit_hour",
        sa.Column("hour", TIME, autoincrement=False, nullable=False),
        sa.Column("event", TEXT, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("severity", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "hour", "event", "outcome", "severity", "client_id", name=op.f("pk_audit_hour")
        ),
        postgresql_with={"fillfactor": 50},
    )
    op.add_column("audit_head", sa.Column("counted", sa.BigInteger(), nullable=True))
    connection = op.get_bind()
    heads = sa.table("audit_head", sa.column("epoch"), sa.column("size"), sa.column("counted"))
    known = connection.execute(sa.select(heads.c.epoch, heads.c.size)).all()
    sizes = {int(row.epoch): int(row.size) for row in known}
    connection.execute(sa.insert(counts).from_select(counts.c.keys(), _counted(sizes)))
    for epoch, size in sizes.items():
        connection.execute(sa.update(heads).where(heads.c.epoch == epoch).values(counted=size))


def _counted(sizes: Mapping[int, int]) -> sa.Select[tuple[object, ...]]:
    """The entries of each tree up to a size: what gets its place meanwhile is not among them."""
    names = ("id", *_KINDS, "client_id", "occurred_at")
    entries = sa.table("audit_event", *(sa.column(name) for name in names))
    leaves = sa.table("audit_leaf", *(sa.column(name) for name in ("epoch", "leaf_index", "event_id")))
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    hour = (
        "date_trunc('hour', occurred_at, 'UTC')"
        if on_postgresql
        else "occurred_at - occurred_at % 3600000000"
    )
    client: sa.ColumnElement[str] = sa.literal_column("coalesce(client_id, '')")
    kind = (sa.literal_column(hour), *(entries.c[name] for name in _KINDS), client)
    placed = sa.select(*kind, sa.func.count()).join_from(entries, leaves, leaves.c.event_id == entries.c.id)
    below = (sa.and_(leaves.c.epoch == epoch, leaves.c.leaf_index < size) for epoch, size in sizes.items())
    return placed.where(sa.or_(sa.false(), *below)).group_by(*kind)
