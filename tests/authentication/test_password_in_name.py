"""Passwords that are typed as names: what looks like one, and what the log says of it."""

import pytest

from sso.authentication.password_in_name import PasswordInName, looks_like_a_password, recorded
from tests.authentication.examples import PASSWORD, Desk


@pytest.mark.parametrize(
    "typed",
    [
        "Winter2026!",
        "winter-2026!",
        "P@ssw0rd",
        "Tr0ub4dor",
        "2026Winter",
        "Qwerty12345",
        "пароль2026#",
        "  Winter2026!  ",
        "Winter2026!@civil.example",
        "P@ssw0rd@civil.example",
    ],
)
def test_a_text_with_a_sign_or_digits_in_its_midst_looks_like_a_password(typed: str) -> None:
    assert looks_like_a_password(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "tuya",
        "bat.erdene",
        "JohnSmith1985",
        "Tuya.Bat1",
        "УБ12345678",
        "91011234567",
        "O'Brien-Smith",
        "maria+2024@example.org",
        "unit3/bolor",
        "CIVIL\\bolor85",
        "bolor@civil.example",
        "Bolor.Bat85@civil.example",
        "a!b2",
        "correct horse battery staple",
        "!!!!!!!!!!",
        "12345678!",
    ],
)
def test_names_and_numbers_of_people_do_not(typed: str) -> None:
    assert not looks_like_a_password(typed)


@pytest.mark.parametrize(
    ("sign", "is_known", "told"),
    [
        (PasswordInName.SAME, True, "same"),
        (PasswordInName.SAME, False, "same"),
        (PasswordInName.LIKELY, False, "likely"),
        (PasswordInName.LIKELY, True, None),
        (None, False, None),
    ],
)
def test_the_looks_of_a_name_that_somebody_has_say_nothing(
    sign: PasswordInName | None, is_known: bool, told: str | None
) -> None:
    assert recorded(sign, is_known=is_known) == told


@pytest.mark.parametrize(
    ("login_name", "password", "sign", "told"),
    [
        ("tuya", PASSWORD, PasswordInName.SAME, "same"),
        ("tuya", PASSWORD, PasswordInName.LIKELY, None),
        ("tuya", PASSWORD, None, None),
        ("tuya", "wrong", PasswordInName.SAME, "same"),
        ("tuya", "wrong", PasswordInName.LIKELY, None),
        ("nobody", "wrong", PasswordInName.SAME, "same"),
        ("nobody", "wrong", PasswordInName.LIKELY, "likely"),
    ],
)
def test_the_sign_is_on_record_with_what_became_of_the_attempt(
    login_name: str, password: str, sign: PasswordInName | None, told: str | None
) -> None:
    desk = Desk()
    desk.add_citizen()

    desk.attempt(login_name, password, sign=sign)

    (record,) = [each for each in desk.stores.audit.records if each.event.startswith("auth.login.")]
    assert record.detail.get("password_in_name") == told
