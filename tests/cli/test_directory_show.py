"""`sso directory show`: a directory at a glance, on a real slapd and on one that is away."""

import pytest
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from sso.cli.directory_show import breakers_in
from tests.cli.clerks import signed_in_clerk
from tests.cli.commands import Commands
from tests.cli.test_directory import with_slapd
from tests.servers.loopback import Answer, LoopbackServer

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


def metrics(breakers: dict[tuple[str, str], int]) -> str:
    """Metrics as the running hub writes them."""
    registry = CollectorRegistry()
    gauge = Gauge("sso_directory_server_breaker", "", ["directory", "server"], registry=registry)
    for (directory, server), state in breakers.items():
        gauge.labels(directory, server).set(state)
    return generate_latest(registry).decode()


def test_the_breakers_of_the_running_hub_are_shown(cli: Commands) -> None:
    told = Answer(metrics({("civil-affairs", "ldap://127.0.0.1:1"): 2}).encode())
    with LoopbackServer(lambda _: told) as management:
        listen = management.origin.removeprefix("http://")
        file = cli.folder / "sso.toml"
        file.write_text(file.read_text().replace("[server]", f'[server]\nmanagement_listen = "{listen}"', 1))

        assert "breaker: open" in cli.run("directory", "show", "civil-affairs").stdout


def test_only_breakers_of_this_directory_are_read() -> None:
    text = metrics(
        {("civil", "ldaps://a:636"): 0, ("civil", 'b"\\{}'): 1, ("civil", "c"): 2, ("tax", "d"): 2}
    )

    assert breakers_in(text, "civil") == {"ldaps://a:636": "closed", 'b"\\{}': "half_open", "c": "open"}


@pytest.mark.parametrize(
    "text",
    [
        "<html>\n",
        'sso_directory_server_breaker{directory="civil" 2\n',
        'sso_directory_server_breaker{directory="civil"} 2\n',
    ],
)
def test_what_is_no_metrics_says_nothing_of_breakers(text: str) -> None:
    assert breakers_in(text, "civil") == {}
