"""One LDAP connection, used by one thread at a time: open, bind, search, close.

Every public method raises Unreachable for a network failure and returns result codes as they came. After
`Unreachable` the session is closed. Neither DN nor password is kept: ldap3's Connection shows its password
in its repr, so it holds one only while a bind is under way.
"""

import math
import ssl
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sso.directory.address import ServerAddress
from sso.directory.filters import AllOf
from sso.directory.ldap.deadline import Deadline
from sso.directory.ldap.library import (
    DEREF_NEVER,
    FAULTS,
    NONE,
    SIMPLE,
    SUBTREE,
    SYNC,
    Connection,
    Server,
)
from sso.directory.ldap.transport import (
    DeadlineSocket,
    Stage,
    StrictTls,
    Unreachable,
    resolve,
    unreachable,
    without_delay,
)
from sso.directory.ppolicy import PASSWORD_POLICY_OID, decode_policy_answer
from sso.directory.states import BindAnswer

_PASSWORD_POLICY_REQUEST = (PASSWORD_POLICY_OID, False, None)
# [MS-ADTS] 3.1.1.3.4.1.6: Active Directory and Samba then send no references to other domains.
_DOMAIN_SCOPE = ("1.2.840.113556.1.4.1339", False, None)


@dataclass(frozen=True, slots=True)
class FoundEntry:
    """An entry as it came: attribute names in lower case, values raw."""

    dn: str
    attributes: Mapping[str, tuple[bytes, ...]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """The result code of a search and what it found."""

    result: int
    entries: tuple[FoundEntry, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """What to search for: at most two entries, because two already means "not one person"."""

    base_dn: str
    condition: AllOf
    attributes: tuple[str, ...]
    domain_scope: bool


class Session:
    """An open connection. Make one with `Session.open`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.opened_at = time.monotonic()

    @classmethod
    def open(cls, address: ServerAddress, context: ssl.SSLContext | None, deadline: Deadline) -> "Session":
        """Connect, and encrypt unless `context` is None. Tries each address of the host in turn."""
        addresses = resolve(address.host, address.port, deadline)
        for position, ip in enumerate(addresses[:-1]):
            with suppress(Unreachable):
                return cls(_connect(ip, address, context, deadline.share(len(addresses) - position)))
        return cls(_connect(addresses[-1], address, context, deadline))

    def bind(self, dn: str, password: bytes, deadline: Deadline) -> BindAnswer:
        """Simple bind (RFC 4511 section 4.2) with the password policy control."""
        connection = self._connection
        connection.user, connection.password, connection.authentication = dn, password, SIMPLE
        try:
            connection.socket.begin(deadline)
            connection.bind(read_server_info=False, controls=[_PASSWORD_POLICY_REQUEST])
            return _bind_answer(connection.result)
        except FAULTS as error:
            self.close()
            unreachable(Stage.TALK, error)
        finally:
            connection.user = connection.password = connection.request = None

    def search(self, question: Question, deadline: Deadline) -> SearchAnswer:
        """Search the subtree. References to other servers are dropped, never followed."""
        connection = self._connection
        try:
            connection.socket.begin(deadline)
            connection.search(
                search_base=question.base_dn,
                search_filter=str(question.condition),
                search_scope=SUBTREE,
                dereference_aliases=DEREF_NEVER,
                attributes=list(question.attributes),
                size_limit=2,
                time_limit=math.ceil(deadline.remaining_seconds()),
                controls=[_DOMAIN_SCOPE] if question.domain_scope else None,
            )
            answer = SearchAnswer(int(connection.result["result"]), _entries(connection.response))
            connection.response = connection.request = None
            return answer
        except FAULTS as error:
            self.close()
            unreachable(Stage.TALK, error)

    def peer_certificate(self) -> Mapping[str, Any]:
        """The server's certificate as `ssl.SSLSocket.getpeercert` tells it; empty without TLS."""
        wrapped = self._connection.socket.wrapped
        return (wrapped.getpeercert() or {}) if isinstance(wrapped, ssl.SSLSocket) else {}

    def close(self) -> None:
        """Say goodbye if anybody listens, and give the descriptor back. Never raises."""
        connection = self._connection
        if connection.closed:
            return
        try:
            connection.socket.begin(Deadline.after(0.1))
            connection.unbind()
        except FAULTS:
            connection.strategy.close()


def _connect(
    ip: str, address: ServerAddress, context: ssl.SSLContext | None, deadline: Deadline
) -> Connection:
    """An open ldap3 connection to one IP address, encrypted when there is a context. Raises Unreachable."""
    tls = None if context is None else StrictTls(context, address.host, deadline)
    connection = None
    try:
        connection = _unopened(ip, address, tls, deadline.remaining_seconds())
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


def _bind_answer(result: Mapping[str, Any]) -> BindAnswer:
    control = (result.get("controls") or {}).get(PASSWORD_POLICY_OID)
    policy = None if control is None else decode_policy_answer(control["value"] or b"")
    return BindAnswer(int(result["result"]), str(result.get("message") or ""), policy)


def _entries(response: Sequence[Mapping[str, Any]] | None) -> tuple[FoundEntry, ...]:
    """Only `raw_attributes`: ldap3 turns binary values of `attributes` into text."""
    return tuple(
        FoundEntry(
            dn=str(item["dn"]),
            attributes={
                str(name).lower(): tuple(bytes(value) for value in values)
                for name, values in item["raw_attributes"].items()
            },
        )
        for item in response or ()
        if item["type"] == "searchResEntry"
    )
