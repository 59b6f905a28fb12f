"""`sso directory show`: a directory at a glance, on a real slapd and on one that is away."""

from tests.cli.clerks import signed_in_clerk
from tests.cli.commands import Commands
from tests.cli.test_directory import with_slapd

__all__ = ["with_slapd"]


def test_a_directory_is_shown_without_its_secrets(with_slapd: Commands) -> None:
    signed_in_clerk(with_slapd, "Bolor", 1)
    signed_in_clerk(with_slapd, "bolor", 2)

    [shown] = with_slapd.rows("directory", "show", "civil-affairs")

    assert all(server["answers"] for server in shown["servers"])
    assert all(server["certificate_until"] for server in shown["servers"] if "ldaps" in server["url"])
    assert (shown["accounts"], shown["conflicts"]) == ({"in_use": 2}, 1)
    assert shown["claims"] == sorted(shown["claims"])
    secret = (with_slapd.folder / "svc.pw").read_text().strip()
    assert secret not in str(shown)
    assert "in_use: 2" in with_slapd.ok("directory", "show", "civil-affairs")


def test_a_wrong_service_password_is_said(with_slapd: Commands) -> None:
    (with_slapd.folder / "svc.pw").write_text("wrong\n")

    result = with_slapd.run("directory", "show", "civil-affairs", "--json")

    assert result.exit_code == 1
    assert "The service account cannot sign in" in result.stdout


def test_a_directory_that_is_away_is_shown_and_fails(cli: Commands) -> None:
    result = cli.run("directory", "show", "civil-affairs")

    assert result.exit_code == 1
    assert "answers: False" in result.stdout
    assert "refuses connections" in result.stdout
    assert "opensesame" not in result.stdout
    assert "no directory has the id tax" in cli.refused("directory", "show", "tax")
