"""Put on record what of the configuration differs from the last start (`sso.config.parts`)."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from sso.audit.event.operation import ConfigurationChanged
from sso.audit.record import Origin
from sso.config import Configuration
from sso.config.parts import difference, parts_of
from sso.hub import Hub
from sso.storage.stores import SqlStores


def record_difference(configuration: Configuration, stores: SqlStores, now: datetime) -> None:
    """Compare with the last start of any node, record what differs, and remember the new parts.

    The first start of all has nothing to compare with. Of two nodes that start at once, one records it.
    """
    before, after = stores.configuration_parts.kept(), parts_of(configuration)
    if before == after or not stores.configuration_parts.keep(before, after) or before is None:
        return
    found = difference(before, after)
    if found is not None:
        event = ConfigurationChanged(
            added=found.added, altered=found.altered, removed=found.removed, weakened=found.weakened
        )
        stores.audit.append(event, now)


@dataclass(slots=True)
class StartOnRecord:
    """A worker's start, compared once, as soon as the database answers."""

    hub: Hub
    _done: bool = field(default=False, init=False)

    def record(self) -> None:
        """Record what differs, unless it is done already.

        Raises:
            StorageUnavailable: the database does not answer.
        """
        if self._done:
            return
        with self.hub.database.begin(Origin(actor="worker")) as stores:
            record_difference(self.hub.configuration, stores, datetime.now(UTC))
        self._done = True
