"""A real nginx in a temporary folder: the files of deploy/ word for word, with a throw-away certificate."""

import os
import re
import shutil
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

import sso.web
from sso.cli.demo.certificate import CertificateWish, write_certificates
from tests.servers.client_certificates import authority
from tests.servers.hub import free_port

DEPLOY = Path(__file__).parents[2] / "deploy"
START_SECONDS = 10.0
STOP_SECONDS = 10.0


class Nginx:
    """TLS on a free loopback port, in front of a hub that listens on `hub_port`."""

    def __init__(self, folder: Path, hub_port: int) -> None:
        self.folder = folder
        self.port, self.http_port, self.mtls_port = free_port(), free_port(), free_port()
        self._hub_port = hub_port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def issuer(self) -> str:
        """The address that browsers use."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def mtls_host(self) -> str:
        """The second host, which asks for client certificates."""
        return f"127.0.0.1:{self.mtls_port}"

    @property
    def ca_file(self) -> Path:
        """The CA that signed the certificate."""
        return self.folder / "ca.pem"

    def start(self) -> None:
        """Write the configuration, start, and wait until it answers; the test fails when it does not."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_certificates(self.folder, CertificateWish(), datetime.now(UTC))
        (self.folder / "client-ca.pem").write_bytes(authority().pem)
        for name in ("nginx.conf", "nginx-mtls.conf"):
            (self.folder / name).write_text(self._filled_in(name), encoding="utf-8")
        command = [_program(), "-p", str(self.folder), "-e", "stderr", "-c", str(self.folder / "nginx.conf")]
        setpriv = shutil.which("setpriv")
        tied = [setpriv, "--pdeathsig", "TERM"] if setpriv else []
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*tied, *command, "-g", "daemon off;"], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._wait_until_it_answers()

    def stop(self) -> None:
        """End it; connections are cut."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _filled_in(self, name: str) -> str:
        text = (DEPLOY / name).read_text(encoding="utf-8")
        values = {
            "SERVER_NAME": "127.0.0.1",
            "HTTP_PORT": f"127.0.0.1:{self.http_port}",
            "HTTPS_PORT": f"127.0.0.1:{self.port}",
            "CERTIFICATE": str(self.folder / "server.pem"),
            "CERTIFICATE_KEY": str(self.folder / "server.key"),
            "HUB": f"127.0.0.1:{self._hub_port}",
            "RUN": str(self.folder),
            "STATIC": str(Path(sso.web.__file__).parent / "static"),
            "MTLS": str(self.folder / "nginx-mtls.conf"),
            "MTLS_SERVER_NAME": "127.0.0.1",
            "MTLS_PORT": self.mtls_host,
            "CLIENT_CA": str(self.folder / "client-ca.pem"),
        }
        for known, value in values.items():
            text = text.replace(f"@{known}@", value)
        assert not re.search(r"@[A-Z_]+@", text), f"deploy/{name} has a name that is not filled in"
        if os.geteuid() == 0 and name == "nginx.conf":
            text = f"user root;\n{text}"  # the temporary folder is closed to everybody else
        return text

    def _wait_until_it_answers(self) -> None:
        assert self._process is not None
        ends = time.monotonic() + START_SECONDS
        while time.monotonic() < ends and self._process.poll() is None:
            try:
                httpx.get(f"{self.issuer}/livez", verify=False, trust_env=False, timeout=1)
            except httpx.HTTPError:
                time.sleep(0.05)
            else:
                return
        pytest.fail(f"nginx does not start:\n{(self.folder / 'log').read_text()[-2000:]}", pytrace=False)


def _program() -> str:
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.fail("nginx is not installed; `make setup` does it (Debian: apt-get install nginx)")
    return found
