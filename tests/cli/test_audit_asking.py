"""`sso audit ask`, `show`, `tail` and `export`: each answers, and each look is on record with its reason."""

import csv
import hashlib
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyarrow import parquet

from sso.audit.event import (
    AuthorizationAccepted,
    ClientUpdated,
    RoleGranted,
    SignInSucceeded,
    TokenIssued,
    UserinfoAccessed,
)
from sso.audit.questions import QUESTIONS, Need
from sso.audit.record import Origin
from sso.config import load
from sso.hub import build
from sso.worker.last_signed import LastSigned
from sso.worker.sequencer import Sequencer
from tests.cli.commands import Commands
from tests.cli.test_audit import ACCOUNT, FAILURE, SUCCESS, happened

WHY = ("--reason", "case 9")
THERE = Origin(address="192.0.2.7")
NOW = datetime.now(UTC)
MILLISECOND = timedelta(milliseconds=1)
READ = UserinfoAccessed(
    client_id="housing", account_id=ACCOUNT, grant_id="g", jti="j", claims_released=frozenset({"email"})
)
ASKED = AuthorizationAccepted(
    client_id="housing",
    redirect_host="h",
    scope=frozenset({"openid"}),
    claims_requested=frozenset({"email", "birthdate"}),
    acr_values=(),
    prompt=frozenset(),
    pkce=True,
)
CHANGED = ClientUpdated(client_id="housing", before={"a": 1}, after={"a": 2}, source="api")
ISSUED = TokenIssued(
    client_id="housing",
    account_id=ACCOUNT,
    grant_type="authorization_code",
    jti="j",
    aud=("a",),
    scope=frozenset({"openid"}),
    expires_at=NOW,
    claims_released=frozenset({"email"}),
)


@pytest.fixture(scope="module")
def trail(made_hub: Path, tmp_path_factory: pytest.TempPathFactory) -> Commands:
    """A trail that has an answer to every question."""
    cli = Commands(Path(shutil.copytree(made_hub, tmp_path_factory.mktemp("trail") / "hub")))
    happened(cli, SUCCESS, ISSUED, origin=THERE, ago=timedelta(days=200))
    failed = [FAILURE.__class__(account_id=ACCOUNT, directory_id=None, status_code="BAD", name_hmac="h")] * 4
    happened(cli, *failed, SUCCESS, ASKED, ISSUED, READ, origin=THERE, ago=timedelta(hours=1))
    happened(cli, CHANGED, origin=Origin(actor=ACCOUNT, address="192.0.2.8"))
    happened(
        cli, RoleGranted(person_id="P" * 22, role="auditor", source="command"), origin=Origin(actor=ACCOUNT)
    )
    return cli


def ask(cli: Commands, name: str, *more: str) -> tuple[list[dict[str, object]] | None, list[str]]:
    answer = json.loads(cli.ok("audit", "ask", name, *more, *WHY, "--json"))
    return answer["table"], [record["event"] for record in answer["records"]]


def test_without_a_name_the_questions_are_listed(trail: Commands) -> None:
    rows = trail.rows("audit", "ask")

    assert [row["question"] for row in rows] == list(QUESTIONS)
    assert "Who got this person's data" in trail.ok("audit", "ask")


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_can_be_asked_and_is_on_record(trail: Commands, name: str) -> None:
    given = {
        Need.PERSON: ("--person", ACCOUNT),
        Need.CLIENT: ("--client", "housing"),
        Need.ADDRESS: ("--address", "192.0.2.0/24"),
        Need.NOTHING: (),
    }[QUESTIONS[name].may]

    shown = trail.ok("audit", "ask", name.lower(), *given, "--reason", f"for {name}")

    assert shown.startswith(f"{name}: {QUESTIONS[name].asks}")
    asked = [event["detail"] for event in trail.events("audit.searched")]
    [recorded] = [detail for detail in asked if detail.get("reason") == f"for {name}"]
    assert recorded["query"]["question"] == name


