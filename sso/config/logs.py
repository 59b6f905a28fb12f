"""Logs: one JSON object a line on standard error; ids and codes, never tokens or personal data.

The web servers write through the same formatter: `server_logging` is what granian and gunicorn are told.
"""

import logging
import sys
import threading
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any

import structlog

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
MAX_MESSAGE_LENGTH = 300
MAX_CAUSES = 8
_OWN_FIELDS = frozenset(
    {
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
    }
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


def formatter() -> structlog.stdlib.ProcessorFormatter:
    """Return the one form of a line: ts, level, event, logger, and fields of ours."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(allow=_OWN_FIELDS),
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _told_exception,
            structlog.processors.JSONRenderer(),
        ],
    )


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


def _told_exception(_logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace an exception by where it came from.

    Of its text only the first line is kept: a database's second line quotes the row that it refused, and
    SQLAlchemy's the parameters.
    """
    told = event.pop("exc_info", None)
    if told is True:
        told = sys.exc_info()
    error = told[1] if isinstance(told, tuple) else told
    if isinstance(error, BaseException):
        event["exception"] = told_error(error)
    return event


def told_error(error: BaseException) -> str:
    """Return an exception and its causes, innermost first, each with its frames and one line of text."""
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
