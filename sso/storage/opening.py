"""Opens a database by its URL: the one place that tells SQLite from PostgreSQL."""

from sqlalchemy import URL

from sso.storage.engines import Engines, Pool
from sso.storage.postgresql import PostgresqlEngines
from sso.storage.sqlite import SqliteEngines


def engines_of(url: URL, pool: Pool) -> Engines:
    """Return the connections of this process to a database."""
    if url.get_backend_name() == "sqlite":
        return SqliteEngines(url, pool)
    return PostgresqlEngines(url, pool)
