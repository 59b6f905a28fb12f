"""Any sequence of valid and invalid calls keeps what the protocol promises."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from sso.oidc.bearer import TokenNotLive, live_access_token
from sso.oidc.errors import TokenError
from sso.oidc.introspection import introspect
from sso.oidc.response import TokenResponse
from sso.oidc.revocation import revoke
from tests.oidc.examples import SECOND, World, claims_of

GRACE = timedelta(seconds=20)
SCOPES = ["openid offline_access", "openid email offline_access", "openid email profile offline_access"]


class Protocol(RuleBasedStateMachine):
    """A client that redeems, refreshes, replays and revokes in any order, while time passes."""

    codes = Bundle("codes")
    refresh_tokens = Bundle("refresh_tokens")
    access_tokens = Bundle("access_tokens")

    @initialize()
    def begin(self) -> None:
        self.world = World()
        self.redeemed: set[str] = set()
        self.used_at: dict[str, datetime] = {}
        self.successors: dict[str, str] = {}
        self.granted: dict[str, set[str]] = {}
        self.auth_time: dict[str, int] = {}
        self.subs: set[str] = set()
        self.handed_out: list[TokenResponse] = []

    @rule(target=codes, scope=st.sampled_from(SCOPES))
    def authorize(self, scope: str) -> str:
        return self.world.code(scope=scope)

    @rule(seconds=st.sampled_from([1, 10, 21, 61, 400, 86_400]))
    def wait(self, seconds: int) -> None:
        self.world.wait(seconds * SECOND)

    @rule(targets=(refresh_tokens, access_tokens), code=codes)
    def redeem(self, code: str) -> Any:
        try:
            answer = self.world.redeem(code)
        except TokenError:
            return multiple()
        assert code not in self.redeemed, "a code was redeemed twice"
        self.redeemed.add(code)
        return self._received(answer)

    @rule(
        targets=(refresh_tokens, access_tokens),
        token=refresh_tokens,
        scope=st.sampled_from([None, "openid", "openid email", "openid phone"]),
    )
    def refresh(self, token: str, scope: str | None) -> Any:
        if token.count(".") == 2:
            return multiple()
        try:
            answer = self.world.refresh(token, **({} if scope is None else {"scope": scope}))
        except TokenError:
            return multiple()
        assert answer.refresh_token is not None
        first_use = self.used_at.setdefault(token, self.world.now)
        assert self.world.now - first_use <= GRACE, "a spent refresh token was good after its grace"
        assert self.successors.setdefault(token, answer.refresh_token) == answer.refresh_token
        return self._received(answer)

    @precondition(lambda self: self.used_at)
    @rule(data=st.data())
    def replay_after_the_grace(self, data: st.DataObject) -> None:
        token = data.draw(st.sampled_from(sorted(self.used_at)))
        self.world.wait(GRACE + SECOND)
        try:
            self.world.refresh(token)
        except TokenError:
            return
        raise AssertionError("a spent refresh token was good after its grace")

    @rule(token=access_tokens)
    def revoke_access_token(self, token: str) -> None:
        if token.count(".") != 2:
            return
        revoke(token, self.world.client, self.world.stores, self.world.provider, self.world.now)
        assert not self._live(token)

    @rule(token=consumes(refresh_tokens))
    def revoke_family(self, token: str) -> None:
        if token.count(".") == 2:
            return
        revoke(token, self.world.client, self.world.stores, self.world.provider, self.world.now)
        known = introspect(token, self.world.client, self.world.stores, self.world.provider, self.world.now)
        assert known == {"active": False}

    def _received(self, answer: TokenResponse) -> Any:
        self.handed_out.append(answer)
        access, identity = claims_of(answer.access_token), claims_of(answer.id_token)
        grant_id = access["jti"].split(".")[0]
        grant = self.world.stores.grants.by_id[grant_id]
        assert grant.revoked_at is None, "a revoked grant gave tokens"
        granted = self.granted.setdefault(grant_id, set(grant.scope))
        assert set(answer.scope) <= granted, "the scope grew"
        assert self.auth_time.setdefault(grant_id, identity["auth_time"]) == identity["auth_time"]
        self.subs |= {access["sub"], identity["sub"]}
        assert answer.refresh_token is not None
        return multiple(answer.refresh_token, answer.access_token)

    def _live(self, token: str) -> bool:
        world = self.world
        try:
            live_access_token(token, world.stores, world.provider, world.now)
        except TokenNotLive:
            return False
        return True

    @invariant()
    def a_revoked_grant_is_never_active(self) -> None:
        for answer in self.handed_out[-6:]:
            grant_id = claims_of(answer.access_token)["jti"].split(".")[0]
            if self.world.stores.grants.by_id[grant_id].revoked_at is not None:
                assert not self._live(answer.access_token)

    @invariant()
    def the_person_stays_the_same(self) -> None:
        assert len(self.subs) <= 1

    @invariant()
    def every_token_has_its_record(self) -> None:
        recorded = {event.jti for event in self.world.stores.audit.events if event.code == "token.issued"}  # type: ignore[attr-defined]
        assert {claims_of(answer.access_token)["jti"] for answer in self.handed_out[-6:]} <= recorded


TestAnySequence = Protocol.TestCase
TestAnySequence.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
