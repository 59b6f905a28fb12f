"""A served hub archives an old month, drops it, and still gives an application the receipt of its event."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from sso.audit.event import TokenIssued
from sso.audit.record import Origin
from sso.audit.verifier import verify
from sso.config import load
from sso.hub import build
from sso.storage.audit_months import Month
from sso.worker.last_signed import LastSigned
from sso.worker.sequencer import Sequencer
from tests.running.application import Application, registered
from tests.servers.hub import HubServer

pytestmark = [pytest.mark.slow, pytest.mark.postgresql]
OLD = Month.of(datetime.now(UTC) - timedelta(days=220))
PATIENCE_SECONDS = 60


def test_an_event_of_a_month_that_was_dropped_has_its_receipt(
    empty_postgresql_url: str, tmp_path: Path
) -> None:
    extra = '[audit]\nretention_days = 180\n[audit.archive]\nfolder = "cold"\n'
    hub = HubServer(tmp_path / "hub", database_url=empty_postgresql_url, extra=extra)
    hub.initialise()
    (hub.folder / "cold").mkdir()
    application = registered(hub)
    application.http.close()
    txn = issued_long_ago(hub, application)
    hub.start()
    try:
        waited_for(lambda: next(hub.folder.joinpath("cold").glob("*.parquet"), None))
        waited_for(lambda: hub.audit("--event", "audit.retention.dropped") or None)
        answers = [receipt(hub, application, txn)]
        while answers[-1].status_code == 202 and len(answers) < PATIENCE_SECONDS:
            time.sleep(1)
            answers.append(receipt(hub, application, txn))
        keys = [verify.key_of(key) for key in hub.run("audit", "keys").stdout.split()]
        given = hub.audit("--event", "audit.receipt.given")
    finally:
        hub.stop()

    assert answers[0].status_code == 202
    assert answers[-1].status_code == 200, hub.log[-2000:]
    assert f"token.issued at {OLD}" in verify.verify_receipt(answers[-1].content, keys)
    assert [event["detail"]["record_id"] for event in given] == [txn]


def issued_long_ago(hub: HubServer, application: Application) -> str:
    """Have a token issued in a month that is past its retention, logged already; return the event's id."""
    built = build(load(str(hub.config_file), {}))
    event = TokenIssued(
        client_id=application.client_id,
        grant_type="client_credentials",
        jti="j",
        aud=(),
        scope=frozenset(),
        expires_at=OLD.begin,
    )
    try:
        with built.database.begin(Origin()) as stores:
            stores.audit_months.make(OLD)
            event_id = stores.audit.append(event, OLD.begin + timedelta(days=3))
        Sequencer(built, LastSigned(built.configuration.audit_last_signed_file)).sequence()
        return event_id
    finally:
        built.close()


def receipt(hub: HubServer, application: Application, txn: str) -> httpx.Response:
    """Ask as any client with a secret does."""
    form = {"client_id": application.client_id, "client_secret": application.client_secret}
    return httpx.post(f"{hub.issuer}/audit/receipt/{txn}", data=form, trust_env=False)


def waited_for(look: Callable[[], object]) -> None:
    ends = time.monotonic() + PATIENCE_SECONDS
    while look() is None:
        assert time.monotonic() < ends
        time.sleep(0.3)
