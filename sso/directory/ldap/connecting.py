"""Making one encrypted ldap3 connection, with every unsafe or slow default of ldap3 set by hand."""

import ssl

from sso.directory.address import ServerAddress
from sso.directory.ldap.deadline import Deadline
from sso.directory.ldap.decoding import with_raw_entries
from sso.directory.ldap.library import FAULTS, NONE, SYNC, Connection, Server
from sso.directory.ldap.transport import DeadlineSocket, Stage, StrictTls, unreachable, without_delay


def connect(
    ip: str, address: ServerAddress, context: ssl.SSLContext | None, deadline: Deadline
) -> Connection:
    """An open ldap3 connection to one IP address, encrypted when there is a context. Raises Unreachable."""
    tls = None if context is None else StrictTls(context, address.host, deadline)
    connection = None
    try:
        connection = _unopened(ip, address, tls, deadline.remaining_seconds())
        with_raw_entries(connection.strategy)
        connection.open(read_server_info=False)
        if tls is None or not address.implicit_tls:
            without_delay(connection.socket)
            connection.socket = DeadlineSocket(connection.socket, deadline)
        if tls is not None and not address.implicit_tls:
            _start_tls(connection)
    except FAULTS as error:
        if connection is not None and connection.socket is not None:
            connection.socket.close()  # ldap3 leaves the socket of a failed open to the garbage collector
        failure = tls.failure if tls is not None else None
        unreachable(Stage.CONNECT if failure is None else Stage.TLS, failure or error)
    return connection


def _unopened(
    ip: str, address: ServerAddress, tls: StrictTls | None, connect_timeout_seconds: float
) -> Connection:
    """A connection with every unsafe or slow default of ldap3 set by hand."""
    server = Server(  # never shared: its current_address is state of one connection
        ip,
        port=address.port,
        use_ssl=address.implicit_tls,
        tls=tls,
        get_info=NONE,
        allowed_referral_hosts=[],
        connect_timeout=connect_timeout_seconds,
    )
    return Connection(
        server,
        client_strategy=SYNC,
        auto_bind=False,
        auto_referrals=False,
        auto_range=False,
        check_names=False,
        raise_exceptions=False,
        return_empty_attributes=False,
        receive_timeout=None,  # the socket keeps the deadline
    )


def _start_tls(connection: Connection) -> None:
    """Upgrade (RFC 4511 section 4.14). Raises one of FAULTS; nothing is sent before it is done."""
    connection.start_tls(read_server_info=False)
    if not connection.tls_started or not isinstance(connection.socket.wrapped, ssl.SSLSocket):
        message = "StartTLS did not encrypt the connection"
        raise ssl.SSLError(message)
