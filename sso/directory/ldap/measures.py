"""What is measured of each directory: how its servers answered, how long that took, when one last did.

Added up over all processes at /metrics of the management listener.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from prometheus_client import Gauge, Histogram

from sso.directory.ldap.deadline import DeadlineExceeded
from sso.directory.ldap.transport import Unreachable
from sso.directory.verification import DirectoryUnavailable

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

OPERATIONS = Histogram(
    "sso_directory_operation_seconds",
    "Searches and binds of a directory, connecting included",
    ["directory", "operation", "outcome"],
    buckets=_SECONDS,
)
LAST_ANSWER = Gauge(
    "sso_directory_last_answer_timestamp_seconds",
    "When a server of the directory last answered",
    ["directory"],
    multiprocess_mode="max",
)


class Operation(StrEnum):
    """What a server is asked to do."""

    SEARCH = "search"
    BIND = "bind"


@dataclass(slots=True)
class Asked:
    """One operation under way; whoever knows more than that it was answered writes it here."""

    outcome: str = "answered"


@contextmanager
def measured(directory_id: str, operation: Operation) -> Iterator[Asked]:
    """Measure one operation: `answered` or an account state, `refused`, `unreachable` or `late`."""
    asked, started_at = Asked(), time.monotonic()
    try:
        yield asked
    except Unreachable:
        asked.outcome = "unreachable"
        raise
    except DeadlineExceeded:
        asked.outcome = "late"
        raise
    except DirectoryUnavailable:
        asked.outcome = "refused"
        raise
    finally:
        seconds = time.monotonic() - started_at
        OPERATIONS.labels(directory_id, operation.value, asked.outcome).observe(seconds)
        if asked.outcome not in ("unreachable", "late"):
            LAST_ANSWER.labels(directory_id).set_to_current_time()
