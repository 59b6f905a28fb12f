"""How far the ends of what expires by itself are on record."""

from sqlalchemy import Table

from sso.storage.columns import Text, UtcDateTime, column
from sso.storage.tables.metadata import metadata

expiry_watermark = Table(
    "expiry_watermark",
    metadata,
    column("expiring", Text, primary_key=True, sensitive=False),
    column("until", UtcDateTime, sensitive=False),
)
