"""The worker's clean-up beside the hub's work: much that has expired goes, and no request notices."""

import time
from pathlib import Path

import pytest

from tests.running.application import registered, signed_in
from tests.running.load import Load
from tests.running.state import execute
from tests.running.tuned_hub import TunedHub, running_hub

EXPIRED_ROWS = 50_000
PATIENCE_SECONDS = 25.0
"""The job comes every 10 seconds and takes what there is."""

_ON_SQLITE = f"""
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {EXPIRED_ROWS})
INSERT INTO denied_token (jti, expires_at) SELECT 'old-' || i, 1000000 + i FROM n
"""
_ON_POSTGRESQL = f"""
INSERT INTO denied_token (jti, expires_at)
SELECT 'old-' || i, timestamptz '2001-01-01' + i * interval '1 s' FROM generate_series(1, {EXPIRED_ROWS}) AS i
"""


def left(hub: TunedHub) -> int:
    return int(str(execute(hub, "SELECT count(*) FROM denied_token WHERE jti LIKE 'old-%'")[0][0]))


def swept_while_tokens_are_issued(hub: TunedHub) -> dict[str, int]:
    """Return what the requests of that time answered."""
    hub.add_citizen()
    with registered(hub) as application:
        cookies = signed_in(application)
        with Load(application, cookies, threads=4, rounds=100_000, seconds=PATIENCE_SECONDS) as load:
            execute(hub, _ON_SQLITE if hub.database_url.startswith("sqlite") else _ON_POSTGRESQL)
            ends = time.monotonic() + PATIENCE_SECONDS - 1
            while left(hub) and time.monotonic() < ends:
                time.sleep(0.2)
    return dict(load.answers)


def check(hub: TunedHub) -> None:
    answers = swept_while_tokens_are_issued(hub)

    assert left(hub) == 0
    assert set(answers) == {"client_credentials: 200", "code: 200", "refresh: 200", "code again: 400"}
    assert min(answers.values()) > 20
    assert "job failed" not in hub.log


@pytest.mark.slow
def test_on_sqlite_fifty_thousand_rows_go_while_tokens_are_issued(tmp_path: Path) -> None:
    with running_hub(tmp_path) as hub:
        check(hub)


@pytest.mark.slow
@pytest.mark.postgresql
def test_on_postgresql_fifty_thousand_rows_go_while_tokens_are_issued(
    tmp_path: Path, empty_postgresql_url: str
) -> None:
    with running_hub(tmp_path, database_url=empty_postgresql_url, settings={"SERVER__WORKERS": "2"}) as hub:
        check(hub)
