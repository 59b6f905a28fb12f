"""Who was told of the end of a session, by which channel, and who has confirmed it.

One reading of what is stored, for everyone who asks: the last page, `sso session show`, and tests that hold
the audit log to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sso.oidc.notice import LogoutFrame, LogoutNotice


class Channel(StrEnum):
    """How a client can be told."""

    BACK = "back-channel"
    FRONT = "front-channel"
    NONE = "none"


class Standing(StrEnum):
    """How far it has come. Only a back-channel answer confirms anything."""

    CONFIRMED = "confirmed"
    WAITING = "waiting"
    GIVEN_UP = "given_up"
    LOADED = "loaded"
    SENT = "sent"
    NOT_LOADED = "not_loaded"
    NOT_SENT = "not_sent"
    NOT_TOLD = "not_told"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A client and a channel. `at` is when it came to this standing, `error` the last failure."""

    client_id: str
    channel: Channel
    standing: Standing
    at: datetime | None = None
    attempts: int = 0
    next_attempt_at: datetime | None = None
    error: str = ""


def ledger(
    client_ids: Sequence[str], notices: Sequence[LogoutNotice], frames: Sequence[LogoutFrame]
) -> tuple[Told, ...]:
    """Return the lines of a session that has ended: clients as they joined, the back channel first.

    A client with neither a notice nor a frame was not told: it has no address, or none but a front-channel
    one while nobody was at the browser.
    """
    back = {notice.client_id: notice for notice in notices}
    front = {frame.client_id: frame for frame in frames}
    lines: list[Told] = []
    for client_id in dict.fromkeys([*client_ids, *back, *front]):
        if client_id in back:
            lines.append(_by_back_channel(back[client_id]))
        if client_id in front:
            lines.append(_by_front_channel(front[client_id]))
        if client_id not in back and client_id not in front:
            lines.append(Told(client_id=client_id, channel=Channel.NONE, standing=Standing.NOT_TOLD))
    return tuple(lines)


def surest(lines: Sequence[Told]) -> tuple[Told, ...]:
    """Return one line a client: the back channel's, which can confirm, where it has one."""
    by_client: dict[str, Told] = {}
    for line in lines:
        by_client.setdefault(line.client_id, line)
    return tuple(by_client.values())


def _by_back_channel(notice: LogoutNotice) -> Told:
    waits = notice.delivered_at is None and notice.gave_up_at is None
    standing = Standing.WAITING if waits else Standing.CONFIRMED if notice.delivered_at else Standing.GIVEN_UP
    return Told(
        client_id=notice.client_id,
        channel=Channel.BACK,
        standing=standing,
        at=notice.delivered_at or notice.gave_up_at or notice.created_at,
        attempts=notice.attempts,
        next_attempt_at=notice.next_attempt_at if waits else None,
        error=notice.last_error,
    )


def _by_front_channel(frame: LogoutFrame) -> Told:
    standing = Standing.NOT_SENT if frame.sent_at is None else Standing.SENT
    if frame.reported:
        standing = Standing.LOADED if frame.loaded_at is not None else Standing.NOT_LOADED
    return Told(
        client_id=frame.client_id,
        channel=Channel.FRONT,
        standing=standing,
        at=frame.loaded_at or frame.failed_at or frame.sent_at or frame.created_at,
        attempts=0 if frame.sent_at is None else 1,
    )
