"""Checkpoints stamped by a real authority (RFC 3161), verified by us and by openssl."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sso.audit.query import AuditQuery
from sso.audit.time_stamp import StampInvalid, authorities_in, query_for, stamped_at
from sso.cli.audit_vouched import vouched_findings
from sso.config import load
from sso.hub import build, outbound_rules
from sso.outbound import Outbound
from sso.worker.anchors import Anchors, anchored
from sso.worker.time_stamps import stamp
from tests.servers.process import run
from tests.servers.tsa import TimeStampServer
from tests.worker.conftest import NOW, Log

pytestmark = pytest.mark.slow
TEXT = "id.example.gov/audit\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimeStampServer]:
    with TimeStampServer(tmp_path_factory.mktemp("tsa") / "tsa") as server:
        yield server


@dataclass
class Stage:
    log: Log
    authority: TimeStampServer
    outbound: Outbound

    def stamp(self) -> bool:
        """As the worker of a node that has just started."""
        return stamp(self.log.hub, self.outbound, Anchors(self.log.hub, 10.0))


@pytest.fixture
def stage(log: Log, authority: TimeStampServer) -> Iterator[Stage]:
    authority.broken = False
    file = log.hub.configuration.file
    more = f'[outbound]\nallow_loopback = true\n[audit.timestamp]\nurl = "{authority.url}"\n'
    more += f'ca_file = "{authority.ca_file}"\n'
    file.write_text(file.read_text(encoding="utf-8") + more, encoding="utf-8")
    log.hub.close()
    log.hub = build(load(str(file), {}))
    log.restart()
    log.grow(1)
    with Outbound(outbound_rules(log.hub.configuration)) as outbound, closing(log.hub):
        yield Stage(log, authority, outbound)


def test_a_checkpoint_is_stamped_once_an_hour_and_verified_by_openssl(stage: Stage, tmp_path: Path) -> None:
    before, answers = datetime.now(UTC) - timedelta(seconds=2), stage.authority.answers
    (event_id,) = stage.log.grow(1)

    assert stage.stamp()
    stage.log.grow(1)
    stage.stamp()
    assert stage.authority.answers == answers + 1

    (told,) = anchored(stage.log.hub)
    assert told.at is not None
    assert before <= told.at <= datetime.now(UTC) + timedelta(seconds=2)
    assert list(vouched_findings(stage.log.hub)) == []
    query = AuditQuery(since=NOW.replace(year=2020), until=NOW.replace(year=2100), limit=1000)
    with stage.log.hub.database.read() as stores:
        proven = [
            one
            for one in stores.audit_receipts.proven(stores.audit_search.entries(query))
            if one.entry.id == event_id
        ]
        files = stores.audit_receipts.time_stamps(proven)
    (token, text) = sorted(files, key=lambda name: name.endswith("txt"))
    for name, content in files.items():
        (tmp_path / Path(name).name).write_bytes(content)
    data, reply = str(tmp_path / Path(text).name), str(tmp_path / Path(token).name)
    verified = run(
        ["openssl", "ts", "-verify", "-data", data, "-in", reply, "-CAfile", str(stage.authority.ca_file)]
    )
    assert "OK" in verified


def test_the_next_checkpoint_is_stamped_when_the_hour_is_over(stage: Stage) -> None:
    stage.stamp()
    stage.log.grow(1)
    hour = "3600000000" if stage.log.hub.database.dialect == "sqlite" else "interval '1 hour'"
    stage.log.tamper(f"UPDATE audit_timestamp SET stamped_at = stamped_at - {hour}")

    assert stage.stamp()
    assert anchored(stage.log.hub)[0].size == stage.log.size


def test_an_answer_that_is_cut_off_is_no_stamp_and_the_next_one_is(stage: Stage) -> None:
    stage.authority.broken = True
    assert not stage.stamp()
    (told,) = anchored(stage.log.hub)
    assert told.at is None
    assert told.trouble is not None
    assert "does not hold" in told.trouble.reason

    stage.authority.broken = False

    assert stage.stamp()
    assert anchored(stage.log.hub)[0].trouble is None


def test_a_stamp_that_was_changed_in_the_database_is_told(stage: Stage) -> None:
    stage.stamp()
    stage.log.grow(3)
    stage.log.tamper("UPDATE audit_timestamp SET size = (SELECT max(size) FROM audit_checkpoint)")

    assert [finding.what for finding in vouched_findings(stage.log.hub)] == ["timestamp"]


def test_only_this_text_this_nonce_and_this_authority_hold(
    authority: TimeStampServer, tmp_path: Path
) -> None:
    authority.broken = False
    query, trusted = query_for(TEXT), authorities_in(authority.ca_file.read_bytes())
    reply = authority.reply(query.der)
    with TimeStampServer(tmp_path / "other") as other:
        others = authorities_in(other.ca_file.read_bytes())

    assert stamped_at(reply, TEXT, trusted, query.nonce) <= datetime.now(UTC) + timedelta(seconds=2)
    for wrong in (
        lambda: stamped_at(reply, TEXT.replace("3", "4"), trusted, query.nonce),
        lambda: stamped_at(reply, TEXT, trusted, query.nonce + 1),
        lambda: stamped_at(reply, TEXT, others, query.nonce),
        lambda: stamped_at(reply[:-1], TEXT, trusted),
        lambda: stamped_at(b"", TEXT, trusted),
        lambda: stamped_at(reply, TEXT, []),
    ):
        with pytest.raises(StampInvalid):
            wrong()
    with pytest.raises(StampInvalid):
        authorities_in(b"nothing")
