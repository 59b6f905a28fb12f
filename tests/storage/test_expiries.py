"""What expires by itself is told once, by whichever worker comes first, and before it is swept."""

from collections import Counter
from datetime import datetime
from typing import Any

from sso.oidc.client import ClientSecret
from sso.oidc.consent import Consent
from sso.storage.database import Database
from sso.storage.expiries import EXPIRING_TABLES
from tests.storage.examples import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    ORIGIN,
    client,
    code,
    initial_access_token,
    refresh_token,
)
from tests.storage.racing import Race

LATER = NOW + 2 * HOUR


def told(database: Database, now: datetime, batch: int = 100) -> list[Any]:
    """One look at everything, as a worker does, as far as it goes."""
    events: list[Any] = []
    for expiring in EXPIRING_TABLES:
        more = True
        while more:
            with database.begin(ORIGIN) as stores:
                expired = stores.expiries.take(expiring, now, batch)
            events += expired.events
            more = expired.more
    return events


def given(database: Database) -> None:
    """One of each that ends by itself, and its like of which nothing is left to tell."""
    redeemed, offline, used, revoked, lasting = (code() for _ in range(5))
    app = client(secrets=(ClientSecret(b"1" * 32),))
    with database.begin(ORIGIN) as stores:
        for each in (code(), code(), redeemed, offline, used, revoked, lasting):
            stores.codes.add(each)
        for each in (redeemed, offline, used, lasting):
            stores.codes.redeem(each.digest, NOW)
        tokens = [refresh_token(each.grant, expires_at=NOW + HOUR) for each in (offline, used, revoked)]
        for token in tokens:
            stores.refresh_tokens.add(token)
        stores.refresh_tokens.use(tokens[1].digest, b"successor", NOW)
        stores.refresh_tokens.add(refresh_token(lasting.grant))
        used_up = initial_access_token(id="token-2", digest=b"u" * 32, uses_left=0)
        for registering in (initial_access_token(), used_up):
            stores.initial_access_tokens.add(registering)
        for account_id, end in (("a", NOW + HOUR), ("b", NOW + DAY)):
            stores.consents.put(
                Consent(
                    account_id=account_id,
                    client_id="housing",
                    scope=frozenset({"openid"}),
                    claims=frozenset(),
                    granted_at=NOW,
                    expires_at=end,
                )
            )
        stores.clients.add(app, NOW)
        stores.clients.rotate_secret(app.client_id, ClientSecret(b"2" * 32), NOW, HOUR)
        stores.grants.revoke(revoked.grant.id, NOW)


WHAT_ENDED = {
    "token.refresh.expired": 1,
    "code.expired": 1,
    "consent.expired": 1,
    "client.secret.expired": 1,
    "registration.token.expired": 1,
}


def test_what_could_still_have_been_used_is_told_once(sql_database: Database) -> None:
    told(sql_database, NOW)
    given(sql_database)

    early, events, again = (told(sql_database, now) for now in (NOW + MINUTE, LATER, LATER + DAY))

    assert (early, Counter(event.code for event in events)) == ([], WHAT_ENDED)
    assert {event.at for event in events if event.code != "code.expired"} == {NOW + HOUR}
    (codes,) = (event for event in events if event.code == "code.expired")
    assert (codes.count, codes.since, codes.until) == (2, NOW + MINUTE, NOW + MINUTE)
    assert [event.code for event in again] == ["consent.expired"]


def test_of_several_workers_one_tells(race: Race) -> None:
    told(race.database, NOW)
    given(race.database)

    events = race.run(lambda database, _: told(database, LATER, batch=1))

    assert Counter(event.code for each in events for event in each) == WHAT_ENDED


def test_what_ends_at_the_same_moment_is_told_whatever_the_batch(sql_database: Database) -> None:
    told(sql_database, NOW)
    with sql_database.begin(ORIGIN) as stores:
        for number in range(7):
            consent = Consent(
                account_id=f"account-{number}",
                client_id="housing",
                scope=frozenset(),
                claims=frozenset(),
                granted_at=NOW,
                expires_at=NOW + (number // 4) * HOUR + HOUR,
            )
            stores.consents.put(consent)

    assert len({event.account_id for event in told(sql_database, LATER + HOUR, batch=3)}) == 7


def test_nothing_is_swept_before_it_was_told(sql_database: Database) -> None:
    told(sql_database, NOW)
    given(sql_database)

    with sql_database.begin(ORIGIN) as stores:
        early = sum(stores.cleanup.sweep(table, LATER + 40 * DAY) for table in EXPIRING_TABLES)
    events = told(sql_database, LATER)
    with sql_database.begin(ORIGIN) as stores:
        swept = sum(stores.cleanup.sweep(table, LATER + 40 * DAY) for table in EXPIRING_TABLES)

    assert (early, Counter(event.code for event in events)) == (0, WHAT_ENDED)
    assert swept > 0
