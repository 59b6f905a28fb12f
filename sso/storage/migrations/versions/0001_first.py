"""The first schema."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001_first"
down_revision = None
branch_labels = None
depends_on = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
TIME = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
FOREIGN_JSON = sa.JSON()
CLEAN_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "audit_event",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("event", TEXT, nullable=False),
        sa.Column("occurred_at", TIME, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("client_id", TEXT, nullable=True),
        sa.Column("account_id", TEXT, nullable=True),
        sa.Column("session_id", TEXT, nullable=True),
        sa.Column("grant_id", TEXT, nullable=True),
        sa.Column("request_id", TEXT, nullable=True),
        sa.Column("address", TEXT, nullable=True),
        sa.Column("address_bytes", sa.LargeBinary(), nullable=True),
        sa.Column("origin", CLEAN_JSON, nullable=False),
        sa.Column("detail", CLEAN_JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
    )
    op.create_index(
        "ix_audit_event_account_id",
        "audit_event",
        ["account_id", "id"],
        unique=False,
        sqlite_where=sa.text("account_id IS NOT NULL"),
        postgresql_where=sa.text("account_id IS NOT NULL"),
    )
    op.create_index(
        "ix_audit_event_address_bytes",
        "audit_event",
        ["address_bytes", "id"],
        unique=False,
        sqlite_where=sa.text("address_bytes IS NOT NULL"),
        postgresql_where=sa.text("address_bytes IS NOT NULL"),
    )
    op.create_index(
        "ix_audit_event_client_id",
        "audit_event",
        ["client_id", "id"],
        unique=False,
        sqlite_where=sa.text("client_id IS NOT NULL"),
        postgresql_where=sa.text("client_id IS NOT NULL"),
    )
    op.create_index("ix_audit_event_event", "audit_event", ["event", "id"], unique=False)
    op.create_index(
        "ix_audit_event_grant_id",
        "audit_event",
        ["grant_id", "id"],
        unique=False,
        sqlite_where=sa.text("grant_id IS NOT NULL"),
        postgresql_where=sa.text("grant_id IS NOT NULL"),
    )
    op.create_index("ix_audit_event_occurred", "audit_event", ["occurred_at", "outcome"], unique=False)
    op.create_index(
        "ix_audit_event_request_id",
        "audit_event",
        ["request_id", "id"],
        unique=False,
        sqlite_where=sa.text("request_id IS NOT NULL"),
        postgresql_where=sa.text("request_id IS NOT NULL"),
    )
    op.create_index(
        "ix_audit_event_session_id",
        "audit_event",
        ["session_id", "id"],
        unique=False,
        sqlite_where=sa.text("session_id IS NOT NULL"),
        postgresql_where=sa.text("session_id IS NOT NULL"),
    )
    op.create_table(
        "client",
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("client_name", TEXT, nullable=False),
        sa.Column("auth_method", TEXT, nullable=False),
        sa.Column("sector", TEXT, nullable=False),
        sa.Column("trusted", sa.Boolean(), nullable=False),
        sa.Column("registration", FOREIGN_JSON, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_client")),
    )
    op.create_table(
        "consent",
        sa.Column("account_id", TEXT, nullable=False),
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("scope", TEXT, nullable=False),
        sa.Column("claims", TEXT, nullable=False),
        sa.Column("granted_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "client_id", name=op.f("pk_consent")),
    )
    op.create_index("ix_consent_client", "consent", ["client_id"], unique=False)
    op.create_index("ix_consent_expires", "consent", ["expires_at"], unique=False)
    op.create_table(
        "denied_token",
        sa.Column("jti", TEXT, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("jti", name=op.f("pk_denied_token")),
    )
    op.create_index("ix_denied_token_expires", "denied_token", ["expires_at"], unique=False)
    op.create_table(
        "grant",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("account_id", TEXT, nullable=False),
        sa.Column("sub", TEXT, nullable=False),
        sa.Column("session_id", TEXT, nullable=False),
        sa.Column("scope", TEXT, nullable=False),
        sa.Column("claims", TEXT, nullable=False),
        sa.Column("nonce", TEXT, nullable=True),
        sa.Column("auth_time", TIME, nullable=False),
        sa.Column("acr", TEXT, nullable=False),
        sa.Column("amr", TEXT, nullable=False),
        sa.Column("offline", sa.Boolean(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("revoked_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grant")),
    )
    op.create_index("ix_grant_account", "grant", ["account_id"], unique=False)
    op.create_index("ix_grant_client", "grant", ["client_id"], unique=False)
    op.create_index("ix_grant_session", "grant", ["session_id"], unique=False)
    op.create_table(
        "logout_notice",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("session_id", TEXT, nullable=False),
        sa.Column("account_id", TEXT, nullable=False),
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("sub", TEXT, nullable=False),
        sa.Column("uri", TEXT, nullable=False),
        sa.Column("include_sid", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("next_attempt_at", TIME, nullable=False),
        sa.Column("delivered_at", TIME, nullable=True),
        sa.Column("gave_up_at", TIME, nullable=True),
        sa.Column("last_error", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logout_notice")),
        sa.UniqueConstraint("session_id", "client_id", name=op.f("uq_logout_notice_session_id_client_id")),
    )
    op.create_index("ix_logout_notice_created", "logout_notice", ["created_at"], unique=False)
    op.create_index(
        "ix_logout_notice_due",
        "logout_notice",
        ["next_attempt_at"],
        unique=False,
        sqlite_where=sa.text("delivered_at IS NULL AND gave_up_at IS NULL"),
        postgresql_where=sa.text("delivered_at IS NULL AND gave_up_at IS NULL"),
    )
    op.create_table(
        "one_time_value",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_one_time_value")),
    )
    op.create_index("ix_one_time_value_expires", "one_time_value", ["expires_at"], unique=False)
    op.create_table(
        "pending_authorization",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("browser", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("params", FOREIGN_JSON, nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("consented_at", TIME, nullable=True),
        sa.Column("account_selected_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pending_authorization")),
    )
    op.create_index("ix_pending_authorization_expires", "pending_authorization", ["expires_at"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("disabled_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
    )
    op.create_table(
        "session",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("cookie", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("auth_time", TIME, nullable=False),
        sa.Column("acr", TEXT, nullable=False),
        sa.Column("amr", TEXT, nullable=False),
        sa.Column("persona_chosen", sa.Boolean(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("last_seen_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("ended_cause", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sa.UniqueConstraint("cookie", name=op.f("uq_session_cookie")),
    )
    op.create_index("ix_session_account", "session", ["account_id"], unique=False)
    op.create_index("ix_session_ended", "session", ["ended_at"], unique=False)
    op.create_index(
        "ix_session_expires",
        "session",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "ix_session_last_seen",
        "session",
        ["last_seen_at"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "setting",
        sa.Column("key", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_setting")),
    )
    op.create_table(
        "signing_key",
        sa.Column("kid", TEXT, nullable=False),
        sa.Column("alg", TEXT, nullable=False),
        sa.Column("private", sa.LargeBinary(), nullable=False),
        sa.Column("public_jwk", CLEAN_JSON, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("active_from", TIME, nullable=False),
        sa.Column("retired_at", TIME, nullable=True),
        sa.Column("published_until", TIME, nullable=True),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_signing_key")),
    )
    op.create_table(
        "subject_identifier",
        sa.Column("account_id", TEXT, nullable=False),
        sa.Column("sector", TEXT, nullable=False),
        sa.Column("sub", TEXT, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "sector", name=op.f("pk_subject_identifier")),
        sa.UniqueConstraint("sub", name=op.f("uq_subject_identifier_sub")),
    )
    op.create_table(
        "throttle",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("window_started_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_throttle")),
    )
    op.create_index("ix_throttle_expires", "throttle", ["expires_at"], unique=False)
    op.create_table(
        "account",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("login_name", TEXT, nullable=False),
        sa.Column("directory_id", TEXT, nullable=True),
        sa.Column("immutable_id", TEXT, nullable=True),
        sa.Column("claims", FOREIGN_JSON, nullable=False),
        sa.Column("disabled_at", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_account_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint(
            "directory_id", "immutable_id", name=op.f("uq_account_directory_id_immutable_id")
        ),
    )
    op.create_index(
        "ix_account_directory_login_name", "account", ["directory_id", "login_name"], unique=False
    )
    op.create_index("ix_account_person", "account", ["person_id", "created_at"], unique=False)
    op.create_index(
        "ux_account_citizen_login_name",
        "account",
        ["login_name"],
        unique=True,
        sqlite_where=sa.text("kind = 'citizen'"),
        postgresql_where=sa.text("kind = 'citizen'"),
    )
    op.create_table(
        "authorization_code",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("grant_id", TEXT, nullable=False),
        sa.Column("redirect_uri", TEXT, nullable=False),
        sa.Column("code_challenge", TEXT, nullable=True),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("redeemed_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grant.id"], name=op.f("fk_authorization_code_grant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_authorization_code")),
    )
    op.create_index("ix_authorization_code_expires", "authorization_code", ["expires_at"], unique=False)
    op.create_index("ix_authorization_code_grant", "authorization_code", ["grant_id"], unique=False)
    op.create_table(
        "client_secret",
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.client_id"], name=op.f("fk_client_secret_client_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_client_secret")),
    )
    op.create_index("ix_client_secret_client", "client_secret", ["client_id"], unique=False)
    op.create_table(
        "refresh_token",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("grant_id", TEXT, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("used_at", TIME, nullable=True),
        sa.Column("successor", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grant.id"], name=op.f("fk_refresh_token_grant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_refresh_token")),
    )
    op.create_index("ix_refresh_token_expires", "refresh_token", ["expires_at"], unique=False)
    op.create_index("ix_refresh_token_grant", "refresh_token", ["grant_id"], unique=False)
    op.create_table(
        "role_grant",
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("granted_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_role_grant_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_role_grant")),
    )
    op.create_table(
        "session_client",
        sa.Column("session_id", TEXT, nullable=False),
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("joined_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name=op.f("fk_session_client_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("session_id", "client_id", name=op.f("pk_session_client")),
    )
    op.create_table(
        "password_credential",
        sa.Column("account_id", TEXT, nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_password_credential_account_id")
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_password_credential")),
    )
    op.execute("INSERT INTO setting (key, value) VALUES ('clients_version', '1')")
