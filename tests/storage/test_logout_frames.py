"""Frames of front-channel logout: contract of `stores.frames`."""

from sso.storage.database import Database
from tests.storage.examples import MINUTE, NOW, ORIGIN, client, session

BYE = "https://housing.example/bye"


def test_a_frame_says_whom_to_tell_where(database: Database) -> None:
    ended = session()
    told = client(frontchannel_logout_uri=BYE, frontchannel_logout_session_required=False)

    with database.begin(ORIGIN) as stores:
        stores.frames.add(ended, told, NOW)
        stores.frames.add(ended, client(), NOW)
        (frame,) = stores.frames.of_session(ended.id)

    assert (frame.session_id, frame.client_id, frame.uri) == (ended.id, told.client_id, BYE)
    assert (frame.include_sid, frame.created_at) == (False, NOW)
    assert (frame.sent_at, frame.loaded_at, frame.failed_at) == (None, None, None)


def test_a_client_has_one_frame_a_session(database: Database) -> None:
    ended, told = session(), client(frontchannel_logout_uri=BYE)

    with database.begin(ORIGIN) as stores:
        for later in (NOW, NOW + MINUTE):
            stores.frames.add(ended, told, later)

        (frame,) = stores.frames.of_session(ended.id)
    assert frame.created_at == NOW


def test_what_is_sent_or_reported_first_is_told_once(database: Database) -> None:
    ended = session()
    clients = sorted((client(frontchannel_logout_uri=BYE) for _ in range(3)), key=lambda each: each.client_id)
    ids = [each.client_id for each in clients]
    with database.begin(ORIGIN) as stores:
        for told in clients:
            stores.frames.add(ended, told, NOW)

        early = stores.frames.report(ended.id, ids, loaded=True, now=NOW)
        sent = [list(stores.frames.send(ended.id, NOW + n * MINUTE)) for n in range(2)]
        loaded = [list(stores.frames.report(ended.id, ids[:2], loaded=True, now=NOW)) for _ in range(2)]
        late = list(stores.frames.report(ended.id, ids, loaded=False, now=NOW + MINUTE))
        none = list(stores.frames.report(ended.id, [], loaded=False, now=NOW))
        frames = stores.frames.of_session(ended.id)

    assert list(early) == []
    assert sent == [ids, []]
    assert loaded == [ids[:2], []]
    assert late == ids[2:]
    assert none == []
    assert {frame.sent_at for frame in frames} == {NOW}
    assert [frame.loaded_at for frame in frames] == [NOW, NOW, None]
    assert [frame.failed_at for frame in frames] == [None, None, NOW + MINUTE]


def test_another_session_is_not_touched(database: Database) -> None:
    one, other, told = session(), session(), client(frontchannel_logout_uri=BYE)
    with database.begin(ORIGIN) as stores:
        for ended in (one, other):
            stores.frames.add(ended, told, NOW)

        stores.frames.send(one.id, NOW)
        (frame,) = stores.frames.of_session(other.id)

    assert frame.sent_at is None
