"""Throttling of sign-in attempts by account and by network, counted in SQL before any credential is tried.

NIST SP 800-63B-4 3.2.2. Windows, not streaks: a counter starts anew after its window, so nobody can lock a
person out for good by guessing (docs/decisions/0008). A count is taken before
the password is looked at, so that any number of concurrent guesses stays within the limit.
"""

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from sso.audit.event import RateLimited, RateLimitEnded
from sso.authentication.stores import Stores
from sso.directory.stores import Refusals, Throttles
from sso.oidc.errors import ErrorCode, RequestRejected
from sso.oidc.stores import AuditLog

RECORD_EVERY = 100
"""Of the refusals of one window the first is recorded, then every hundredth: no weapon against the hub.

When the window is over, `record_refusals` tells how many they were; the sum is exact.
"""

ENDED = timedelta(seconds=5)
"""So long after a window ended its total is recorded: whoever was refused in it has committed by then."""

CODES_OF_NETWORK = 10
"""Of user codes a network may try this part of what it may try of passwords."""

REPORTS_A_DAY = 10
"""Entries of the log that one account may report as not its own: an officer reads each of them."""

DAY_SECONDS = 86_400


class Throttled(RequestRejected):
    """Too many attempts; nothing was tried. `retry_after` says when the counter starts anew.

    A refusal like any other: the count and its audit event must survive it.
    """

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__(ErrorCode.TEMPORARILY_UNAVAILABLE, "too many attempts")
        self.retry_after = retry_after


class ThrottleStores(Protocol):
    """The stores of one transaction as counting needs them."""

    @property
    def audit(self) -> AuditLog: ...  # noqa: D102 - the noun says it
    @property
    def throttles(self) -> Throttles: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class ThrottleRules:
    """Attempts let through in a window of `window_seconds`; `key` hides what is counted."""

    key: bytes = field(repr=False)
    account_limit: int = 10
    network_limit: int = 300
    window_seconds: int = 900

    def name_digest(self, login_name: str) -> bytes:
        """Return the keyed digest under which a login name is counted."""
        return hmac.new(self.key, b"name\0" + login_name.encode("utf-8", "replace"), hashlib.sha256).digest()

    def name_hmac(self, login_name: str) -> str:
        """Return what the log shows of that digest, in the place of a name: 32 hexadecimal digits."""
        return _shown(self.name_digest(login_name))

    def network_digest(self, address: str | None) -> bytes:
        """Return the keyed digest of an address's network: IPv4 whole, IPv6 by its /64."""
        return hmac.new(self.key, b"network\0" + network_of(address).encode(), hashlib.sha256).digest()

    def count_attempt(self, login_name: str, address: str | None, stores: Stores, now: datetime) -> None:
        """Count one attempt; a network over its limit touches no account's counter.

        Raises:
            Throttled: over a limit; recorded.
        """
        keys = (
            ("network", self.network_digest(address), self.network_limit),
            ("account", self.name_digest(login_name), self.account_limit),
        )
        for key_class, key, limit in keys:
            self._count(key_class, key, limit, stores, now)

    def count_user_code(
        self, account_id: str | None, address: str | None, stores: Stores, now: datetime
    ) -> None:
        """Count a user code that somebody typed: by account, or by network while nobody is signed in.

        A right code starts nothing anew: whoever guesses can have right ones of their own (RFC 8628 5.1).

        Raises:
            Throttled: over a limit; recorded.
        """
        if account_id is not None:
            key = hmac.new(self.key, b"code\0" + account_id.encode(), hashlib.sha256).digest()
            self._count("account", key, self.account_limit, stores, now)
            return
        key = hmac.new(self.key, b"code of\0" + network_of(address).encode(), hashlib.sha256).digest()
        limit = max(self.account_limit, self.network_limit // CODES_OF_NETWORK)
        self._count("network", key, limit, stores, now)

    def count_device(self, address: str | None, stores: Stores, now: datetime) -> None:
        """Count a device that asks for a code without having to prove anything.

        Raises:
            Throttled: over the network's limit; recorded.
        """
        key = hmac.new(self.key, b"device\0" + network_of(address).encode(), hashlib.sha256).digest()
        self._count("network", key, self.network_limit, stores, now)

    def count_registration(
        self, address: str | None, limit: int, stores: ThrottleStores, now: datetime
    ) -> None:
        """Count an application that registers itself.

        Raises:
            Throttled: more than `limit` of one network; recorded.
        """
        key = hmac.new(self.key, b"registration\0" + network_of(address).encode(), hashlib.sha256).digest()
        self._count("network", key, limit, stores, now)

    def count_report(self, account_id: str, stores: ThrottleStores, now: datetime) -> None:
        """Count an entry of the log that an account reports as not its own.

        Raises:
            Throttled: more than REPORTS_A_DAY; recorded.
        """
        key = hmac.new(self.key, b"report\0" + account_id.encode(), hashlib.sha256).digest()
        replace(self, window_seconds=DAY_SECONDS)._count("account", key, REPORTS_A_DAY, stores, now)

    def _count(self, key_class: str, key: bytes, limit: int, stores: ThrottleStores, now: datetime) -> None:
        attempts = stores.throttles.attempt(key, window_seconds=self.window_seconds, now=now)
        if attempts.count <= limit:
            return
        ends = attempts.window_started_at + timedelta(seconds=self.window_seconds)
        retry_after = max(ends - now, timedelta(seconds=1))
        refusals = Refusals(
            key=key,
            key_class=key_class,
            refused=1,
            window_started_at=attempts.window_started_at,
            first_at=now,
            last_at=now,
            ends_at=ends,
        )
        stores.throttles.refuse(refusals)
        if (attempts.count - limit) % RECORD_EVERY == 1:
            event = RateLimited(
                key_class=key_class,
                key_hmac=_shown(key),
                count=attempts.count,
                retry_after_seconds=int(retry_after.total_seconds()),
            )
            stores.audit.append(event, now)
        raise Throttled(retry_after)

    def succeeded(self, login_name: str, stores: Stores) -> None:
        """Start the account's counter anew after a success; the network's goes on."""
        stores.throttles.forget(self.name_digest(login_name))


def record_refusals(stores: ThrottleStores, now: datetime, limit: int) -> int:
    """Record for each window that is over how many attempts were refused in it; return how many windows.

    A refusal that is committed even later makes another total of that window: none is lost or told twice.
    """
    ended = stores.throttles.take_refusals(now - ENDED, limit)
    for refusals in ended:
        event = RateLimitEnded(
            key_class=refusals.key_class,
            key_hmac=_shown(refusals.key),
            refused=refusals.refused,
            first_at=refusals.first_at,
            last_at=refusals.last_at,
            until=refusals.ends_at,
        )
        stores.audit.append(event, now)
    return len(ended)


def _shown(key: bytes) -> str:
    return key.hex()[:32]


def network_of(address: str | None) -> str:
    """Return the network that shares a fate with an address."""
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)
