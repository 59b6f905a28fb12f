"""Persons, their accounts, passwords, roles, and the subs under which services know them."""

from sqlalchemy import Boolean, ForeignKey, Index, Table, UniqueConstraint, text

from sso.storage.columns import ForeignJson, Text, UtcDateTime, column
from sso.storage.tables.metadata import metadata

person = Table(
    "person",
    metadata,
    column("id", Text, primary_key=True, sensitive=False),
    column("name", Text, sensitive=True),
    column("disabled_at", UtcDateTime, optional=True, sensitive=False),  # absent: may sign in
)

account = Table(
    "account",
    metadata,
    column("id", Text, primary_key=True, sensitive=False),
    column("person_id", Text, ForeignKey("person.id"), sensitive=False),
    column("kind", Text, sensitive=False),
    column("login_name", Text, sensitive=True),
    column("name_key", Text, optional=True, sensitive=True),  # absent: nobody could type the name
    column("directory_id", Text, optional=True, sensitive=False),  # absent: a citizen
    column("immutable_id", Text, optional=True, sensitive=True),  # absent: a citizen
    column("claims", ForeignJson, sensitive=True),
    column("disabled_at", UtcDateTime, optional=True, sensitive=False),  # absent: may be used
    column("disabled_for", Text, optional=True, sensitive=False),  # absent: may be used
    column("state_checked_at", UtcDateTime, optional=True, sensitive=False),  # absent: never, or a citizen
    column("created_at", UtcDateTime, sensitive=False),
    column("updated_at", UtcDateTime, sensitive=False),
    UniqueConstraint("directory_id", "immutable_id"),
    Index("ix_account_person", "person_id", "created_at"),
    Index("ix_account_directory_name_key", "directory_id", "name_key"),
)
Index(
    "ux_account_citizen_login_name",
    account.c.login_name,
    unique=True,
    sqlite_where=text("kind = 'citizen'"),
    postgresql_where=text("kind = 'citizen'"),
)

password_credential = Table(
    "password_credential",
    metadata,
    column("account_id", Text, ForeignKey("account.id"), primary_key=True, sensitive=False),
    column("hash", Text, sensitive=True),
    column("changed_at", UtcDateTime, sensitive=False),
    column("must_change", Boolean, sensitive=False),
)

role_grant = Table(
    "role_grant",
    metadata,
    # the person alone is the key: two roles can never be held together, whoever grants them at once
    column("person_id", Text, ForeignKey("person.id"), primary_key=True, sensitive=False),
    column("role", Text, sensitive=False),
    column("granted_at", UtcDateTime, sensitive=False),
)

subject_identifier = Table(
    "subject_identifier",
    metadata,
    column("account_id", Text, primary_key=True, sensitive=False),
    column("sector", Text, primary_key=True, sensitive=False),
    column("sub", Text, sensitive=True),
    column("created_at", UtcDateTime, sensitive=False),
    UniqueConstraint("sub"),
)
