"""A real Active Directory domain controller, Samba's, that offers LDAP and nothing else.

It listens on the fixed ports of LDAP, so each has a loopback address of its own. Only root can provision a
domain and open those ports.
"""

import errno
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sso.cli.demo.certificate import CertificateWish, write_certificates
from sso.directory.settings import Vendor
from tests.servers import samba_seed, template
from tests.servers.directory_people import PEOPLE, SERVICE_PASSWORD
from tests.servers.foreground import ForegroundDirectory
from tests.servers.process import ServerProcess, answers_ldap, program, run
from tests.servers.samba_seed import REALM, SERVICE_DN, STAFF, SUFFIX, seed

ADMINISTRATOR_PASSWORD = "Adm1n-Passw0rd"
PORTS = (389, 636, 3268, 3269)

SMB_CONF = """[global]
netbios name = DC1
realm = {realm}
workgroup = CIVIL
server role = active directory domain controller
server services = ldap
interfaces = {address}/8
bind interfaces only = yes
private dir = {folder}/private
lock directory = {folder}
state directory = {folder}/state
cache directory = {folder}/cache
binddns dir = {folder}/bind-dns
pid directory = {folder}/run
ncalrpc dir = {folder}/ncalrpc
winbindd socket directory = {folder}/winbindd
ntp signd socket directory = {folder}/ntp
logging = file
log file = {folder}/log.%m
tls enabled = yes
tls keyfile = {folder}/server.key
tls certfile = {folder}/server.pem
tls cafile = {folder}/ca.pem
ldap server require strong auth = {strong_auth}
"""

# Passwords age only offline: over LDAP pwdLastSet takes 0 and -1 and nothing else ([MS-ADTS] 3.1.1.5.3.3).
AGE_PASSWORDS = """
import sys, time, ldb
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB
parameters = LoadParm()
parameters.load(sys.argv[1] + "/smb.conf")
database = SamDB(url=sys.argv[1] + "/private/sam.ldb", session_info=system_session(), lp=parameters)
for argument in sys.argv[2:]:
    name, days = argument.split("=")
    found = database.search(expression="(sAMAccountName=%s)" % name, attrs=["dn"])
    message = ldb.Message()
    message.dn = found[0].dn
    moment = str(int((time.time() - float(days) * 86400 + 11644473600) * 10**7))
    message["pwdLastSet"] = ldb.MessageElement(moment, ldb.FLAG_MOD_REPLACE, "pwdLastSet")
    database.modify(message, controls=["local_oid:1.3.6.1.4.1.7165.4.3.12:0"])
"""

# What dsacls does on Windows: one more entry of the list of who may do what with an object.
GRANT = """
import sys, ldb
from samba.auth import system_session
from samba.dcerpc import security
from samba.ndr import ndr_pack, ndr_unpack
from samba.param import LoadParm
from samba.samdb import SamDB
parameters = LoadParm()
parameters.load(sys.argv[1] + "/smb.conf")
database = SamDB(url=sys.argv[1] + "/private/sam.ldb", session_info=system_session(), lp=parameters)
domain = security.dom_sid(database.get_domain_sid())
account = database.search(expression="(sAMAccountName=hub)", attrs=["objectSid"])[0]["objectSid"][0]
granted = sys.argv[3].replace("HUB", str(ndr_unpack(security.dom_sid, account)))
name = "nTSecurityDescriptor"
found = database.search(base=sys.argv[2], scope=ldb.SCOPE_BASE, attrs=[name], controls=["show_deleted:1"])
told = ndr_unpack(security.descriptor, found[0][name][0]).as_sddl(domain)
first = told.index("(", told.index("D:"))
wanted = security.descriptor.from_sddl(told[:first] + granted + told[first:], domain)
message = ldb.Message()
message.dn = found[0].dn
message[name] = ldb.MessageElement(ndr_pack(wanted), ldb.FLAG_MOD_REPLACE, name)
database.modify(message, ["show_deleted:1", "sd_flags:1:4"])
"""


