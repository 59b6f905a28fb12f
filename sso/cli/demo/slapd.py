"""A real OpenLDAP server in a folder, on free loopback ports, for `sso demo` and for the tests.

    with Slapd(folder, "dc=civil,dc=example", people) as slapd:
        slapd.urls, slapd.ca_file, slapd.bind_dn, slapd.bind_password, slapd.base_dn

It runs in the foreground as a child, as whatever user we are, and dies with us.
"""

import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from sso.cli.demo.certificate import CertificateWish, write_certificates
from sso.cli.demo.slapd_seed import DemoPerson, Layout, configuration, replacement, seed

__all__ = ["CertificateWish", "DemoPerson", "Slapd", "SlapdFailed", "SlapdOptions", "find_slapd"]

_SEARCH_PATH = ("/usr/sbin", "/usr/local/sbin", "/usr/libexec", "/usr/local/libexec")
_SCHEMA_FOLDERS = (Path("/etc/ldap/schema"), Path("/etc/openldap/schema"))
_MODULE_FOLDERS = (Path("/usr/lib/ldap"), Path("/usr/lib64/openldap"), Path("/usr/lib/openldap"))
_START_SECONDS = 10.0
_STOP_SECONDS = 5.0
_UID = re.compile(r"[A-Za-z0-9._-]{1,64}")

# An anonymous bind, message 1, and how its success begins (RFC 4511 sections 4.2 and 5.1, BER by hand).
_ANONYMOUS_BIND = bytes.fromhex("300c020101600702010304008000")
_BIND_SUCCESS = bytes.fromhex("300c02010161070a0100")


class SlapdFailed(Exception):
    """slapd or one of its tools did not do what was asked; the text shows what it said."""


@dataclass(frozen=True, slots=True)
class SlapdOptions:
    """What a caller may wish for. Port 0 means any free one."""

    port: int = 0
    tls_port: int = 0
    certificate: CertificateWish = CertificateWish()
    failures_before_lock: int = 5


def find_slapd() -> Path | None:
    """The path of slapd; None where OpenLDAP's server, schema or modules are not installed."""
    found = shutil.which("slapd", path=os.pathsep.join((os.environ.get("PATH", ""), *_SEARCH_PATH)))
    complete = _first_folder(_SCHEMA_FOLDERS) is not None and _first_folder(_MODULE_FOLDERS) is not None
    return Path(found) if found and complete else None


