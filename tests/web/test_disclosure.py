import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso.oidc.account import Subject
from sso.oidc.claims import CLAIM_NAMES
from sso.web.disclosure import CLAIM_LABELS, SHOWN_OPENLY, claim_label, claim_text, disclosures, mask
from sso.web.sharing import sharing
from tests.oidc.examples import client
from tests.web.page_examples import CLAIMS, language

ENGLISH, CHINESE = language("en"), language("zh-CN")


def test_every_claim_has_words_and_no_other_has() -> None:
    assert set(CLAIM_LABELS) == CLAIM_NAMES
    assert set(CLAIM_LABELS) >= SHOWN_OPENLY


def test_a_claim_is_named_in_the_language_of_the_page() -> None:
    assert claim_label(ENGLISH, "birthdate") == "Date of birth"
    assert claim_label(CHINESE, "birthdate") == "出生日期"
    assert claim_label(CHINESE, "shoe_size") == "shoe_size"


@pytest.mark.parametrize(
    ("name", "value", "masked"),
    [
        ("name", "Tuya Bat", "T••• B•••"),
        ("name", "王小明", "王＊"),
        ("name", "e\u0301lan", "e\u0301•••"),
        ("family_name", "王", "王＊"),
        ("email", "tuya@example.org", "t•••@example.org"),
        ("email", '"a@b"@example.org', '"•••@example.org'),
        ("email", "@example.org", "•••"),
        ("email", "nonsense", "•••"),
        ("phone_number", "+86 471 5550123", "•••23"),
        ("phone_number", "12345", "•••"),
        ("birthdate", "1990-02-14", "1990-••-••"),
        ("birthdate", "1990", "•••"),
        ("address", "1 Grass Road", "1•••"),
        ("gender", "female", "f•••"),
        ("department", "Archive", "Archive"),
        ("name", "", ""),
        ("name", " \r", "•••"),
    ],
)
def test_a_value_is_masked_so_that_only_its_owner_knows_it(name: str, value: str, masked: str) -> None:
    assert mask(name, value) == masked


@given(st.sampled_from(sorted(CLAIM_NAMES - SHOWN_OPENLY)), st.text(min_size=1))
def test_a_mask_hides_something_of_every_value(name: str, value: str) -> None:
    assert "•" in mask(name, value) or "＊" in mask(name, value)


@pytest.mark.parametrize(
    ("name", "value", "english", "chinese"),
    [
        ("email_verified", True, "Yes", "是"),
        ("email_verified", False, "No", "否"),
        ("persona", "staff", "Staff", "工作人员"),
        ("updated_at", 0, "1 January 1970 00:00 UTC", "1970年1月1日 00:00 UTC"),
        ("address", {"formatted": "1 Grass Road"}, "1 Grass Road", "1 Grass Road"),
        ("address", {"locality": "Hohhot", "country": "CN"}, "Hohhot CN", "Hohhot CN"),
        ("title", ["Clerk", "Archivist"], "Clerk Archivist", "Clerk Archivist"),
    ],
)
def test_a_value_is_told_in_words(name: str, value: object, english: str, chinese: str) -> None:
    assert claim_text(ENGLISH, name, value) == english
    assert claim_text(CHINESE, name, value) == chinese


def test_the_lines_stand_in_one_order_and_leave_out_what_is_not_known() -> None:
    claims = {"title": "", "email": "t@example.org", "shoe_size": "41", "name": "Tuya", "gender": None}

    lines = disclosures(ENGLISH, claims, {"email": "To write to you"})

    assert [line.label for line in lines] == ["Name", "Mail address", "shoe_size"]
    assert [line.purpose for line in lines] == [None, "To write to you", None]


def test_a_value_is_not_in_the_repr_of_a_line() -> None:
    assert "tuya@example.org" not in repr(disclosures(ENGLISH, CLAIMS))


def test_the_consent_page_tells_the_roles_in_this_service_and_no_others() -> None:
    known = {"name": "Bolor", "groups": ["staff"], "roles": ["registrar"]}
    subject = Subject(account_id="a", person_id="p", active=True, claims=known, directory_id="civil")
    service = client(role_mapping=("case-worker=civil/roles/registrar",))

    shown = sharing(ENGLISH, service, subject, {"openid", "roles"}, frozenset())

    assert [(item.label, item.value) for item in shown.items] == [
        ("Roles that you have in this service", "case-worker")
    ]
