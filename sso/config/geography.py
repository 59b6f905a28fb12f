"""`[audit.geography]`: a file that tells where addresses are, for detection rules."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from sso.config.section import Section
from sso.config.source import ConfigurationError, Source
from sso.geography.settings import GeographySettings, installed, is_database


class Geography(Section):
    """`[audit.geography]`: a MaxMind DB file, and networks whose addresses say nothing of a place."""

    database: Path
    leave_out: tuple[IPv4Network | IPv6Network, ...] = ()


def geography_settings(section: Geography | None, source: Source, home: Path) -> GeographySettings | None:
    """Return which file tells where addresses are; None where none is configured.

    Raises:
        ConfigurationError: the extra is not installed, or the file is not there or of another format.
    """
    if section is None:
        return None
    place = source.place(("audit", "geography"))
    if not installed():
        raise ConfigurationError(
            f"{place}: audit.geography needs its extra: pip install 'sso-hub[geography]'"
        )
    file = home / section.database
    try:
        known = is_database(file)
    except OSError as error:
        reason = f"cannot read {file}: {error.strerror}"
        raise ConfigurationError(f"{place}: audit.geography.database: {reason}") from error
    if not known:
        raise ConfigurationError(f"{place}: audit.geography.database: {file} is no MaxMind DB file")
    return GeographySettings(file, section.leave_out)
