"""A worker that is killed beside the commit of an end that it has spooled: `CONFIG MOMENT LOGIN_NAME`.

`before`: they are durable, and the commit has not begun; `after`: it succeeded, and nobody has said so.
"""

import os
import signal
import sys
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from sso.audit.record import AuditRecord
from sso.config import load
from sso.directory.person import Departure
from sso.hub import build
from sso.storage.audit_spool import AuditSpool
from tests.worker.directory_stage import Stage
from tests.worker.test_state_poll import CutOff, poll_of


class Killed(AuditSpool):
    """A spool whose process does not see the end of it."""

    moment = "before"

    @contextmanager
    def holding(self, records: Sequence[AuditRecord]) -> Generator[None]:
        with super().holding(records):
            if self.moment == "after":
                yield
            os.kill(os.getpid(), signal.SIGKILL)


def main(config: str, moment: str, login_name: str) -> None:
    hub = build(load(config, {}))
    spool = Killed(hub.configuration.audit_spool_file, hub.database._kept.sealer)
    spool.moment, hub.database.audit_spool = moment, spool
    stage = Stage(hub)
    gone = {str(stage.accounts()[login_name].immutable_id): Departure.GONE}
    poll_of(stage, CutOff(gone, questions=9)).once(threading.Event())


if __name__ == "__main__":
    main(*sys.argv[1:])
