"""A real 389 Directory Server, without systemd and without root's rights once it runs."""

import os
import pwd
import re
import select
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import NoEncryption, load_pem_private_key, pkcs12

from sso.cli.demo.certificate import CertificateWish, write_certificates
from sso.directory.settings import Vendor
from tests.servers import ds389_seed, template
from tests.servers.directory_people import PEOPLE, SERVICE_PASSWORD
from tests.servers.ds389_seed import SERVICE_DN, STAFF, SUFFIX, configuration, seed
from tests.servers.foreground import ForegroundDirectory
from tests.servers.ports import free_port
from tests.servers.process import ServerProcess, answers_ldap, program, run

MANAGER_PASSWORD = "adminpw-389"
USER = "dirsrv"
INSTANCE = "etc/dirsrv/slapd-t1"
DATABASE = "var/lib/dirsrv/slapd-t1/db"
PORT, TLS_PORT = 43389, 43636  # the template's; a copy has free ones

ANSWERS = f"""[general]
config_version = 2
full_machine_name = localhost
strict_host_checking = False
selinux = False
systemd = False
[slapd]
instance_name = t1
port = {PORT}
secure_port = {TLS_PORT}
root_password = {MANAGER_PASSWORD}
self_sign_cert = True
[backend-userroot]
suffix = {SUFFIX}
create_suffix_entry = True
"""


class Ds389(ForegroundDirectory):
    """One server in a folder that a copy of the template fills. All its ports are free ones of loopback."""

    vendor = Vendor.DS389
    login_attribute = "uid"
    suffix = SUFFIX
    base_dn = STAFF
    former_dn = f"ou=former,{SUFFIX}"
    group_base_dn = f"ou=groups,{SUFFIX}"
    bind_dn = SERVICE_DN
    bind_password = SERVICE_PASSWORD
    administrator = "cn=Directory Manager"
    administrator_password = MANAGER_PASSWORD

    def __init__(self, folder: Path, port: int, tls_port: int) -> None:
        files = ("-D", str(folder / INSTANCE), "-i", str(folder / "run/dirsrv/slapd-t1.pid"))
        command = [program("ns-slapd", "389-ds-base"), "-d", "0", *files]
        process = ServerProcess(command, folder / "out.log", USER)
        super().__init__(folder, process, "127.0.0.1", port, tls_port)

    def person_dn(self, uid: str) -> str:
        return f"uid={uid},{STAFF}"

    def certify(self, wish: CertificateWish) -> None:
        """Give it a certificate, before it starts: its NSS database is made anew."""
        write_certificates(self.folder, wish, datetime.now(UTC))
        key = load_pem_private_key((self.folder / "server.key").read_bytes(), None)
        chain = x509.load_pem_x509_certificates((self.folder / "server.pem").read_bytes())
        bundle = pkcs12.serialize_key_and_certificates(b"Server-Cert", key, chain[0], None, NoEncryption())
        (self.folder / "server.p12").write_bytes(bundle)
        instance = self.folder / INSTANCE
        for name in ("cert9.db", "key4.db", "pkcs11.txt"):
            (instance / name).unlink(missing_ok=True)
        database = ("-d", str(instance))
        password = str(instance / "pwdfile.txt")
        run(["certutil", "-N", *database, "-f", password])
        ca = ("-i", str(self.ca_file), "-t", "CT,,", "-n", "CA")
        run(["certutil", "-A", *database, *ca, "-f", password])
        run(["pk12util", "-i", str(self.folder / "server.p12"), *database, "-k", password, "-W", ""])
        _give_away(self.folder)

    def start(self) -> None:
        environment = {"PREFIX": str(self.folder), "HOME": str(self.folder)}
        self._process.start(lambda: answers_ldap(self.address, self.port), environment)


