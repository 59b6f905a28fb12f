"""The worker's loop: every job at its own pace, a failing one never stops the others."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from sso.hub import Hub, outbound_rules
from sso.outbound import Outbound
from sso.worker.anchoring import Anchoring
from sso.worker.configuration_change import StartOnRecord
from sso.worker.detection import Detection
from sso.worker.directory_sync import DirectoryWatch
from sso.worker.key_rotation import keep_up
from sso.worker.last_signed import LastSigned
from sso.worker.logout_delivery import deliver_due
from sso.worker.ping_delivery import ping_due
from sso.worker.recalls import recall
from sso.worker.retention import destroy_expired_keys, drop_old_findings, keep_months
from sso.worker.security_event_delivery import push_due
from sso.worker.sequencer import Sequencer
from sso.worker.sinks import deliver_to_sink
from sso.worker.state_poll import polls_of
from sso.worker.upkeep import (
    clean_up,
    end_expired_sessions,
    end_refusals,
    record_expiries,
    take_in_old_events,
    take_in_spooled_events,
)

log = logging.getLogger("sso.worker")

TICK_SECONDS = 0.2
END_SECONDS = 5.0
"""Within this whoever asks a directory ends between two questions, and a sink has its batch; or is left."""


@dataclass(slots=True)
class Job:
    """Something done again and again, `every_seconds`; at the next tick if `run` returns true: more to do."""

    name: str
    every_seconds: float
    run: Callable[[], object]
    due_at: float = 0.0


def jobs_of(hub: Hub, outbound: Outbound) -> list[Job]:
    """Return the worker's jobs."""
    return [
        Job("configuration", 5.0, StartOnRecord(hub).record),
        Job("logout delivery", 0.2, lambda: deliver_due(hub, outbound)),
        Job("ping delivery", 0.2, lambda: ping_due(hub, outbound)),
        Job("security events", 0.2, lambda: push_due(hub, outbound)),
        Job("session limits", 10.0, lambda: end_expired_sessions(hub)),
        Job("refused attempts", 10.0, lambda: end_refusals(hub)),
        Job("key rotation", 60.0, lambda: keep_up(hub)),
        Job("events from before the log", 60.0, lambda: take_in_old_events(hub)),
        Job("spooled events", 5.0, lambda: take_in_spooled_events(hub)),
        Job("expired keys of the log", 3600.0, lambda: destroy_expired_keys(hub)),
        Job("old findings", 3600.0, lambda: drop_old_findings(hub)),
        Job("expiries", 10.0, lambda: record_expiries(hub)),
        Job("clean-up", 10.0, lambda: clean_up(hub)),
    ]


def run(hub: Hub, stop: threading.Event) -> None:
    """Do every job at its pace until told to stop; the one under way is finished."""
    with Outbound(outbound_rules(hub.configuration)) as outbound:
        jobs = jobs_of(hub, outbound)
        sequencer = Sequencer(hub, LastSigned(hub.configuration.audit_last_signed_file))
        sequencing = threading.Thread(target=sequencer.run, args=(stop,), name="sequencer")
        sequencing.start()
        telling = threading.Thread(target=_tell_at_once, args=(hub, stop), name="first notices")
        telling.start()
        watch = DirectoryWatch(hub, stop)
        watch.start()
        anchoring = threading.Thread(target=_anchor, args=(hub, stop), name="anchoring")
        anchoring.start()
        detecting = threading.Thread(target=Detection(hub).run, args=(stop,), name="detection")
        detecting.start()
        outside = [*polls_of(hub, stop), *_sinks(hub, stop), *_months(hub, stop)]
        for thread in outside:
            thread.start()
        while not stop.is_set():
            for job in jobs:
                if time.monotonic() >= job.due_at and not stop.is_set():
                    _do(job)
            stop.wait(TICK_SECONDS)
        ends = time.monotonic() + END_SECONDS
        watch.join(END_SECONDS)
        for thread in outside:
            thread.join(max(0.0, ends - time.monotonic()))
        for thread in (telling, anchoring, detecting):
            thread.join()
        sequencing.join()


def _sinks(hub: Hub, stop: threading.Event) -> list[threading.Thread]:
    """A thread for each sink of the log: one that hangs is left behind, and its batch comes again."""
    return [
        threading.Thread(
            target=deliver_to_sink, args=(hub, sink, stop), name=f"sink {sink.name}", daemon=True
        )
        for sink in hub.configuration.audit_sinks
        if sink.kind != "pull"
    ]


def _tell_at_once(hub: Hub, stop: threading.Event) -> None:
    """Deliver first notices whatever the other jobs do: a client that hangs holds up its own retries."""
    with Outbound(outbound_rules(hub.configuration)) as outbound:
        job = Job("first notices", 0.0, lambda: deliver_due(hub, outbound, fresh_only=True))
        while not stop.is_set():
            _do(job)
            stop.wait(TICK_SECONDS)


def _anchor(hub: Hub, stop: threading.Event) -> None:
    """Show checkpoints to those who vouch for them, who may take their time."""
    with Outbound(outbound_rules(hub.configuration)) as outbound:
        Anchoring(hub, outbound).run(stop)


def _months(hub: Hub, stop: threading.Event) -> list[threading.Thread]:
    """Threads for the months of the log and for what is read back of them, which takes its time.

    One that is under way is left behind, and begun again.
    """
    jobs = [Job("months of the log", 3600.0, lambda: keep_months(hub))]
    if hub.configuration.audit_archive is not None:
        jobs.append(Job("archived receipts", 2.0, lambda: recall(hub)))
    return [threading.Thread(target=_repeat, args=(job, stop), name=job.name, daemon=True) for job in jobs]


def _repeat(job: Job, stop: threading.Event) -> None:
    """Do one job beside the others."""
    while not stop.is_set():
        _do(job)
        stop.wait(max(0.0, job.due_at - time.monotonic()))


def _do(job: Job) -> None:
    more: object = False
    try:
        more = job.run()
    except Exception:  # the worker's loop: whatever one job meets, the next one runs
        log.exception("job failed", extra={"job": job.name})
    job.due_at = time.monotonic() + (0 if more is True else job.every_seconds)
