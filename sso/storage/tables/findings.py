"""What detection rules found, and how far they have judged the log.

No row says whom a record tells of: groups are keyed digests, and the record itself is asked. What officers
wrote is theirs.
"""

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, Table, text

from sso.storage.columns import Text, UtcDateTime, column
from sso.storage.tables.metadata import metadata

finding = Table(
    "finding",
    metadata,
    column("id", Text, primary_key=True, sensitive=False),
    column("rule", Text, sensitive=False),
    column("title", Text, sensitive=False),
    column("level", Integer, sensitive=False),
    column("group_digest", Text, sensitive=True),
    column("fields", Text, sensitive=False),  # names, by spaces
    column("first_record_id", Text, sensitive=False),
    column("last_record_id", Text, sensitive=False),
    column("first_at", UtcDateTime, sensitive=False),
    column("last_at", UtcDateTime, sensitive=False),
    column("records", BigInteger, sensitive=False),
    column("state", Text, sensitive=False),
    column("assignee", Text, optional=True, sensitive=False),  # absent: nobody works on it
    column("closed_as", Text, optional=True, sensitive=False),  # absent: it is not closed
    column("opened_at", UtcDateTime, sensitive=False),
    column("changed_at", UtcDateTime, sensitive=False),
    Index("ix_finding_group", "rule", "group_digest", "id"),
)
_IS_OPEN, _IS_CLOSED = text("closed_as IS NULL"), text("closed_as IS NOT NULL")
Index(
    "ix_finding_unclosed",
    finding.c.level,
    finding.c.id,
    sqlite_where=_IS_OPEN,
    postgresql_where=_IS_OPEN,
)
Index("ix_finding_closed", finding.c.id, sqlite_where=_IS_CLOSED, postgresql_where=_IS_CLOSED)
Index("ix_finding_closed_at", finding.c.changed_at, sqlite_where=_IS_CLOSED, postgresql_where=_IS_CLOSED)

finding_comment = Table(
    "finding_comment",
    metadata,
    column("finding_id", Text, ForeignKey("finding.id"), primary_key=True, sensitive=False),
    column("id", Text, primary_key=True, sensitive=False),
    column("author", Text, sensitive=True),
    column("written_at", UtcDateTime, sensitive=False),
    column("text", Text, sensitive=True),
)

finding_suppression = Table(
    "finding_suppression",
    metadata,
    column("id", Text, primary_key=True, sensitive=False),
    column("rule", Text, sensitive=False),
    column("finding_id", Text, optional=True, sensitive=False),  # absent: whatever the rule finds
    column("group_digest", Text, optional=True, sensitive=True),  # absent: likewise
    column("reason", Text, sensitive=True),
    column("author", Text, sensitive=True),
    column("created_at", UtcDateTime, sensitive=False),
    column("ends_at", UtcDateTime, sensitive=False),
    column("matches", BigInteger, sensitive=False),
    Index("ix_finding_suppression_rule", "rule", "ends_at"),
    Index("ix_finding_suppression_end", "ends_at"),
)

detection_place = Table(
    "detection_place",
    metadata,
    column("id", Integer, primary_key=True, sensitive=False),
    column("epoch", Integer, sensitive=False),
    column("leaf_index", BigInteger, sensitive=False),
    column("judge", Text, sensitive=False),
    column("held_until", UtcDateTime, sensitive=False),
)
"""How far the log was judged, by whom, and until when nobody else does: one row."""

detection_rule = Table(
    "detection_rule",
    metadata,
    column("name", Text, primary_key=True, sensitive=False),
    column("text_sha256", Text, sensitive=False),
    column("epoch", Integer, sensitive=False),
    column("leaf_index", BigInteger, sensitive=False),
    column("memory", LargeBinary, sensitive=True),
    column("error", Text, optional=True, sensitive=False),  # absent: the rule judges
)
"""What each rule remembered of the log before a place in it; keyed digests, compressed."""
