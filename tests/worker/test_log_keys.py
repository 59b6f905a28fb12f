"""Keys of the log that follow one another, on both databases: both sign, one goes, everything holds."""

from datetime import timedelta

from sso.audit.record import Origin
from sso.audit.signed_note import NoteKey, NoteSigner, verify_note
from tests.worker.conftest import NOW, Log


def signers_of_the_newest(log: Log) -> list[NoteKey]:
    """Whose signatures the newest checkpoint bears."""
    with log.hub.database.read() as stores:
        signed = stores.audit_checkpoints.last(1)
        known = stores.audit_checkpoints.public_keys()
    assert signed is not None
    return [key for key, _ in verify_note(signed.note, known).by]


def test_a_key_follows_another_while_the_log_goes_on(log: Log) -> None:
    log.grow(2)
    [old] = signers_of_the_newest(log)
    new = NoteSigner.new(old.name)

    with log.hub.database.begin(Origin()) as stores:
        stores.audit_checkpoints.add_key(new, NOW + timedelta(days=1))
    log.grow(2)
    both = signers_of_the_newest(log)
    with log.hub.database.begin(Origin()) as stores:
        stores.audit_checkpoints.retire_key(old, NOW + timedelta(days=2))
    log.grow(2)

    assert (set(both), signers_of_the_newest(log)) == ({old, new.key}, [new.key])
    with log.hub.database.read() as stores:
        known = {each.key: each.retired_at for each in stores.audit_checkpoints.keys()}
    assert known == {old: NOW + timedelta(days=2), new.key: None}
    assert log.findings() == []
