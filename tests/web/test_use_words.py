"""Entries of the log in the words of the person whose account they are about."""

from datetime import UTC, datetime

import pytest

from sso.audit.event import (
    ConsentGranted,
    PasswordReset,
    SessionReused,
    SignInSucceeded,
    UserinfoAccessed,
)
from sso.audit.event.identity import AccountLinked
from sso.audit.event.uses import UseReported
from sso.audit.record import AuditEvent, Origin, record_of
from sso.authentication.uses import USES
from sso.web.language import by_tag
from sso.web.use_words import SENTENCES, UseShown, use_shown

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
OWN, OFFICER = "o" * 22, "f" * 22
NAMES = {"housing": "Housing"}
SIGNED_IN = SignInSucceeded(
    account_id=OWN, session_id="s", client_id="housing", directory_id=None, acr="a", amr=("pwd",)
)
READ = UserinfoAccessed(
    client_id="housing",
    account_id=OWN,
    grant_id="g",
    jti="j",
    claims_released=frozenset({"email", "name", "sub"}),
)
ALLOWED = ConsentGranted(client_id="housing", account_id=OWN, scope=frozenset(), claims=frozenset())


def shown(
    event: AuditEvent, actor: str | None = None, tag: str = "en", report: AuditEvent | None = None
) -> UseShown:
    language = by_tag(tag)
    assert language is not None
    origin = Origin(address="192.0.2.7", user_agent="Browser", actor=actor)
    told = None if report is None else record_of(report, origin, NOW)
    return use_shown(record_of(event, origin, NOW), language, NAMES.get, session=None, report=told)


def test_every_entry_that_is_shown_has_a_sentence_and_no_other() -> None:
    assert SENTENCES.keys() == set(USES)


def test_a_sign_in_names_the_service_if_there_was_one() -> None:
    alone = SignInSucceeded(account_id=OWN, session_id="s", directory_id=None, acr="a", amr=("pwd",))

    assert shown(SIGNED_IN).sentence == "Signed in, on the way to Housing"
    assert shown(alone).sentence == "Signed in"
    assert shown(SIGNED_IN, tag="zh-CN").sentence == "登录，前往Housing"


def test_a_service_that_was_removed_is_called_that() -> None:
    gone = SessionReused(client_id="gone", account_id=OWN, session_id="s", auth_age_seconds=3)

    assert shown(gone).sentence == "Went to a service that is no longer here, without a password"


@pytest.mark.parametrize(("tag", "told"), [("en", "Mail address and Name"), ("zh-CN", "电子邮箱和姓名")])
def test_what_a_service_learned_is_told_without_its_number_for_the_person(tag: str, told: str) -> None:
    assert shown(READ, tag=tag).told == told


@pytest.mark.parametrize(
    ("event", "actor", "address"),
    [
        (SIGNED_IN, None, "192.0.2.7"),
        (SIGNED_IN, OWN, "192.0.2.7"),
        (ALLOWED, None, "192.0.2.7"),
        (READ, None, None),
        (AccountLinked(account_id=OWN, person_id="p", rule="api"), OFFICER, None),
        (PasswordReset(account_id=OWN, source="command"), "command:root", None),
    ],
)
def test_only_where_a_browser_of_the_persons_was_is_told(
    event: AuditEvent, actor: str | None, address: str | None
) -> None:
    found = shown(event, actor)

    assert (found.address, found.software) == (address, "Browser" if address else None)


def test_a_report_is_told_with_its_time() -> None:
    report = UseReported(account_id=OWN, session_id="s", record_id="r", reported="x", ended=2)

    found = shown(SIGNED_IN, report=report)

    assert (found.reported_at, found.ended) == ("4 March 2026 05:06 UTC", 2)
    assert (shown(SIGNED_IN).reported_at, shown(SIGNED_IN).ended) == (None, None)
