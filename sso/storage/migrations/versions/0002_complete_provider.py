"""What the complete provider remembers: resources, details and keys of grants, secrets that sign."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002_complete_provider"
down_revision = "0001_first"
branch_labels = None
depends_on = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
TIME = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
FOREIGN_JSON = sa.JSON()
CLEAN_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column("grant", sa.Column("resource", TEXT, nullable=True))
    op.add_column("grant", sa.Column("authorization_details", FOREIGN_JSON, nullable=True))
    op.add_column("grant", sa.Column("confirmation", CLEAN_JSON, nullable=True))
    op.add_column("grant", sa.Column("act", CLEAN_JSON, nullable=True))
    op.add_column("grant", sa.Column("ends_at", TIME, nullable=True))
    op.add_column("authorization_code", sa.Column("dpop_jkt", TEXT, nullable=True))
    op.add_column("client_secret", sa.Column("sealed", sa.LargeBinary(), nullable=True))
    op.create_table(
        "logout_frame",
        sa.Column("session_id", TEXT, nullable=False),
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("uri", TEXT, nullable=False),
        sa.Column("include_sid", sa.Boolean(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("sent_at", TIME, nullable=True),
        sa.Column("loaded_at", TIME, nullable=True),
        sa.Column("failed_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("session_id", "client_id", name=op.f("pk_logout_frame")),
    )
    op.create_index("ix_logout_frame_created", "logout_frame", ["created_at"])
    fresh = sa.text("delivered_at IS NULL AND gave_up_at IS NULL AND attempts = 0")
    op.create_index(
        "ix_logout_notice_fresh",
        "logout_notice",
        ["next_attempt_at"],
        sqlite_where=fresh,
        postgresql_where=fresh,
    )
    op.add_column("client", sa.Column("logout_unconfirmed_since", TIME, nullable=True))
    op.create_index("ix_client_secret_expires", "client_secret", ["expires_at"])
    op.add_column("consent", sa.Column("authorization_details", FOREIGN_JSON, nullable=True))
    op.add_column("pending_authorization", sa.Column("consented_by", TEXT, nullable=True))
    op.add_column("pending_authorization", sa.Column("creation_offered_at", TIME, nullable=True))
    op.add_column("pending_authorization", sa.Column("pushed", sa.LargeBinary(), nullable=True))
    op.create_table(
        "pushed_authorization",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("params", FOREIGN_JSON, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("kept_until", TIME, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_pushed_authorization"),
    )
    op.create_index("ix_pushed_authorization_kept", "pushed_authorization", ["kept_until"])
    op.create_table(
        "access_token",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("claims", FOREIGN_JSON, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_access_token"),
    )
    op.create_index("ix_access_token_expires", "access_token", ["expires_at"])
    _signing_keys()
    _deferred_requests()
    _registration()
    _pings()
    _exchanges()


def _signing_keys() -> None:
    """Of two keys of one algorithm that two rotations made at once, the newer one stays without an end."""
    op.add_column("signing_key", sa.Column("activated_at", TIME, nullable=True))
    op.add_column("signing_key", sa.Column("revoked_at", TIME, nullable=True))
    op.execute(
        "UPDATE signing_key SET retired_at = (SELECT max(newer.active_from) FROM signing_key AS newer"
        " WHERE newer.alg = signing_key.alg AND newer.retired_at IS NULL)"
        " WHERE retired_at IS NULL AND EXISTS (SELECT 1 FROM signing_key AS newer"
        " WHERE newer.alg = signing_key.alg AND newer.retired_at IS NULL"
        " AND (newer.active_from, newer.kid) > (signing_key.active_from, signing_key.kid))"
    )
    without_end = sa.text("retired_at IS NULL")
    op.create_index(
        "ix_signing_key_alg",
        "signing_key",
        ["alg"],
        unique=True,
        sqlite_where=without_end,
        postgresql_where=without_end,
    )


def _deferred_requests() -> None:
    op.create_table(
        "deferred_request",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("grant_type", TEXT, nullable=False),
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("account_id", TEXT, nullable=True),
        sa.Column("user_code", sa.LargeBinary(), nullable=True),
        sa.Column("scope", TEXT, nullable=False),
        sa.Column("resource", TEXT, nullable=False),
        sa.Column("authorization_details", FOREIGN_JSON, nullable=False),
        sa.Column("acr_values", TEXT, nullable=False),
        sa.Column("binding_message", TEXT, nullable=True),
        sa.Column("address", TEXT, nullable=True),
        sa.Column("user_agent", TEXT, nullable=True),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("interval_seconds", sa.Integer(), nullable=False),
        sa.Column("next_poll_at", TIME, nullable=False),
        sa.Column("decided_at", TIME, nullable=True),
        sa.Column("grant_id", TEXT, nullable=True),
        sa.Column("redeemed_at", TIME, nullable=True),
        sa.Column("notification", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_deferred_request"),
        sa.UniqueConstraint("digest", name="uq_deferred_request_digest"),
        sa.UniqueConstraint("user_code", name="uq_deferred_request_user_code"),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grant.id"], name="fk_deferred_request_grant_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_deferred_request_grant", "deferred_request", ["grant_id"])
    op.create_index("ix_deferred_request_expires", "deferred_request", ["expires_at"])
    unanswered = sa.text("decided_at IS NULL")
    op.create_index(
        "ix_deferred_request_account",
        "deferred_request",
        ["account_id", "asked_at"],
        sqlite_where=unanswered,
        postgresql_where=unanswered,
    )


def _pings() -> None:
    op.create_table(
        "ping",
        sa.Column("request_id", TEXT, nullable=False),
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("uri", TEXT, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("next_attempt_at", TIME, nullable=False),
        sa.Column("delivered_at", TIME, nullable=True),
        sa.Column("gave_up_at", TIME, nullable=True),
        sa.Column("last_error", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("request_id", name="pk_ping"),
    )
    op.create_index("ix_ping_expires", "ping", ["expires_at"])
    waits = sa.text("delivered_at IS NULL AND gave_up_at IS NULL")
    op.create_index("ix_ping_due", "ping", ["next_attempt_at"], sqlite_where=waits, postgresql_where=waits)


def _registration() -> None:
    op.create_table(
        "initial_access_token",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("metadata", FOREIGN_JSON, nullable=False),
        sa.Column("uses_left", sa.Integer(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("revoked_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_initial_access_token"),
    )
    op.create_index("ix_initial_access_token_digest", "initial_access_token", ["digest"], unique=True)
    op.create_index("ix_initial_access_token_expires", "initial_access_token", ["expires_at"])
    op.create_table(
        "registration_access_token",
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=True),
        sa.Column("rotated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("client_id", name="pk_registration_access_token"),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["client.client_id"],
            name="fk_registration_access_token_client_id_client",
            ondelete="CASCADE",
        ),
    )
    _mark_native_applications()


def _mark_native_applications() -> None:
    """A web application has no scheme of its own: who has one was registered before anybody asked."""
    client = sa.table("client", sa.column("client_id"), sa.column("registration", FOREIGN_JSON))
    connection = op.get_bind()
    for client_id, registration in connection.execute(sa.select(client.c.client_id, client.c.registration)):
        schemes = {address.partition(":")[0] for address in registration["redirect_uris"]}
        if schemes - {"https", "http"}:
            values = {"registration": {**registration, "application_type": "native"}}
            connection.execute(sa.update(client).where(client.c.client_id == client_id).values(values))


def _exchanges() -> None:
    ends = sa.text("ends_at IS NOT NULL")
    op.create_index("ix_grant_ends", "grant", ["ends_at"], sqlite_where=ends, postgresql_where=ends)
    op.create_table(
        "grant_origin",
        sa.Column("grant_id", TEXT, nullable=False),
        sa.Column("origin_id", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("grant_id", "origin_id", name="pk_grant_origin"),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grant.id"], name="fk_grant_origin_grant_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_grant_origin_origin", "grant_origin", ["origin_id"])
    op.create_table(
        "client_resource",
        sa.Column("resource", TEXT, nullable=False),
        sa.Column("client_id", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("resource", "client_id", name="pk_client_resource"),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["client.client_id"],
            name="fk_client_resource_client_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_client_resource_client", "client_resource", ["client_id"])
