"""Any sequence of exchanges, revocations and waiting keeps what token exchange promises (RFC 8693)."""

from dataclasses import dataclass
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from sso.oidc.bearer import TokenNotLive, live_access_token
from sso.oidc.client import Client, GrantType
from sso.oidc.errors import TokenError
from sso.oidc.token import token
from sso.oidc.token_request import TokenRequest
from tests.oidc.examples import SECOND, World, claims_of, client

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
SCOPES = ("a", "b", "c")
NAMES = ("housing", "one", "two", "three")


def resource(name: str) -> str:
    return f"https://{name}.example/"


def member(name: str, scope: set[str], **changes: Any) -> Client:
    """A client that is a resource server, in a sector of its own, and calls all the others."""
    values: dict[str, Any] = {
        "client_id": name,
        "scope": frozenset(scope),
        "resource": (resource(name),),
        "audience": tuple(resource(other) for other in NAMES if other != name),
        "sector": f"{name}.example",
        "grant_types": frozenset(GrantType),
    }
    return client(**values | changes)


@dataclass(frozen=True)
class Got:
    """A token, and those that it came from, the nearest first."""

    text: str
    before: tuple["Got", ...] = ()

    @property
    def claims(self) -> dict[str, Any]:
        return claims_of(self.text)

    @property
    def grant_id(self) -> str:
        return str(self.claims["jti"]).partition(".")[0]


class Exchanges(RuleBasedStateMachine):
    """Four clients that hand a person's token to one another, narrow it, and lose it."""

    tokens = Bundle("tokens")

    @initialize()
    def begin(self) -> None:
        self.world = World(client=member("housing", {"openid", "email", *SCOPES}))
        self.world.register(member("one", {"a", "b"}))
        self.world.register(member("two", {"b", "c"}, may_impersonate=True))
        self.world.register(member("three", {"a", "c"}, may_act="one"))
        self.handed_out: list[Got] = []

    @rule(target=tokens, scope=st.sampled_from(["openid a", "openid a b", "openid a b c"]))
    def sign_in(self, scope: str) -> Got:
        return self._received(Got(self.world.tokens(scope=scope).access_token))

    @rule(seconds=st.sampled_from([1, 30, 200]))
    def wait(self, seconds: int) -> None:
        self.world.wait(seconds * SECOND)

    @rule(
        target=tokens,
        of=tokens,
        by=st.sampled_from(NAMES),
        at=st.sampled_from([None, *NAMES]),
        scope=st.sampled_from([None, "a", "b c", "a b c"]),
    )
    def exchange(self, of: Got, by: str, at: str | None, scope: str | None) -> Any:
        params = {"grant_type": GrantType.TOKEN_EXCHANGE.value, "subject_token": of.text}
        params |= {"subject_token_type": ACCESS_TOKEN} | ({} if scope is None else {"scope": scope})
        resources = () if at is None else (resource(at),)
        world, was_live = self.world, self._live(of)
        request = TokenRequest(world.stores.clients.by_id[by], params, resources)
        try:
            answer = token(request, world.stores, world.provider, world.now)
        except TokenError:
            return multiple()
        assert was_live, "a dead token was exchanged"
        got = self._received(Got(answer.access_token, (of, *of.before)))
        self._check(got, by, scope)
        return got

    @rule(of=tokens)
    def revoke(self, of: Got) -> None:
        self.world.stores.grants.revoke(of.grant_id, self.world.now)

    def _received(self, got: Got) -> Got:
        self.handed_out.append(got)
        return got

    def _check(self, got: Got, by: str, asked: str | None) -> None:
        claims, before = got.claims, got.before[0].claims
        scope = set(claims["scope"].split())
        assert scope <= set(before["scope"].split()), "the scope grew"
        assert scope <= self.world.stores.clients.by_id[by].scope, "beyond what the client may have"
        assert asked is None or scope == set(asked.split())
        assert claims["exp"] <= before["exp"], "the token lives longer"
        assert isinstance(claims["aud"], str), "several sectors in one token"
        sector = claims["aud"].removeprefix("https://").removesuffix("/")
        assert claims["sub"] == self.world.stores.subjects.subs["account-1", sector]
        assert {name: claims[name] for name in ("auth_time", "acr", "amr")} == {
            name: before[name] for name in ("auth_time", "acr", "amr")
        }
        alone = by == before["client_id"] or by == "two"
        expected = before.get("act")
        if not alone:
            expected = {"sub": by, "client_id": by} | ({} if expected is None else {"act": expected})
        assert claims.get("act") == expected, "the chain of actors is another one"

    def _live(self, got: Got) -> bool:
        world = self.world
        try:
            live_access_token(got.text, world.stores, world.provider, world.now)
        except TokenNotLive:
            return False
        return True

    @invariant()
    def nothing_outlives_what_it_came_from(self) -> None:
        for got in self.handed_out[-8:]:
            if self._live(got):
                assert all(self._live(earlier) for earlier in got.before)


TestAnySequence = Exchanges.TestCase
TestAnySequence.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
