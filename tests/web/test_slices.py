"""Departments fetch their slice of the log: theirs alone, in order, at least once, and nothing in silence."""

import base64
import json
import threading
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, text
from werkzeug.test import TestResponse

from sso.audit.event import SessionCreated, TokenIssued
from sso.audit.query import AuditQuery
from sso.audit.record import AuditRecord, Origin
from sso.audit.verifier import verify
from sso.config import load
from sso.hub import build
from sso.oidc.client import Client, ClientAuthMethod, ClientSecret
from sso.oidc.digest import digest, new_id
from sso.storage import audit_slices
from sso.storage.audit_months import Month
from sso.storage.audit_sinks import SinkState
from sso.storage.tables import audit_head
from sso.web.app import create_app
from sso.worker.key_rotation import first_keys
from sso.worker.retention import keep_months
from sso.worker.sequencer import open_epoch
from tests.storage import examples
from tests.worker.conftest import NOW, Log, log_at
from tests.worker.conftest import log as log

ON_SQLITE = pytest.mark.parametrize("log", ["sqlite"], indirect=True)  # where the database does not matter
PULL = '[[audit.sink]]\nname = "{name}"\nkind = "pull"\nreader = "{name}"\nstart = "oldest"\n'
CIVIL = PULL.format(name="civil-soc") + 'directory = "civil"\n'
HOUSING = PULL.format(name="housing")
DIRECTORIES = "".join(
    f'[[directory]]\nkind = "scim"\nid = "{name}"\nname = "N"\nrealms = ["{name}.example"]\n'
    for name in ("civil", "tax")
)
OLD = Month.of(datetime.now(UTC) - timedelta(days=220))


@dataclass
class Office:
    """A hub, and the applications that fetch from it."""

    log: Log
    sessions: int = 0
    cursors: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        first_keys(self.log.hub, Origin())
        with self.log.hub.database.begin(Origin()) as stores:
            for name in ("civil-soc", "housing", "stranger"):
                stores.clients.add(known_as(name), NOW)

    def configure(self, *blocks: str) -> "Office":
        """Add to the configuration, and start again."""
        file = self.log.hub.configuration.file
        file.write_text("\n".join((file.read_text(encoding="utf-8"), *blocks)), encoding="utf-8")
        self.log.hub.close()
        self.log.hub = build(load(str(file), {}))
        self.log.restart()
        self._app = create_app(self.log.hub).test_client
        return self

    def client(self) -> FlaskClient:
        return self._app()

    def pull(self, name: str = "civil-soc", **asked: Any) -> TestResponse:
        proof = base64.b64encode(f"{name}:secret-of-{name}".encode()).decode()
        return self.client().get(
            "/audit/slice",
            base_url="https://id.example.gov",
            query_string=asked,
            headers={"Authorization": f"Basic {proof}"},
        )

    def everything(self, name: str = "civil-soc", limit: int = 500) -> list[dict[str, Any]]:
        """As the loop of docs/how-to/audit.md: until there is no more; the next one goes on there."""
        found: list[dict[str, Any]] = []
        while True:
            self.log.sequencer.sequence()
            answer = self.pull(name, limit=limit, **self.cursors.get(name, {}))
            assert answer.status_code == 200, answer.text
            found += lines(answer)
            self.cursors[name] = {"after": answer.headers["Audit-Next"]}
            if answer.headers["Audit-More"] == "false":
                return found

    def session_of(self, directory_id: str | None, **at: Any) -> str:
        """Record that somebody of a department, or a citizen, has a session."""
        person = examples.person(id=new_id())
        made = examples.citizen if directory_id is None else examples.clerk
        account = made(person.id, id=new_id(), login_name=new_id(), directory_id=directory_id)
        if directory_id is not None:
            account = replace(account, immutable_id=account.login_name)
        event = SessionCreated(account_id=account.id, session_id="s", expires_at=NOW)
        with self.log.hub.database.begin(Origin(address="192.0.2.7", request_id="r")) as stores:
            stores.people.add_person(person)
            stores.people.add_account(account, NOW)
            self.sessions += 1
            return stores.audit.append(event, at.get("now", NOW) + timedelta(seconds=self.sessions))

    def token_of(self, client_id: str) -> str:
        """Record a token of an application about somebody."""
        event = TokenIssued(
            client_id=client_id,
            account_id="a" * 22,
            grant_type="authorization_code",
            jti=new_id(),
            aud=(),
            scope=frozenset(),
            expires_at=NOW,
        )
        with self.log.hub.database.begin(Origin(address="192.0.2.7", user_agent="Firefox")) as stores:
            return stores.audit.append(event, NOW)

    def events(self, *codes: str) -> list[AuditRecord]:
        until = datetime.now(UTC) + timedelta(days=1)
        query = AuditQuery(since=NOW.replace(year=2020), until=until, events=codes, limit=1000)
        with self.log.hub.database.read() as stores:
            return list(stores.audit_search.search(query))

    def state(self, name: str = "civil-soc") -> SinkState:
        with self.log.hub.database.read() as stores:
            state = stores.audit_sinks.state(name)
        assert state is not None
        return state


