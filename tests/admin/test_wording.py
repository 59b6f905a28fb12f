"""The console's words: every message translated, every event told as a sentence, in both languages."""

import dataclasses
import re
import string
from pathlib import Path
from typing import Any

import pytest
from babel.messages.extract import extract
from jinja2.ext import babel_extract

from admin.api import ApiRefused
from admin.language import languages
from admin.people_wording import CONFLICT_KINDS, RESOLUTIONS
from admin.refusals import ASKED, DECISIONS, FINDINGS, NEEDED, parameter_text, refusal_text
from admin.room import ROLES
from admin.rule_words import MEANINGS, title
from admin.rule_words import TITLES as TITLES_OF_RULES
from admin.sentences import SENTENCES, placeholders, sentence
from admin.wording import FAMILIES, PROBLEMS, ROLE_NAMES
from sso.api.app import OPERATIONS
from sso.api.flaw import Flaw
from sso.api.problem import TITLES
from sso.audit.event import EVENT_CLASSES
from sso.audit.query import MIN_TEXT_LENGTH
from sso.audit.rules.shipped import shipped_rules
from sso.authentication.conflicts import Why
from sso.authentication.linking import Obstacle
from sso.directory.conflict import ConflictKind, Resolution
from sso.directory.person import Role

ADMIN = Path(__file__).resolve().parents[2] / "admin"
ENGLISH, CHINESE = languages()


def written_messages() -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted((*ADMIN.rglob("*.py"), *ADMIN.glob("templates/*.html"))):
        method = "python" if path.suffix == ".py" else babel_extract
        with path.open("rb") as stream:
            for _line, message, _comments, _context in extract(method, stream, keywords={"_": None}):
                found.setdefault(str(message), path.name)
    return found


def test_every_message_is_translated_and_no_translation_is_left_over() -> None:
    written = written_messages()

    assert {message: place for message, place in written.items() if message not in CHINESE.messages} == {}
    assert [message for message in CHINESE.messages if message not in written] == []


@pytest.mark.parametrize("message", written_messages())
def test_a_translation_keeps_the_placeholders(message: str) -> None:
    assert placeholders(CHINESE.messages[message]) == placeholders(message)


@pytest.mark.parametrize("event", EVENT_CLASSES, ids=lambda event: event.__name__)
@pytest.mark.parametrize("language", [ENGLISH, CHINESE], ids=["en", "zh-CN"])
def test_every_event_is_told_as_a_sentence(event: Any, language: Any) -> None:
    known = {"client_id", "account_id", "session_id", "grant_id"}
    fields = dataclasses.fields(event)
    names = [field.name for field in fields]
    record = {
        "event": event.code,
        "outcome": event.outcome.value,
        "actor": "somebody",
        **{name: "id-1" for name in names if name in known},
        "detail": {
            field.name: ["word"]
            if "frozenset" in str(field.type)
            else {"word": 1}
            if "Mapping" in str(field.type)
            else "word"
            for field in fields
            if field.name not in known
        },
    }

    bare = {"event": event.code, "outcome": event.outcome.value}
    fullest = (SENTENCES.get(f"{event.code}:{event.outcome.value}") or SENTENCES[event.code])[0]
    pattern = re.sub(r"\\{\w+\\}", ".+", re.escape(language.gettext(fullest)))

    assert re.fullmatch(pattern, sentence(record, {}, language)), "the first sentence can never be told"
    for said in (sentence(record, {"id-1": "Housing"}, language), sentence(bare, {}, language)):
        assert said
        assert "{" not in said
        assert said[-1] in ".。"
    assert event.code not in sentence(record, {}, language)


def test_an_event_of_tomorrow_is_told_by_its_name() -> None:
    assert sentence({"event": "moon.landed"}, {}, ENGLISH) == "The event moon.landed was recorded."


def test_a_hostile_name_cannot_turn_a_sentence_over() -> None:
    record = {"event": "token.introspected", "client_id": "c"}

    assert sentence(record, {"c": "a\u202eb\u0000{x}"}, ENGLISH) == "ab {x} asked whether a token is valid."


def test_every_family_of_events_can_be_searched_for() -> None:
    families = {event.code.partition(".")[0] + "." for event in EVENT_CLASSES}

    assert families == set(FAMILIES)


def test_every_sentence_belongs_to_an_event() -> None:
    codes = {event.code for event in EVENT_CLASSES}

    assert {key.partition(":")[0] for key in SENTENCES} == codes


