"""`sso audit find-unlogged`: tokens that bear the hub's signature and of which its log knows nothing.

Applications present the tokens that they received. Whoever stole a key, or keeps a hub beside the log, makes
tokens that verify everywhere and stand in no event: this is how they are found.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

import click

from sso.audit.event import TokenIssued
from sso.audit.event.assurance import TokensCompared, UnloggedTokenFound
from sso.audit.found import BrokenEntry, Found, readable
from sso.audit.query import AuditQuery
from sso.audit.record import AuditRecord, JsonValue
from sso.cli.audit_reason import reason_option
from sso.cli.context import hub_of, json_option, print_json, print_rows
from sso.cli.operator import operator_origin
from sso.hub import Hub
from sso.oidc.bearer import ACCESS_TOKEN_TYPES
from sso.oidc.introspection import INTROSPECTION_TYPE
from sso.oidc.jose import TokenInvalid, unverified_header, verify_own
from sso.oidc.keys import KeyRing
from sso.oidc.logout import LOGOUT_TOKEN_TYPE
from sso.oidc.security_event import SECURITY_EVENT_TYPE
from sso.storage.stores import SqlStores

EXIT_FOUND = 3
MAX_LINE = 1_048_576
AROUND = timedelta(minutes=5)
_ID_TOKEN_TYPE = "jwt"
_KINDS = {typ.lower(): "access token" for typ in ACCESS_TOKEN_TYPES} | {_ID_TOKEN_TYPE: "ID token"}
_NEVER_LOGGED = (LOGOUT_TOKEN_TYPE, SECURITY_EVENT_TYPE, INTROSPECTION_TYPE)
"""What the hub signs and nobody can use as a token."""

_COLUMNS = ("line", "what", "kind", "client_id", "name", "kid", "issued_at")


@dataclass(frozen=True, slots=True)
class _Token:
    """A token with a signature of ours: where it stood, what it is, what it says."""

    line: int
    kind: str
    kid: str
    claims: Mapping[str, JsonValue]

    @property
    def name(self) -> str | None:
        """What the log calls it by."""
        found = self.claims.get("jti" if self.kind == "access token" else "txn")
        return found if isinstance(found, str) else None

    @property
    def client_id(self) -> str | None:
        """The application that it was given to."""
        if self.kind == "access token":
            found = self.claims.get("client_id")
            return found if isinstance(found, str) else None
        return next(iter(_list(self.claims.get("aud"))), None)

    @property
    def issued_at(self) -> datetime | None:
        """When it says that it was made."""
        return _time(self.claims.get("iat"))

    @property
    def ends(self) -> datetime | None:
        """When it says that it expires."""
        return _time(self.claims.get("exp"))


@click.command("find-unlogged")
@click.argument("file", type=click.File("rb"), default="-")
@reason_option()
@json_option
@click.pass_context
def find_unlogged(context: click.Context, file: BinaryIO, reason: str, as_json: bool) -> None:
    """Compare tokens, one JWT a line (- is standard input), with the log.

    Reports each that bears a signature of this hub's, also of a revoked key, and that no event tells of, or
    tells otherwise, or whose event cannot be read: access tokens by jti, ID tokens by txn. One of a type that
    the hub never makes is one too. Ends with 0 when there is none and with 3 when there is one. Tokens of
    others, those that cannot be read, the hub's signed answers that are no tokens (UserInfo, JARM,
    introspection, sign-outs), and expired ones that are older than the log's retention are counted and passed
    over.
    """
    found: list[dict[str, JsonValue]] = []
    compared = passed_over = 0
    with hub_of(context) as hub:
        ring = _every_key(hub)
        for number, line in enumerate(_lines(file), 1):
            token = _ours(line, number, ring, hub.settings.issuer)
            if token is None or _forgotten(hub, token):
                passed_over += 1
                continue
            compared += 1
            wrong = _wrong(hub, token)
            if wrong is not None:
                found.append(_row(token, wrong))
        _record(hub, compared, found, reason)
    if as_json:
        print_rows(found, as_json=True, columns=())
        print_json({"compared": compared, "passed_over": passed_over, "findings": len(found)})
    else:
        print_rows(found, as_json=False, columns=_COLUMNS)
        click.echo(
            f"{compared} tokens of this hub compared, {passed_over} others passed over: {len(found)} findings"
        )
    if found:
        context.exit(EXIT_FOUND)


def _lines(file: BinaryIO) -> Iterable[str]:
    """The tokens; blank lines left out, a line without end cut into what no token can be."""
    while line := file.readline(MAX_LINE):
        text = line.decode("ascii", "replace").strip()
        if text:
            yield text


def _every_key(hub: Hub) -> KeyRing:
    """The keys, revoked ones too: what a stolen key signed is what is looked for."""
    with hub.database.read() as stores:
        return KeyRing([replace(key, revoked_at=None) for key in stores.signing_keys.load()])


def _ours(text: str, line: int, ring: KeyRing, issuer: str) -> _Token | None:
    """A token with our signature and our name, whatever its type; None for others."""
    try:
        header = unverified_header(text)
        typ = str(header.get("typ", ""))
        claims = verify_own(text, ring, (typ,))
    except TokenInvalid:
        return None
    if claims.get("iss") != issuer or _is_no_token(typ.lower(), claims):
        return None
    return _Token(line, _KINDS.get(typ.lower(), "unknown type"), str(header.get("kid")), claims)


def _is_no_token(typ: str, claims: Mapping[str, JsonValue]) -> bool:
    """Whether it is an answer that nobody can use as a token, by its type or for want of what one needs.

    An ID token has `sub` and `exp` (OpenID Connect Core 2): signed UserInfo has no `exp` (5.3.2), and
    a signed authorization response no `sub` (JARM 2.1).
    """
    return typ in _NEVER_LOGGED or (typ == _ID_TOKEN_TYPE and not {"sub", "exp"} <= claims.keys())


def _forgotten(hub: Hub, token: _Token) -> bool:
    """Whether the log may have lost the month of a token at the end of its retention.

    Not of one that is still good: whoever forges it writes what time he likes.
    """
    days, issued_at, ends = hub.configuration.settings.audit.retention_days, token.issued_at, token.ends
    if days is None or issued_at is None or ends is None:
        return False
    now = datetime.now(UTC)
    return issued_at < now - timedelta(days=days) and ends < now


def _wrong(hub: Hub, token: _Token) -> str | None:
    """What is wrong with a token in the eyes of the log; None when it tells of just this one."""
    issued_at = token.issued_at
    if token.name is None or issued_at is None or token.kind not in _KINDS.values():
        return "unlogged"
    with hub.database.read() as stores:
        access = token.kind == "access token"
        record = _by_jti(stores, token, issued_at) if access else stores.audit_search.find(token.name)
        if isinstance(record, BrokenEntry):
            return "broken"
        if record is None or record.event != TokenIssued.code:
            return "unlogged"
        of_whom = _is_of_its_person(stores, token, record)
    same = _is_access_token(token, record) if access else _is_id_token(token, record, issued_at)
    return None if same and of_whom else "differs"


def _is_of_its_person(stores: SqlStores, token: _Token, record: AuditRecord) -> bool:
    """Whether `sub` and `acr` are those that were issued: by the grant, or else by what `sub` stands for."""
    sub, acr, client_id = token.claims.get("sub"), token.claims.get("acr"), str(record.client_id)
    if record.grant_id is None:
        return sub == client_id and acr is None
    grant = stores.grants.get(record.grant_id)
    if grant is not None:
        proven = grant.acr if grant.amr or token.kind == "ID token" else None
        return (sub, acr) == (grant.sub, proven)
    client = stores.clients.get(client_id)
    if client is None or record.account_id is None:
        return True  # nobody can tell any more
    return stores.subjects.account_of(str(sub), client.sector) in (record.account_id, None)


def _by_jti(stores: SqlStores, token: _Token, issued_at: datetime) -> Found | None:
    if not 3 <= len(token.name or "") <= 200:
        return None
    query = AuditQuery(
        since=issued_at - AROUND, until=issued_at + AROUND, events=(TokenIssued.code,), text=token.name
    )
    found = stores.audit_search.look(query).found
    unreadable = next((each for each in found if isinstance(each, BrokenEntry)), None)
    return next((each for each in readable(found) if each.detail.get("jti") == token.name), unreadable)


def _is_access_token(token: _Token, record: AuditRecord) -> bool:
    claims, detail = token.claims, record.detail
    ends = token.ends
    logged_end = datetime.fromisoformat(str(detail.get("expires_at")))
    return (
        claims.get("client_id") == record.client_id
        and sorted(_list(claims.get("aud"))) == sorted(_list(detail.get("aud")))
        and sorted(str(claims.get("scope", "")).split()) == sorted(_list(detail.get("scope")))
        and ends is not None
        and abs(ends - logged_end) <= timedelta(seconds=1)
    )


def _is_id_token(token: _Token, record: AuditRecord, issued_at: datetime) -> bool:
    return (
        bool(record.detail.get("id_token"))
        and record.client_id in _list(token.claims.get("aud"))
        and abs(issued_at - record.occurred_at) <= timedelta(seconds=1)
    )


def _list(value: JsonValue) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list | tuple) else [str(value)] if value else []


def _time(seconds: JsonValue) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(str(seconds)), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _row(token: _Token, wrong: str) -> dict[str, JsonValue]:
    issued_at = token.issued_at
    return {
        "line": token.line,
        "what": wrong,
        "kind": token.kind,
        "client_id": token.client_id,
        "name": token.name,
        "kid": token.kid,
        "issued_at": None if issued_at is None else issued_at.isoformat(timespec="seconds"),
    }


def _record(hub: Hub, compared: int, found: list[dict[str, JsonValue]], reason: str) -> None:
    now = datetime.now(UTC)
    with hub.database.begin(operator_origin()) as stores:
        stores.audit.append(TokensCompared(count=compared, findings=len(found), reason=reason), now)
        for row in found:
            name, client_id = row["name"], row["client_id"]
            event = UnloggedTokenFound(
                client_id=None if client_id is None else str(client_id),
                jti=None if name is None else str(name),
                kid=str(row["kid"]),
                error=str(row["what"]),
            )
            stores.audit.append(event, now)
