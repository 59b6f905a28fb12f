"""`sso directory test`: each step to a working sign-in, and for the first that fails what to mend.

This is the way to the server: name, TCP, TLS, the service account. What is in the directory comes after it.
"""

import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sso.directory.address import ServerAddress
from sso.directory.check import Check, Sample
from sso.directory.ldap.deadline import Deadline, DeadlineExceeded
from sso.directory.ldap.probe_contents import Contents
from sso.directory.ldap.server import LdapServer, Misconfigured
from sso.directory.ldap.session import Session
from sso.directory.ldap.transport import Unreachable, resolve
from sso.directory.settings import BindMethod, DirectorySettings
from sso.directory.verification import DirectoryUnavailable

CERTIFICATE_WARNING = timedelta(days=21)
_VERIFY_SENTENCES = {
    10: "The certificate of {address} has expired; renew it on the server.",
    9: "The certificate of {address} is not valid yet; compare the clocks of both machines.",
    18: "The certificate of {address} is signed by itself; put that certificate into ca_file.",
    19: "The certificate of {address} comes from an unknown CA; put the CA's certificate into ca_file.",
    20: "The certificate of {address} comes from an unknown CA; put the CA's certificate into ca_file.",
    62: "The certificate of {address} is for another host; use a host name that it bears, or renew it.",
    64: "The certificate of {address} does not list this IP address; use its host name, or renew it.",
}


def probe_server(
    server: LdapServer, settings: DirectorySettings, sample: Sample, now: datetime
) -> list[Check]:
    """Try the steps in order and stop at the first that fails."""
    checks, session = reach(server.address, server.open, settings.deadline_seconds, now)
    if session is None:
        return checks
    try:
        return [*checks, *_inside(server, settings, session, sample)]
    except (Unreachable, DeadlineExceeded):
        return [*checks, silence(server.address)]
    finally:
        session.close()


def reach(
    address: ServerAddress, open_session: Callable[[Deadline], Session], seconds: float, now: datetime
) -> tuple[list[Check], Session | None]:
    """Name, TCP and TLS; the session is open, or None after the first step that fails."""
    checks = [_name_resolution(address, Deadline.after(seconds))]
    if checks[-1].ok:
        checks.append(_tcp(address, Deadline.after(seconds)))
    if not checks[-1].ok:
        return checks, None
    try:
        session = open_session(Deadline.after(seconds))
    except DirectoryUnavailable as error:
        return [*checks, Check("tls", ok=False, sentence=_tls_failure(address, error))], None
    return [*checks, _tls(address, session, now)], session


def silence(address: ServerAddress) -> Check:
    """The server ended the conversation in the middle."""
    return Check("answer", ok=False, sentence=f"{address} stopped answering; see the server's own log.")


def _inside(server: LdapServer, settings: DirectorySettings, session: Session, sample: Sample) -> list[Check]:
    contents = Contents(settings, server, session, sample)
    if settings.bind_method is BindMethod.DIRECT:
        return contents.checks_of_a_clerk()
    bind = _service_bind(server, settings, session)
    return [bind, *contents.checks()] if bind.ok else [bind]


def _name_resolution(address: ServerAddress, deadline: Deadline) -> Check:
    try:
        found = resolve(address.host, address.port, deadline)
    except Unreachable:
        sentence = f"{address.host} has no address; correct urls or the name service of this machine."
        return Check("name", ok=False, sentence=sentence)
    return Check("name", ok=True, sentence=f"{address.host} is {', '.join(found)}.")


def _tcp(address: ServerAddress, deadline: Deadline) -> Check:
    try:
        timeout = deadline.remaining_seconds()
        socket.create_connection((address.host, address.port), timeout=timeout).close()
    except TimeoutError:
        sentence = f"{address} does not answer; a firewall may drop the packets, or the host is down."
        return Check("tcp", ok=False, sentence=sentence)
    except OSError:
        sentence = f"{address} refuses connections; start the server or correct the port in urls."
        return Check("tcp", ok=False, sentence=sentence)
    return Check("tcp", ok=True, sentence=f"{address} accepts connections.")


def _tls_failure(address: ServerAddress, error: DirectoryUnavailable) -> str:
    cause = error.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        known = _VERIFY_SENTENCES.get(cause.verify_code)
        if known is not None:
            return known.format(address=address)
        return f"The certificate of {address} is refused: {cause.verify_message}."
    if "ca_file" in str(error):
        return "ca_file cannot be read as PEM certificates; correct its path, rights or contents."
    if "certificate_file" in str(error):
        return (
            "certificate_file and its key cannot be read as one pair; correct their path, rights or contents."
        )
    return f"{address} does not speak TLS here; check the port, the scheme and start_tls."


def _tls(address: ServerAddress, session: Session, now: datetime) -> Check:
    not_after = session.peer_certificate().get("notAfter")
    if not_after is None:
        sentence = f"{address} is not encrypted, which is allowed on this machine's loopback only."
        return Check("tls", ok=True, sentence=sentence)
    expires = datetime.fromtimestamp(ssl.cert_time_to_seconds(not_after), UTC)
    sentence = f"The certificate of {address} is trusted until {expires:%Y-%m-%d %H:%M} UTC"
    soon = expires - now < CERTIFICATE_WARNING
    return Check("tls", ok=True, sentence=f"{sentence}; renew it soon." if soon else f"{sentence}.")


def _service_bind(server: LdapServer, settings: DirectorySettings, session: Session) -> Check:
    external = settings.bind_method is BindMethod.EXTERNAL
    who = "The account of certificate_file" if external else settings.bind_dn
    try:
        server.bind_as_service(session, Deadline.after(settings.deadline_seconds))
    except Misconfigured as error:
        mend = "let the server map the certificate to it" if external else "correct bind_dn or its password"
        return Check("service_bind", ok=False, sentence=f"{who} cannot sign in: {error}; {mend}.")
    return Check("service_bind", ok=True, sentence=f"{who} signs in.")
