"""`sso doctor`: a healthy hub has no FAIL; each thing that is wrong has a line that says what to mend."""

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sso.audit.record import new_event_id
from sso.audit.rules.shipped import shipped_rule
from sso.cli.doctor_checks import SKEW_FAILURE, SKEW_WARNING, clock, geography
from sso.cli.doctor_finding import State
from sso.geography.settings import GeographySettings
from sso.worker.detection import off
from tests.cli.commands import Commands
from tests.geography.written import write_places
from tests.servers.loopback import Answer, LoopbackServer


@pytest.fixture
def lonely(cli: Commands) -> Commands:
    """A hub without directories: nothing of it fails."""
    file = cli.folder / "sso.toml"
    configured = file.read_text().partition("[[directory]]")[0]
    file.write_text(f"{configured}\n[audit]\nwaiting_warning_seconds = 86400\n")
    return cli


def findings(cli: Commands, code: int = 0, **environment: str) -> dict[str, tuple[str, str]]:
    """State and sentence of each check; of several with one name the worst."""
    result = cli.run("doctor", "--json", env=environment)
    assert result.exit_code == code, result.output
    found: dict[str, tuple[str, str]] = {}
    for line in result.stdout.splitlines():
        row = json.loads(line)
        if found.get(row["check"], ("ok", ""))[0] == "ok":
            found[row["check"]] = (row["state"], row["sentence"])
    return found


def test_a_hub_that_only_waits_to_be_started_has_one_warning(lonely: Commands) -> None:
    found = findings(lonely)

    assert {check: state for check, (state, _) in found.items()} == {
        **dict.fromkeys(
            ("configuration", "secrets", "database", "migrations", "clock", "keys", "log", "rules", "disk"),
            "ok",
        ),
        "issuer": "warn",
    }
    assert found["issuer"][1].startswith("http://127.0.0.1:1 does not answer; start the hub")


def test_events_that_wait_for_long_are_worth_a_warning(lonely: Commands) -> None:
    with closing(sqlite3.connect(lonely.folder / "hub.db")) as database, database:
        database.execute("DELETE FROM audit_pending")
        ids = [new_event_id(datetime.now(UTC) - timedelta(days=days)) for days in (2, 0)]
        database.executemany("INSERT INTO audit_pending VALUES (?, zeroblob(32))", [(each,) for each in ids])

    state, sentence = findings(lonely)["log"]

    assert state == "warn"
    assert sentence.startswith("events have waited 1728")
    assert sentence.endswith(" seconds for their places in the audit log; does `sso worker` run?")


def test_rules_that_fail_or_fall_behind_are_worth_a_warning(lonely: Commands) -> None:
    rule = shipped_rule("r14_role_granted")
    with closing(sqlite3.connect(lonely.folder / "hub.db")) as database, database:
        database.execute(
            "INSERT INTO audit_head (epoch, origin, size, frontier, opened_at)"
            " VALUES (1, 'o', 8192, zeroblob(32), 0)"
        )
    never = findings(lonely)["rules"]
    with closing(sqlite3.connect(lonely.folder / "hub.db")) as database, database:
        database.execute("INSERT INTO detection_place VALUES (1, 1, 10, 'judge', 0)")
        database.execute(
            "INSERT INTO audit_head (epoch, origin, size, frontier, opened_at)"
            " VALUES (2, 'o/2', 1, zeroblob(32), 0)"
        )

    behind = findings(lonely)["rules"]
    with closing(sqlite3.connect(lonely.folder / "hub.db")) as database, database:
        failed = (rule.name, off(rule), 1, 10, b"", "KeyError")
        database.execute("INSERT INTO detection_rule VALUES (?, ?, ?, ?, ?, ?)", failed)

    assert never == ("warn", "8192 records are not judged yet; does `sso worker` run?")
    assert behind == ("warn", "8183 records are not judged yet; does `sso worker` run?")
    assert findings(lonely)["rules"][1].startswith("switched off: r14_role_granted;")


def test_a_geography_is_told_of_and_its_want(lonely: Commands) -> None:
    without = findings(lonely)
    file, places = lonely.folder / "sso.toml", write_places(lonely.folder / "city.mmdb")
    file.write_text(f'{file.read_text()}[audit.geography]\ndatabase = "city.mmdb"\n')

    found = findings(lonely)
    places.write_bytes(b"\xab\xcd\xefMaxMind.com and nothing more")
    broken = findings(lonely, code=1)

    assert without["rules"][1].endswith("judge the log; not judged, no geography: r05_impossible_travel")
    assert "geography" not in without
    assert found["rules"][1].endswith("detection rules judge the log")
    assert found["geography"] == ("ok", f"Test-City of {datetime.now(UTC):%Y-%m-%d}")
    assert broken["geography"] == (
        "FAIL",
        f"{places} is no MaxMind DB file; rules that need it find nothing",
    )


