"""Who was removed from Active Directory leaves at once where that may be seen: on a real Samba."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sso.directory.check import Check, Sample
from sso.directory.person import Departure
from sso.directory.sync.run import RunKind, RunState
from tests.servers import directories
from tests.servers.samba import samba_copy
from tests.worker.directory_stage import Stage, staged

pytestmark = pytest.mark.directories


def removals_step(stage: Stage) -> Check:
    checks = stage.hub.ldap["civil-affairs"].probe(Sample(), datetime.now(UTC))
    return next(check for check in checks if check.name == "removals")


def test_deleted_objects_are_read_where_the_account_may(tmp_path: Path) -> None:
    with samba_copy() as server:
        server.start()
        with staged(server, tmp_path) as stage:
            stage.full()
            assert "with the next full reading only" in removals_step(stage).sentence

            server.show_removals()
            directories.remove(server, "bob")
            directories.replace(server, "alice", "mail", "other@civil.example")
            run = stage.run()

            assert "are seen" in removals_step(stage).sentence
            assert (run.kind, run.state, run.reason) == (RunKind.CHANGES, RunState.COMPLETED, "")
            assert (run.counts.leaving, run.counts.updated) == (1, 1)
            assert stage.accounts()["bob"].disabled_for is Departure.GONE
            assert stage.run().counts.nothing_changed
