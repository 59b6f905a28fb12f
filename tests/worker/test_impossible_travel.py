"""Impossible travel in the worker: the places of the addresses in the log, from a real file."""

import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from sso.audit.event import SignInSucceeded
from sso.audit.record import Origin
from sso.audit.rules.engine import Rule
from sso.audit.rules.finding import Finding, Wanted
from sso.audit.rules.shipped import shipped_rule
from sso.geography.settings import GeographySettings
from sso.worker.detection import HELD, Detection
from tests.geography.written import BEIJING, DARKHAN, IPV6, ROUGH, ULAANBAATAR, place, write_places
from tests.worker.conftest import NOW, Log

RULE = "r05_impossible_travel"
ALIEN, OTHER = "a" * 22, "b" * 22
MINUTE = timedelta(minutes=1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_places(tmp_path / "city.mmdb")


@pytest.fixture
def travelled(log: Log, file: Path) -> Log:
    """A log whose hub has a geography."""
    return knowing(log, GeographySettings(file))


def knowing(log: Log, settings: GeographySettings | None) -> Log:
    object.__setattr__(log.hub, "configuration", replace(log.hub.configuration, geography=settings))
    return log


def sign_in(log: Log, address: str | None, at: datetime = NOW, account_id: str = ALIEN) -> None:
    with log.hub.database.begin(Origin(address=address)) as stores:
        event = SignInSucceeded(
            account_id=account_id, session_id="s", directory_id=None, acr="a", amr=("pwd",)
        )
        stores.audit.append(event, at)
    log.sequencer.sequence()


def judge(log: Log, detection: Detection, now: datetime = NOW) -> Sequence[Finding]:
    while detection.judge(now):
        pass
    with log.hub.database.read() as stores:
        return stores.findings.page(Wanted())


def only() -> Sequence[Rule]:
    return [shipped_rule(RULE)]


def test_two_places_too_far_apart_are_a_finding_about_the_account(travelled: Log) -> None:
    sign_in(travelled, ULAANBAATAR)
    sign_in(travelled, BEIJING, NOW + 20 * MINUTE)
    sign_in(travelled, ULAANBAATAR, NOW + 30 * MINUTE, OTHER)

    (found,) = judge(travelled, Detection(travelled.hub, only))

    assert (found.rule, found.records, found.fields) == (RULE, 2, ("account_id",))
    with travelled.hub.database.read() as stores:
        records = stores.audit_search.of_ids([found.first_record_id, found.last_record_id])
    assert {each.account_id for each in records.values()} == {ALIEN}
    assert {each.origin.address for each in records.values()} == {ULAANBAATAR, BEIJING}


@pytest.mark.parametrize(
    ("address", "after", "is_found"),
    [
        (BEIJING, 20 * MINUTE, True),
        (IPV6, 20 * MINUTE, True),
        (f"::ffff:{BEIJING}", 20 * MINUTE, True),
        (BEIJING, 91 * MINUTE, False),
        (DARKHAN, MINUTE, False),
        (ROUGH, MINUTE, False),
        ("10.1.2.3", MINUTE, False),
        ("fd00::1", MINUTE, False),
        ("8.8.8.8", MINUTE, False),
        (None, MINUTE, False),
    ],
)
def test_only_a_place_that_is_known_and_far_counts(
    travelled: Log, address: str | None, after: timedelta, is_found: bool
) -> None:
    sign_in(travelled, ULAANBAATAR)
    sign_in(travelled, address, NOW + after)

    assert bool(judge(travelled, Detection(travelled.hub, only))) is is_found


def test_a_network_that_is_left_out_is_nowhere(log: Log, file: Path) -> None:
    knowing(log, GeographySettings(file, (ip_network("89.160.20.0/24"),)))
    sign_in(log, ULAANBAATAR)
    sign_in(log, BEIJING, NOW + MINUTE)

    assert judge(log, Detection(log.hub, only)) == []


def test_without_a_geography_or_with_a_broken_one_other_rules_go_on(log: Log, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mmdb"
    broken.write_bytes(b"x")
    for settings in (None, GeographySettings(broken)):
        knowing(log, settings)
        sign_in(log, ULAANBAATAR)
        sign_in(log, BEIJING, NOW + MINUTE)

        assert judge(log, Detection(log.hub, lambda: [*only(), shipped_rule("r08_session_replay")])) == []
        with log.hub.database.read() as stores:
            assert {each.error for each in stores.detection.remembered()} <= {None}


def test_another_worker_goes_on_with_the_places_and_a_shredding_forgets_them(travelled: Log) -> None:
    sign_in(travelled, ULAANBAATAR)
    judge(travelled, Detection(travelled.hub, only, name="one", kept_every=1))
    with travelled.hub.database.read() as stores:
        (kept,) = stores.detection.remembered()
    assert b"47.9" in zlib.decompress(kept.memory)
    assert ALIEN.encode() not in zlib.decompress(kept.memory)
    later = NOW + HELD + MINUTE

    sign_in(travelled, BEIJING, later)
    (found,) = judge(travelled, Detection(travelled.hub, only, name="other"), later)
    with travelled.hub.database.begin(Origin()) as stores:
        stores.detection.forget(travelled.hub.configuration.rules.located())

    assert found.records == 2
    with travelled.hub.database.read() as stores:
        assert [each for each in stores.detection.remembered() if each.memory] == []


def test_a_new_file_is_used_without_a_restart(travelled: Log, file: Path) -> None:
    detection = Detection(travelled.hub, only)
    sign_in(travelled, ULAANBAATAR)
    assert judge(travelled, detection) == []

    file.unlink()
    write_places(file, {"89.160.20.0/24": place("MN", 47.9, 106.9)})
    sign_in(travelled, BEIJING, NOW + MINUTE)

    assert judge(travelled, detection) == []
