"""Anchoring: the newest checkpoint is shown to those outside of the house who vouch for it.

A loop of its own, away from requests, deliveries and the sequencer: a witness that hangs delays nobody else.
"""

import logging
import threading
from dataclasses import dataclass, field

from sso.hub import Hub
from sso.outbound import Outbound
from sso.worker.anchors import Anchors
from sso.worker.time_stamps import stamp
from sso.worker.witnesses import push

log = logging.getLogger("sso.worker")

TICK_SECONDS = 0.2


@dataclass(slots=True)
class Anchoring:
    """The loop of one node."""

    hub: Hub
    outbound: Outbound
    anchors: Anchors = field(init=False)

    def __post_init__(self) -> None:
        self.anchors = Anchors(self.hub, self.hub.configuration.settings.audit.anchor_seconds)

    def run(self, stop: threading.Event) -> None:
        """Ask whoever is due until told to stop."""
        while not stop.wait(TICK_SECONDS):
            try:
                push(self.hub, self.outbound, self.anchors)
                stamp(self.hub, self.outbound, self.anchors)
            except Exception:  # a loop that must go on: the database may be away for a while
                log.exception("anchoring failed", extra={"job": "anchoring"})
                stop.wait(1.0)
