"""Read a whole log back and recompute it: every entry, every place, every checkpoint.

Read page by page, each in a transaction of its own: a long check keeps nobody from writing. The log only
grows, so what a page told stays true.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sso.audit.entry import EntryInvalid, public_record
from sso.audit.found import broken
from sso.audit.signed_note import NoteInvalid, verify_note
from sso.audit.whole_log import DroppedMonths, Finding, LogIdentity, StoredLeaf, WholeLog
from sso.storage.audit_checkpoints import LogKey
from sso.storage.audit_hours import Hours
from sso.storage.audit_keys import AuditKeys
from sso.storage.audit_rows import KeptEntry, entries_of, others_are_readable, public_columns
from sso.storage.audit_tree import FiledEntry, Head
from sso.storage.database import Database
from sso.storage.stores import SqlStores

PAGE = 2_000
COMPARED = timedelta(days=1)
"""The counts of so many hours are compared by one statement, if it is quick."""
_NEVER = datetime.min.replace(tzinfo=UTC)
_SEALED = ("sealed", "key_id", "others")


@dataclass(slots=True)
class LogCheck:
    """A check of everything; how much there was is known when every finding was taken."""

    database: Database
    entries: int = 0
    checkpoints: int = 0

    def findings(self) -> Iterator[Finding]:
        """Yield everything that is wrong, epoch by epoch, then row by row; of a right log also the counts.

        Raises:
            StorageUnavailable: the database does not answer.
        """
        right = True
        for finding in self._of_entries():
            right = False
            yield finding
        for hour in wrong_hours(self.database) if right else ():
            sentence = f"the counts of the hour from {hour:%Y-%m-%d %H:%M} UTC are not those of its entries"
            yield Finding("counts", f"{sentence}: sso audit recount makes them anew")

    def _of_entries(self) -> Iterator[Finding]:
        with self.database.read() as stores:
            signed = {head.epoch: _last_size(stores, head.epoch) for head in stores.audit_tree.heads()}
        with (
            self.database.read() as stores
        ):  # later than the checkpoints: every signed tree is within its head
            heads, keys = stores.audit_tree.heads(), stores.audit_checkpoints.keys()
            newest = {head.epoch: stores.audit_checkpoints.last_note(head.epoch) for head in heads}
            dropped = DroppedMonths(stores.audit_months.dropped() if self._drops else ())
        for head in heads:
            own = [each for each in keys if each.key.name == head.origin]
            notes = self._notes(head.epoch, signed.get(head.epoch, 0))
            log = WholeLog(LogIdentity(head.origin, [each.key for each in own]), notes, head.epoch, dropped)
            yield from self._epoch(head, log)
            note = newest[head.epoch]
            if note is not None and _is_of_the_retired_alone(note[0], own):
                yield Finding(
                    "signature", f"the newest checkpoint of {head.origin} is of a retired key alone"
                )
        yield from dropped.findings()
        yield from self._rows()

    @property
    def _drops(self) -> bool:
        """Whether this database ever drops a month: elsewhere nobody can say that one was."""
        return self.database.dialect == "postgresql"

    def _epoch(self, head: Head, log: WholeLog) -> Iterator[Finding]:
        yield from log.findings(self._leaves(head))
        self.entries += log.frontier.size
        self.checkpoints += log.checkpoints
        if log.frontier != head.frontier:
            yield Finding("head", f"the head of {head.origin} is not the one that its entries have")

    def _leaves(self, head: Head) -> Iterator[StoredLeaf]:
        """Every leaf of an epoch up to the size that the head had when the check began."""
        for begin in range(0, head.frontier.size, PAGE):
            end = min(begin + PAGE, head.frontier.size)
            with self.database.read() as stores:
                page = stores.audit_tree.leaves(head.epoch, begin, end)
            yield from page

    def _notes(self, epoch: int, signed_size: int) -> Iterator[str]:
        after = -1
        while after < signed_size:
            with self.database.read() as stores:
                page = stores.audit_checkpoints.notes(epoch, after, PAGE)
            yield from (note for note, size in page if size <= signed_size)
            after = page[-1][1] if page else signed_size

    def _rows(self) -> Iterator[Finding]:
        """What finds an entry must say what the entry says; and every entry has a place, or waits for one."""
        after = ""
        while True:
            with self.database.read() as stores:
                page = stores.audit_tree.filed(after, PAGE)
                if not page:
                    return
                last = page[-1].id
                homeless = stores.audit_tree.homeless(after, last)
            for filed in page:
                yield from misfiled(filed)
            yield from unopened(page, self.database.audit_keys)
            for event_id in homeless:
                yield Finding("inserted", f"entry {event_id} has no place in the log")
            after = last


def wrong_hours(database: Database) -> Iterator[datetime]:
    """Yield the hours that are not counted as their entries are.

    Raises:
        StorageUnavailable: the database does not answer.
    """
    with database.read() as stores:
        known = stores.audit_hours.known()
    begin, end = (known.begin, known.end) if known is not None else (_NEVER, _NEVER)
    while begin < end:
        hours = Hours(begin, min(begin + COMPARED, end))
        with database.read() as stores:
            yield from stores.audit_hours.wrong(hours)
        begin = hours.end


def misfiled(filed: FiledEntry) -> Iterator[Finding]:
    """Yield what is wrong between an entry and the columns that it is found by."""
    try:
        expected = public_columns(public_record(filed.body))
    except EntryInvalid as error:
        yield Finding("changed", f"entry {filed.id} cannot be read: {error}")
        return
    if not others_are_readable(filed.columns["others"]):
        yield Finding("changed", f"whom else entry {filed.id} names cannot be read")
    wrong = sorted(name for name, value in expected.items() if filed.columns[name] != value)
    if wrong:
        yield Finding("columns", f"entry {filed.id} is filed under another {', '.join(wrong)}")


def unopened(page: Sequence[FiledEntry], keys: AuditKeys) -> Iterator[Finding]:
    """Yield which entries hold something else than what was sealed: nobody can read whom they tell of.

    What was shredded has no key any more: nothing is wrong with that.
    """
    kept = [KeptEntry(each.id, each.body, *(each.columns[name] for name in _SEALED)) for each in page]
    unreadable = set(broken(entries_of(kept, keys)))
    for filed in page:
        if filed.id in unreadable and next(misfiled(filed), None) is None:
            yield Finding("changed", f"what was sealed in entry {filed.id} is not what was logged")


def _is_of_the_retired_alone(note: str, keys: Sequence[LogKey]) -> bool:
    """Whether keys that sign no more, and no others, signed a note: the hub itself does not do that."""
    try:
        by = verify_note(note, [each.key for each in keys]).by
    except NoteInvalid:
        return False  # said of it as of every note
    signing = {each.key for each in keys if each.retired_at is None}
    return not any(key in signing for key, _ in by)


def _last_size(stores: SqlStores, epoch: int) -> int:
    last = stores.audit_checkpoints.last_note(epoch)
    return 0 if last is None else last[1]
