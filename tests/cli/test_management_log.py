"""The management listener tells of events that wait for their places in the log while no worker runs."""

import json
import re
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from sso.config import load
from sso.hub import build
from sso.worker.detection import Detection
from sso.worker.last_signed import LastSigned
from sso.worker.sequencer import Sequencer
from tests.servers.hub import HubServer

PATIENCE_SECONDS = 20.0


@pytest.fixture
def workerless(tmp_path: Path) -> Iterator[HubServer]:
    """A hub that serves, and whose worker does not run; a second of waiting is too long."""
    extra = "[audit]\nwaiting_warning_seconds = 1\n"
    hub = HubServer(tmp_path / "hub", extra=extra, options=("--no-worker",))
    hub.initialise()
    hub.start()
    hub.add_citizen()
    yield hub
    hub.stop()


def metrics(hub: HubServer) -> dict[str, float]:
    text = httpx.get(f"{hub.management}/metrics", trust_env=False, timeout=30).text
    lines = [
        line.split()
        for line in text.splitlines()
        if line.startswith(("sso_audit_waiting_", "sso_audit_unjudged_"))
    ]
    return {name: float(value) for name, value in lines}


def readiness(hub: HubServer) -> httpx.Response:
    return httpx.get(f"{hub.management}/readyz", trust_env=False, timeout=30)


def test_what_waits_for_long_is_told_until_it_has_its_place(workerless: HubServer) -> None:
    _until(lambda: metrics(workerless)["sso_audit_waiting_late"] == 1)
    late, ready = metrics(workerless), readiness(workerless)
    doctor = [json.loads(line) for line in workerless.run("doctor", "--json").stdout.splitlines()]

    hub = build(load(str(workerless.config_file), {}))
    Sequencer(hub, LastSigned(workerless.folder / "last-signed.json")).sequence()
    placed, unlooked = metrics(workerless), readiness(workerless).json()
    judge = Detection(hub, list)
    while judge.judge(datetime.now(UTC)):
        pass
    hub.close()

    assert late["sso_audit_waiting_late"] == 1
    assert late["sso_audit_waiting_events"] >= 1
    assert late["sso_audit_waiting_age_seconds"] > 1
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    assert ready.json()["audit"]["waiting_seconds"] >= 1
    said = {each["check"]: (each["state"], each["sentence"]) for each in doctor}
    assert said["log"][0] == said["rules"][0] == "warn"
    assert said["rules"][1].startswith("the rules have not looked at the log since 20")
    assert {name: placed[name] for name in placed if "waiting" in name} == {
        "sso_audit_waiting_late": 0,
        "sso_audit_waiting_events": 0,
        "sso_audit_waiting_age_seconds": 0,
    }
    since = unlooked["audit"].pop("rules_have_not_looked_since")
    assert since == ready.json()["audit"]["rules_have_not_looked_since"]
    assert (unlooked["audit"], placed["sso_audit_unjudged_late"]) == ({}, 1)
    assert placed["sso_audit_unjudged_age_seconds"] > 1
    assert set(metrics(workerless).values()) == {0}
    assert readiness(workerless).json() == {"status": "ready"}


def test_what_counts_as_late_is_read_again_on_sighup(workerless: HubServer) -> None:
    def late() -> float:
        return metrics(workerless)["sso_audit_waiting_late"]

    def configure(seconds: int) -> None:
        text = workerless.config_file.read_text(encoding="utf-8")
        told = re.sub(r"waiting_warning_seconds = \d+", f"waiting_warning_seconds = {seconds}", text)
        workerless.config_file.write_text(told, encoding="utf-8")
        assert workerless.process is not None
        workerless.process.send_signal(signal.SIGHUP)

    assert _until(lambda: late() == 1)
    configure(86_400)
    assert _until(lambda: late() == 0)
    configure(1)
    assert _until(lambda: late() == 1)


def _until(holds: Callable[[], bool]) -> bool:
    ends = time.monotonic() + PATIENCE_SECONDS
    while not (held := holds()) and time.monotonic() < ends:
        time.sleep(0.2)
    return held
