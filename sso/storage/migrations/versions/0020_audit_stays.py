"""On PostgreSQL the audit log's own role may neither change, delete nor truncate entries.

`audit_event_keep` does it to a table: the parent, each partition, and each that is made later.
"""

from alembic import op
from sqlalchemy import text

revision = "0020_audit_stays"
down_revision = "0019_audit_recall"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(
        "CREATE FUNCTION audit_event_keep(kept regclass) RETURNS void LANGUAGE plpgsql AS $$ BEGIN "
        "EXECUTE format('CREATE TRIGGER audit_event_no_truncate BEFORE TRUNCATE ON %s "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_event_stays()', kept); "
        "EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON %s FROM %s', kept, "
        "(SELECT relowner::regrole FROM pg_class WHERE oid = kept)); "
        "END $$"
    )
    tables = text("SELECT relid::regclass::text FROM pg_partition_tree('audit_event')")
    for table in op.get_bind().execute(tables).scalars().all():
        op.execute(f"SELECT audit_event_keep('{table}')")