def known_as(name: str, **changes: Any) -> Client:
    return examples.client(client_id=name, secrets=(ClientSecret(digest(f"secret-of-{name}")),), **changes)


def lines(answer: TestResponse) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.text.splitlines()]


def ids(told: list[dict[str, Any]]) -> list[str]:
    return [each["id"] for each in told]


@pytest.fixture
def office(log: Log) -> Office:
    return Office(log).configure(CIVIL, HOUSING, DIRECTORIES)


def test_a_department_fetches_its_own_in_order_page_by_page(office: Office) -> None:
    own = [office.session_of(each) for each in ("civil", "tax", None, "civil", "tax", "civil")]
    office.log.grow(2)

    told = office.everything(limit=1)

    assert ids(told) == [own[0], own[3], own[5]]
    assert [each["place"]["index"] for each in told] == sorted(each["place"]["index"] for each in told)
    assert all(each["account_id"] and "request_id" not in each for each in told)


def test_an_application_fetches_what_receipts_show_of_its_own_events(office: Office) -> None:
    own = office.token_of("housing")
    office.token_of("stranger")
    office.log.grow(1)

    told = {each["id"]: each for each in office.everything("housing")}

    assert {each["client_id"] for each in told.values()} == {"housing"}
    assert told[own]["detail"]["grant_type"] == "authorization_code"
    assert not {"account_id", "actor", "address", "user_agent"} & {*told[own]}
    proof = base64.b64encode(b"housing:secret-of-housing").decode()
    office.log.sequencer.sign(NOW)
    receipt = office.client().get(f"/audit/receipt/{own}", headers={"Authorization": f"Basic {proof}"})
    with office.log.hub.database.read() as stores:
        keys = [verify.key_of(str(key)) for key in stores.audit_checkpoints.public_keys()]
    assert f"entry {told[own]['place']['index']} of the log" in verify.verify_receipt(receipt.data, keys)


@ON_SQLITE
def test_of_its_own_events_an_application_reads_what_nobody_can_unseal(office: Office) -> None:
    own = office.token_of("housing")
    office.log.sequencer.sequence()
    office.log.tamper("UPDATE audit_event SET sealed = X'00'")

    assert ids(office.everything("housing")) == [own]
    assert office.pull("civil-soc", after="1.0").status_code == 410


@ON_SQLITE
def test_a_sink_that_failed_before_it_was_pulled_has_no_trouble_once_its_reader_comes(office: Office) -> None:
    office.session_of("civil")
    office.everything()
    office.log.tamper("UPDATE audit_sink SET failures = 9, reason = 'refused', failing_since = 1")
    later = office.session_of("civil")

    assert ids(office.everything()) == [later]
    office.everything()

    state = office.state()
    assert (state.failures, state.failing_since, state.reason) == (0, None, "")


def test_what_was_read_is_on_record_and_gives_nobody_more_to_read(office: Office) -> None:
    own = office.session_of("civil")
    office.log.grow(1)

    assert ids(office.everything()) == [own]
    again = [office.everything(), office.everything("housing"), office.everything()]

    assert [ids(each) for each in again[::2]] == [[], []]
    (pulled,) = [each for each in office.events("audit.slice.pulled") if each.client_id == "civil-soc"]
    assert pulled.origin.address == "127.0.0.1"
    assert {**pulled.detail, "next_index": None} == {
        "sink": "civil-soc",
        "epoch": 1,
        "begin": 0,
        "next_epoch": 1,
        "next_index": None,
        "entries": 1,
    }
    size = office.log.size
    assert office.everything() == []
    assert office.log.size == size


def test_a_page_comes_again_until_the_next_cursor_says_that_it_arrived(office: Office) -> None:
    own = [office.session_of("civil") for _ in range(3)]
    office.log.grow(1)

    first, again = office.pull(limit=2), office.pull(limit=2)
    rest = office.pull(limit=2, after=first.headers["Audit-Next"])
    from_there = office.pull(limit=2)

    assert ids(lines(first)) == ids(lines(again)) == own[:2]
    assert first.headers["Audit-More"] == "true"
    assert ids(lines(rest)) == ids(lines(from_there)) == own[2:]
    index = int(first.headers["Audit-Next"].partition(".")[2])
    assert office.state().place.index == index
    assert office.pull(limit=2, after="1.0").text == first.text
    assert office.state().place.index == index


