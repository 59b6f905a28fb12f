"""`sso directory sync`: read now, look at the runs, decide about a stopped one; with a real slapd."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sso.audit.record import Origin
from sso.cli.demo.slapd import Slapd
from sso.config import load
from sso.hub import build
from sso.worker.directory_sync import lease_of
from tests.cli.commands import Commands
from tests.servers.ldif import record
from tests.servers.slapd import PEOPLE

ALL = len(PEOPLE)


@pytest.fixture
def departing(cli: Commands, private_slapd: Slapd, tmp_path: Path) -> Iterator[tuple[Commands, Slapd]]:
    """A hub whose department's people may leave, one at a time."""
    server = private_slapd
    text = (cli.folder / "sso.toml").read_text().partition("[[directory]]")[0]
    (cli.folder / "sso.toml").write_text(
        f"""{text}
[[directory]]
id = "civil-affairs"
name = "Civil Affairs Bureau"
realms = ["civil.example"]
vendor = "openldap"
urls = ["{server.urls[0]}"]
ca_file = "{server.ca_file}"
bind_dn = "{server.bind_dn}"
bind_password = "{server.bind_password}"
base_dn = "{server.base_dn}"
login_attribute = "uid"
sync = {{ quarantine_seconds = 0 }}
"""
    )
    yield cli, server


def usable(cli: Commands) -> set[str]:
    return {row["login_name"] for row in cli.rows("person", "list") if row["state"] == "enabled"}


def remove(server: Slapd, *uids: str) -> None:
    server.modify("\n".join(record(f"uid={uid},{server.base_dn}", "delete") for uid in uids))


def test_a_dry_run_says_what_would_change_and_changes_nothing(departing: tuple[Commands, Slapd]) -> None:
    cli, _ = departing

    told = cli.rows("directory", "sync", "civil-affairs", "--dry-run")

    assert [(row["state"], row["seen"], row["created"]) for row in told] == [("completed", ALL, ALL)]
    assert cli.rows("directory", "sync", "--status") == []
    assert usable(cli) == set()


def test_a_stopped_run_waits_for_approval_and_can_be_undone(departing: tuple[Commands, Slapd]) -> None:
    cli, server = departing
    cli.ok("directory", "sync", "civil-affairs")
    everybody = usable(cli)
    remove(server, "bolor", "naran", "samira")

    stopped = cli.run("directory", "sync", "civil-affairs")
    assert stopped.exit_code == 1
    assert "3 people would leave" in stopped.stdout
    assert stopped.stdout.splitlines()[-1] == "sso directory sync civil-affairs --approve 2"
    assert usable(cli) == everybody

    approved = cli.ok("directory", "sync", "civil-affairs", "--approve", "2")
    assert "leaving 3, access_ended 3" in approved
    assert usable(cli) == everybody - {"bolor", "naran", "samira"}
    assert cli.refused("directory", "sync", "civil-affairs", "--approve", "2") == (
        "sso: run 2 of civil-affairs did not stop, or was approved before"
    )

    cli.ok("directory", "sync", "civil-affairs", "--undo", "3")
    assert usable(cli) == everybody
    states = [(row["run"], row["state"]) for row in cli.rows("directory", "sync", "--status")]
    assert states == [(3, "completed"), (2, "approved"), (1, "completed")]
    codes = [record["event"] for record in cli.events("directory.sync.*")]
    assert codes == [
        f"directory.sync.{act}" for act in ("undone", "completed", "approved", "stopped", "completed")
    ]
    assert all(record["actor"].startswith("command:") for record in cli.events("directory.sync.*"))


def test_a_directory_that_is_down_fails_with_a_report(cli: Commands) -> None:
    result = cli.run("directory", "sync", "civil-affairs")

    assert result.exit_code == 1
    assert "failed" in result.stdout
    [row] = cli.rows("directory", "sync", "--status")
    assert (row["state"], row["reason"]) == ("failed", "connect: connection refused")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--full",),
        ("civil-affairs", "--status", "--full"),
        ("civil-affairs", "--approve", "1", "--undo", "1"),
        ("civil-affairs", "--approve", "x"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(cli: Commands, arguments: tuple[str, ...]) -> None:
    assert cli.run("directory", "sync", *arguments).exit_code == 2


def test_unknown_directories_and_runs_are_told(cli: Commands) -> None:
    assert "no directory has the id tax" in cli.refused("directory", "sync", "tax")
    assert cli.refused("directory", "sync", "civil-affairs", "--undo", "7") == (
        "sso: civil-affairs has no run 7"
    )


def test_nobody_is_given_back_while_the_directory_is_read(cli: Commands) -> None:
    undo = ("directory", "sync", "civil-affairs", "--undo", "1")
    cli.run("directory", "sync", "civil-affairs")
    hub = build(load(str(cli.folder / "sso.toml"), {}))
    try:
        with lease_of(hub, hub.directories[0], Origin()):
            said = cli.refused(*undo, code=75)
    finally:
        hub.close()

    assert said.startswith("sso: somebody reads this directory at this moment, until ")
    cli.ok(*undo)
    cli.ok(*undo)
