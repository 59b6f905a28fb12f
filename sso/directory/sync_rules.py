"""How often a directory is read whole and in parts, and what its changes may do to accounts unasked."""

from dataclasses import dataclass
from enum import StrEnum

from sso.directory.presets import SYNC_IDS, Vendor

_DAY_SECONDS = 86_400


class ChangeSource(StrEnum):
    """How the hub learns what changed since the last run.

    `syncrepl` is RFC 4533, which also names who was removed; `usn` asks Active Directory for higher update
    sequence numbers ([MS-ADTS] 3.1.1.1.9); `modify-timestamp` asks for later times (RFC 4512 section 3.4.3),
    ten minutes overlapping. The last two do not see removals: those wait for the next complete reading.
    `auto` takes the best that the server offers, `none` reads it whole each time.
    """

    AUTO = "auto"
    SYNCREPL = "syncrepl"
    USN = "usn"
    MODIFY_TIMESTAMP = "modify-timestamp"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRules:
    """Pace and limits of one directory.

    Changes are asked for `every_seconds`, everybody is read `full_every_seconds`, in pages of `page_size`
    that may take `page_seconds` each. A run stops and asks when more people would leave within a day than
    `shrink_people` or than `shrink_percent` of all. Who is absent loses access after `quarantine_seconds`
    and is forgotten `retention_days` later. With `create_accounts` everybody gets an account at once, without
    only at their first sign-in.
    Raises ValueError with a sentence for the administrator.
    """

    every_seconds: int = 300
    full_every_seconds: int = _DAY_SECONDS
    page_size: int = 500
    page_seconds: float = 30.0
    shrink_percent: float = 2.0
    shrink_people: int = 50
    quarantine_seconds: int = 3_600
    retention_days: int = 365
    create_accounts: bool = True
    changes: ChangeSource = ChangeSource.AUTO

    def __post_init__(self) -> None:
        limits = {
            "every_seconds": (10, _DAY_SECONDS),
            "full_every_seconds": (60, 31 * _DAY_SECONDS),
            "page_size": (10, 1000),
            "page_seconds": (1, 600),
            "shrink_percent": (0, 100),
            "shrink_people": (0, 10_000_000),
            "quarantine_seconds": (0, 31 * _DAY_SECONDS),
            "retention_days": (1, 36_500),
        }
        for name, (least, most) in limits.items():
            if not least <= getattr(self, name) <= most:
                msg = f"sync.{name} must be between {least} and {most}"
                raise ValueError(msg)


def check_source(source: ChangeSource, vendor: Vendor, immutable_attribute: str) -> None:
    """Refuse a way to learn of changes that the vendor's servers do not know.

    Raises ValueError with a sentence for the administrator.
    """
    unknown = ChangeSource.SYNCREPL if vendor.is_windows else ChangeSource.USN
    if source is unknown:
        msg = f'sync.changes = "{source}" does not exist on {vendor}: use "auto"'
        raise ValueError(msg)
    if source is ChangeSource.SYNCREPL and SYNC_IDS.get(vendor) != immutable_attribute.lower():
        msg = f'sync.changes = "syncrepl" names nobody by {immutable_attribute} on {vendor}: use "auto"'
        raise ValueError(msg)
