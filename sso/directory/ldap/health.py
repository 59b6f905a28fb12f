"""How a directory server answers at this moment, for an operator: reached, encrypted, signed in to."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from ssl import cert_time_to_seconds

from sso.directory.ldap.deadline import Deadline, DeadlineExceeded
from sso.directory.ldap.probe import reach
from sso.directory.ldap.server import LdapServer
from sso.directory.settings import BindMethod, DirectorySettings
from sso.directory.verification import DirectoryUnavailable


@dataclass(frozen=True, slots=True)
class ServerHealth:
    """`problem` is empty when all is well; `certificate_until` (UTC) is None without TLS or unreached."""

    url: str
    seconds: float
    certificate_until: datetime | None
    problem: str


def health_of(server: LdapServer, settings: DirectorySettings, now: datetime) -> ServerHealth:
    """Reach a server and sign in as the service account, if there is one; nothing is searched."""
    started_at = time.monotonic()
    checks, session = reach(server.address, server.open, settings.deadline_seconds, now)
    url, until, problem = str(server.address), None, "" if checks[-1].ok else checks[-1].sentence
    if session is not None:
        not_after = session.peer_certificate().get("notAfter")
        if not_after is not None:
            until = datetime.fromtimestamp(cert_time_to_seconds(not_after), UTC)
        try:
            if settings.bind_method is not BindMethod.DIRECT:
                server.bind_as_service(session, Deadline.after(settings.deadline_seconds))
        except (DirectoryUnavailable, DeadlineExceeded) as error:
            problem = f"The service account cannot sign in: {error}"
        finally:
            session.close()
    return ServerHealth(url, time.monotonic() - started_at, until, problem)
