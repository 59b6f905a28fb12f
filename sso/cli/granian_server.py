"""granian with one listening socket for all its workers: `python -m sso.cli.granian_server OPTIONS`.

Stock granian on Linux lets every worker listen by itself (SO_REUSEPORT). When one dies or is replaced, its
queue of connections is lost, and with a single worker the port is closed until the next one is there. Here
the main process holds the socket, as gunicorn's does: connections wait in its queue for whoever accepts
next. tests/running/test_signals.py proves it, for it rests on two methods that granian keeps to itself.
"""

import multiprocessing
import os
import signal
import socket
from contextlib import suppress

from granian import cli
from granian.server.mp import MPServer

_LET_WORKERS_HEAR_SECONDS = 0.1


class OneListener(MPServer):
    """granian's server of processes, with the socket in the main one."""

    def _init_shared_socket(self) -> None:
        super()._init_shared_socket()  # type: ignore[no-untyped-call]  # untyped there
        if self._shd is None and self._ssp is not None:
            self._shd = self._ssp.build()
            self._sfd = self._shd.get_fd()
            self._ssp = None
            self._sso = socket.socket(fileno=self._sfd)
            self._sso.set_inheritable(True)

    def _drop_shared_socket(self) -> None:
        """Refuse new connections from now on, in every process that has the socket."""
        for worker in self.wrks:
            worker.terminate()  # type: ignore[no-untyped-call]  # untyped there
        self.main_loop_interrupt.clear()
        self.main_loop_interrupt.wait(_LET_WORKERS_HEAR_SECONDS)
        if self._sso is not None:
            with suppress(OSError):  # no worker has lived long enough to listen
                self._sso.shutdown(socket.SHUT_RDWR)
        super()._drop_shared_socket()  # type: ignore[no-untyped-call]  # untyped there


def _end_when_told() -> None:
    """Until a worker has handlers of its own it has those of its parent, which only note a signal."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


def main() -> None:
    """Run granian's own command line with this server; whatever ends it, no worker is left or waited for."""
    os.register_at_fork(after_in_child=_end_when_told)
    cli.Server = OneListener  # type: ignore[attr-defined]  # what its command line constructs
    try:
        cli.entrypoint()  # type: ignore[no-untyped-call]  # untyped there
    finally:
        for worker in multiprocessing.active_children():  # Python would wait for those that do not end
            worker.kill()


if __name__ == "__main__":
    main()
