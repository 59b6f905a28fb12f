"""Logs: one JSON object a line on standard error; ids and codes, never tokens or personal data.

The web servers write through the same formatter: `server_logging` is what granian and gunicorn are told.
"""

import json
import logging
import sys
import threading
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
MAX_MESSAGE_LENGTH = 300
MAX_CAUSES = 8
_OWN_FIELDS = (
    "request_id",
    "trace_id",
    "method",
    "route",
    "status",
    "duration_ms",
    "client_id",
    "directory_id",
    "job",
    "node",
)


def configure(level: str) -> None:
    """Send every log record of the process to standard error as JSON, and what nobody caught with it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(LEVELS[level])
    for chatty in ("httpx", "httpcore", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)  # the first two log whole addresses
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


class JsonLines(logging.Formatter):
    """The one form of a line: what happened, how grave it is, who says so, fields of ours, when."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as one line of JSON."""
        told = record.__dict__
        line: dict[str, Any] = {
            "event": record.getMessage(),
            "level": record.levelname.lower(),
            "logger": record.name,
            **{name: told[name] for name in _OWN_FIELDS if name in told},
        }
        if record.exc_info is not None and record.exc_info[1] is not None:
            line["exception"] = told_error(record.exc_info[1])
        line["ts"] = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
        return json.dumps(line, default=str)


def formatter() -> logging.Formatter:
    """Return what writes the lines, for whoever configures logging by name."""
    return JsonLines()


class WithoutAdvice(logging.Filter):
    """Drops granian's advice on the number of threads: a sign-in waits for a directory, not for a core."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is written."""
        return not record.getMessage().startswith("Configuration allows spawning up to")


def server_logging(level: str) -> dict[str, Any]:
    """Return a `logging.config` dictionary for granian's and gunicorn's own lines."""
    named = logging.getLevelName(max(LEVELS[level], logging.WARNING))
    logger = {"handlers": ["stderr"], "level": named, "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "sso.config.logs.formatter"}},
        "filters": {"advice": {"()": "sso.config.logs.WithoutAdvice"}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stderr",
                "formatter": "json",
                "filters": ["advice"],
            }
        },
        "root": {"handlers": ["stderr"], "level": named},
        "loggers": dict.fromkeys(("_granian", "granian.access", "gunicorn.error", "gunicorn.access"), logger),
    }


def told_error(error: BaseException) -> str:
    """Return an exception and its causes, innermost first, each with its frames and one line of text.

    Of a text only the first line is kept: a database's second line quotes the row that it refused, and
    SQLAlchemy's the parameters.
    """
    parts: list[str] = []
    current: BaseException | None = error
    while current is not None and len(parts) < MAX_CAUSES:
        frames = "".join(traceback.format_tb(current.__traceback__))
        first = (str(current).splitlines() or [""])[0][:MAX_MESSAGE_LENGTH]
        parts.append(f"{frames}{type(current).__module__}.{type(current).__qualname__}: {first}")
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\n-- which led to --\n".join(reversed(parts))


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger("sso").critical("uncaught exception", exc_info=(kind, error, trace))


def _log_uncaught_in_thread(told: threading.ExceptHookArgs) -> None:
    if told.exc_value is not None:
        _log_uncaught(told.exc_type, told.exc_value, told.exc_traceback)
