import pytest

from sso.directory.verification import AccountState
from sso.web.wording import (
    CITIZEN_PROBLEMS,
    ERROR_SENTENCES,
    NAME_PROBLEMS,
    STAFF_PROBLEMS,
    error_sentences,
    name_problem,
    retry_after_text,
    sign_in_problem,
)
from tests.web.page_examples import language

ENGLISH, CHINESE = language("en"), language("zh-CN")


@pytest.mark.parametrize("code", ERROR_SENTENCES)
def test_an_error_says_what_happened_and_what_to_do(code: str) -> None:
    for spoken in (ENGLISH, CHINESE):
        said = error_sentences(spoken, code)

        assert said.sentence
        assert said.advice
    assert error_sentences(ENGLISH, code).sentence != error_sentences(CHINESE, code).sentence


def test_an_unknown_code_reads_as_a_fault_of_ours() -> None:
    assert error_sentences(ENGLISH, "<nonsense>") == error_sentences(ENGLISH, "server_error")


def test_staff_and_citizens_meet_the_same_problems() -> None:
    assert set(CITIZEN_PROBLEMS) == set(STAFF_PROBLEMS)
    assert set(STAFF_PROBLEMS) >= {"wrong", "locked", "disabled", "must_change", "expired", "not_now"}


@pytest.mark.parametrize("key", STAFF_PROBLEMS)
def test_a_clerk_reads_the_department_and_a_citizen_none(key: str) -> None:
    clerk = sign_in_problem(ENGLISH, key, "Civil Affairs Bureau")
    citizen = sign_in_problem(ENGLISH, key, None)

    assert "{" not in f"{clerk}{citizen}"
    assert not str(citizen).count("Bureau")


def test_a_wrong_password_is_told_alike_to_all() -> None:
    assert sign_in_problem(ENGLISH, "wrong", "Civil Affairs Bureau") == sign_in_problem(
        ENGLISH, "wrong", None
    )


def test_a_clerk_whose_directory_is_silent_learns_that_the_password_is_fine() -> None:
    said = sign_in_problem(ENGLISH, "unavailable", "Civil Affairs Bureau")

    assert said.sentence == "Civil Affairs Bureau does not answer at the moment"
    assert said.advice == (
        "Nothing is wrong with your password, and the sign-in of citizens is not affected."
        " Try again in a minute."
    )


def test_a_clerk_who_must_change_is_sent_to_the_department_first() -> None:
    said = sign_in_problem(CHINESE, "must_change", "民政局")

    assert said.sentence == "民政局要求您先修改密码再登录"
    assert said.advice == "请先按您平常的方式在民政局修改密码，然后回到这里用新密码登录。"


@pytest.mark.parametrize("key", NAME_PROBLEMS)
def test_a_name_that_is_refused_is_told_why(key: str) -> None:
    assert name_problem(CHINESE, key).sentence


def test_an_unknown_key_is_a_fault_of_the_caller() -> None:
    with pytest.raises(KeyError):
        sign_in_problem(ENGLISH, "nonsense", None)


def test_when_to_try_again_is_a_sentence() -> None:
    assert retry_after_text(ENGLISH, 290) == "You can try again in 5 minutes."
    assert retry_after_text(CHINESE, 290) == "请在5分钟后再试。"


def test_every_state_that_a_directory_tells_has_words_or_is_a_wrong_password() -> None:
    told_as_wrong = {AccountState.OK, AccountState.BAD_CREDENTIALS}
    told_as_disabled = {AccountState.ACCOUNT_EXPIRED, AccountState.POLICY}

    assert {state.value for state in set(AccountState) - told_as_wrong - told_as_disabled} <= set(
        STAFF_PROBLEMS
    )
