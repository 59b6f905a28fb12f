"""What detection rules found, and how far they have judged the log."""

import sqlalchemy as sa
from alembic import op

revision = "0013_findings"
down_revision = "0012_provisioned"
branch_labels = None
depends_on = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
TIME = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    _make_findings()
    op.create_table(
        "finding_suppression",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("rule", TEXT, nullable=False),
        sa.Column("finding_id", TEXT, nullable=True),
        sa.Column("group_digest", TEXT, nullable=True),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.Column("matches", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding_suppression")),
    )
    op.create_index("ix_finding_suppression_rule", "finding_suppression", ["rule", "ends_at"])
    op.create_index("ix_finding_suppression_end", "finding_suppression", ["ends_at"])
    op.create_table(
        "detection_place",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("leaf_index", sa.BigInteger(), nullable=False),
        sa.Column("judge", TEXT, nullable=False),
        sa.Column("held_until", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_detection_place")),
    )
    op.create_table(
        "detection_rule",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("text_sha256", TEXT, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("leaf_index", sa.BigInteger(), nullable=False),
        sa.Column("memory", sa.LargeBinary(), nullable=False),
        sa.Column("error", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_detection_rule")),
    )


def _make_findings() -> None:
    op.create_table(
        "finding",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("rule", TEXT, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("group_digest", TEXT, nullable=False),
        sa.Column("fields", TEXT, nullable=False),
        sa.Column("first_record_id", TEXT, nullable=False),
        sa.Column("last_record_id", TEXT, nullable=False),
        sa.Column("first_at", TIME, nullable=False),
        sa.Column("last_at", TIME, nullable=False),
        sa.Column("records", sa.BigInteger(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("assignee", TEXT, nullable=True),
        sa.Column("closed_as", TEXT, nullable=True),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
    )
    op.create_index("ix_finding_group", "finding", ["rule", "group_digest", "id"])
    for name, columns, condition in (
        ("ix_finding_unclosed", ["level", "id"], sa.text("closed_as IS NULL")),
        ("ix_finding_closed", ["id"], sa.text("closed_as IS NOT NULL")),
    ):
        op.create_index(name, "finding", columns, sqlite_where=condition, postgresql_where=condition)
    op.create_table(
        "finding_comment",
        sa.Column("finding_id", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("written_at", TIME, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["finding_id"], ["finding.id"], name=op.f("fk_finding_comment_finding_id")),
        sa.PrimaryKeyConstraint("finding_id", "id", name=op.f("pk_finding_comment")),
    )
