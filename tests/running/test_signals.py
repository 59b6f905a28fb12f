"""What signals and the death of one process do to a hub: drain, reload, restart, nothing left behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

from tests.relying_parties.visitor import Visitor
from tests.running.application import Application, registered
from tests.running.slow_request import SlowTokenRequest
from tests.running.tuned_hub import TunedHub, gone, running_hub
from tests.servers.hub import free_port
from tests.servers.interruptible import interruptible
from tests.servers.slapd import settings_for

GRACE_SECONDS = 15.0

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["granian", "gunicorn"])
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[TunedHub, Application]]:
    """A hub that tests stop and start again, under each web server."""
    settings = {"SERVER__SOFTWARE": str(request.param)}
    folder: Path = tmp_path_factory.mktemp("hub")
    with running_hub(folder, settings=settings) as hub, registered(hub) as application:
        yield hub, application


@pytest.fixture(autouse=True)
def started(request: pytest.FixtureRequest) -> None:
    """Each test finds the hub of its file running, whatever the last one did to it."""
    if "pair" in request.fixturenames:
        hub, _ = request.getfixturevalue("pair")
        if hub.process is None:
            hub.start()


def until(is_so: Callable[[], bool], seconds: float = GRACE_SECONDS) -> bool:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if is_so():
            return True
        time.sleep(0.05)
    return False


def readiness(hub: TunedHub) -> httpx.Response | None:
    try:
        return httpx.get(f"{hub.management}/readyz", trust_env=False, timeout=5)
    except httpx.HTTPError:
        return None


def refuses_connections(hub: TunedHub) -> bool:
    try:
        socket.create_connection(("127.0.0.1", hub.port), timeout=2).close()
    except ConnectionRefusedError:
        return True
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_under_way_is_finished_and_nothing_is_left(
    pair: tuple[TunedHub, Application], number: signal.Signals
) -> None:
    hub, application = pair
    processes, process = hub.descendants(), hub.process
    assert process is not None
    under_way = SlowTokenRequest(application)
    time.sleep(0.3)

    process.send_signal(number)
    not_ready = until(lambda: (answer := readiness(hub)) is not None and answer.status_code == 503, 3)
    told = readiness(hub)
    answer = under_way.finish()
    code = process.wait(GRACE_SECONDS)
    hub.process = None

    assert not_ready
    assert told is not None
    assert told.json()["reasons"] == {"process": "shutting down"}
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"access_token" in answer
    assert code == 0
    assert refuses_connections(hub)
    assert gone(processes, 1) == []


def test_new_connections_are_refused_while_a_request_is_finished(
    pair: tuple[TunedHub, Application],
) -> None:
    hub, application = pair
    if "SERVER__SOFTWARE" in hub.settings and hub.settings["SERVER__SOFTWARE"] == "gunicorn":
        pytest.skip("gunicorn keeps its listener until its workers have ended: such a connection waits")
    under_way = SlowTokenRequest(application)
    time.sleep(0.3)

    assert hub.process is not None
    hub.process.send_signal(signal.SIGTERM)
    refused = until(lambda: refuses_connections(hub), 3)
    answer = under_way.finish()
    code = hub.process.wait(GRACE_SECONDS)
    hub.process = None

    assert refused
    assert answer.startswith(b"HTTP/1.1 200")
    assert code == 0


def test_kill_9_of_the_supervisor_leaves_no_process(pair: tuple[TunedHub, Application]) -> None:
    hub, _ = pair
    processes = hub.descendants()
    assert len(processes) >= 3

    assert hub.process is not None
    hub.process.kill()
    hub.process.wait()
    hub.process = None

    assert gone(processes, GRACE_SECONDS) == []


def test_a_killed_web_server_and_its_workers_are_replaced(pair: tuple[TunedHub, Application]) -> None:
    hub, application = pair
    server = hub.child(hub.settings["SERVER__SOFTWARE"])
    workers = hub.web_workers()

    os.kill(server.pid, signal.SIGKILL)

    assert gone([server, *workers], GRACE_SECONDS) == []
    assert until(lambda: works(application))
    assert hub.process is not None
    assert hub.process.poll() is None


def test_a_web_server_whose_workers_die_before_they_listen_is_replaced(tmp_path: Path) -> None:
    """It gives up when a worker falls twice at once, and must then end though nobody has ever listened."""
    killed: set[int] = set()

    def kills_the_newest(of: int) -> bool:
        with suppress(psutil.Error, AssertionError):
            found = [each for each in hub.web_workers() if each.pid not in killed and each.ppid() != of]
            if found:
                newest = max(found, key=lambda each: each.pid)
                newest.kill()
                killed.add(newest.pid)
        return len(killed) == 2

    with running_hub(tmp_path, settings={"SERVER__WORKERS": "2"}) as hub:
        fallen = hub.child("granian")
        fallen.kill()

        assert until(lambda: kills_the_newest(fallen.pid))

        assert until(lambda: (found := readiness(hub)) is not None and found.status_code == 200, 60)
        assert "crash loop" in hub.log
        assert httpx.get(f"{hub.issuer}/.well-known/openid-configuration", trust_env=False).status_code == 200


def test_a_killed_background_worker_is_replaced(pair: tuple[TunedHub, Application]) -> None:
    hub, _ = pair
    worker = hub.child("worker")

    os.kill(worker.pid, signal.SIGKILL)

    assert until(lambda: has_other_worker(hub, worker.pid))


def pids(hub: TunedHub) -> set[int]:
    """The web workers of a moment; none while the server is between two generations."""
    try:
        return {worker.pid for worker in hub.web_workers()}
    except (AssertionError, psutil.NoSuchProcess):
        return set()


def works(application: Application) -> bool:
    try:
        return application.client_credentials().status_code == 200
    except httpx.HTTPError:
        return False


def has_other_worker(hub: TunedHub, pid: int) -> bool:
    try:
        return hub.child("worker").pid != pid
    except (AssertionError, psutil.NoSuchProcess):
        return False


def test_sighup_makes_a_new_directory_known_without_a_failed_request(tmp_path: Path, slapd: object) -> None:
    with running_hub(tmp_path) as hub, registered(hub) as application:
        statuses: list[int | str] = []
        stop = threading.Event()

        def ask() -> None:
            while not stop.wait(0.01):
                try:
                    statuses.append(application.client_credentials().status_code)
                except httpx.HTTPError as error:
                    statuses.append(type(error).__name__)

        asking = threading.Thread(target=ask)
        asking.start()
        try:
            before = {worker.pid for worker in hub.web_workers()}
            added = TunedHub(tmp_path, directories=(settings_for(slapd),))  # type: ignore[arg-type]
            added.add_directories_to(hub.config_file)
            os.kill(hub.pid, signal.SIGHUP)
            renewed = until(lambda: bool(found := pids(hub)) and before.isdisjoint(found), 20)
            time.sleep(1)
        finally:
            stop.set()
            asking.join()

        assert renewed
        assert set(statuses) == {200}
        assert password_page_names(hub, "bolor@civil.example", "Civil Affairs Bureau")
        assert "starting it again" not in hub.log
        (changed,) = hub.audit("--event", "configuration.changed")
        assert changed["detail"]["added"] == ["directory:civil-affairs"]


def test_sighup_with_a_broken_configuration_changes_nothing(tmp_path: Path) -> None:
    with running_hub(tmp_path) as hub, registered(hub) as application:
        before = {worker.pid for worker in hub.web_workers()}
        hub.config_file.write_text(hub.config_file.read_text() + "\n[no_such_section]\n")

        os.kill(hub.pid, signal.SIGHUP)

        assert until(lambda: "nothing is reloaded" in hub.log, 5)
        assert {worker.pid for worker in hub.web_workers()} == before
        assert application.client_credentials().status_code == 200


def password_page_names(hub: TunedHub, login_name: str, directory: str) -> bool:
    with Visitor() as visitor:
        visitor.open(f"{hub.issuer}/sign-in")
        visitor.fill("login_name", login_name)
        visitor.press("continue")
        return directory in visitor.page.html


@pytest.mark.parametrize("setting", ["port", "management_port"])
def test_a_taken_port_is_said_and_ends_with_75(tmp_path: Path, setting: str) -> None:
    hub = TunedHub(tmp_path, **{setting: free_port()})
    hub.initialise()
    with socket.create_server(("127.0.0.1", getattr(hub, setting))):
        done = hub.run("serve", check=False)

    assert done.returncode == 75
    assert (
        f"127.0.0.1:{getattr(hub, setting)}: Address already in use; is another hub running?" in done.stderr
    )


def test_a_database_that_waits_for_migration_is_said_and_ends_with_75(tmp_path: Path) -> None:
    hub = TunedHub(tmp_path)
    hub.initialise()
    (tmp_path / "hub.db").unlink()

    done = hub.run("serve", check=False)

    assert done.returncode == 75
    assert "sso migrate" in done.stderr


def test_the_start_and_the_end_of_a_node_are_on_record(tmp_path: Path) -> None:
    with running_hub(tmp_path) as hub:
        log = [json.loads(line) for line in hub.log.splitlines()]
    nodes = {event["event"]: event["detail"]["node"] for event in hub.audit("--event", "node.*")}

    assert nodes["node.started"] == nodes["node.stopped"]
    assert nodes["node.started"] in [line.get("node") for line in log]


def test_a_child_of_a_program_that_ignores_sigint_does_not() -> None:
    """nohup and a script's `&` ignore it, and every child inherits that."""
    command = [sys.executable, "-c", "import signal; print(repr(signal.getsignal(signal.SIGINT)))"]
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        inherited = subprocess.run(command, capture_output=True, text=True, timeout=30)
        restored = subprocess.run(
            command, capture_output=True, text=True, timeout=30, preexec_fn=interruptible
        )
    finally:
        signal.signal(signal.SIGINT, before)

    assert "SIG_IGN" in inherited.stdout
    assert "default_int_handler" in restored.stdout
