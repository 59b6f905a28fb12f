"""A password sign-in: how much of it is argon2, and how much is ours.

One citizen signs in again and again, one after the other; between two sign-ins the same argon2 runs in this
process, so that both see the same machine.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

from bench.providers import REDIRECT_URI, Provider, authorization_address
from sso.authentication.password import Argon2Cost, PasswordHash
from sso.config.schema import Password
from tests.relying_parties.visitor import Visitor
from tests.servers.hub import PASSWORD


@dataclass(frozen=True, slots=True)
class SignIn:
    """Medians in seconds: the hash alone, the request that takes the password, and the way to the code.

    The way is five requests: authorization, name page, password page, password, authorization again.
    """

    argon2: float
    password_request: float
    whole_way: float
    rounds: int


def measure(provider: Provider, issuer: str, rounds: int) -> SignIn:
    """Sign in `rounds` times, and once before for warmth."""
    passwords = _argon2()
    known = passwords.make(PASSWORD)
    hashes, requests, ways = [], [], []
    for _ in range(rounds + 1):
        with _timed(hashes):
            passwords.verify(PASSWORD, known)
        password_request, whole_way = _sign_in(provider, issuer)
        requests.append(password_request)
        ways.append(whole_way)
    return SignIn(median(hashes[1:]), median(requests[1:]), median(ways[1:]), rounds)


def _sign_in(provider: Provider, issuer: str) -> tuple[float, float]:
    """Return the seconds of the password's request, and of the hub's part in the whole way."""
    ways: list[float] = []
    requests: list[float] = []
    address = authorization_address(issuer, provider.paths, provider.client_id, provider.scope)
    with Visitor() as visitor:
        with _timed(ways):
            visitor.open(address)
        visitor.fill("login_name", "tuya")
        with _timed(ways):
            visitor.press("continue")
        visitor.fill("password", PASSWORD)
        after = f"{issuer}{provider.paths.authorize}"
        with _timed(requests):
            resumed = visitor.press("sign_in", until=after)
        with _timed(ways):
            visitor.open(resumed, until=REDIRECT_URI)
    return requests[0], sum(ways) + requests[0]


def _argon2() -> PasswordHash:
    """The hub's own hash at the cost that it has by default."""
    section = Password()
    cost = Argon2Cost(section.memory_kibibytes, section.iterations, section.parallelism)
    return PasswordHash(bytes(32), cost)


@contextmanager
def _timed(seconds: list[float]) -> Iterator[None]:
    began = time.perf_counter()
    yield
    seconds.append(time.perf_counter() - began)
