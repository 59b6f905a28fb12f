"""`sso demo`: the whole hub on this machine, with people, two departments and two applications."""

import contextlib
import http.client
import os
import signal
import socket
import sys
import time
from collections.abc import Generator, Sequence
from pathlib import Path

import click

import sso
from sso.cli.context import EXIT_TRY_LATER, fail, print_table
from sso.cli.demo.cast import (
    APPLICATIONS,
    CITIZEN_PASSWORD,
    CITIZENS,
    CLERK_PASSWORD,
    CONSOLE_PORT,
    DEPARTMENTS,
    HUB_PORT,
    MANAGEMENT_PORT,
    Department,
)
from sso.cli.demo.console import console_command
from sso.cli.demo.slapd import Slapd, SlapdFailed, SlapdOptions, find_slapd
from sso.cli.demo.stage import CONSOLE, ISSUER, set_stage
from sso.cli.signals import Signals
from sso.cli.supervisor import Child

_READY_AT = {
    "hub": (MANAGEMENT_PORT, "/readyz"),
    "console": (CONSOLE_PORT, "/healthz"),
    **{application.name: (application.port, "/healthz") for application in APPLICATIONS},
}
READY_SECONDS = 60.0
STOP_SECONDS = 25.0
WATCH_SECONDS = 0.5


@click.command()
@click.option("--folder", default=".demo", show_default=True, help="Where the demonstration keeps its data.")
def demo(folder: str) -> None:
    """Run the hub with people, two departments and two applications on loopback, until Ctrl-C."""
    signals = Signals((signal.SIGTERM, signal.SIGINT, signal.SIGHUP))
    home = Path(folder).absolute()
    with_departments = find_slapd() is not None
    _check_ports(with_departments)
    with contextlib.ExitStack() as stack:
        directories = [(d, stack.enter_context(_slapd(home, d))) for d in DEPARTMENTS if with_departments]
        children = _children(home, directories)
        stack.callback(_end, children)
        for child in children:
            child.start()
        if _wait_until_ready(children, signals):
            _tell(with_departments)
            while not signals.wait(WATCH_SECONDS):
                for child in children:
                    child.restart_if_fallen()
    click.echo("\nended: nothing is left running", err=True)


@contextlib.contextmanager
def _slapd(home: Path, department: Department) -> Generator[Slapd]:
    try:
        options = SlapdOptions(tls_port=department.tls_port)
        with Slapd(home / department.id, department.suffix, department.clerks, options) as slapd:
            yield slapd
    except SlapdFailed as error:
        fail(f"{department.name}: {error}")


def _check_ports(with_departments: bool) -> None:
    """Say clearly which port is taken, before anything starts."""
    ports = [HUB_PORT, MANAGEMENT_PORT, CONSOLE_PORT, *(application.port for application in APPLICATIONS)]
    ports += [department.tls_port for department in DEPARTMENTS if with_departments]
    taken = [str(port) for port in ports if not _is_free(port)]
    if taken:
        fail(
            f"port {', '.join(taken)} of 127.0.0.1 is taken; end the program that uses it"
            " (perhaps another demonstration) and try again",
            EXIT_TRY_LATER,
        )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _children(home: Path, directories: Sequence[tuple[Department, Slapd]]) -> list[Child]:
    hub = set_stage(home, directories)
    console = console_command(hub, home)
    hub.close()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SSO_")}
    environment |= {"SSO_CONFIG": str(home / "sso.toml")}
    children = [Child("hub", [sys.executable, "-m", "sso", "serve"], environment)]
    if console is not None:
        children.append(Child("console", console, environment))
    sample = Path(sso.__file__).parent.parent / "examples" / "department_app" / "app.py"
    if not sample.is_file():
        click.echo(
            "the sample application is not here: run the demonstration from a checkout to see it", err=True
        )
        return children
    for application in APPLICATIONS:
        command = [sys.executable, str(sample), "--settings", str(home / f"{application.id}.json")]
        children.append(Child(application.name, command, environment))
    return children


def _wait_until_ready(children: Sequence[Child], signals: Signals) -> bool:
    """Wait until everything answers; end with its last words when it does not, false when interrupted."""
    ends = time.monotonic() + READY_SECONDS
    while not signals.wait(0.1):
        if all(_answers(*_READY_AT[child.name]) for child in children):
            return True
        fallen = [child.name for child in children if not child.alive]
        if fallen or time.monotonic() > ends:
            _end(children)
            fail(f"{' and '.join(fallen) or 'the hub'} did not start; the lines above say why")
    return False


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _end(children: Sequence[Child]) -> None:
    for child in children:
        child.signal(signal.SIGTERM)
    for child in children:
        if not child.wait(STOP_SECONDS):
            child.kill()


def _tell(with_departments: bool) -> None:
    click.echo("\nThe hub is ready. Open an application and sign in.\n")
    addresses = [[application.name, application.address] for application in APPLICATIONS]
    print_table(["what", "address"], [*addresses, ["Hub", ISSUER], ["Officers' console", CONSOLE]])
    click.echo()
    people = [[_role(c.role), c.login_name, CITIZEN_PASSWORD] for c in CITIZENS]
    for department in DEPARTMENTS:
        clerk = department.clerks[0]
        people.append([f"clerk, {department.name}", f"{clerk.uid}@{department.realm}", CLERK_PASSWORD])
    print_table(["who", "sign-in name", "password"], people if with_departments else people[: len(CITIZENS)])
    if not with_departments:
        click.echo("\nOpenLDAP's slapd is not installed here, so this runs with citizens only.")
    click.echo("\nCtrl-C ends everything.")


def _role(role: str | None) -> str:
    return "citizen" if role is None else role.replace("_", " ")