def test_q1_tells_who_got_somebody_s_data_and_which_claims(trail: Commands) -> None:
    records = json.loads(trail.ok("audit", "ask", "Q1", "--person", ACCOUNT, *WHY, "--json"))["records"]

    assert [(r["event"], r["client_id"], r["detail"]["claims_released"]) for r in records] == [
        ("userinfo.accessed", "housing", ["email"]),
        ("token.issued", "housing", ["email"]),
        ("token.issued", "housing", ["email"]),
    ]


def test_q2_finds_what_somebody_did_to_others(trail: Commands) -> None:
    _, events = ask(trail, "Q2", "--person", ACCOUNT, "--since", "30m")

    assert set(events) - {"audit.searched"} == {"admin.role.granted", "client.updated"}


def test_q5_tells_that_an_attack_succeeded(trail: Commands) -> None:
    table, _ = ask(trail, "Q5", "--person", ACCOUNT)

    assert table is not None
    assert [(row["failures"], row["success_from"]) for row in table] == [(4, "an address that had failed")]


def test_q7_tells_what_changed_and_who_did_it(trail: Commands) -> None:
    [record] = json.loads(trail.ok("audit", "ask", "Q7", "--client", "housing", *WHY, "--json"))["records"]

    assert (record["actor"], record["detail"]["after"]) == (ACCOUNT, {"a": 2})


def test_q8_names_what_is_asked_for_and_never_got(trail: Commands) -> None:
    table, _ = ask(trail, "Q8", "--since", "150d")

    assert table == [
        {"client_id": "housing", "first_seen": "no", "asked_anew": ["birthdate", "email"]}
        | {"asked_and_never_got": ["birthdate"]}
    ]


def test_q10_finds_who_woke_up(trail: Commands) -> None:
    table, _ = ask(trail, "Q10")

    assert table is not None
    assert {(row["what"], row["id"], row["days_of_silence"]) for row in table} == {
        ("account_id", ACCOUNT, 199),
        ("client_id", "housing", 199),
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("Q13",), "there is no question Q13"),
        (("Q1", *WHY), "Q1 takes a person"),
        (("Q9", "--client", "x", *WHY), "Q9 takes nothing but a time range"),
        (("Q4", "--address", "10.0.0.0/8", *WHY), "found by up to 256 parts"),
        (("Q9", "--since", "1d", "--until", "2d", *WHY), "the time range is empty"),
    ],
)
def test_a_question_that_cannot_be_answered_says_why(
    trail: Commands, arguments: tuple[str, ...], said: str
) -> None:
    assert said in trail.refused("audit", "ask", *arguments, code=2)


def test_one_record_is_shown_with_its_place(trail: Commands) -> None:
    [record] = trail.rows("audit", "search", "--event", "client.updated")

    [shown] = trail.rows("audit", "show", record["id"], *WHY)

    assert {name: shown[name] for name in record} == record
    assert "place" in shown and "signed" in shown
    assert record["id"] in {each["detail"]["record_id"] for each in trail.events("audit.viewed")}
    nobody = "00000000-0000-7000-8000-000000000000"
    assert trail.refused("audit", "show", nobody) == f"sso: no record {nobody}"


@pytest.mark.parametrize("redacted", [False, True])
def test_an_export_is_a_file_that_nobody_else_reads_and_is_on_record(trail: Commands, redacted: bool) -> None:
    name = str(trail.folder / f"found-{redacted}.jsonl")
    more = ("--redact", "who", "--redact", "where") if redacted else ()

    said = trail.ok(
        *("audit", "export", "--client", "housing", "--event", "client.*", "--event", "userinfo.*"),
        *(*WHY, "--output", name, *more),
    )

    file = Path(name)
    records = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [record["event"] for record in records] == ["client.updated", "userinfo.accessed"]
    assert file.stat().st_mode & 0o777 == 0o600
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert said.splitlines() == [f"2 records in {name}", f"sha256: {digest}"]
    assert digest in {event["detail"]["sha256"] for event in trail.events("audit.exported")}
    personal = {"account_id", "address", "actor"}
    assert all(bool(personal & record.keys()) is not redacted for record in records)
    refused = trail.refused("audit", "export", *WHY, "--output", name)
    assert "exists" in refused
    assert not list(trail.folder.glob("*.part"))


