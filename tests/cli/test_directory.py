"""`sso directory`: what the configuration names, and each step to a sign-in, against a real slapd."""

from pathlib import Path

import pytest

from sso.cli.demo.slapd import Slapd
from tests.cli.commands import Commands

STEPS = ["name", "tcp", "tls", "service_bind", "vendor", "features", "base", "people", "immutable_id"]
STEPS += ["login_names", "account_state", "password_change"]


@pytest.fixture
def with_slapd(cli: Commands, slapd: Slapd) -> Commands:
    """A hub whose department runs a real server."""
    (cli.folder / "svc.pw").write_text(slapd.bind_password + "\n")
    (cli.folder / "svc.pw").chmod(0o600)
    text = (cli.folder / "sso.toml").read_text().partition("[[directory]]")[0]
    urls = ", ".join(f'"{url}"' for url in slapd.urls)
    (cli.folder / "sso.toml").write_text(
        f"""{text}
[[directory]]
id = "civil-affairs"
name = "Civil Affairs Bureau"
realms = ["civil.example"]
vendor = "openldap"
urls = [{urls}]
ca_file = "{slapd.ca_file}"
bind_dn = "{slapd.bind_dn}"
bind_password_file = "svc.pw"
base_dn = "{slapd.base_dn}"
login_attribute = "uid"
"""
    )
    return cli


def test_the_list_shows_what_the_configuration_names(cli: Commands) -> None:
    [row] = cli.rows("directory", "list")

    assert (row["id"], row["realms"], row["vendor"]) == ("civil-affairs", ["civil.example"], "openldap")
    assert "opensesame" not in str(row)
    assert "Civil Affairs Bureau" in cli.ok("directory", "list")


def test_a_server_that_is_down_fails_with_what_to_mend(cli: Commands) -> None:
    result = cli.run("directory", "test", "civil-affairs")

    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1] == (
        "FAIL  tcp: ldap://127.0.0.1:1 refuses connections; start the server or correct the port in urls."
    )


def test_an_unknown_directory_is_answered_with_those_there_are(cli: Commands) -> None:
    sentence = cli.refused("directory", "test", "tax")

    assert sentence == "sso: no directory has the id tax; the configuration has: civil-affairs"


SCIM = """
[[directory]]
kind = "scim"
id = "health"
name = "Health Commission"
realms = ["health.example"]
"""


def test_a_scim_department_is_called_one_and_has_a_queue_of_conflicts(cli: Commands) -> None:
    with (cli.folder / "sso.toml").open("a") as file:
        file.write(SCIM)

    for command in (("show",), ("test",), ("sync",), ("sync", "--status")):
        assert "health is a SCIM department" in cli.refused("directory", *command, "health")
    assert cli.ok("directory", "conflicts", "health") == "no conflicts\n"


def test_no_database_is_needed(cli: Commands) -> None:
    (cli.folder / "hub.db").unlink()

    assert cli.run("directory", "test", "civil-affairs").exit_code == 1
    assert cli.ok("directory", "list")


@pytest.mark.slapd
def test_every_step_is_told_for_a_server_that_works(with_slapd: Commands) -> None:
    lines = with_slapd.ok("directory", "test", "civil-affairs").splitlines()

    assert [line.split(":")[0] for line in lines] == [f"ok    {step}" for step in STEPS]


@pytest.mark.slapd
@pytest.mark.parametrize("sample", ["bolor", "bolor@civil.example", "BOLOR@Civil.Example"])
def test_a_clerk_is_looked_for_by_the_name_that_clerks_type(with_slapd: Commands, sample: str) -> None:
    checks = with_slapd.rows("directory", "test", "civil-affairs", "--sample", sample)

    assert [check["check"] for check in checks] == [*STEPS, "person"]
    assert all(check["ok"] and check["directory"] == "civil-affairs" for check in checks)


@pytest.mark.slapd
def test_a_clerk_that_there_is_not_fails(with_slapd: Commands) -> None:
    result = with_slapd.run("directory", "test", "civil-affairs", "--sample", "nobody")

    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1].startswith("FAIL  person: No entry has the name nobody")


@pytest.mark.slapd
def test_a_wrong_service_password_fails_and_is_not_shown(with_slapd: Commands) -> None:
    Path(with_slapd.folder / "svc.pw").write_text("another-secret")

    result = with_slapd.run("directory", "test", "civil-affairs")

    assert result.exit_code == 1
    assert "FAIL  service_bind: " in result.stdout
    assert "another-secret" not in result.output


@pytest.mark.slapd
@pytest.mark.parametrize(
    ("sample", "password", "last"),
    [
        ("bolor", "correct horse battery", "ok    change_right: bolor may change the own password."),
        ("bolor", "not the password", "FAIL  sign_in: The password of bolor is refused (ldap result 49)."),
        ("expired", "correct horse battery", "ok    sign_in: The server tells that the account of expired"),
    ],
)
def test_a_clerk_signs_in_and_the_right_to_change_is_proven(
    with_slapd: Commands, sample: str, password: str, last: str
) -> None:
    options = ("--sample", sample, "--password-stdin", "--try-change")

    result = with_slapd.run("directory", "test", "civil-affairs", *options, stdin=password + "\n")

    assert result.stdout.splitlines()[-1].startswith(last)
    assert password not in result.output


@pytest.mark.parametrize("options", [("--password-stdin",), ("--sample", "bolor", "--try-change")])
def test_options_that_need_another_say_so(cli: Commands, options: tuple[str, ...]) -> None:
    result = cli.run("directory", "test", "civil-affairs", *options, stdin="x")

    assert result.exit_code == 2
    assert "--password-stdin goes with --sample" in result.stderr
