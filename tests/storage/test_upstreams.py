"""What is remembered of upstreams, on both databases."""

from concurrent.futures import wait
from dataclasses import replace

from sso.authentication.upstream.accounts import Vouchee, account_of
from sso.authentication.upstream.journey import UpstreamJourney
from sso.authentication.upstream.settings import UpstreamSettings
from sso.authentication.upstream.stores import UpstreamSession
from sso.directory.person import Account
from sso.oidc.digest import digest
from sso.oidc.session import SessionEnd
from sso.storage.database import Database
from sso.storage.errors import StorageUnavailable
from tests.storage.examples import HOUR, MINUTE, NOW, ORIGIN, citizen, person, session
from tests.storage.racing import Race

JOURNEY = UpstreamJourney(
    state=digest("state"),
    upstream_id="national",
    pending_id="pending-1",
    browser=digest("browser"),
    started_at=NOW,
    expires_at=NOW + HOUR,
)


def test_a_browser_is_taken_back_once(sql_database: Database) -> None:
    with sql_database.begin(ORIGIN) as stores:
        stores.upstreams.add_journey(JOURNEY)

    with sql_database.begin(ORIGIN) as stores:
        first = stores.upstreams.take_journey(JOURNEY.state, "national", JOURNEY.browser, NOW)
        second = stores.upstreams.take_journey(JOURNEY.state, "national", JOURNEY.browser, NOW)

    assert (first, second) == (JOURNEY, None)


def test_another_browser_provider_or_time_takes_nothing_away(sql_database: Database) -> None:
    with sql_database.begin(ORIGIN) as stores:
        stores.upstreams.add_journey(JOURNEY)
        wrong = (
            stores.upstreams.take_journey(digest("other"), "national", JOURNEY.browser, NOW),
            stores.upstreams.take_journey(JOURNEY.state, "other", JOURNEY.browser, NOW),
            stores.upstreams.take_journey(JOURNEY.state, "national", digest("other"), NOW),
            stores.upstreams.take_journey(JOURNEY.state, "national", JOURNEY.browser, NOW + HOUR),
        )
        right = stores.upstreams.take_journey(JOURNEY.state, "national", JOURNEY.browser, NOW + MINUTE)

    assert wrong == (None, None, None, None)
    assert right == JOURNEY


def test_one_of_two_first_sign_ins_ties_the_account(sql_database: Database) -> None:
    someone = person()
    first, second = citizen(someone.id), citizen(someone.id, login_name="bat")
    with sql_database.begin(ORIGIN) as stores:
        stores.people.add_person(someone)
        linked = [stores.upstreams.link("national", "s-1", each.id, NOW) for each in (first, second)]
        stores.people.add_account(first, NOW)

    with sql_database.read() as stores:
        found = stores.upstreams.account_of("national", "s-1"), stores.upstreams.account_of("other", "s-1")
    assert linked == [True, False]
    assert found == (first.id, None)


def test_what_was_tied_to_an_account_is_untied_for_that_one_alone(sql_database: Database) -> None:
    someone = person()
    tuya, bat = citizen(someone.id), citizen(someone.id, login_name="bat")
    with sql_database.begin(ORIGIN) as stores:
        stores.people.add_person(someone)
        for account in (tuya, bat):
            stores.people.add_account(account, NOW)
            for upstream_id in ("provincial", "national"):
                assert stores.upstreams.link(upstream_id, f"s-{account.login_name}", account.id, NOW)
        before = stores.upstreams.ties_of(tuya.id)
        stores.upstreams.untie("national", tuya.id)

    with sql_database.read() as stores:
        after = stores.upstreams.ties_of(tuya.id), stores.upstreams.ties_of(bat.id)
    assert before == ["national", "provincial"]
    assert after == (["provincial"], ["national", "provincial"])


def test_many_at_once_make_one_account(race: Race, sql_database: Database) -> None:
    def first_sign_in(database: Database, number: int) -> bool:
        someone = person()
        account = citizen(someone.id, login_name=f"national:{number}")
        with database.begin(ORIGIN) as stores:
            if not stores.upstreams.link("national", "s-1", account.id, NOW):
                return False
            stores.people.add_person(someone)
            stores.people.add_account(account, NOW)
            return True

    assert sum(race.run(first_sign_in)) == 1


def test_who_comes_while_their_tie_ends_does_not_reach_the_account(race: Race) -> None:
    someone = person()
    account = citizen(someone.id)
    settings = UpstreamSettings(
        id="national", issuer="https://n.example", labels={"en": "N"}, client_id="hub"
    )
    vouchee = Vouchee(settings=settings, said={"sub": "s-1"})
    with race.database.begin(ORIGIN) as stores:
        stores.people.add_person(someone)
        stores.people.add_account(account, NOW)
        stores.upstreams.link("national", "s-1", account.id, NOW)

    def arrive() -> Account | None:
        with race.databases[1].begin(ORIGIN) as stores:
            return account_of(vouchee, stores, NOW)

    with race.database.begin(ORIGIN) as stores:
        stores.people.lock_account(account.id)
        stores.upstreams.untie("national", account.id)
        arriving = race.pool.submit(arrive)
        wait([arriving], timeout=0.2)

    assert arriving.result() is None


def test_an_account_that_is_never_made_ties_nothing(sql_database: Database) -> None:
    try:
        with sql_database.begin(ORIGIN) as stores:
            stores.upstreams.link("national", "s-1", "nobody", NOW)
    except StorageUnavailable:
        pass

    with sql_database.read() as stores:
        assert stores.upstreams.account_of("national", "s-1") is None


def test_a_session_here_knows_the_one_there_and_keeps_its_hint_sealed(sql_database: Database) -> None:
    here = session()
    there = UpstreamSession(
        session_id=here.id, upstream_id="national", sub="s-1", sid="there", id_token="head.body.signature"
    )
    with sql_database.begin(ORIGIN) as stores:
        stores.sessions.add(here, digest("cookie"))
        stores.upstreams.put_session(replace(there, sid=None), NOW)
        stores.upstreams.put_session(there, NOW)

    with sql_database.read() as stores:
        assert stores.upstreams.session(here.id) == there
        assert stores.upstreams.session("other") is None
        assert stores.upstreams.sessions_of("national", "s-1", None) == [here.id]
        assert stores.upstreams.sessions_of("national", None, "there") == [here.id]
        assert stores.upstreams.sessions_of("national", "s-1", "there") == [here.id]
        assert stores.upstreams.sessions_of("national", "s-1", "elsewhere") == []
        assert stores.upstreams.sessions_of("other", "s-1", None) == []
        assert not stores.upstreams.sessions_of("national", None, None)


def test_a_session_that_ended_is_not_found_by_its_upstream(sql_database: Database) -> None:
    here = session()
    there = UpstreamSession(session_id=here.id, upstream_id="national", sub="s-1", sid=None, id_token="a.b.c")
    with sql_database.begin(ORIGIN) as stores:
        stores.sessions.add(here, digest("cookie"))
        stores.upstreams.put_session(there, NOW)
        stores.sessions.end(here.id, SessionEnd.SIGNED_OUT, NOW)

    with sql_database.begin(ORIGIN) as stores:
        assert stores.upstreams.sessions_of("national", "s-1", None) == []
        assert stores.upstreams.session(here.id) == there
        stores.upstreams.forget_session(here.id)
        assert stores.upstreams.session(here.id) is None
