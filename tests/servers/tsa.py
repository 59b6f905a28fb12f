"""A time stamp authority (RFC 3161): `openssl ts -reply` behind HTTP, under a root of its own."""

from pathlib import Path

from tests.servers.loopback import Answer, LoopbackServer
from tests.servers.process import run

_CONFIG = """
[req]
distinguished_name = name
prompt = no
[name]
CN = A test authority
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[stamping]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[tsa]
default_tsa = here
[here]
dir = {folder}
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


class TimeStampServer(LoopbackServer):
    """Answers at `url` while the block lasts; `broken` answers are cut off."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca_file = folder / "ca.pem"
        self.broken = False
        self.answers = 0
        folder.mkdir(parents=True)
        config = folder / "openssl.cnf"
        config.write_text(_CONFIG.format(folder=folder), encoding="utf-8")
        (folder / "serial").write_text("01\n", encoding="ascii")
        key = ("-newkey", "rsa:2048", "-nodes", "-config", str(config), "-days", "3")
        run(["openssl", "req", "-x509", *key, *self._files("ca"), "-extensions", "ca", "-subj", "/CN=Root"])
        signed = ("-CA", str(self.ca_file), "-CAkey", str(folder / "ca.key"), "-subj", "/CN=Stamps")
        run(["openssl", "req", "-x509", *key, *self._files("tsa"), "-extensions", "stamping", *signed])
        kind = "application/timestamp-reply"
        super().__init__(lambda request: Answer(self.reply(request.body), media_type=kind))
        self.url = f"{self.origin}/tsr"

    def reply(self, query: bytes) -> bytes:
        asked, answer = self.folder / "query.tsq", self.folder / "reply.tsr"
        asked.write_bytes(query)
        config = ("-config", str(self.folder / "openssl.cnf"))
        run(["openssl", "ts", "-reply", *config, "-queryfile", str(asked), "-out", str(answer)])
        self.answers += 1
        return answer.read_bytes()[: 40 if self.broken else None]

    def _files(self, name: str) -> tuple[str, ...]:
        return ("-keyout", str(self.folder / f"{name}.key"), "-out", str(self.folder / f"{name}.pem"))
