"""The console's settings: one small TOML file, written by `sso-console init`."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

DEFAULT_FILE = "console.toml"
CLIENT_ID = "officers-console"
SCOPE = "openid profile offline_access audit:read clients:manage people:manage"
API_PATH = "/api/v1"
_KNOWN = {"issuer", "base_url", "client_id", "private_key_file", "listen", "ca_file", "hub_name"}
_NEEDED = ("issuer", "base_url", "client_id", "private_key_file")


class SettingsInvalid(Exception):
    """The file cannot be used: the text says what to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where the hub and the console are, and the key by which the console proves itself."""

    issuer: str
    base_url: str
    client_id: str
    private_key: str = field(repr=False)
    listen: tuple[str, int]
    ca_file: str | None = None
    hub_name: str = "Sign-on hub"

    @property
    def secure(self) -> bool:
        """Whether browsers reach the console over TLS."""
        return urlsplit(self.base_url).scheme == "https"

    def cookie(self, name: str) -> str:
        """A cookie's name: the port is in it, because cookies are shared between the ports of a host."""
        prefix = "__Host-" if self.secure else ""
        return f"{prefix}sso-console-{port_of(self.base_url)}-{name}"

    def address(self, path: str) -> str:
        """The absolute address of a page of the console."""
        return f"{self.base_url}{path}"


def load(file: Path) -> Settings:
    """Read the settings and the private key beside them.

    Raises:
        SettingsInvalid: the file or the key is missing, malformed, or has an unknown or wrong setting.
    """
    try:
        text = file.read_text(encoding="utf-8")
        found = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsInvalid(f"{file}: {error}") from error
    unknown = [name for name in found if name not in _KNOWN]
    if unknown:
        raise SettingsInvalid(f"{file}: unknown setting {unknown[0]}; known: {', '.join(sorted(_KNOWN))}")
    missing = [name for name in _NEEDED if name not in found]
    if missing:
        raise SettingsInvalid(f"{file}: {missing[0]} is missing")
    wrong = [name for name, value in found.items() if not isinstance(value, str)]
    if wrong:
        raise SettingsInvalid(f"{file}: {wrong[0]} must be a text")
    key_file = file.parent / found["private_key_file"]
    try:
        private_key = key_file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"{file}: private_key_file: {error}") from error
    try:
        return Settings(
            issuer=checked_address(found["issuer"]),
            base_url=checked_address(found["base_url"]),
            client_id=found["client_id"],
            private_key=private_key,
            listen=_listen(found.get("listen") or _listen_text(found["base_url"])),
            ca_file=found.get("ca_file"),
            hub_name=found.get("hub_name", "Sign-on hub"),
        )
    except ValueError as error:
        raise SettingsInvalid(f"{file}: {error}") from error


def checked_address(text: str) -> str:
    """Return an http or https address without path, query and trailing slash.

    Raises:
        ValueError: it is something else.
    """
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query:
        raise ValueError(
            f"{text} must be like https://console.example.gov, without a path or a slash at its end"
        )
    if parts.scheme == "http" and parts.hostname not in {"127.0.0.1", "::1", "localhost"}:
        raise ValueError(f"{text}: http is for loopback addresses only")
    port_of(text)
    return text


def port_of(address: str) -> int:
    """Return the port of an address, the scheme's own if it names none."""
    parts = urlsplit(address)
    return parts.port or (443 if parts.scheme == "https" else 80)


def _listen_text(base_url: str) -> str:
    """A loopback address is listened on itself; behind a proxy port 8100 of loopback is."""
    parts = urlsplit(base_url)
    return f"127.0.0.1:{port_of(base_url)}" if parts.scheme == "http" else "127.0.0.1:8100"


def _listen(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit() or not 0 < int(port) < 65_536:
        raise ValueError(f"listen: {text} must be HOST:PORT")
    return host.strip("[]"), int(port)
