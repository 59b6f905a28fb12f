"""`sso audit sinks` and the metrics: how far every system is that receives the log, and what is wrong."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from sso.cli.management_sinks import measure_sinks
from sso.config import load
from sso.hub import build
from sso.worker.last_signed import LastSigned
from sso.worker.sequencer import Sequencer
from sso.worker.sink_targets import NotDelivered
from sso.worker.sinks import SinkDelivery
from tests.cli.commands import Commands

SINK = '[[audit.sink]]\nname = "siem"\nkind = "file"\nfile = "siem.jsonl"\nstart = "oldest"\n'


@pytest.fixture
def sending(cli: Commands) -> Commands:
    file = cli.folder / "sso.toml"
    file.write_text(file.read_text(encoding="utf-8") + SINK, encoding="utf-8")
    return cli


def test_nobody_receives_the_log_unless_configured(cli: Commands) -> None:
    assert "add [[audit.sink]]" in cli.ok("audit", "sinks")


def test_a_sink_is_told_of_before_during_and_after(sending: Commands) -> None:
    (waiting,) = sending.rows("audit", "sinks")
    sending.add_person()

    metrics = _worked(sending, broken=True)
    (failing,) = sending.rows("audit", "sinks")
    assert 'sso_audit_sink_failing{sink="siem"} 1.0' in metrics
    assert 'sso_audit_sink_behind_entries{sink="siem"} 0.0' not in metrics
    metrics = _worked(sending, broken=False)
    (told,) = sending.rows("audit", "sinks")

    assert (waiting["name"], waiting["kind"], waiting["next"]) == ("siem", "file", None)
    assert failing["behind"] > 0
    assert failing["trouble"].startswith("disk full (since 2")
    assert (told["behind"], told["trouble"]) == (0, None)
    assert told["delivered_at"].endswith("Z")
    assert 'sso_audit_sink_behind_entries{sink="siem"} 0.0' in metrics
    assert 'sso_audit_sink_failing{sink="siem"} 0.0' in metrics


def _worked(cli: Commands, *, broken: bool) -> str:
    """As the worker: sequence and deliver; return the metrics."""

    def deliver(_batch: object) -> None:
        if broken:
            raise NotDelivered("disk full")

    hub = build(load(str(cli.folder / "sso.toml"), {}))
    (sink,) = hub.configuration.audit_sinks
    try:
        Sequencer(hub, LastSigned(cli.folder / "last-signed.json")).sequence()
        delivery = SinkDelivery(hub, sink, deliver)
        delivery.step()
        while delivery.step():
            pass
        registry = CollectorRegistry()
        measure_sinks(hub, registry)
        return generate_latest(registry).decode()
    finally:
        hub.close()
