"""The questions of `sso directory add`, and what the answers and the server make of one another."""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from sso.audit.record import JsonValue
from sso.cli.arguments import visible
from sso.cli.context import fail
from sso.cli.questions import Questions
from sso.config import Configuration
from sso.config.directory import Directory, settings_of
from sso.directory.address import ServerAddress, parse_address
from sso.directory.check import Check, Sample
from sso.directory.ldap import Discovery, discover
from sso.directory.presets import Vendor, preset_of
from sso.directory.routing import DirectoryRoute, Name, route
from sso.directory.settings import BindMethod, DirectorySettings

STEP_SECONDS = 5.0
MAX_PASSWORD_BYTES = 4096
UNCHANGED = "nothing was written; mend what failed, then run the command again"
_DOMAIN = re.compile(r"dc=([^,]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wizard:
    """The questions, what the options answered already, and the configuration as it is."""

    questions: Questions
    options: Mapping[str, Any]
    configuration: Configuration

    def describe(self) -> tuple[dict[str, JsonValue], bytes]:
        """Return the values of the table and the service account's password."""
        addresses = self._addresses()
        plaintext = bool(self.options["plaintext_on_loopback"])
        ca_file, found = self._reached(addresses[0], encrypted=not plaintext)
        vendor = self._vendor(found)
        account, secret = self._account()
        base_dns = found.root.base_dns if found.root is not None else ()
        base_dn = self._text("base_dn", "Below which DN are the clerks?", next(iter(base_dns), None))
        preset = preset_of(vendor)
        login = self._text(
            "login_attribute", "Which attribute holds the sign-in name?", preset.login_attribute
        )
        names = self._names(base_dn)
        if account.get("bind_dn") and account.get("bind_password_file") is None:
            account |= {"bind_password_file": f"{names['id']}.pw"}
        values: dict[str, JsonValue] = {
            **names,
            "vendor": vendor.value,
            "urls": [str(address) for address in addresses],
            "start_tls": not plaintext and not addresses[0].implicit_tls,
            "allow_plaintext_on_loopback": plaintext,
            "ca_file": None if ca_file is None else str(ca_file),
            **account,
            "base_dn": base_dn,
            "login_attribute": login,
            "groups": self._groups(),
        }
        return values, secret

    def settings(self, values: Mapping[str, JsonValue], secret: bytes) -> DirectorySettings:
        """Return the directory that the values describe, by the rules of the configuration file."""
        told = {name: value for name, value in values.items() if value is not None and value != {}}
        if values["bind_method"] == BindMethod.SIMPLE.value:
            told |= {"bind_password_file": "-"}
        home = self.configuration.file.resolve().parent

        def file(name: str) -> Path | None:
            value = values.get(name)
            return home / str(value) if value is not None else None

        try:
            section = Directory.model_validate(told)
            return settings_of(section, secret.decode("utf-8", "surrogateescape"), file)
        except ValidationError as error:
            fail("; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()))
        except ValueError as error:
            fail(str(error))

    def sample(self, settings: DirectorySettings) -> Sample:
        """Return a clerk to look for, when somebody names one."""
        typed = self.questions.optional(
            self.options["sample"], "Sign-in name of a clerk to test with, if any"
        )
        return Sample(None if typed is None else sample_name(typed, settings))

    def secret_to_write(self, values: Mapping[str, JsonValue], secret: bytes) -> tuple[str, bytes] | None:
        """Return name and content of the password's file; None when it is kept elsewhere."""
        ours = self.options["bind_password_file"] is None and values["bind_method"] == BindMethod.SIMPLE.value
        return (str(values["bind_password_file"]), secret) if ours else None

    def _text(self, option: str, question: str, default: str | None = None) -> str:
        return self.questions.text(self.options[option], _flag(option), question, default)

    def _addresses(self) -> list[ServerAddress]:
        question = "Where is the directory? ldaps://HOST:PORT"
        given: Sequence[str | None] = self.options["urls"] or (None,)
        return [self.questions.parsed(url, "--url", question, parse_address) for url in given]

    def _reached(self, address: ServerAddress, *, encrypted: bool) -> tuple[Path | None, Discovery]:
        """Go to the first server; where its certificate is not trusted, ask for the CA's."""
        ca_file: Path | None = self.options["ca_file"]
        while True:
            now = datetime.now(UTC)
            found = discover(address, ca_file, STEP_SECONDS, now, encrypted=encrypted)
            print_checks(found.checks)
            if found.root is not None:
                return (None if ca_file is None else ca_file.resolve()), found
            if found.checks[-1].name != "tls" or not self.questions.ask:
                fail(UNCHANGED)
            ca_file = Path(self.questions.text(None, "--ca-file", "File with the CA's certificate (PEM)"))

    def _vendor(self, found: Discovery) -> Vendor:
        shown = found.root.vendor if found.root is not None else None
        question = f"Whose server is it ({', '.join(vendor.value for vendor in Vendor)})?"
        recognised = None if shown is None else shown.value
        return self.questions.parsed(self.options["vendor"], "--vendor", question, Vendor, recognised)

    def _account(self) -> tuple[dict[str, JsonValue], bytes]:
        """Return as whom clerks are looked up, and the password of that."""
        method = BindMethod(self.options["bind_method"])
        files = {name: _absolute(self.options[name]) for name in ("certificate_file", "certificate_key_file")}
        account: dict[str, JsonValue] = {"bind_method": method.value, **files}
        if method is BindMethod.DIRECT:
            template = self._text(
                "bind_template", "Under which name does a clerk sign in, with {name} in it?"
            )
            return account | {"bind_template": template}, b""
        if method is BindMethod.EXTERNAL:
            return account, b""
        dn = self._text("bind_dn", "DN of the service account that may search")
        kept = _absolute(self.options["bind_password_file"])
        secret = _service_password(self.options, self.questions)
        return account | {"bind_dn": dn, "bind_password_file": kept}, secret

    def _names(self, base_dn: str) -> dict[str, JsonValue]:
        domain = ".".join(_DOMAIN.findall(base_dn)) or None
        domains = {name: list(self.options[name]) for name in ("realms", "upn_suffixes", "mail_domains")}
        if not any(domains.values()):
            question = "What stands behind the @ of the clerks' sign-in names?"
            domains["realms"] = [self.questions.text(None, "--realm", question, domain)]
        first = next(domain for values in domains.values() for domain in values)
        short = re.sub(r"[^a-z0-9]+", "-", first.partition(".")[0].lower()).strip("-") or None
        directory_id = self.questions.text(
            self.options["directory_id"], "--id", "Short name of the directory, for ever", short
        )
        name = self._text("name", "Name of the department, as people see it")
        chinese = self.options["name_zh"]
        names: dict[str, JsonValue] = {} if chinese is None else {"zh-CN": chinese}
        return {"id": directory_id, "name": name, **{k: list(v) for k, v in domains.items()}, "names": names}

    def _groups(self) -> dict[str, JsonValue]:
        released, roles = (_pairs(self.options[name], f"--{name[:-1]}") for name in ("groups", "roles"))
        if not released and not roles:
            return {}
        return {"base_dn": self.options["group_base_dn"], "released": released, "roles": roles}


def sample_name(typed: str, settings: DirectorySettings) -> Name:
    """Return what a directory is searched for when someone types that; exit when it cannot be a name."""
    try:
        door = route(typed, (settings,))
        return door.name if isinstance(door, DirectoryRoute) else Name(door.login_name)
    except ValueError as error:
        fail(f"--sample: {error}")


def password_line() -> bytes:
    """Read a password from standard input, one line."""
    if sys.stdin is None:  # closed by whoever started us
        fail("standard input is closed")
    line = sys.stdin.buffer.readline(MAX_PASSWORD_BYTES)
    return line.strip(b"\r\n")


def print_checks(checks: Sequence[Check]) -> None:
    """Tell each step for a person."""
    for check in checks:
        click.echo(f"{'ok  ' if check.ok else 'FAIL'}  {check.name}: {visible(check.sentence)}", err=True)


def _service_password(options: Mapping[str, Any], questions: Questions) -> bytes:
    """Read the password from its file, from standard input, or from the keyboard."""
    file: Path | None = options["bind_password_file"]
    if file is not None:
        try:
            return file.read_bytes().strip(b"\r\n")
        except OSError as error:
            fail(f"--bind-password-file: cannot read {file}: {error.strerror}")
    if options["bind_password_stdin"]:
        return password_line()
    return questions.secret("--bind-password-file", "Password of the service account")


def _absolute(file: Path | None) -> str | None:
    return None if file is None else str(file.resolve())


def _flag(option: str) -> str:
    return f"--{option.replace('_', '-')}"


def _pairs(told: Sequence[str], option: str) -> dict[str, str]:
    """Return GROUP=VALUE as a table; the last sign parts them, because a DN has some of its own."""
    pairs = {}
    for pair in told:
        group, sign, value = pair.rpartition("=")
        if not sign or not group or not value:
            raise click.UsageError(f"{option}: write GROUP=VALUE, not {pair!r}")
        pairs[group] = value
    return pairs