def test_an_entry_that_comes_late_is_told_although_its_time_is_over(office: Office) -> None:
    office.session_of("civil")
    office.everything()
    late = office.session_of("civil", now=NOW - timedelta(days=400))

    assert ids(office.everything()) == [late]


@ON_SQLITE
def test_a_new_reader_begins_now_on_record(log: Log) -> None:
    office = Office(log).configure(CIVIL.replace("oldest", "now"), DIRECTORIES)
    office.session_of("civil")

    assert office.everything() == []
    own = office.session_of("civil")

    assert ids(office.everything()) == [own]
    (opened,) = office.events("audit.sink.opened")
    assert opened.detail["kind"] == "pull"


@ON_SQLITE
def test_ocsf_is_the_form_where_the_sink_says_so(log: Log) -> None:
    office = Office(log).configure(CIVIL + 'format = "ocsf"\n', DIRECTORIES)
    own = office.session_of("civil")

    (told,) = office.everything()

    assert told["metadata"]["uid"] == own
    assert told["class_uid"] == 3002


@ON_SQLITE
def test_who_may_not_is_told_why(office: Office) -> None:
    wrong = base64.b64encode(b"civil-soc:wrong").decode()
    unproven = office.client().get("/audit/slice", headers={"Authorization": f"Basic {wrong}"})
    nobody = office.client().get("/audit/slice")
    stranger = office.pull("stranger")

    assert (unproven.status_code, nobody.status_code) == (401, 401)
    assert unproven.get_json()["error"] == "invalid_client"
    assert stranger.status_code == 403
    assert stranger.get_json()["error"] == "access_denied"
    assert "[[audit.sink]]" in stranger.get_json()["error_description"]
    assert office.events("audit.slice.pulled") == []


@ON_SQLITE
def test_an_application_that_is_removed_or_public_reads_nothing(office: Office) -> None:
    with office.log.hub.database.begin(Origin()) as stores:
        stores.clients.remove("housing")
        public = examples.client(client_id="civil-soc", auth_method=ClientAuthMethod.NONE, secrets=())
        stores.clients.update(public, NOW)
    form = {"client_id": "civil-soc"}

    assert office.pull("housing").status_code == 401
    assert office.client().post("/audit/slice", data=form).status_code == 401


@ON_SQLITE
def test_a_client_proves_itself_by_the_form_too(office: Office) -> None:
    own = office.session_of("civil")
    office.log.grow(1)
    with office.log.hub.database.begin(Origin()) as stores:
        stores.clients.update(known_as("civil-soc", auth_method=ClientAuthMethod.CLIENT_SECRET_POST), NOW)
    proof = {"client_id": "civil-soc", "client_secret": "secret-of-civil-soc"}

    answer = office.client().post("/audit/slice", data=proof | {"limit": "1"})

    assert ids(lines(answer)) == [own]


@ON_SQLITE
@pytest.mark.parametrize(
    "asked",
    [
        {"after": "x"},
        {"after": "1"},
        {"after": "01.1"},
        {"after": "1.-1"},
        {"after": "1.999"},
        {"after": "2.0"},
        {"after": "0.0"},
        {"after": "1.99999999999999999999"},
        {"after": ["1.0", "1.1"]},
        {"limit": "0"},
        {"limit": "1001"},
        {"limit": "ten"},
    ],
    ids=str,
)
def test_a_cursor_or_a_limit_that_is_none_is_refused(office: Office, asked: dict[str, Any]) -> None:
    office.log.grow(1)

    answer = office.pull(**asked)

    assert answer.status_code == 400
    assert answer.get_json()["error"] == "invalid_request"


def test_entries_that_are_gone_are_never_passed_over_in_silence(office: Office) -> None:
    own = [office.session_of("civil") for _ in range(5)]
    office.log.sequencer.sequence()
    first = office.everything()[0]["place"]["index"]
    office.log.tamper(
        f"DELETE FROM audit_event WHERE id = '{own[1]}'", f"DELETE FROM audit_event WHERE id = '{own[2]}'"
    )

    before = office.pull(after=f"1.{first}")
    gone = [office.pull(after=before.headers["Audit-Next"]) for _ in range(2)]
    rest = office.pull(after=gone[0].headers["Audit-Next"])

    assert (ids(lines(before)), before.headers["Audit-More"]) == (own[:1], "true")
    assert [each.status_code for each in gone] == [410, 410]
    told = gone[0].get_json()
    assert (told["error"], told["entries"]) == ("entries_gone", 2)
    assert told["next"] == gone[0].headers["Audit-Next"] == f"1.{first + 3}"
    assert gone[0].headers["Audit-More"] == "true"
    assert ids(lines(rest)) == own[3:]
    office.pull(after=rest.headers["Audit-Next"])
    assert [office.pull(after=f"1.{first + 1}").status_code for _ in range(2)] == [410, 410]
    (missed,) = office.events("audit.sink.missed")
    assert dict(missed.detail) == {"sink": "civil-soc", "epoch": 1, "begin": first + 1, "entries": 2}