class Samba(ForegroundDirectory):
    """One domain controller in a folder. Its address is any free one of 127.64.0.0/10."""

    vendor = Vendor.SAMBA
    login_attribute = "sAMAccountName"
    suffix = SUFFIX
    base_dn = STAFF
    former_dn = f"OU=Former,{SUFFIX}"
    group_base_dn = f"OU=Groups,{SUFFIX}"
    bind_dn = SERVICE_DN
    bind_password = SERVICE_PASSWORD
    administrator = f"administrator@{REALM}"
    administrator_password = ADMINISTRATOR_PASSWORD

    def __init__(self, folder: Path, *, strong_auth: bool = True) -> None:
        self._strong_auth = strong_auth
        command = [program("samba", "samba"), "-i", "-M", "single", "-s", str(folder / "smb.conf")]
        process = ServerProcess([*command, "--debug-stdout"], folder / "out.log")
        super().__init__(folder, process, _free_address(), 389, 636)

    def person_dn(self, uid: str) -> str:
        return f"CN={uid},{STAFF}"

    def certify(self, wish: CertificateWish) -> None:
        """Give it a certificate, before it starts."""
        write_certificates(self.folder, wish, datetime.now(UTC))
        (self.folder / "server.key").chmod(0o600)

    def start(self) -> None:
        conf = SMB_CONF.format(
            realm=REALM,
            address=self.address,
            folder=self.folder,
            strong_auth="yes" if self._strong_auth else "no",
        )
        (self.folder / "smb.conf").write_text(conf)
        for name in ("run", "ncalrpc", "cache"):
            (self.folder / name).mkdir(exist_ok=True)
        self._process.start(lambda: answers_ldap(self.address, self.port))

    def try_password(self, uid: str, password: str) -> bool:
        """Whether a simple bind succeeds; a wrong password counts."""
        command = ["ldapsearch", "-x", "-H", self.urls[0], "-D", f"{uid}@{REALM}", "-w", password]
        environment = {**os.environ, "LDAPTLS_CACERT": str(self.ca_file)}
        base = ["-s", "base", "-b", "", "dn"]
        return subprocess.run([*command, *base], env=environment, capture_output=True).returncode == 0

    def age_password(self, **days: float) -> None:
        """Make passwords that many days old. It works on the files, whether or not the server runs."""
        script = self.folder / "age.py"
        script.write_text(AGE_PASSWORDS)
        arguments = [f"{name}={old}" for name, old in days.items()]
        run(["/usr/bin/python3", str(script), str(self.folder), *arguments])

    def grant(self, dn: str, entry: str) -> None:
        """Give the service account a right to an object, in SDDL ([MS-DTYP] 2.5.1); HUB is its SID."""
        script = self.folder / "grant.py"
        script.write_text(GRANT)
        run(["/usr/bin/python3", str(script), str(self.folder), dn, entry])

    def show_removals(self) -> None:
        """Let the service account list and read the deleted objects."""
        self.grant(f"CN=Deleted Objects,{SUFFIX}", "(A;;LCRP;;;HUB)")


@contextmanager
def samba_copy(*, wish: CertificateWish | None = None, strong_auth: bool = True) -> Iterator[Samba]:
    """A domain controller of one's own, seeded, not started."""
    made = template.made_once("samba", _recipe(), _make)
    with template.private_folder("samba") as folder:
        without_sockets = shutil.ignore_patterns("ldapi")
        shutil.copytree(made / "domain", folder, dirs_exist_ok=True, ignore=without_sockets)
        server = Samba(folder, strong_auth=strong_auth)
        server.certify(wish or CertificateWish(hosts=("localhost", server.address)))
        try:
            yield server
        finally:
            server.stop(signal.SIGKILL)


def _recipe() -> tuple[object, ...]:
    texts = (Path(file).read_text() for file in (__file__, samba_seed.__file__))
    return (*texts, PEOPLE, SERVICE_PASSWORD, sys.version_info[:2])


def _make(folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.fail("only root can provision a domain for Samba: run the tests as root", pytrace=False)
    domain = folder / "domain"
    (folder / "empty.conf").write_text("[global]\n")
    command = [program("samba-tool", "samba-ad-provision"), "domain", "provision"]
    options = {
        "targetdir": domain,
        "realm": REALM.upper(),
        "domain": "CIVIL",
        "server-role": "dc",
        "dns-backend": "NONE",
        "adminpass": ADMINISTRATOR_PASSWORD,
        "host-name": "dc1",
        "host-ip": "127.0.0.1",
    }
    arguments = [f"--{name}={value}" for name, value in options.items()]
    run([*command, "-s", str(folder / "empty.conf"), *arguments])
    server = Samba(domain)
    server.certify(CertificateWish(hosts=("localhost", server.address)))
    server.start()
    server.modify(seed())
    server.age_password(expired=200, warn=85)
    for _ in range(3):
        server.try_password("locked", "not the password")
    server.stop()
    shutil.rmtree(domain / "run")


def _free_address() -> str:
    """A loopback address on which nobody listens to the ports of LDAP."""
    while True:
        address = f"127.{random.randint(64, 127)}.{random.randint(0, 255)}.{random.randint(1, 254)}"
        if all(_is_free(address, port) for port in PORTS):
            return address


def _is_free(address: str, port: int) -> bool:
    try:
        socket.create_server((address, port)).close()
    except OSError as error:
        if error.errno == errno.EACCES:
            pytest.fail("only root may listen on the ports of LDAP: run the tests as root", pytrace=False)
        return False
    return True
