"""The configuration against that of the last start: one event a difference, and rules see it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from sso.audit.record import Origin
from sso.audit.rules.shipped import RuleSet
from sso.config import Configuration
from sso.worker.configuration_change import StartOnRecord, record_difference
from sso.worker.detection import Detection
from tests.worker.conftest import NOW, Log
from tests.worker.test_detection import findings, judge_all


def start(log: Log, configuration: Configuration) -> None:
    with log.hub.database.begin(Origin(actor="serve")) as stores:
        record_difference(configuration, stores, NOW)


def changes(log: Log) -> int:
    log.sequencer.sequence()
    return log.codes().count("configuration.changed")


def weaker(log: Log) -> Configuration:
    return replace(log.hub.configuration, rules=RuleSet(off=frozenset({"r01_brute_force"})))


def test_each_difference_is_recorded_once_and_found(log: Log) -> None:
    first = log.hub.configuration
    for configuration in (first, first, weaker(log), weaker(log)):
        start(log, configuration)

    assert changes(log) == 1
    judge_all(Detection(log.hub))
    assert [each.rule for each in findings(log)] == ["r32_audit_weakened"]


def test_of_two_nodes_that_start_at_once_one_records_it(log: Log) -> None:
    start(log, log.hub.configuration)
    together = threading.Barrier(2)

    def one(_number: int) -> None:
        together.wait()
        start(log, weaker(log))

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(one, range(2)))

    assert changes(log) == 1


def test_a_worker_compares_once_a_start(log: Log) -> None:
    StartOnRecord(log.hub).record()
    working = StartOnRecord(log.hub)
    working.record()
    start(log, weaker(log))

    working.record()
    assert changes(log) == 1

    StartOnRecord(log.hub).record()
    assert changes(log) == 2
