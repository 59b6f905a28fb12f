"""The search form: from what an officer fills in to what the API is asked, and back into links."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from admin.pages import with_query
from admin.wording import RANGES

MORE = (
    "involving",
    "session_id",
    "request_id",
    "trace_id",
    "transaction",
    "directory_id",
    "acr",
    "claim",
    "severity",
    "status_code",
    "text",
)
"""Fields that are asked for seldom: they stand folded up until one is filled in."""
PASSED_ON = ("outcome", "client_id", "account_id", "grant_id", "address", *MORE)
FIELDS = ("range", "since", "until", "event", "login_name", *PASSED_ON)
DEFAULT_RANGE = "24h"
MAX_VALUE_LENGTH = 256

_SPANS = {
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "365d": timedelta(days=365),
}
_LOCAL_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?(?:\.\d{1,6})?))?Z?")


@dataclass(frozen=True, slots=True)
class SearchForm:
    """What was filled in, each field as text."""

    values: Mapping[str, str]

    @classmethod
    def read(cls, arguments: Mapping[str, str]) -> "SearchForm":
        """Read the fields of a query; too long ones are cut, and so found wanting by the API."""
        values = {name: arguments.get(name, "").strip()[:MAX_VALUE_LENGTH] for name in FIELDS}
        if values["range"] not in RANGES:
            values["range"] = "own" if values["since"] or values["until"] else DEFAULT_RANGE
        return cls(values)

    def asked(self, now: float) -> dict[str, Any]:
        """Return the API's parameters; times that cannot be read go as they are, for the API to refuse."""
        asked: dict[str, Any] = {name: self.values[name] for name in PASSED_ON if self.values[name]}
        if self.values["event"]:
            asked["event"] = self.values["event"]
        span = _SPANS.get(self.values["range"])
        if span is not None:
            asked["since"] = (datetime.fromtimestamp(now, UTC) - span).isoformat()
            return asked
        return asked | {name: moment(self.values[name]) for name in ("since", "until") if self.values[name]}

    @property
    def more(self) -> bool:
        """Whether a field that stands folded up is filled in."""
        return any(self.values[name] for name in MORE)

    def link(self, **changes: str | None) -> str:
        """Return the address of this search with changes."""
        whole = {**self.values, **changes}
        if whole["range"] != "own":
            whole |= {"since": "", "until": ""}
        return with_query("/search", whole)


def around(occurred_at: str) -> dict[str, str]:
    """Return the times of a search from a day before an event to a day after it."""
    then = datetime.fromisoformat(occurred_at).astimezone(UTC)
    since, until = then - timedelta(days=1), then + timedelta(days=1)
    return {"range": "own", "since": f"{since:%Y-%m-%dT%H:%M}", "until": f"{until:%Y-%m-%dT%H:%M}"}


def moment(text: str) -> str:
    """Return a time for the API; one without a zone is UTC: `2026-03-04T05:06`, or a day alone."""
    found = _LOCAL_TIME.fullmatch(text)
    return f"{found[1]}T{found[2] or '00:00'}Z" if found else text
