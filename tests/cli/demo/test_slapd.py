import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from sso.cli.demo.slapd import DemoPerson, Slapd, SlapdFailed, SlapdOptions
from sso.directory.ldap import LdapDirectory
from tests.servers.slapd import PASSWORD, settings_for

pytestmark = pytest.mark.slapd

SUFFIX = "dc=housing,dc=example"
PEOPLE = (DemoPerson("oyun", "Oyun Sar", "oyun@housing.example", PASSWORD),)


def _immutable_id(server):
    directory = LdapDirectory(settings_for(server))
    try:
        return directory.find("oyun").immutable_id
    finally:
        directory.close()


def _is_listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_it_starts_in_less_than_a_second(tmp_path):
    started_at = time.monotonic()

    with Slapd(tmp_path / "s", SUFFIX, PEOPLE):
        seconds = time.monotonic() - started_at

    assert seconds < 1


def test_two_departments_run_side_by_side(tmp_path, slapd):
    with Slapd(tmp_path / "s", SUFFIX, PEOPLE) as other:
        found = _immutable_id(other)

    assert found
    assert other.base_dn != slapd.base_dn


def test_nothing_listens_after_a_stop(tmp_path):
    with Slapd(tmp_path / "s", SUFFIX, PEOPLE) as server:
        pass

    assert not _is_listening(server.port)


def test_a_person_made_again_has_the_same_immutable_id(tmp_path):
    ids = set()

    for name in ("first", "second"):
        with Slapd(tmp_path / name, SUFFIX, PEOPLE) as server:
            ids.add(_immutable_id(server))

    assert len(ids) == 1


def test_a_taken_port_is_a_clear_message(tmp_path, slapd):
    with pytest.raises(SlapdFailed, match="is taken"):
        Slapd(tmp_path / "s", SUFFIX, PEOPLE, SlapdOptions(port=slapd.port)).start()


def test_its_secrets_are_readable_by_their_owner_only(tmp_path):
    with Slapd(tmp_path / "s", SUFFIX, PEOPLE):
        modes = {
            (tmp_path / "s" / name).stat().st_mode & 0o077
            for name in ("root.pw", "server.key", "slapd.d", "db")
        }

    assert modes == {0}


def test_a_uid_that_would_not_stay_in_its_dn_is_refused(tmp_path):
    people = [DemoPerson("a,dc=b", "A B", "a@b.example", PASSWORD)]

    with pytest.raises(SlapdFailed, match="uid"):
        Slapd(tmp_path / "s", SUFFIX, people).start()


@pytest.mark.parametrize("frozen", [False, True])
def test_it_does_not_outlive_a_killed_parent(tmp_path, frozen):
    program = (
        "import sys, time; from pathlib import Path; from sso.cli.demo.slapd import Slapd\n"
        f"s = Slapd(Path({str(tmp_path / 's')!r}), {SUFFIX!r}, []); s.start()\n"
        f"{'s.freeze()' if frozen else 'pass'}; print(s.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())

    parent.kill()
    parent.wait(5)
    parent.stdout.close()

    assert _is_gone_within(child, 5)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_it_runs_as_an_ordinary_user(tmp_path):
    folder = tmp_path / "s"
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    program = (
        "import encodings.idna, os; from pathlib import Path; from sso.cli.demo.slapd import Slapd\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"  # after the imports: ours may be in /root
        f"os.chdir({str(folder)!r}); s = Slapd(Path('.'), {SUFFIX!r}, []); s.start(); s.stop(); print('ran')"
    )
    for parent in (tmp_path, *tmp_path.parents):
        if "pytest" in str(parent):
            parent.chmod(0o755)

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert done.stdout == "ran\n", done.stderr


def _is_gone_within(pid, seconds):
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        with open(f"/proc/{pid}/stat") as stat:
            if stat.read().rpartition(")")[2].split()[0] == "Z":
                return True
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    return False
