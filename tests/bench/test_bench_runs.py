"""`make bench` runs and prints its rows; how fast anything is, no test decides."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NUMBERS = r" +[\d.]+ +[\d.]+ +[\d.]+ +\d+ "
ROWS = (
    "client_credentials",
    "authorization, session exists",
    "code redemption",
    "refresh",
    "userinfo",
    "introspection",
    "JWKS",
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.postgresql,
    pytest.mark.directories,
    pytest.mark.timeout(400),
]


@pytest.fixture(scope="module")
def printed() -> str:
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--quick"], cwd=ROOT, capture_output=True, text=True, timeout=360
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("call", ROWS)
def test_each_call_has_a_row_with_both_sides_and_a_ratio(printed: str, call: str) -> None:
    assert re.search(rf"^{re.escape(call)} *\|{NUMBERS}\|{NUMBERS}\| +\d+\.\d\d$", printed, re.MULTILINE)


def test_a_frozen_directory_is_set_against_four_that_answer(printed: str) -> None:
    assert re.search(r"the fifth is frozen +p50 +[\d.]+ ms +p99 +[\d.]+ ms", printed)
    assert re.search(r"p99 changes by [+-]\d+ %", printed)
    assert re.search(r"the hub's client +\d+ +[\d.]+ of bare ldap3", printed)


def test_a_password_sign_in_is_set_against_argon2_alone(printed: str) -> None:
    assert re.search(r"argon2id alone +[\d.]+ ms", printed)
    assert re.search(r"the request with the password +[\d.]+ ms +argon2 \d+%, our own part -?\d+%", printed)


def test_it_says_where_the_time_goes(printed: str) -> None:
    assert re.search(r"client_credentials \([\d.]+ ms\): .*PostgreSQL and its driver \d+%", printed)
    assert re.search(r"code redemption \([\d.]+ ms\): .*PostgreSQL and its driver \d+%", printed)


def test_reading_a_directory_is_set_beside_bare_ldap3() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.directory_sync", "--quick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=360,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("ldap3 alone, paged, nothing kept", "sso directory sync, nothing changed"):
        assert re.search(
            rf"^{re.escape(name)} +\d+ +[\d.]+ +[\d.]+ +\d+ +\d\.\d\d$", done.stdout, re.MULTILINE
        )


def test_the_audit_log_is_set_beside_bare_inserts() -> None:
    command = [sys.executable, "-m", "bench.audit_log", "--quick"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=360)

    assert done.returncode == 0, done.stdout + done.stderr
    for waiters in (1, 8, 32):
        row = rf"^events, {waiters} waiting +\d+ +[\d.]+ +[\d.]+ +\d+\.\d\d$"
        assert re.search(row, done.stdout, re.MULTILINE), done.stdout
    for name in ("until an event has its place", "of a person", "histogram of the month"):
        assert re.search(rf"^{name} +[\d.]+ +[\d.]+$", done.stdout, re.MULTILINE), done.stdout


def test_tokens_are_issued_while_months_are_dropped() -> None:
    command = [sys.executable, "-m", "bench.month_drop", "--quick"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=360)

    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("tokens alone", "while a month is dropped"):
        assert re.search(rf"^{name} +\d+ +[\d.]+ +[\d.]+ +[\d.]+$", done.stdout, re.MULTILINE), done.stdout
    assert re.search(r"^p99 changes by [+-]\d+ %", done.stdout, re.MULTILINE), done.stdout