class Slapd:
    """One server. Its folder is emptied at the first start; stop and start keep what it learnt."""

    def __init__(
        self,
        folder: Path,
        suffix: str,
        people: Sequence[DemoPerson],
        options: SlapdOptions | None = None,
    ) -> None:
        program = find_slapd()
        schema, modules = _first_folder(_SCHEMA_FOLDERS), _first_folder(_MODULE_FOLDERS)
        if program is None or schema is None or modules is None:
            message = "slapd is not installed (Debian: apt-get install slapd ldap-utils)"
            raise SlapdFailed(message)
        options = options or SlapdOptions()
        self._program = program
        self._options = options
        self._people = tuple(people)
        self._layout = Layout(folder.absolute(), suffix, schema, modules, options.failures_before_lock)
        self._root_password = secrets.token_urlsafe(18)
        self._process: subprocess.Popen[bytes] | None = None
        self._is_seeded = False
        self.port, self.tls_port = options.port or _free_port(), options.tls_port or _free_port()
        self.bind_password = secrets.token_urlsafe(18)

    def __enter__(self) -> "Slapd":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def urls(self) -> tuple[str, ...]:
        """Where it is reached with TLS."""
        return (f"ldaps://127.0.0.1:{self.tls_port}",)

    @property
    def plaintext_url(self) -> str:
        """Where it is reached without TLS, for StartTLS and for loopback tests."""
        return f"ldap://127.0.0.1:{self.port}"

    @property
    def ca_file(self) -> Path:
        """The CA that signed its certificate."""
        return self._layout.folder / "ca.pem"

    @property
    def bind_dn(self) -> str:
        """The service account, which reads everything but passwords."""
        return self._layout.service_dn

    @property
    def base_dn(self) -> str:
        """The branch in which people are."""
        return self._layout.people_dn

    @property
    def pid(self) -> int | None:
        """Its process id; None while it is stopped."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Seed the folder the first time, start, and wait until it answers. Raises SlapdFailed."""
        if self._process is not None:
            return
        _require_free(self.port)
        _require_free(self.tls_port)
        if not self._is_seeded:
            self._seed()
            self._is_seeded = True
        folder = self._layout.folder
        listeners = f"{self.plaintext_url} {self.urls[0]}"
        command = [str(self._program), "-d", "0", "-F", str(folder / "slapd.d"), "-h", listeners]
        with (folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                _dying_with_parent(command), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder
            )
        self._wait_until_it_answers()

    def stop(self) -> None:
        """End it, gently at first. Does nothing when it is stopped."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)  # a frozen process cannot end
            process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def restart(self) -> None:
        """Stop and start on the same ports with the same data."""
        self.stop()
        self.start()

    def freeze(self) -> None:
        """Let it accept connections and answer nothing, as an overloaded machine does."""
        process = self._running()
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)  # until then it may still answer

    def thaw(self) -> None:
        """Let it go on."""
        self._running().send_signal(signal.SIGCONT)

    def modify(self, ldif: str, *, configuration_database: bool = False) -> None:
        """Apply LDIF changes as the root of the data, or of cn=config. Raises SlapdFailed."""
        bind_dn = "cn=config" if configuration_database else self._layout.root_dn
        password_file = str(self._layout.folder / "root.pw")
        command = ["ldapmodify", "-x", "-H", self.plaintext_url, "-D", bind_dn, "-y", password_file]
        _run(command, ldif)

    def disable(self, uid: str) -> None:
        """Lock an account until an administrator unlocks it."""
        self._replace(uid, "pwdAccountLockedTime", "000001010000Z")

    def enable(self, uid: str) -> None:
        """Unlock an account."""
        self._replace(uid, "pwdAccountLockedTime", None)

    def require_change(self, uid: str) -> None:
        """Let the next sign-in demand a new password."""
        self._replace(uid, "pwdReset", "TRUE")

    def set_password(self, uid: str, password: str | bytes) -> None:
        """Give a person a new password; this also ends locked and expired, and demands a change."""
        self._replace(uid, "userPassword", password)
        self._replace(uid, "pwdReset", None)

    def _replace(self, uid: str, attribute: str, value: str | bytes | None) -> None:
        self.modify(replacement(self._layout.person_dn(uid), attribute, value))

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            message = "slapd is stopped"
            raise SlapdFailed(message)
        return self._process

    def _seed(self) -> None:
        """Write certificates, configuration and people into an empty folder."""
        if not all(_UID.fullmatch(person.uid) for person in self._people):
            message = "the uid of a demonstration person is letters, digits, dots and hyphens"
            raise SlapdFailed(message)
        layout, now = self._layout, datetime.now(UTC)
        for name in ("slapd.d", "db"):
            shutil.rmtree(layout.folder / name, ignore_errors=True)
            (layout.folder / name).mkdir(parents=True, mode=0o700)
        write_certificates(layout.folder, self._options.certificate, now)
        password_file = layout.folder / "root.pw"
        password_file.touch(mode=0o600)
        password_file.write_text(self._root_password)
        add = [str(self._program), "-T", "add", "-q", "-F", str(layout.folder / "slapd.d"), "-n"]
        _run([*add, "0"], configuration(layout, self._root_password))
        _run([*add, "1"], seed(layout, self._people, self.bind_password, now))

    def _wait_until_it_answers(self) -> None:
        process, give_up_at = self._running(), time.monotonic() + _START_SECONDS
        while time.monotonic() < give_up_at:
            if process.poll() is not None:
                break
            if _answers(self.port):
                return
            time.sleep(0.01)
        self.stop()
        message = f"slapd did not start: {(self._layout.folder / 'log').read_text(errors='replace')[-2000:]}"
        raise SlapdFailed(message)


def _first_folder(candidates: Sequence[Path]) -> Path | None:
    return next((folder for folder in candidates if folder.is_dir()), None)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _require_free(port: int) -> None:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        message = f"port {port} of 127.0.0.1 is taken"
        raise SlapdFailed(message) from error


def _dying_with_parent(command: list[str]) -> list[str]:
    """util-linux's setpriv asks the kernel to kill slapd with the thread that starts it, frozen or not."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", *command] if setpriv else command


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(_ANONYMOUS_BIND)
            return connection.recv(64).startswith(_BIND_SUCCESS)
    except OSError:
        return False


def _run(command: list[str], text: str) -> None:
    try:
        done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=120, check=False)
    except FileNotFoundError as error:
        message = f"{command[0]} is not installed (Debian: apt-get install slapd ldap-utils)"
        raise SlapdFailed(message) from error
    if done.returncode != 0:
        message = f"{Path(command[0]).name} failed: {done.stderr.decode(errors='replace')[-2000:]}"
        raise SlapdFailed(message)
