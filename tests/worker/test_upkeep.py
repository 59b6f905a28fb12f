"""The worker's timers: what is over is put on record, once."""

from datetime import timedelta

from sso.audit.record import Origin
from sso.authentication.throttling import Throttled
from sso.oidc.consent import Consent
from sso.worker.upkeep import end_refusals, record_expiries
from tests.worker.conftest import NOW, Log

HOUR = timedelta(hours=1)


def test_what_expires_by_itself_is_recorded_as_the_workers(log: Log) -> None:
    record_expiries(log.hub, NOW)
    consent = {"client_id": "housing", "scope": frozenset(), "claims": frozenset(), "granted_at": NOW}
    with log.hub.database.begin(Origin()) as stores:
        stores.consents.put(Consent(account_id="tuya", expires_at=NOW + HOUR, **consent))

    for _ in range(2):
        record_expiries(log.hub, NOW + 2 * HOUR)

    assert log.codes() == ["consent.expired"]


def test_refused_attempts_are_summed_up_once(log: Log) -> None:
    rules = log.hub.sign_in.throttle
    with log.hub.database.begin(Origin()) as stores:
        for _ in range(rules.account_limit + 3):
            try:
                rules.count_attempt("tuya", "192.0.2.7", stores, NOW)
            except Throttled:
                continue

    for _ in range(2):
        end_refusals(log.hub)

    assert sorted(log.codes()) == ["ratelimit.ended", "ratelimit.triggered"]
