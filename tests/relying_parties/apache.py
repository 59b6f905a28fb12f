"""Debian's Apache with mod_auth_openidc in front of one page that shows the claims it was given."""

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.relying_parties.processes import serving

MODULES = Path("/usr/lib/apache2/modules")
NEEDED = ("mpm_event", "authn_core", "authz_core", "authz_user", "dir", "include", "auth_openidc")
CLAIMS = ("sub", "iss", "aud", "name", "email", "persona", "department", "acr", "auth_time", "sid")

CONFIGURATION = """\
ServerRoot {folder}
DefaultRuntimeDir {folder}
PidFile {folder}/apache.pid
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
ErrorLog {folder}/error.log
LogLevel warn auth_openidc:info
ServerTokens Prod
Mutex file:{folder} default
StartServers 1
ServerLimit 1
ThreadsPerChild 16
MaxRequestWorkers 16
{modules}
{identity}
DocumentRoot {folder}/pages
DirectoryIndex index.html

OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {client_id}
OIDCClientSecret {client_secret}
OIDCRedirectURI http://127.0.0.1:{port}/protected/redirect_uri
OIDCCryptoPassphrase {passphrase}
OIDCResponseType code
OIDCPKCEMethod S256
OIDCScope "openid profile email department"
OIDCCookie apache_{port}
OIDCStateCookiePrefix apache_{port}_state_
OIDCSessionType server-cache
OIDCCacheType shm
OIDCHTTPTimeoutLong 10
OIDCRemoteUserClaim sub
OIDCDefaultLoggedOutURL http://127.0.0.1:{port}/signed-out.html

<Directory {folder}/pages>
    Require all granted
    Options +Includes
    SetOutputFilter INCLUDES
</Directory>
<Location /protected>
    AuthType openid-connect
    Require valid-user
</Location>
"""


@dataclass(frozen=True, slots=True)
class Apache:
    """Where a running Apache is, and where its log is."""

    port: int
    error_log: Path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def page(self) -> str:
        """The protected page."""
        return f"{self.address}/protected/index.html"

    @property
    def sign_out(self) -> str:
        """Where mod_auth_openidc ends its session and asks the provider to end its own."""
        return f"{redirect_uri(self.port)}?logout=http%3A%2F%2F127.0.0.1%3A{self.port}%2Fsigned-out.html"


def redirect_uri(port: int) -> str:
    """The address to register for an Apache on this port."""
    return f"http://127.0.0.1:{port}/protected/redirect_uri"


def missing() -> str | None:
    """Say what is not installed here, or None."""
    if program() is None:
        return "apache2 is not installed (Debian: apt-get install apache2)"
    if not (MODULES / "mod_auth_openidc.so").exists():
        return "mod_auth_openidc is not installed (Debian: apt-get install libapache2-mod-auth-openidc)"
    return None


def program() -> str | None:
    """The path of apache2, which is not on the PATH of ordinary users."""
    return shutil.which("apache2", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


@contextmanager
def apache(port: int, issuer: str, client_id: str, client_secret: str) -> Iterator[Apache]:
    """Run an Apache while the block lasts, as root or as an ordinary user, in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="sso-apache-"))  # pytest's folders are closed to www-data
    try:
        _write_pages(folder)
        configuration = folder / "apache.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(
            CONFIGURATION.format(
                folder=folder,
                port=port,
                issuer=issuer,
                client_id=client_id,
                client_secret=client_secret,
                passphrase=secrets.token_hex(16),
                modules="\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in NEEDED),
                identity=_identity(),
            )
        )
        command = [str(program()), "-f", str(configuration), "-DFOREGROUND"]
        checked = subprocess.run([*command, "-t"], capture_output=True, text=True, timeout=20, check=False)
        assert checked.returncode == 0, checked.stderr
        log = folder / "error.log"
        with serving(command, f"http://127.0.0.1:{port}/signed-out.html", log, {"PATH": "/usr/bin:/bin"}):
            yield Apache(port, log)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _identity() -> str:
    """Apache started by root gives up root; started by anyone else it stays who it is."""
    if os.geteuid() != 0:
        return ""
    try:
        pwd.getpwnam("www-data")
    except KeyError:
        return "User nobody\nGroup nogroup"
    return "User www-data\nGroup www-data"


def _write_pages(folder: Path) -> None:
    folder.chmod(0o755)
    protected = folder / "pages" / "protected"
    protected.mkdir(parents=True)
    shown = "".join(
        f'<dt>{name}</dt><dd id="{name}"><!--#echo var="OIDC_CLAIM_{name}" --></dd>' for name in CLAIMS
    )
    remote_user = '<p id="remote_user"><!--#echo var="REMOTE_USER" --></p>'
    page = '<!doctype html><html lang="en"><title>{title}</title><h1>{title}</h1>{body}</html>'
    (protected / "index.html").write_text(
        page.format(title="Protected", body=f"<dl>{shown}</dl>{remote_user}")
    )
    (folder / "pages" / "signed-out.html").write_text(
        page.format(title="Signed out", body='<p id="signed_out">Signed out</p>')
    )
