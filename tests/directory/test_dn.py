import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso.directory.dn import comparable, escaped_value, first_value, is_below


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CN=Inner,OU=Groups,DC=example", "cn=inner, ou=groups,dc=EXAMPLE"),
        ("cn=a\\,b,dc=example", "cn=a\\2Cb,dc=example"),
        ("cn=a\\2cb,dc=example", "cn=a\\,b,dc=example"),
        ("cn=\\d0\\91\\d0\\be,dc=example", "cn=Бо,dc=example"),
        ("cn=two  words,dc=example", "cn=Two Words,dc=example"),
    ],
)
def test_two_spellings_of_one_dn_are_equal(one, other):
    assert comparable(one) == comparable(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("cn=a,dc=example", "cn=b,dc=example"), ("cn=a,dc=b", "cn=a\\,dc=b"), ("cn=a,dc=b", "dc=b,cn=a")],
)
def test_different_dns_differ(one, other):
    assert comparable(one) != comparable(other)


@pytest.mark.parametrize(
    ("dn", "is_inside"),
    [
        ("CN=a, OU=Staff,DC=example", True),
        ("ou=staff,dc=example", True),
        ("cn=a,ou=former,dc=example", False),
        ("dc=example", False),
        ("cn=a\\,ou=staff,dc=example", False),
    ],
)
def test_an_entry_is_below_a_base_however_both_are_spelled(dn, is_inside):
    assert is_below(dn, "OU=Staff, DC=example") is is_inside


@pytest.mark.parametrize(
    ("dn", "value"),
    [("CN=Inner,DC=x", "Inner"), ("cn=a\\,b,dc=x", "a,b"), ("ou=inner,dc=x", None), ("", None), ("cn", None)],
)
def test_the_name_of_a_group_is_the_first_value_of_its_dn(dn, value):
    assert first_value(dn, "cn") == value


@given(st.text(min_size=1, max_size=30))
def test_any_value_comes_back_from_a_dn_it_was_written_into(value):
    assert first_value(f"uid={escaped_value(value)},dc=example", "uid") == value


@given(st.text(max_size=60))
def test_no_text_breaks_the_comparison(text):
    assert comparable(text) == comparable(text)
