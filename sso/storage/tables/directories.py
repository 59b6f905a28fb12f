"""What is remembered of department directories: their people, the runs that read them, who was purged."""

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, Table, UniqueConstraint, text

from sso.storage.columns import CleanJson, Text, UtcDateTime, column
from sso.storage.tables.metadata import metadata

directory_sync = Table(
    "directory_sync",
    metadata,
    column("directory_id", Text, primary_key=True, sensitive=False),
    column("run_number", Integer, sensitive=False),
    column("source", Text, optional=True, sensitive=False),  # absent: no position is known
    column("server", Text, optional=True, sensitive=False),  # likewise
    column("mark", LargeBinary, optional=True, sensitive=False),  # likewise
    column("full_at", UtcDateTime, optional=True, sensitive=False),  # absent: never read whole
    column("tried_at", UtcDateTime, optional=True, sensitive=False),  # absent: never tried
    column("lease_holder", Text, optional=True, sensitive=False),  # absent: nobody reads it now
    column("lease_until", UtcDateTime, optional=True, sensitive=False),  # likewise
)

directory_run = Table(
    "directory_run",
    metadata,
    column("directory_id", Text, primary_key=True, sensitive=False),
    column("number", Integer, primary_key=True, sensitive=False),
    column("kind", Text, sensitive=False),
    column("state", Text, sensitive=False),
    column("started_at", UtcDateTime, sensitive=False),
    column("ended_at", UtcDateTime, optional=True, sensitive=False),  # absent: it goes on, or was lost
    column("counts", CleanJson, sensitive=False),
    column("expected", BigInteger, sensitive=False),
    column("reason", Text, sensitive=False),
    column("approved_at", UtcDateTime, optional=True, sensitive=False),  # absent: nobody approved it
    column("approved_by", Text, optional=True, sensitive=False),  # likewise
    Index("ix_directory_run_started", "started_at"),
)

directory_person = Table(
    "directory_person",
    metadata,
    column("directory_id", Text, primary_key=True, sensitive=False),
    column("immutable_id", Text, primary_key=True, sensitive=True),
    column("number", BigInteger, sensitive=False),
    column("digest", LargeBinary, sensitive=True),
    column("standing", Text, sensitive=False),
    column("left_at", UtcDateTime, optional=True, sensitive=False),  # absent: has not left
    column("left_in", Integer, optional=True, sensitive=False),  # likewise
    column("access_ended_at", UtcDateTime, optional=True, sensitive=False),  # absent: not by us
    column("proposed_in", Integer, optional=True, sensitive=False),  # absent: never proposed to leave
    UniqueConstraint("directory_id", "number"),
)
Index(
    "ix_directory_person_left",
    directory_person.c.directory_id,
    directory_person.c.left_at,
    sqlite_where=text("left_at IS NOT NULL"),
    postgresql_where=text("left_at IS NOT NULL"),
)

directory_purged = Table(
    "directory_purged",
    metadata,
    column("digest", LargeBinary, primary_key=True, sensitive=False),
    column("directory_id", Text, sensitive=False),
    column("purged_at", UtcDateTime, sensitive=False),
)
