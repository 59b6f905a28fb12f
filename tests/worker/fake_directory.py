"""A directory in memory, for what is decided; test_every_directory_sync has the real ones."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sso.directory.entry import Entry
from sso.directory.sync.reading import Changes, Page, Position, PositionLost
from sso.directory.sync_rules import ChangeSource
from sso.directory.verification import DirectoryUnavailable


def entry(number: int, **attributes: str) -> Entry:
    """A clerk of an OpenLDAP; `number` is what never changes."""
    told = {"uid": f"clerk{number}", "cn": f"Clerk {number}", "mail": f"clerk{number}@civil.example"}
    told |= attributes
    return Entry(
        directory_id="civil-affairs",
        immutable_id=f"{number:08d}-0000-4000-8000-000000000000",
        dn=f"uid={told['uid']},ou=people,dc=civil,dc=example",
        login_name=told["uid"],
        attributes={name.lower(): (value.encode(),) for name, value in told.items()},
    )


@dataclass
class FakeDirectory:
    """What `LdapDirectory.reading` is to a run. `cut_after` pages the server is gone."""

    people: dict[int, Entry] = field(default_factory=dict)
    page_size: int = 3
    cut_after: int | None = None
    unusable: int = 0
    before_reading: Callable[[], None] = lambda: None
    position_reached: Position | None = None
    changed: list[Changes] | None = None
    remark: str = ""
    referred: bool = False

    def add(self, *numbers: int) -> None:
        for number in numbers:
            self.people[number] = entry(number)

    def remove(self, *numbers: int) -> None:
        for number in numbers:
            del self.people[number]

    @contextmanager
    def reading(self) -> Iterator["FakeDirectory"]:
        yield self

    def everybody(self) -> Iterator[Page]:
        self.before_reading()
        found = [self.people[number] for number in sorted(self.people)]
        for place, first in enumerate(range(0, max(1, len(found)), self.page_size)):
            if self.cut_after is not None and place >= self.cut_after:
                message = "talk: no answer in time"
                raise DirectoryUnavailable(message)
            yield Page(tuple(found[first : first + self.page_size]), self.unusable if first == 0 else 0)
        self.position_reached = Position(ChangeSource.SYNCREPL, "fake", b"1")

    def changes(self, since: Position) -> Iterator[Changes]:
        if self.changed is None:
            raise PositionLost
        yield from self.changed
        self.position_reached = since

    def close(self) -> None:
        pass
