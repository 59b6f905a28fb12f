"""The outbox of notifications: contract of its store, and what it seals (CIBA Core 10.2)."""

from sso.oidc.client import GrantType
from sso.oidc.deferred import DeferredRequest, Notification
from sso.storage.database import Database
from sso.storage.sealing import Sealer
from sso.storage.tables import deferred_request, ping
from tests.storage.examples import DAY, HOUR, MINUTE, NOW, ORIGIN, deferred
from tests.storage.racing import Race

URI = "https://bank.example/ping"
SECRETS = Notification("auth-req-id-of-the-bank", "token-of-the-bank")


def queued(database: Database) -> DeferredRequest:
    """A request whose notification waits."""
    asked = deferred(grant_type=GrantType.CIBA, user_code=None, account_id="account-1")
    with database.begin(ORIGIN) as stores:
        stores.deferred.add(asked, SECRETS)
        stores.pings.add(asked, URI, NOW)
    return asked


def test_a_notification_says_what_was_remembered(database: Database) -> None:
    asked = queued(database)

    with database.begin(ORIGIN) as stores:
        (found,) = stores.pings.claim_due(NOW, 10, 60)

    assert (found.request_id, found.client_id, found.uri) == (asked.id, "client-1", URI)
    assert (found.notification, found.attempts, found.expires_at) == (SECRETS, 1, asked.expires_at)


def test_one_request_is_told_once_and_only_if_it_wants_to(database: Database) -> None:
    asked = queued(database)
    silent = deferred()

    with database.begin(ORIGIN) as stores:
        stores.deferred.add(silent)
        stores.pings.add(silent, URI, NOW)
        stores.pings.add(asked, URI, NOW)

        assert stores.pings.waiting_count() == 1


def test_a_claimed_notification_is_nobody_else_s_until_the_lease_ends(database: Database) -> None:
    queued(database)

    with database.begin(ORIGIN) as stores:
        assert len(stores.pings.claim_due(NOW, 10, 60)) == 1
        assert stores.pings.claim_due(NOW + MINUTE / 2, 10, 60) == []
        (again,) = stores.pings.claim_due(NOW + MINUTE, 10, 60)

    assert again.attempts == 2


def test_a_delivered_notification_is_finished_once(database: Database) -> None:
    asked = queued(database)

    with database.begin(ORIGIN) as stores:
        assert stores.pings.delivered(asked.id, NOW)
        assert not stores.pings.delivered(asked.id, NOW)
        assert not stores.pings.failed(asked.id, None, "late", NOW)
        assert stores.pings.claim_due(NOW + HOUR, 10, 60) == []
        assert stores.pings.waiting_count() == 0


def test_a_failed_notification_is_tried_again_or_given_up(database: Database) -> None:
    asked = queued(database)

    with database.begin(ORIGIN) as stores:
        assert stores.pings.failed(asked.id, NOW + MINUTE, "HTTP status 500", NOW)
        assert stores.pings.claim_due(NOW, 10, 60) == []
        assert len(stores.pings.claim_due(NOW + MINUTE, 10, 60)) == 1
        assert stores.pings.failed(asked.id, None, "gone " * 200, NOW)
        assert not stores.pings.failed(asked.id, NOW + HOUR, "again", NOW)
        assert stores.pings.waiting_count() == 0


def test_what_is_kept_is_sealed_for_its_place(sql_database: Database) -> None:
    asked, other = queued(sql_database), queued(sql_database)

    with sql_database._schema_writer() as connection:
        sealed = connection.execute(ping.select()).fetchall()
        kept = connection.execute(deferred_request.select()).fetchall()
        moved = next(row.sealed for row in sealed if row.request_id == other.id)
        connection.execute(ping.update().where(ping.c.request_id == asked.id).values(sealed=moved))

    assert "of-the-bank" not in repr(sealed) + repr(kept)
    with sql_database.begin(ORIGIN) as stores:
        assert [found.request_id for found in stores.pings.claim_due(NOW, 10, 60)] == [other.id]
        assert stores.pings.waiting_count() == 1


def test_what_another_key_sealed_is_given_up(sql_database: Database) -> None:
    queued(sql_database)
    url = sql_database._url.render_as_string(hide_password=False)
    other = Database(url, Sealer(b"x" * 32))

    with other.begin(ORIGIN) as stores:
        assert stores.pings.claim_due(NOW, 10, 60) == []
        assert stores.pings.waiting_count() == 0
    other.dispose()


def test_old_notifications_go(sql_database: Database) -> None:
    asked = queued(sql_database)

    with sql_database.begin(ORIGIN) as stores:
        assert stores.cleanup.sweep("ping", asked.expires_at + DAY - MINUTE) == 0
        assert stores.cleanup.sweep("ping", asked.expires_at + DAY) == 1


def test_two_workers_never_claim_the_same(race: Race) -> None:
    for _ in range(50):
        requests = {queued(race.database).id for _ in range(3)}

        def claim(database: Database, _: int) -> list[str]:
            with database.begin(ORIGIN) as stores:
                return [found.request_id for found in stores.pings.claim_due(NOW, 2, 10**7)]

        claimed = [request_id for ids in race.run(claim) for request_id in ids]
        while rest := claim(race.database, 0):
            claimed += rest
        assert sorted(claimed) == sorted(requests)