def test_a_log_that_has_not_begun_takes_the_cursor_that_it_gave(office: Office) -> None:
    with office.log.hub.database.begin(Origin()) as stores:
        stores.unit.change(delete(audit_head))

    first = office.pull()
    again = office.pull(after=first.headers["Audit-Next"])
    beyond = office.pull(after="1.1")

    assert [(each.status_code, each.headers["Audit-Next"]) for each in (first, again)] == [(200, "1.0")] * 2
    assert beyond.status_code == 400


@pytest.mark.postgresql
def test_a_month_that_was_dropped_is_told_and_then_left(
    empty_postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_slices, "LOOK", 2)
    with log_at(empty_postgresql_url, tmp_path) as log:
        office = Office(log).configure("[audit]\nretention_days = 180", CIVIL, DIRECTORIES)
        with log.hub.database.begin(Origin()) as stores:
            stores.audit_months.make(OLD)
        for _ in range(7):
            office.session_of("civil", now=OLD.begin)
        log.sequencer.sequence()
        own = office.session_of("civil", now=datetime.now(UTC))
        log.sequencer.sequence()
        keep_months(log.hub, datetime.now(UTC))
        with log.hub.database.read() as stores:
            assert OLD not in stores.audit_months.known()

        answers: list[TestResponse] = []
        after = "1.0"
        while not answers or answers[-1].status_code == 410 or answers[-1].headers["Audit-More"] == "true":
            answers.append(office.pull(after=after))
            after = answers[-1].headers["Audit-Next"]

    assert sum(each.get_json()["entries"] for each in answers if each.status_code == 410) == 7
    assert [id for each in answers if each.status_code == 200 for id in ids(lines(each))] == [own]


def test_a_new_tree_after_a_cut_is_gone_on_with(office: Office) -> None:
    own = [office.session_of("civil") for _ in range(2)]
    office.everything()
    place = office.state().place
    with office.log.hub.database.begin(Origin()) as stores:
        open_epoch(stores, "https://id.example.gov", 2, "a test", NOW)
    later = office.session_of("civil")
    office.log.sequencer.sequence()

    answer = office.pull(after=f"1.{place.index + 1_000}")

    assert own
    assert ids(lines(answer)) == [later]
    assert answer.headers["Audit-Next"].startswith("2.")


@ON_SQLITE
def test_one_answer_looks_at_so_many_places_and_goes_on(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_slices, "LOOK", 4)
    monkeypatch.setattr(audit_slices, "MOST_PLACES", 8)
    office.log.grow(30)
    own = office.session_of("civil")
    office.log.sequencer.sequence()

    first = office.pull()

    assert (first.text, first.headers["Audit-Next"], first.headers["Audit-More"]) == ("", "1.8", "true")
    assert ids(office.everything()) == [own]


@pytest.mark.postgresql
def test_who_reads_slowly_takes_no_more_than_a_share_of_the_threads(
    empty_postgresql_url: str, tmp_path: Path
) -> None:
    with log_at(empty_postgresql_url, tmp_path) as log:
        office = Office(log).configure(CIVIL, DIRECTORIES)
        log.grow(1)
        office.everything()
        answers: list[TestResponse] = []
        with log.hub.database._schema_writer() as connection:
            connection.execute(text("LOCK TABLE audit_leaf IN ACCESS EXCLUSIVE MODE"))
            threads = [
                threading.Thread(target=lambda: answers.append(office.pull(after="1.0"))) for _ in range(8)
            ]
            for thread in threads:
                thread.start()
            ends = time.monotonic() + 20
            while (
                time.monotonic() < ends and not answers
            ):  # those that read wait, and one that may not does not
                time.sleep(0.05)

        for thread in threads:
            thread.join()

    statuses = sorted({each.status_code for each in answers})
    assert statuses == [200, 429]
    refused = [each for each in answers if each.status_code == 429]
    assert {each.headers["Retry-After"] for each in refused} == {"2"}
    assert {each.get_json()["error"] for each in refused} == {"slow_down"}


@ON_SQLITE
def test_nothing_leaves_that_cannot_be_recorded(office: Office) -> None:
    office.session_of("civil")
    office.log.sequencer.sequence()
    office.pull(limit=1, after="1.0")
    with office.log.hub.database._schema_writer() as connection:
        connection.execute(text("ALTER TABLE audit_pending RENAME TO away"))

    answer = office.pull(after="1.0")

    assert answer.status_code == 503
    assert answer.get_json()["error"] == "temporarily_unavailable"
