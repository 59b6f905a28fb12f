"""A real OpenLDAP server with the people of the contract suite, seen like the other vendors' servers."""

import shutil
import signal
import subprocess
from pathlib import Path

from sso.cli.demo.certificate import CertificateWish
from sso.cli.demo.slapd import DemoPerson, Slapd, SlapdOptions, find_slapd
from sso.cli.demo.slapd_seed import AccountCondition
from sso.directory.settings import Vendor
from tests.servers.directory_people import PEOPLE, State
from tests.servers.ldif import record

SUFFIX = "dc=civil,dc=example"
STAFF = f"ou=people,{SUFFIX}"

CONDITIONS: dict[State, AccountCondition] = {
    "locked": "locked",
    "disabled": "locked",
    "expired": "expired",
    "must_change": "mustchange",
    "account_expired": "ended",
    "warn": "warn",
    "grace": "grace",
}


class OpenLdap:
    """One server, seeded at its first start."""

    vendor = Vendor.OPENLDAP
    login_attribute = "uid"
    suffix = SUFFIX
    base_dn = STAFF
    former_dn = f"ou=former,{SUFFIX}"
    group_base_dn = f"ou=groups,{SUFFIX}"
    address = "127.0.0.1"

    def __init__(self, folder: Path, wish: CertificateWish | None = None) -> None:
        people = [
            DemoPerson(each.uid, each.name, each.mail, each.password, CONDITIONS.get(each.state, "normal"))
            for each in PEOPLE
        ]
        options = SlapdOptions(failures_before_lock=3, certificate=wish or CertificateWish())
        self.slapd = Slapd(folder, SUFFIX, people, options)
        self._is_seeded = False

    @property
    def bind_dn(self) -> str:
        return self.slapd.bind_dn

    @property
    def bind_password(self) -> str:
        return self.slapd.bind_password

    @property
    def urls(self) -> tuple[str, ...]:
        return self.slapd.urls

    @property
    def plaintext_url(self) -> str:
        return self.slapd.plaintext_url

    @property
    def ca_file(self) -> Path:
        return self.slapd.ca_file

    def person_dn(self, uid: str) -> str:
        return f"uid={uid},{STAFF}"

    def start(self) -> None:
        self.slapd.start()
        if not self._is_seeded:
            self.modify(_groups())
            self._is_seeded = True

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.slapd.stop()

    def restart(self) -> None:
        self.slapd.restart()

    def freeze(self) -> None:
        self.slapd.freeze()

    def thaw(self) -> None:
        self.slapd.thaw()

    def modify(self, ldif: str, *, configuration_database: bool = False) -> None:
        """Apply LDIF as the root of the data, or of cn=config."""
        self.slapd.modify(ldif, configuration_database=configuration_database)

    def saved(self) -> bytes:
        """What a backup of this moment holds: slapcat's LDIF, operational attributes included."""
        return self._offline("cat", b"")

    def put_back(self, backup: bytes) -> None:
        """Begin again with a backup in an empty database, as an administrator does after a disaster."""
        self.stop()
        database = self._folder / "db"
        shutil.rmtree(database)
        database.mkdir(mode=0o700)
        self._offline("add", backup)
        self.start()

    @property
    def _folder(self) -> Path:
        return self.ca_file.parent

    def _offline(self, tool: str, given: bytes) -> bytes:
        """Run slapcat (cat) or slapadd (add) on the people's database; slapd is both by its -T."""
        command = [str(find_slapd()), "-T", tool, "-F", str(self._folder / "slapd.d"), "-n", "1"]
        return subprocess.run(command, input=given, capture_output=True, timeout=60, check=True).stdout


def _groups() -> str:
    return "\n".join(
        [
            *(
                record(f"ou={name},{SUFFIX}", "add", ("", "objectClass", "organizationalUnit"))
                for name in ("former", "groups")
            ),
            _group("inner", f"uid=alice,{STAFF}"),
            _group("outer", f"cn=inner,ou=groups,{SUFFIX}"),
        ]
    )


def _group(name: str, member: str) -> str:
    return record(
        f"cn={name},ou=groups,{SUFFIX}",
        "add",
        ("", "objectClass", "groupOfNames"),
        ("", "cn", name),
        ("", "member", member),
    )