def test_a_geography_of_long_ago_is_worth_a_warning(tmp_path: Path) -> None:
    file = write_places(tmp_path / "city.mmdb")

    young, old = (
        geography(GeographySettings(file), datetime.now(UTC) + timedelta(days=days)) for days in (364, 366)
    )

    assert (young.state, old.state) == (State.OK, State.WARNING)
    assert old.sentence == f"{file} is older than a year; addresses move"


def test_a_person_reads_a_line_a_check(lonely: Commands) -> None:
    lines = lonely.ok("doctor").splitlines()

    assert lines[0] == f"ok    configuration: {lonely.folder / 'sso.toml'} is complete"
    assert all(line.startswith(("ok    ", "warn  ")) for line in lines)


def test_a_wrong_configuration_is_exit_78_with_a_line_a_finding(cli: Commands) -> None:
    with (cli.folder / "sso.toml").open("a") as file:
        file.write('\n[log]\nlevel = "loud"\nformat = "json"\n')

    result = cli.run("doctor")

    assert result.exit_code == 78
    assert [line.partition(":")[0] for line in result.stdout.splitlines()] == ["FAIL  configuration"] * 2


@pytest.mark.parametrize("name", ["sso.kek", "sso.pepper", "hub.db"])
def test_a_secret_that_others_may_read_fails(lonely: Commands, name: str) -> None:
    (lonely.folder / name).chmod(0o640)

    state, sentence = findings(lonely, code=1)["secrets"]

    assert state == "FAIL"
    assert sentence.endswith(f"has mode 0640: others may read it; chmod 600 {lonely.folder / name}")


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ('kind = "webhook"\nurl = "https://siem.example.gov/"\nsecret_file = "sink.secret"', "sink.secret"),
        (f'kind = "webhook"\nurl = "https://siem.example.gov/"\nsecret = "whsec_{"A" * 32}"', "sso.toml"),
        (
            'kind = "syslog"\nhost = "h"\ncertificate_file = "hub.db"\ncertificate_key_file = "sink.secret"',
            "sink.secret",
        ),
    ],
)
def test_a_secret_of_a_sink_that_others_may_read_fails(lonely: Commands, settings: str, name: str) -> None:
    (lonely.folder / "sink.secret").write_text("whsec_" + "A" * 32)
    with (lonely.folder / "sso.toml").open("a") as written:
        written.write(f'\n[[audit.sink]]\nname = "siem"\n{settings}\n')
    for secret in ("sink.secret", "sso.toml"):
        (lonely.folder / secret).chmod(0o640 if secret == name else 0o600)

    assert findings(lonely, code=1)["secrets"][1].endswith(f"chmod 600 {lonely.folder / name}")


def test_a_configuration_with_a_password_inside_is_a_secret_too(cli: Commands) -> None:
    (cli.folder / "sso.toml").chmod(0o644)

    assert findings(cli, code=1)["secrets"][0] == "FAIL"


def test_a_configuration_without_any_may_be_read(lonely: Commands) -> None:
    (lonely.folder / "sso.toml").chmod(0o644)

    assert findings(lonely)["secrets"][0] == "ok"


def test_a_database_that_was_not_made_fails(lonely: Commands) -> None:
    (lonely.folder / "hub.db").unlink()

    found = findings(lonely, code=1)

    state, sentence = found["migrations"]
    assert state == "FAIL"
    assert sentence.startswith("0001_first, ")
    assert sentence.endswith(" waits; run `sso migrate`")
    assert "keys" not in found


def test_a_database_that_is_none_fails(lonely: Commands) -> None:
    (lonely.folder / "hub.db").write_bytes(b"not a database" * 100)

    assert findings(lonely, code=1)["database"][0] == "FAIL"


def test_missing_keys_fail(lonely: Commands) -> None:
    with closing(sqlite3.connect(lonely.folder / "hub.db")) as connection, connection:
        connection.execute("DELETE FROM signing_key WHERE alg = 'ES256'")

    assert findings(lonely, code=1)["keys"] == ("FAIL", "no active ES256 key; run `sso keys rotate`")


def test_an_application_that_asks_for_an_algorithm_without_a_key_is_named(lonely: Commands) -> None:
    lonely.ok(
        *("client", "add", "--client-id", "housing", "--name", "Housing"),
        *("--redirect-uri", "https://housing.example/cb"),
    )
    with closing(sqlite3.connect(lonely.folder / "hub.db")) as connection, connection:
        connection.execute("DELETE FROM signing_key WHERE alg = 'RS256'")

    found = findings(lonely, code=1, SSO__KEYS__ALGORITHMS='["ES256"]')

    assert found["keys"] == ("FAIL", "housing asks for RS256: no active key")


def test_keys_that_grew_old_are_a_warning(lonely: Commands) -> None:
    born = datetime.now(UTC) - timedelta(days=200)
    with closing(sqlite3.connect(lonely.folder / "hub.db")) as connection, connection:
        connection.execute("UPDATE signing_key SET active_from = ?", (int(born.timestamp() * 1e6),))

    assert findings(lonely)["keys"] == ("warn", "the RS256 key is 200 days old; does `sso worker` run?")


