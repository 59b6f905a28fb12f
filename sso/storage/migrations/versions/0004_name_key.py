"""Clerks are found by a name as people type it, however their directory spells it."""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0004_name_key"
down_revision = "0003_audit_log"
branch_labels = None
depends_on = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
_PAGE = 1_000
_REFUSED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_LONGEST = 256


def upgrade() -> None:
    op.add_column("account", sa.Column("name_key", TEXT, nullable=True))
    _fill(op.get_bind())
    op.drop_index("ix_account_directory_login_name", "account")
    op.create_index("ix_account_directory_name_key", "account", ["directory_id", "name_key"])


def _fill(connection: sa.Connection) -> None:
    page = sa.text("SELECT id, login_name FROM account WHERE id > :after ORDER BY id LIMIT :size")
    change = sa.text("UPDATE account SET name_key = :key WHERE id = :id")
    after = ""
    while rows := connection.execute(page, {"after": after, "size": _PAGE}).all():
        connection.execute(change, [{"id": row.id, "key": _key(row.login_name)} for row in rows])
        after = rows[-1].id


def _key(login_name: str) -> str | None:
    """As `sso.directory.routing` made it when this step was written."""
    name = login_name.strip()
    for _ in range(4):
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip()
        if folded == name:
            break
        name = folded
    typed = all(unicodedata.category(character) not in _REFUSED for character in name)
    return name if name and typed and len(login_name) <= _LONGEST and len(name) <= _LONGEST else None
