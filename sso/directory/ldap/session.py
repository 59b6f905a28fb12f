"""One LDAP connection, used by one thread at a time: open, bind, search, change a password, close.

Every public method raises Unreachable for a network failure and returns result codes as they came. After
`Unreachable` the session is closed. Neither DN nor password is kept: ldap3's Connection shows its password
in its repr, so it holds one only while a bind is under way.
"""

import math
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from sso.directory.address import ServerAddress
from sso.directory.ldap.connecting import connect
from sso.directory.ldap.deadline import Deadline
from sso.directory.ldap.library import (
    BASE,
    DEREF_NEVER,
    EXTERNAL,
    FAULTS,
    MODIFY_ADD,
    MODIFY_DELETE,
    SASL,
    SIMPLE,
    SUBTREE,
    Connection,
    PasswdModifyRequestValue,
)
from sso.directory.ldap.messages import (
    Question,
    SearchAnswer,
    SyncAnswer,
    found_entries,
    is_referred,
    sync_answer,
)
from sso.directory.ldap.sync_protocol import REQUEST_OID, request
from sso.directory.ldap.transport import (
    TOO_LARGE,
    Stage,
    Unreachable,
    resolve,
    unreachable,
)
from sso.directory.ppolicy import PASSWORD_POLICY_OID, decode_policy_answer
from sso.directory.states import SIZE_LIMIT_EXCEEDED, SUCCESS, BindAnswer

_PASSWORD_POLICY_REQUEST = (PASSWORD_POLICY_OID, False, None)
# [MS-ADTS] 3.1.1.3.4.1.6: Active Directory and Samba then send no references to other domains.
_DOMAIN_SCOPE = ("1.2.840.113556.1.4.1339", False, None)
_PAGED_RESULTS = "1.2.840.113556.1.4.319"  # RFC 2696
_MODIFY_PASSWORD = "1.3.6.1.4.1.4203.1.11.1"  # RFC 3062


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
                return cls(connect(ip, address, context, deadline.share(len(addresses) - position)))
        return cls(connect(addresses[-1], address, context, deadline))

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

    def bind_external(self, deadline: Deadline) -> BindAnswer:
        """Bind as whom the client certificate names (SASL EXTERNAL, RFC 4422 appendix A)."""
        connection = self._connection
        connection.authentication, connection.sasl_mechanism = SASL, EXTERNAL
        connection.sasl_credentials = b""  # "as whom the certificate says"; absent, the server asks once more
        try:
            connection.socket.begin(deadline)
            connection.bind(read_server_info=False)
            return _bind_answer(connection.result)
        except FAULTS as error:
            self.close()
            unreachable(Stage.TALK, error)

    def search(self, question: Question, deadline: Deadline, cookie: bytes = b"") -> SearchAnswer:
        """Ask once. References to other servers are noted, never followed."""
        connection = self._connection
        try:
            connection.socket.begin(deadline, question.answer_max_bytes)
            connection.search(
                search_base=question.base_dn,
                search_filter="(objectClass=*)" if question.condition is None else str(question.condition),
                search_scope=BASE if question.base_only else SUBTREE,
                dereference_aliases=DEREF_NEVER,
                attributes=list(question.attributes),
                size_limit=0 if question.page_size else 2,
                time_limit=math.ceil(deadline.remaining_seconds()),
                controls=_controls(question),
                paged_size=question.page_size or None,
                paged_criticality=True,
                paged_cookie=cookie or None,
            )
            answer = _search_answer(connection.result, connection.response)
            connection.response = connection.request = None
            return answer
        except FAULTS as error:
            self.close()
            unreachable(Stage.TALK, error)

    def pages(self, question: Question, deadline: Deadline) -> Iterator[SearchAnswer]:
        """Every page to the last, which alone has result 0 and no cookie: only then nothing is missing."""
        cookie = b""
        while True:
            answer = self.search(question, deadline, cookie)
            yield answer
            cookie = answer.cookie
            if answer.result != SUCCESS or not cookie:
                return

    def synchronise(self, question: Question, cookie: bytes | None, deadline: Deadline) -> SyncAnswer:
        """Ask for what changed since a cookie (RFC 4533 refreshOnly), all in one answer.

        An answer of more than `answer_max_bytes` ends the session and looks like a limit of the server's.
        """
        connection = self._connection
        try:
            connection.socket.begin(deadline, question.answer_max_bytes)
            connection.search(
                search_base=question.base_dn,
                search_filter="(objectClass=*)" if question.condition is None else str(question.condition),
                search_scope=BASE if question.base_only else SUBTREE,
                dereference_aliases=DEREF_NEVER,
                attributes=list(question.attributes),
                time_limit=math.ceil(deadline.remaining_seconds()),
                controls=[(REQUEST_OID, True, request(cookie))],
            )
            answer = sync_answer(connection.result, connection.response)
            connection.response = connection.request = None
            return answer
        except FAULTS as error:
            self.close()
            if TOO_LARGE in str(error):
                return SyncAnswer(SIZE_LIMIT_EXCEEDED)
            unreachable(Stage.TALK, error)

    def modify_password(self, old: bytes, new: bytes, deadline: Deadline) -> BindAnswer:
        """Change the password of whom this session is bound as (RFC 3062)."""
        request = PasswdModifyRequestValue()
        request["oldPasswd"], request["newPasswd"] = old, new
        connection = self._connection
        try:
            connection.socket.begin(deadline)
            connection.extended(_MODIFY_PASSWORD, request, controls=[_PASSWORD_POLICY_REQUEST])
            return _bind_answer(connection.result)
        except FAULTS as error:
            self.close()
            unreachable(Stage.TALK, error)
        finally:
            connection.request = connection.response = None

    def exchange(
        self, dn: str, attribute: str, values: tuple[bytes, bytes], deadline: Deadline
    ) -> BindAnswer:
        """Delete the first value and add the second, in one step that does both or none."""
        old, new = values
        connection = self._connection
        try:
            connection.socket.begin(deadline)
            connection.modify(dn, {attribute: [(MODIFY_DELETE, [old]), (MODIFY_ADD, [new])]})
            return _bind_answer(connection.result)
        except FAULTS as error:
            self.close()
            unreachable(Stage.TALK, error)
        finally:
            connection.request = connection.response = None

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


def _bind_answer(result: Mapping[str, Any]) -> BindAnswer:
    control = (result.get("controls") or {}).get(PASSWORD_POLICY_OID)
    policy = None if control is None else decode_policy_answer(control["value"] or b"")
    return BindAnswer(int(result["result"]), str(result.get("message") or ""), policy)


def _controls(question: Question) -> list[tuple[str, bool, bytes | None]] | None:
    asked = [_DOMAIN_SCOPE] if question.domain_scope else []
    return [*asked, *([question.control] if question.control is not None else [])] or None


def _search_answer(result: Mapping[str, Any], response: Sequence[Mapping[str, Any]] | None) -> SearchAnswer:
    paged = (result.get("controls") or {}).get(_PAGED_RESULTS)
    cookie = b"" if paged is None else bytes(paged["value"]["cookie"] or b"")
    return SearchAnswer(int(result["result"]), found_entries(response), cookie, is_referred(response))
