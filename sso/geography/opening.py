"""A geography as it was configured."""

from typing import TYPE_CHECKING

from sso.geography.settings import GeographySettings

if TYPE_CHECKING:
    from sso.geography.database import Geography


def geography_of(settings: GeographySettings | None) -> "Geography | None":
    """Return what tells where addresses are, or None where nothing is configured.

    Raises:
        GeographyUnavailable: the file cannot be read.
    """
    if settings is None:
        return None
    from sso.geography.database import Geography

    return Geography(settings)
