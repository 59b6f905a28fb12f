"""The table of the data keys of the audit log, and what is asked of it: in another database than the rest."""

from sqlalchemy import Index, LargeBinary, MetaData, Table, and_, bindparam, or_, select, text, update
from sqlalchemy.dialects import postgresql

from sso.storage.columns import Text, UtcDateTime, column

SCHEMA = "audit_keys"
key_metadata = MetaData(schema=SCHEMA)
audit_key = Table(
    "audit_key",
    key_metadata,
    column("id", Text, primary_key=True, sensitive=False),
    column("account_id", Text, sensitive=False),  # "": events of nobody
    column("period", Text, sensitive=False),
    column("sealed", LargeBinary, optional=True, sensitive=True),  # absent: destroyed
    column("created_at", UtcDateTime, sensitive=False),
    column("destroyed_at", UtcDateTime, optional=True, sensitive=False),  # absent: in use, or files hold it
)
_K = audit_key.c
_EXISTS = text("sealed IS NOT NULL")
Index(
    "ux_audit_key_account_period",
    _K.account_id,
    _K.period,
    unique=True,
    sqlite_where=_EXISTS,
    postgresql_where=_EXISTS,
)
OF_ACCOUNT = select(audit_key).where(_K.account_id == bindparam("account"), _K.sealed.is_not(None))
OF_PERIOD = OF_ACCOUNT.where(_K.period == bindparam("within"))
OF_ACCOUNTS = select(audit_key).where(
    _K.account_id.in_(bindparam("accounts", expanding=True)),
    _K.period == bindparam("within"),
    _K.sealed.is_not(None),
)
BY_ID = select(audit_key).where(_K.id.in_(bindparam("ids", expanding=True)))
ADD = postgresql.insert(audit_key).on_conflict_do_nothing()
OLDER = select(_K.id).where(
    _K.sealed.is_not(None),
    or_(
        and_(_K.account_id != "", _K.period < bindparam("year")),
        and_(_K.account_id == "", _K.period < bindparam("month")),
    ),
)
DESTROY = (
    update(audit_key)
    .where(_K.id.in_(bindparam("ids", expanding=True)), _K.sealed.is_not(None))
    .values(sealed=None)
)
NOT_REWRITTEN = select(_K.id).where(_K.sealed.is_(None), _K.destroyed_at.is_(None))
REWRITTEN = (
    update(audit_key)
    .where(_K.id.in_(bindparam("ids", expanding=True)), _K.sealed.is_(None))
    .values(destroyed_at=bindparam("now"))
)