def test_every_rule_of_the_hub_has_its_words() -> None:
    assert {rule.name: rule.title for rule in shipped_rules()} == dict(TITLES_OF_RULES)
    assert {rule.name: rule.description for rule in shipped_rules()} == dict(MEANINGS)


def test_a_rule_of_ones_own_is_shown_in_its_own_words() -> None:
    of_the_hub = {"rule": "r14_role_granted", "title": "A role was granted"}

    assert title(of_the_hub, CHINESE.gettext) == "授予了角色"
    assert title({**of_the_hub, "title": "Our own"}, CHINESE.gettext) == "Our own"


def test_every_role_has_its_name() -> None:
    assert set(ROLE_NAMES) == {role.value for role in Role} == set(ROLES)


def test_whatever_speaks_against_a_decision_is_said_in_the_officers_language() -> None:
    ties = {Obstacle.TAKEN, Obstacle.ONE_THERE, Obstacle.MADE_THERE, Obstacle.NO_CITIZEN, Obstacle.LAST_WAY}

    assert set(DECISIONS["link_refused"]) == {obstacle.value for obstacle in set(Obstacle) - ties}
    assert set(DECISIONS["conflict_not_resolvable"]) == {why.value for why in Why}
    assert set(CONFLICT_KINDS) == {kind.value for kind in ConflictKind}
    assert set(RESOLUTIONS) == {resolution.value for resolution in Resolution}


@pytest.mark.parametrize("flaw", Flaw)
def test_whatever_is_wrong_with_a_field_is_said_in_the_officers_language(flaw: Flaw) -> None:
    wrong = {"parameter": "since", "code": flaw.value, "detail": "is wrong"}

    said = [parameter_text(wrong, language) for language in (ENGLISH, CHINESE)]

    assert len(set(said)) == 2
    assert not any("is wrong" in text for text in said)


def test_no_text_of_a_refusal_is_left_over() -> None:
    parameters = {name for operation in OPERATIONS for name in operation.asked.model_fields}

    assert not set(ASKED) & set(FINDINGS)
    assert set(ASKED) | set(FINDINGS) == {flaw.value for flaw in Flaw} | {"changed_meanwhile"}
    assert set(NEEDED) <= parameters


@pytest.mark.parametrize(
    ("parameter", "code", "text"),
    [
        ("closed_as", "missing", "请选择结论。"),
        ("text", "too_short", "要检索的文字至少需要三个字符。"),
        ("reason", "too_short", "请说明原因。"),
        ("event.0", "not_an_event", "没有这种事件。"),
    ],
)
def test_a_field_says_what_it_needs(parameter: str, code: str, text: str) -> None:
    wrong = {"parameter": parameter, "code": code, "detail": "in English"}
    refused = ApiRefused(400, {"code": "invalid_parameter", "errors": [wrong, wrong]})

    assert MIN_TEXT_LENGTH == 3
    assert refusal_text(refused, CHINESE) == text


def test_a_reason_of_tomorrow_is_told_in_the_hubs_own_words() -> None:
    wrong = {"parameter": "moon", "code": "too_far", "detail": "is too far"}
    refused = ApiRefused(400, {"code": "invalid_parameter", "errors": [wrong]})
    of_a_decision = ApiRefused(409, {"code": "link_refused", "cause": "moon", "detail": "the moon is up"})

    assert refusal_text(refused, CHINESE) == "平台提示：moon: is too far"
    assert refusal_text(of_a_decision, ENGLISH) == "The hub says: the moon is up"


def test_every_problem_of_the_api_has_a_page() -> None:
    shown_in_forms = {"invalid_client_metadata", "invalid_redirect_uri", "invalid_parameter"}
    shown_in_forms |= {"link_refused", "conflict_not_resolvable"}
    never_shown = {"invalid_token", "unsupported_media_type", "precondition_required"}
    never_shown |= {"invalid_dpop_proof", "use_dpop_nonce"}  # its tokens are bound to no key
    never_shown |= {"insufficient_user_authentication"}  # it sends the officer to sign in again

    assert set(TITLES) - shown_in_forms - never_shown <= set(PROBLEMS)


def test_placeholders_are_names() -> None:
    names = {name for message in written_messages() for name in placeholders(message)}

    assert all(set(name) <= set(string.ascii_lowercase + "_") for name in names)
