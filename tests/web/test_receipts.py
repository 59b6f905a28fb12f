"""Receipts of events whose month has left the database: from the archive, or a word why there is none."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse

from sso.archive.settings import FolderSettings
from sso.audit.event import TokenIssued
from sso.audit.record import Origin
from sso.audit.verifier import verify
from sso.oidc.client import Client, ClientSecret
from sso.oidc.digest import digest
from sso.storage import audit_recalls
from sso.storage.audit_months import Month
from sso.storage.audit_recalls import AGAIN
from sso.web.app import create_app
from sso.worker.key_rotation import first_keys
from sso.worker.recalls import recall
from sso.worker.retention import keep_months
from tests.storage import examples
from tests.worker.conftest import Log, log_at

pytestmark = pytest.mark.postgresql
NOW = datetime.now(UTC)
OLD = Month.of(NOW - timedelta(days=220))


@dataclass
class Office:
    """A hub whose old month has gone, and two applications, of which the first has events in it."""

    log: Log
    folder: Path
    own: Client
    other: Client
    ids: list[str] = field(default_factory=list)

    def receipt(self, txn: str, client: Client | None = None) -> TestResponse:
        name = (client or self.own).client_id
        proof = base64.b64encode(f"{name}:secret-of-{name}".encode()).decode()
        return (
            create_app(self.log.hub)
            .test_client()
            .get(
                f"/audit/receipt/{txn}",
                base_url="https://id.example.gov",
                headers={"Authorization": f"Basic {proof}"},
            )
        )

    def statuses(self, *more: str) -> list[int]:
        return [self.receipt(txn).status_code for txn in (*self.ids, *more)]

    @property
    def file(self) -> Path:
        [file] = self.folder.iterdir()
        return file

    def archive(self, settings: FolderSettings | None) -> None:
        configuration = replace(self.log.hub.configuration, audit_archive=settings)
        object.__setattr__(self.log.hub, "configuration", configuration)

    def go(self) -> None:
        """Have the month leave the database."""
        keep_months(self.log.hub, NOW)
        with self.log.hub.database.read() as stores:
            assert OLD not in stores.audit_months.known()

    def given(self) -> list[str]:
        return [code for code in self.log.codes() if code == "audit.receipt.given"]


@pytest.fixture
def office(empty_postgresql_url: str, tmp_path: Path) -> Iterator[Office]:
    folder = tmp_path / "cold"
    folder.mkdir()
    clients = [
        examples.client(client_id=name, secrets=(ClientSecret(digest(f"secret-of-{name}")),))
        for name in ("housing", "tax")
    ]
    with log_at(empty_postgresql_url, tmp_path) as log:
        log.keeping(retention_days=180)
        first_keys(log.hub, Origin())
        made = Office(log, folder, *clients)
        made.archive(FolderSettings(folder))
        with log.hub.database.begin(Origin()) as stores:
            stores.audit_months.make(OLD)
            for client in clients:
                stores.clients.add(client, NOW)
            for number in range(3):
                made.ids.append(stores.audit.append(issued(clients[0], number), OLD.begin))
        log.sequencer.sequence()
        log.sequencer.sign(NOW)
        yield made


def issued(client: Client, number: int) -> TokenIssued:
    return TokenIssued(
        client_id=client.client_id,
        grant_type="client_credentials",
        jti=f"jti-{number}",
        aud=(),
        scope=frozenset(),
        expires_at=OLD.begin,
    )


def test_a_receipt_is_the_same_before_and_after_the_month_went(office: Office) -> None:
    before = [office.receipt(txn).text for txn in office.ids]
    office.go()

    first = office.receipt(office.ids[0])
    assert (first.status_code, first.text, first.headers["Retry-After"]) == (202, "", "30")
    assert office.receipt(office.ids[0]).status_code == 202
    assert recall(office.log.hub)
    assert not recall(office.log.hub)

    assert office.receipt(office.ids[0]).text == before[0]
    assert office.statuses() == [200, 202, 202]
    assert recall(office.log.hub)
    assert [office.receipt(txn).text for txn in office.ids] == before
    with office.log.hub.database.read() as stores:
        keys = [verify.key_of(str(key)) for key in stores.audit_checkpoints.public_keys()]
    assert office.ids[1] in verify.verify_receipt(before[1].encode(), keys)
    assert len(office.given()) == 3 + 1 + 1 + 3


def test_it_is_for_the_application_itself(office: Office) -> None:
    office.go()
    assert office.receipt(office.ids[0], office.other).status_code == 202  # nobody knows yet whose it is
    recall(office.log.hub)

    assert office.receipt(office.ids[0], office.other).status_code == 404
    assert office.receipt(office.ids[0]).status_code == 200
    assert len(office.given()) == 1


def test_what_was_never_logged_is_asked_of_no_archive(office: Office) -> None:
    office.go()
    never = f"{office.ids[0][:-12]}{'0' * 12}"

    assert office.receipt(never).status_code == 404
    assert not recall(office.log.hub)


def test_while_the_archive_cannot_be_read_it_is_said_and_tried_again(office: Office) -> None:
    office.go()
    away = office.file.rename(office.folder.parent / office.file.name)
    office.receipt(office.ids[0])

    recall(office.log.hub)

    answer = office.receipt(office.ids[0])
    assert (answer.status_code, answer.text, answer.headers["Retry-After"]) == (503, "", "600")
    away.rename(office.folder / away.name)
    assert not recall(office.log.hub)
    recall(office.log.hub, datetime.now(UTC) + AGAIN)
    assert office.receipt(office.ids[0]).status_code == 200


def test_who_asks_for_too_many_is_told_to_come_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_recalls, "MAX_OF_CLIENT", 2)
    office.go()

    assert office.statuses() == [202, 202, 429]
    assert office.receipt(office.ids[2]).headers["Retry-After"] == "600"
    assert office.receipt(office.ids[2], office.other).status_code == 202


def test_of_a_month_that_is_kept_nowhere_it_is_said_that_it_is_gone(office: Office) -> None:
    office.archive(None)
    office.go()
    office.log.sequencer.sequence()

    assert office.statuses() == [410] * 3


def test_an_entry_that_is_missing_without_a_word_of_its_month_is_not_gone(office: Office) -> None:
    """404: the officer is to be told (docs/how-to/audit.md)."""
    office.log.tamper(f"DELETE FROM audit_event WHERE id = '{office.ids[0]}'")

    assert office.statuses() == [404, 200, 200]


def test_no_receipt_leaves_that_cannot_be_recorded(office: Office) -> None:
    office.go()
    office.receipt(office.ids[0])
    recall(office.log.hub)
    with office.log.hub.database._schema_writer() as connection:
        connection.execute(text("ALTER TABLE audit_pending RENAME TO away"))

    answer = office.receipt(office.ids[0])

    assert answer.status_code == 503
    assert "tlog-proof" not in answer.text