def test_an_export_is_on_record_before_its_first_record_is_written(trail: Commands) -> None:
    """So that it stands in its own file."""
    file = trail.folder / "exports.jsonl"

    trail.ok("audit", "export", "--event", "audit.export.*", *WHY, "--output", str(file))

    newest = json.loads(file.read_text(encoding="utf-8").splitlines()[0])
    assert newest["event"] == "audit.export.begun"
    assert newest["id"] == trail.events("audit.export.begun")[0]["id"]
    assert newest["detail"]["query"]["events"] == ["audit.export.*"]


@pytest.mark.parametrize("make", [Path.touch, lambda part: part.symlink_to(part.with_name("elsewhere"))])
def test_an_export_writes_into_no_file_that_is_there(trail: Commands, make: Callable[[Path], None]) -> None:
    part = trail.folder / "taken.jsonl.part"
    make(part)

    said = trail.refused("audit", "export", *WHY, "--output", str(trail.folder / "taken.jsonl"))

    assert said == f"sso: {part}: File exists"
    assert part.is_symlink() or part.read_bytes() == b""
    assert not (trail.folder / "elsewhere").exists()
    part.unlink()


def test_an_export_for_a_spreadsheet_has_no_formulas(trail: Commands) -> None:
    happened(trail, SignInSucceeded(account_id="=cmd()", session_id="s", directory_id=None, acr="1", amr=()))

    file = trail.folder / "found.csv"
    trail.ok("audit", "export", "--format", "csv", "--event", "auth.*", *WHY, "--output", str(file))

    with file.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert {"id", "time", "event", "account_id", "detail"} <= rows[0].keys()
    assert rows[0]["account_id"] == "'=cmd()"


def test_an_export_may_be_parquet_with_the_same_records(trail: Commands) -> None:
    what = ("--client", "housing", "--event", "client.*", "--event", "userinfo.*", "--redact", "where", *WHY)
    lines, file = trail.folder / "same.jsonl", trail.folder / "found.parquet"

    trail.ok("audit", "export", *what, "--output", str(lines))
    said = trail.ok("audit", "export", *what, "--format", "parquet", "--output", str(file))

    rows = parquet.read_table(file).to_pylist()
    told = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
    for row, record in zip(rows, told, strict=True):
        assert abs(row.pop("occurred_at") - datetime.fromisoformat(record.pop("occurred_at"))) < MILLISECOND
        assert json.loads(row.pop("detail")) == record.pop("detail")
        assert {name: value for name, value in row.items() if value is not None} == record
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert said.splitlines() == [f"2 records in {file}", f"sha256: {digest}"]
    assert file.stat().st_mode & 0o777 == 0o600


def test_an_export_as_parquet_says_what_to_install(trail: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sso.archive.settings.LIBRARIES", ("no_library_of_this_name",))
    file = trail.folder / "not.parquet"

    said = trail.refused("audit", "export", *WHY, "--format", "parquet", "--output", str(file))

    assert said == "sso: --format parquet needs the extra: pip install 'sso-hub[archive]'"
    assert not file.exists()


def test_an_export_for_a_data_lake_is_ocsf(trail: Commands) -> None:
    file = trail.folder / "found.ocsf.jsonl"
    trail.ok("audit", "export", "--format", "ocsf", "--event", "userinfo.*", *WHY, "--output", str(file))

    (event,) = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert (event["class_uid"], event["metadata"]["event_code"]) == (6003, "userinfo.accessed")


def test_the_log_is_followed_in_its_own_order(trail: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was before is not shown; what comes is, when the sequencer has given it its place."""
    hub = build(load(str(trail.folder / "sso.toml"), {}))
    sequencer = Sequencer(hub, LastSigned(trail.folder / "signed.json"))
    sequencer.sequence()
    happened(trail, FAILURE, READ)

    def sequence_now(_seconds: float) -> None:
        sequencer.sequence()

    monkeypatch.setattr("sso.cli.audit_follow.time.sleep", sequence_now)
    rows = trail.rows("audit", "tail", "--records", "1", "--event", "userinfo.*", *WHY)
    hub.close()

    assert [row["event"] for row in rows] == ["userinfo.accessed"]
    [followed] = trail.events("audit.followed")
    assert followed["detail"]["reason"] == "case 9"