@contextmanager
def ds389_copy(*, wish: CertificateWish | None = None) -> Iterator[Ds389]:
    """A server of one's own, seeded, not started."""
    made = template.made_once("389ds", _recipe(), _make)
    with template.private_folder("389ds") as folder:
        leave_out = shutil.ignore_patterns("__db.*", "*.socket", "made")
        shutil.copytree(made / "inst", folder, dirs_exist_ok=True, symlinks=True, ignore=leave_out)
        port, tls_port = free_port(), free_port()
        settings = folder / INSTANCE / "dse.ldif"
        text = settings.read_text().replace(str(made / "inst"), str(folder))
        text = text.replace(str(PORT), str(port)).replace(str(TLS_PORT), str(tls_port))
        settings.write_text(text)
        for name in ("dse.ldif.bak", "dse.ldif.startOK"):
            (folder / INSTANCE / name).unlink(missing_ok=True)
        server = Ds389(folder, port, tls_port)
        if wish is not None:
            server.certify(wish)
        pkcs11 = folder / INSTANCE / "pkcs11.txt"
        pkcs11.write_text(pkcs11.read_text().replace(str(made / "inst"), str(folder)))
        _give_away(folder)
        try:
            yield server
        finally:
            server.stop(signal.SIGKILL)


def _recipe() -> tuple[object, ...]:
    texts = (Path(file).read_text() for file in (__file__, ds389_seed.__file__))
    return (*texts, PEOPLE, SERVICE_PASSWORD)


def _make(folder: Path) -> None:
    """Install an instance where `dscreate` allows an ordinary user to, then seed it."""
    create = program("dscreate", "389-ds-base")
    _give_away(folder)
    instance = folder / "inst"
    _as_user(folder, [create, "ds-root", str(instance), str(folder / "bin")])
    _mend_paths(instance)
    answers = folder / "answers.inf"
    answers.write_text(ANSWERS)
    _give_away(folder)
    _as_user(folder, [str(folder / "bin/dscreate"), "from-file", str(answers)])
    _end(instance / "run/dirsrv/slapd-t1.pid")
    _shrink(instance / INSTANCE / "dse.ldif")
    server = Ds389(instance, PORT, TLS_PORT)
    server.certify(CertificateWish())
    server.start()
    server.modify(configuration())
    server.restart()
    server.modify(seed(datetime.now(UTC)))
    server.stop()


def _mend_paths(instance: Path) -> None:
    """`ds-root` writes Fedora's lib64, and a new instance would listen to the whole network."""
    defaults = instance / "share/dirsrv/inf/defaults.inf"
    library = next(Path("/usr/lib").glob("*/dirsrv/plugins")).parent.parent
    text = re.sub(r"/usr/lib64", str(library), defaults.read_text())
    defaults.write_text(text)
    for path in (instance / "share/dirsrv/data").glob("template-dse*.ldif"):
        listen = "cn: config\nnsslapd-listenhost: 127.0.0.1\nnsslapd-securelistenhost: 127.0.0.1\n"
        path.write_text(path.read_text().replace("cn: config\n", listen, 1))


def _shrink(configuration: Path) -> None:
    """A quarter of the machine's memory is more than these few people need."""
    text = re.sub(r"nsslapd-cache-autosize: \d+", "nsslapd-cache-autosize: 0", configuration.read_text())
    text = re.sub(r"nsslapd-dbcachesize: \d+", "nsslapd-dbcachesize: 4000000", text)
    configuration.write_text(text)


def _as_user(folder: Path, command: list[str]) -> None:
    become = ["--reuid", USER, "--regid", USER, "--clear-groups"] if os.geteuid() == 0 else []
    path = f"{folder / 'bin'}:/usr/sbin:/usr/bin:/bin"
    run(["setpriv", *become, *command], HOME=str(folder), PATH=path)


def _give_away(folder: Path) -> None:
    """Let the server's own user have its folder."""
    if os.geteuid() != 0:
        return
    owner = pwd.getpwnam(USER)
    for path in (folder, *folder.rglob("*")):
        os.lchown(path, owner.pw_uid, owner.pw_gid)


def _end(pid_file: Path) -> None:
    """`dscreate` leaves the server running."""
    descriptor = os.pidfd_open(int(pid_file.read_text()))
    signal.pidfd_send_signal(descriptor, signal.SIGTERM)
    if not select.select([descriptor], [], [], 30)[0]:
        pytest.fail("389-DS does not end", pytrace=False)
    os.close(descriptor)
