"""Signals as something to wait for, not something that interrupts.

Python runs a signal's handler between any two steps of the main thread, also while that thread holds a
lock: setting an Event or writing a log line there can wait for itself for ever. So the handlers here do
nothing; the interpreter writes the signal's number into a pipe, and the main loop reads it.
"""

import select
import signal
import socket
from collections.abc import Iterable

_MANY = 256


class Signals:
    """Takes over some signals for the rest of the process. Make it in the main thread."""

    def __init__(self, numbers: Iterable[signal.Signals]) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in numbers:
            signal.signal(number, _nothing)

    def wait(self, seconds: float) -> frozenset[int]:
        """Return the signals that came, at once or within some seconds; none when none did."""
        readable, _, _ = select.select([self._reader], [], [], seconds)
        return frozenset(self._reader.recv(_MANY)) if readable else frozenset()


def _nothing(_number: int, _frame: object) -> None:
    """Take the place of the default action, which would end the process."""
