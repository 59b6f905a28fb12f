"""A real PostgreSQL in a temporary folder, on a unix socket, durable as in production.

`postgresql_url` is a fresh database with the hub's schema, `empty_postgresql_url` one without any table,
`postgresql` the server itself, shared by the whole session. `mortal_postgresql` is a server to be crashed: it
hands its writes to the kernel and no further, which is as safe when a process is killed; otherwise it would
sync every file of every database before it answers again, minutes on a busy disk.
A missing installation fails the test: a suite that silently skips its database proves nothing.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg import sql

from sso.storage.database import Database
from sso.storage.schema import migrate
from sso.storage.sealing import Sealer

START_SECONDS = 30.0
STOP_SECONDS = 30.0
PORT = 5432  # only the name of the socket's file: nothing listens on TCP
INSTALL = "PostgreSQL is not installed; `make setup` does it (Debian: apt-get install postgresql)"


def _binary(name: str) -> str:
    """Return the newest version's program: Debian keeps them off PATH."""
    found = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4].split(".")[0])
    )
    program = str(found[-1]) if found else shutil.which(name)
    if program is None:
        pytest.fail(INSTALL, pytrace=False)
    return program


def _as_ordinary_user(*command: str) -> list[str]:
    """PostgreSQL refuses to run as root; and it shall not outlive the tests."""
    if os.geteuid() != 0:
        return ["setpriv", "--pdeathsig", "KILL", *command]
    user = _ordinary_user()
    return [
        *("setpriv", "--reuid", str(user.pw_uid), "--regid", str(user.pw_gid), "--clear-groups"),
        *("--pdeathsig", "KILL", *command),
    ]


def _ordinary_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def database_name(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


class PostgreSQL:
    """One server of our own, with settings of its own; `crash` and `start` are for tests of exactly that."""

    def __init__(self, folder: Path, *settings: str) -> None:
        self.folder = folder
        self._settings = [part for setting in settings for part in ("-c", setting)]
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)

    def initialise(self) -> None:
        if os.geteuid() == 0:
            user = _ordinary_user()
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        options = ("--auth=trust", "--username=hub", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
        command = _as_ordinary_user(_binary("initdb"), f"--pgdata={self.folder / 'data'}", *options)
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            pytest.fail(f"initdb failed:\n{done.stdout}{done.stderr}", pytrace=False)

    def start(self) -> None:
        """Start and wait until it answers."""
        command = _as_ordinary_user(
            _binary("postgres"),
            *("-D", str(self.folder / "data"), "-k", str(self.folder), "-p", str(PORT)),
            *("-c", "listen_addresses=", "-c", "max_connections=200", *self._settings),
        )
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
                return
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(
                        f"PostgreSQL does not start:\n{(self.folder / 'log').read_text()[-2000:]}",
                        pytrace=False,
                    )
                time.sleep(0.05)

    def stop(self) -> None:
        """Shut down fast: connections are closed, everything is on disk."""
        self._end(signal.SIGINT)

    def crash(self) -> None:
        """Shut down as in a power cut: nothing is finished, the next start recovers."""
        self._end(signal.SIGQUIT)

    def kill_a_backend(self, url: str, choose: Callable[[list[psutil.Process]], psutil.Process]) -> bool:
        """SIGKILL one process that serves a database: the server drops every connection and recovers."""
        assert self._process is not None
        serving = f"postgres: hub {database_name(url)} "
        found = [
            each
            for each in psutil.Process(self._process.pid).children(recursive=True)
            if serving in _title(each)
        ]
        if found:
            choose(found).kill()
        return bool(found)

    def url(self, database: str) -> str:
        """Return the URL of a database, as the hub's configuration takes it."""
        return f"postgresql://hub@/{database}?host={self.folder}&port={PORT}"

    def new_database(self, template: str = "template1") -> str:
        """Create a database and return its URL."""
        name = f"hub_{next(self._numbers)}"
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*map(sql.Identifier, (name, template))))
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Remove a database, whoever is still connected."""
        self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database_name(url))))

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


@contextmanager
def _running(*settings: str) -> Iterator[PostgreSQL]:
    """Its folder is not pytest's: there only root may look."""
    folder = Path(tempfile.mkdtemp(prefix="sso-postgresql-"))
    server = PostgreSQL(folder, *settings)
    try:
        server.initialise()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """One server for the session."""
    with _running() as server:
        yield server


@pytest.fixture(scope="module")
def mortal_postgresql() -> Iterator[PostgreSQL]:
    """A server for a module whose tests crash it."""
    with _running("fsync=off") as server:
        yield server


@pytest.fixture
def mortal_postgresql_url(mortal_postgresql: PostgreSQL) -> Iterator[str]:
    """A fresh database without any table on the server that is crashed."""
    url = mortal_postgresql.new_database()
    yield url
    mortal_postgresql.drop_database(url)


@pytest.fixture(scope="session")
def postgresql_template(postgresql: PostgreSQL) -> str:
    """The name of a database with the hub's schema, to be copied."""
    url = postgresql.new_database()
    database = Database(url, Sealer(bytes(32)))
    migrate(database)
    database.dispose()
    return database_name(url)


@pytest.fixture
def postgresql_url(postgresql: PostgreSQL, postgresql_template: str) -> Iterator[str]:
    """A fresh database with the hub's schema."""
    url = postgresql.new_database(postgresql_template)
    yield url
    postgresql.drop_database(url)


@pytest.fixture
def empty_postgresql_url(postgresql: PostgreSQL) -> Iterator[str]:
    """A fresh database without any table."""
    url = postgresql.new_database()
    yield url
    postgresql.drop_database(url)