def test_another_sealing_key_fails(lonely: Commands) -> None:
    shutil.copy(lonely.folder / "sso.pepper", lonely.folder / "sso.kek")

    state, sentence = findings(lonely, code=1)["keys"]

    assert (state, sentence) == (
        "FAIL",
        "secrets.key_encryption_key is not the one that sealed the signing keys",
    )


def test_a_directory_that_is_down_fails_under_its_name(cli: Commands) -> None:
    state, sentence = findings(cli, code=1)["directory civil-affairs"]

    assert state == "FAIL"
    assert sentence.startswith("tcp: ldap://127.0.0.1:1 refuses connections")


@pytest.mark.parametrize(
    ("skew", "state"),
    [
        (timedelta(0), State.OK),
        (-SKEW_WARNING, State.OK),
        (SKEW_WARNING * 2, State.WARNING),
        (-SKEW_WARNING * 2, State.WARNING),
        (SKEW_FAILURE * 2, State.FAILURE),
        (-SKEW_FAILURE * 2, State.FAILURE),
    ],
)
def test_clocks_that_differ_are_told_by_how_much(skew: timedelta, state: State) -> None:
    now = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)

    found = clock(now + skew, now)

    assert found.state is state
    assert f"{abs(skew).total_seconds():.1f} seconds" in found.sentence


@pytest.mark.postgresql
def test_the_clock_of_postgresql_is_compared(lonely: Commands, postgresql_url: str) -> None:
    file = lonely.folder / "sso.toml"
    file.write_text(file.read_text().replace("sqlite:///hub.db", postgresql_url))

    found = findings(lonely, code=1)  # its keys were never made

    assert found["database"] == ("ok", "postgresql answers")
    assert found["clock"][0] == "ok"
    assert "differ by 0." in found["clock"][1]


def _issuer(cli: Commands, status: int, body: bytes) -> tuple[str, str, str]:
    """What is said of an issuer that answers like this."""
    with LoopbackServer(lambda _: Answer(body.replace(b"ISSUER", server.origin.encode()), status)) as server:
        issuer = server.origin
        file = cli.folder / "sso.toml"
        file.write_text(file.read_text().replace("http://127.0.0.1:1", issuer))
        result = cli.run("doctor", "--json")
    [found] = [row for row in map(json.loads, result.stdout.splitlines()) if row["check"] == "issuer"]
    assert result.exit_code == (1 if found["state"] == "FAIL" else 0)
    return found["state"], found["sentence"], issuer


def test_an_issuer_that_answers_as_itself_is_ok(lonely: Commands) -> None:
    state, sentence, issuer = _issuer(lonely, 200, b'{"issuer": "ISSUER"}')

    assert (state, sentence) == ("ok", f"{issuer} answers as itself")


def test_another_hub_at_our_address_fails(lonely: Commands) -> None:
    state, sentence, _ = _issuer(lonely, 200, b'{"issuer": "https://other.example.gov"}')

    assert state == "FAIL"
    assert sentence.endswith("it says that it is https://other.example.gov")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, b""),
        (302, b'{"issuer": "ISSUER"}'),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b'{"issuer": 5}'),
        (200, b"[" * 60_000),
        (200, b" " * 100_000 + b'{"issuer": "ISSUER"}'),
    ],
)
def test_something_else_at_our_address_fails(lonely: Commands, status: int, body: bytes) -> None:
    state, sentence, _ = _issuer(lonely, status, body)

    assert state == "FAIL"
    assert "mend the proxy" in sentence


def test_what_a_stranger_answers_cannot_move_the_cursor(lonely: Commands) -> None:
    with LoopbackServer(lambda _: Answer(b'{"issuer": "\\u001b[2J\\u202e"}')) as server:
        file = lonely.folder / "sso.toml"
        file.write_text(file.read_text().replace("http://127.0.0.1:1", server.origin))
        shown = lonely.run("doctor").stdout

    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_a_ca_file_that_holds_no_certificate_fails(lonely: Commands) -> None:
    (lonely.folder / "ca.pem").write_text("nothing")

    found = findings(lonely, code=1, SSO__OUTBOUND__CA_FILE="ca.pem")

    assert found["issuer"][1].startswith("outbound.ca_file cannot be read")


def test_an_archive_that_takes_nothing_is_named(lonely: Commands) -> None:
    with (lonely.folder / "sso.toml").open("a") as file:
        file.write('\n[audit.archive]\nfolder = "cold"\n')

    state, sentence = findings(lonely, code=1)["archive"]
    (lonely.folder / "cold").mkdir()

    assert state == "FAIL"
    assert f"{lonely.folder / 'cold'} is no folder that this user may write into" in sentence
    assert findings(lonely)["archive"][0] == "ok"
