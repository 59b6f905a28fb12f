"""`sso directory test`: each step to a working sign-in, and for the first that fails what to mend."""

import socket
import ssl
from datetime import UTC, datetime

from sso.directory.check import Check
from sso.directory.ldap.deadline import Deadline, DeadlineExceeded
from sso.directory.ldap.lookup import only_entry, question_for
from sso.directory.ldap.server import LdapServer, Misconfigured
from sso.directory.ldap.session import Session
from sso.directory.ldap.transport import Unreachable, resolve
from sso.directory.routing import Name
from sso.directory.settings import DirectorySettings
from sso.directory.states import SIZE_LIMIT_EXCEEDED, SUCCESS
from sso.directory.verification import DirectoryUnavailable

_NOBODY = "sso-hub-probe"  # a name to search for when the administrator gave none
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
    server: LdapServer, settings: DirectorySettings, sample_login_name: str | None, deadline: Deadline
) -> list[Check]:
    """Try the steps in order and stop at the first that fails."""
    checks = [_name_resolution(server, deadline)]
    if checks[-1].ok:
        checks.append(_tcp(server, deadline))
    if not checks[-1].ok:
        return checks
    try:
        session = server.open(deadline)
    except DirectoryUnavailable as error:
        return [*checks, Check("tls", ok=False, sentence=_tls_failure(server, error))]
    try:
        checks.append(_tls(server, session))
        checks.append(_service_bind(server, settings, session, deadline))
        if checks[-1].ok:
            checks += _search(settings, sample_login_name, session, deadline)
    except (Unreachable, DeadlineExceeded):
        sentence = f"{server.address} stopped answering; see the server's own log."
        checks.append(Check("answer", ok=False, sentence=sentence))
    finally:
        session.close()
    return checks


def _name_resolution(server: LdapServer, deadline: Deadline) -> Check:
    address = server.address
    try:
        found = resolve(address.host, address.port, deadline)
    except Unreachable:
        sentence = f"{address.host} has no address; correct urls or the name service of this machine."
        return Check("name", ok=False, sentence=sentence)
    return Check("name", ok=True, sentence=f"{address.host} is {', '.join(found)}.")


def _tcp(server: LdapServer, deadline: Deadline) -> Check:
    address = server.address
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


def _tls_failure(server: LdapServer, error: DirectoryUnavailable) -> str:
    cause = error.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        known = _VERIFY_SENTENCES.get(cause.verify_code)
        if known is not None:
            return known.format(address=server.address)
        return f"The certificate of {server.address} is refused: {cause.verify_message}."
    if "ca_file" in str(error):
        return "ca_file cannot be read as PEM certificates; correct its path, rights or contents."
    return f"{server.address} does not speak TLS here; check the port, the scheme and start_tls."


def _tls(server: LdapServer, session: Session) -> Check:
    not_after = session.peer_certificate().get("notAfter")
    if not_after is None:
        sentence = f"{server.address} is not encrypted, which is allowed on this machine's loopback only."
        return Check("tls", ok=True, sentence=sentence)
    expires = datetime.fromtimestamp(ssl.cert_time_to_seconds(not_after), UTC)
    sentence = f"The certificate of {server.address} is trusted until {expires:%Y-%m-%d %H:%M} UTC."
    return Check("tls", ok=True, sentence=sentence)


def _service_bind(
    server: LdapServer, settings: DirectorySettings, session: Session, deadline: Deadline
) -> Check:
    try:
        server.bind_as_service(session, deadline)
    except Misconfigured as error:
        sentence = f"{settings.bind_dn} cannot sign in: {error}; correct bind_dn or its password."
        return Check("service_bind", ok=False, sentence=sentence)
    return Check("service_bind", ok=True, sentence=f"{settings.bind_dn} signs in.")


def _search(
    settings: DirectorySettings, sample_login_name: str | None, session: Session, deadline: Deadline
) -> list[Check]:
    answer = session.search(question_for(settings, Name(sample_login_name or _NOBODY)), deadline)
    if answer.result not in (SUCCESS, SIZE_LIMIT_EXCEEDED):
        sentence = f"A search below {settings.base_dn} fails (ldap result {answer.result}); correct base_dn "
        return [Check("base", ok=False, sentence=sentence + "or let the service account read it.")]
    checks = [Check("base", ok=True, sentence=f"{settings.base_dn} can be searched.")]
    if sample_login_name is None:
        return checks
    if len(answer.entries) != 1:
        count = "No entry" if not answer.entries else "More than one entry"
        sentence = f"{count} has {settings.login_attribute}={sample_login_name} and the person_filter; "
        return [
            *checks,
            Check("person", ok=False, sentence=sentence + "correct login_attribute or the name."),
        ]
    checks.append(Check("person", ok=True, sentence=f"One entry has the login name {sample_login_name}."))
    attribute = settings.preset.immutable_attribute
    try:
        only_entry(settings, answer)
    except Misconfigured:
        sentence = f"The entry shows no {attribute}; let the service account read it, or correct vendor."
        return [*checks, Check("immutable_id", ok=False, sentence=sentence)]
    return [*checks, Check("immutable_id", ok=True, sentence=f"The entry bears {attribute}.")]
