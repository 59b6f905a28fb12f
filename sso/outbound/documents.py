"""What clients publish: their keys (RFC 7591 2, jwks_uri), the addresses of their sector, their requests.

Keys are fetched before a transaction is opened and kept in memory. A set is fetched again when a token
names a key that it lacks, at most once a minute a client, and when it is an hour old; one thread fetches,
the others go on with what is known. Where nothing new comes, the old set serves for a day.
"""

import logging
import ssl
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sso.audit.record import JsonValue
from sso.oidc.client import Client
from sso.oidc.jose import KeySetInvalid, usable_keys
from sso.oidc.registration import InvalidClientMetadata, Proposal, SectorDocument, sector_to_read
from sso.oidc.settings import Publisher
from sso.outbound.fetcher import NoAnswer, Outbound
from sso.outbound.rules import NotAllowed, OutboundRules

log = logging.getLogger("sso.outbound")

REFETCH_SECONDS = 60.0
FRESH_SECONDS = 3600.0
STALE_SECONDS = 86_400.0
WAIT_SECONDS = 4.0
MAX_CLIENTS = 10_000


@dataclass(slots=True)
class _KeySet:
    """The keys at one address, and when they were read and last asked for."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    keys: Mapping[str, JsonValue] = field(default_factory=dict)
    kids: frozenset[str] = frozenset()
    read_at: float = float("-inf")
    tried_at: float = float("-inf")


class ClientDocuments:
    """The documents of clients, for every thread of a process.

    Half of its `threads` may wait for keys at a time, the others go on without: whoever serves its keys
    slowly must not hold up everybody.
    """

    def __init__(
        self, rules: OutboundRules, threads: int = 8, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rules = rules
        self._clock = clock
        self._guard = threading.Lock()
        self._outbound: Outbound | None = None
        self._sets: OrderedDict[tuple[str, str], _KeySet] = OrderedDict()
        self._turns = threading.BoundedSemaphore(max(1, threads // 2))
        self._asked: set[str] = set()
        self._most_asked = max(1, threads // 4)

    def keys(self, client: Publisher) -> Mapping[str, JsonValue]:
        """Return a client's public keys as a JWK set: registered, or as last read. Fetches nothing."""
        if client.jwks_uri is None:
            return client.jwks or {}
        with self._guard:
            known = self._sets.get((client.publisher_id, client.jwks_uri))
        if known is None or self._clock() - known.read_at > STALE_SECONDS:
            return {}
        return known.keys

    def prepare(self, client: Publisher, kid: str | None = None) -> None:
        """Fetch a client's keys if they are not known, old, or lack the one with this `kid`.

        Never call it in a transaction. Whatever goes wrong is logged: `keys` then has nothing new.
        """
        if client.jwks_uri is None:
            return
        known = self._set_of(client.publisher_id, client.jwks_uri)
        if not self._due(known, kid) or not self._turns.acquire(blocking=False):
            return
        try:
            self._fetch_once(client, client.jwks_uri, known, kid)
        finally:
            self._turns.release()

    def proposal(self, metadata: Mapping[str, JsonValue], client: Client | None = None) -> Proposal:
        """Return metadata with what its sector_identifier_uri lists (OpenID Connect Registration 5).

        Give the client whose registration it will change. Never call it in a transaction.

        Raises:
            InvalidClientMetadata: the list must be known and cannot be read, or is no JSON array of texts.
        """
        uri = sector_to_read(metadata, client)
        return Proposal(metadata, None if uri is None else SectorDocument(uri, self._sector(uri)))

    def _sector(self, uri: str) -> tuple[str, ...]:
        try:
            found = self._get_json(uri)
        except (NotAllowed, NoAnswer) as error:
            raise InvalidClientMetadata(f"sector_identifier_uri cannot be read: {error}") from error
        if not isinstance(found, list) or not all(isinstance(address, str) for address in found):
            raise InvalidClientMetadata("sector_identifier_uri must hold a JSON array of addresses")
        return tuple(str(address) for address in found)

    def request_object(self, client_id: str, uri: str) -> bytes | None:
        """Return what is at an address that a client registered; None if it cannot be read, which is logged.

        Never call it in a transaction. Nothing is kept: an object is good for one request (RFC 9101 5.2.1).
        """
        if not self._begins(client_id):
            _unread(client_id, "too many at once")
            return None
        try:
            return self._outbound_now().get(uri).body
        except (NotAllowed, NoAnswer) as error:
            _unread(client_id, str(error))
            return None
        finally:
            with self._guard:
                self._asked.discard(client_id)

    def _begins(self, client_id: str) -> bool:
        """Whether a request object may be read now: one of a client, few in all, and no key waits for one."""
        with self._guard:
            if client_id in self._asked or len(self._asked) >= self._most_asked:
                return False
            self._asked.add(client_id)
            return True

    def close(self) -> None:
        """Close what is open."""
        with self._guard:
            outbound, self._outbound = self._outbound, None
        if outbound is not None:
            outbound.close()

    def _set_of(self, client_id: str, uri: str) -> _KeySet:
        with self._guard:
            known = self._sets.setdefault((client_id, uri), _KeySet())
            self._sets.move_to_end((client_id, uri))
            if len(self._sets) > MAX_CLIENTS:
                self._sets.popitem(last=False)
        return known

    def _due(self, known: _KeySet, kid: str | None) -> bool:
        now = self._clock()
        fresh = now - known.read_at < FRESH_SECONDS and (kid is None or kid in known.kids)
        return not fresh and now - known.tried_at >= REFETCH_SECONDS

    def _fetch_once(self, client: Publisher, uri: str, known: _KeySet, kid: str | None) -> None:
        """Fetch in one thread; another one waits for it only if it knows no keys at all."""
        if not known.lock.acquire(timeout=0 if known.keys else WAIT_SECONDS):
            return
        try:
            if self._due(known, kid):
                self._fetch(client, uri, known)
        finally:
            known.lock.release()

    def _fetch(self, client: Publisher, uri: str, known: _KeySet) -> None:
        try:
            keys = usable_keys(self._get_json(uri))
        except (NotAllowed, NoAnswer, KeySetInvalid) as error:
            log.warning(
                "client keys not read", extra={"client_id": client.publisher_id, "reason": str(error)}
            )
        else:
            listed = keys["keys"] if isinstance(keys["keys"], list) else []
            known.kids = frozenset(str(jwk.get("kid")) for jwk in listed if isinstance(jwk, Mapping))
            known.keys, known.read_at = keys, self._clock()
        known.tried_at = self._clock()

    def _get_json(self, uri: str) -> JsonValue:
        return self._outbound_now().get_json(uri)

    def _outbound_now(self) -> Outbound:
        with self._guard:
            if self._outbound is None:
                self._outbound = _opened(self._rules)
            return self._outbound


def _unread(client_id: str, reason: str) -> None:
    log.warning("request object not read", extra={"client_id": client_id, "reason": reason})


def _opened(rules: OutboundRules) -> Outbound:
    try:
        return Outbound(rules)
    except (OSError, ssl.SSLError) as error:
        raise NotAllowed("outbound.ca_file cannot be read") from error
