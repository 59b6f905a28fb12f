"""Which months of the log are in the archive alone."""

from collections.abc import Mapping

from sso.audit.event import AuditMonthArchived
from sso.storage.audit_months import Month
from sso.storage.database import Database
from sso.storage.stores import SqlStores


def gone_months(stores: SqlStores, database: Database) -> Mapping[Month, AuditMonthArchived]:
    """Return the months that were archived and have left the database, oldest first."""
    here = stores.audit_months.known() if database.dialect == "postgresql" else ()
    months = {Month.parse(name): kept for name, kept in stores.audit_archive.archived().items()}
    return {month: months[month] for month in sorted(months) if month not in here}
