from hypothesis import given
from hypothesis import strategies as st

from sso.directory.filters import Equals, Present, person_named


def test_the_characters_of_the_filter_language_are_escaped():
    condition = person_named("uid", "*)(uid=*\\\0", [("objectClass", "inetOrgPerson")])

    assert str(condition) == "(&(objectClass=inetOrgPerson)(uid=\\2a\\29\\28uid\\3d\\2a\\5c\\00))"


def test_text_is_escaped_as_utf8():
    assert str(Equals("uid", "ö".encode())) == "(uid=\\c3\\b6)"


def test_any_value_of_an_attribute_can_be_asked_for():
    assert str(Present("memberOf")) == "(memberOf=*)"


@given(st.binary())
def test_no_value_leaves_its_parentheses(value):
    inner = str(Equals("uid", value))[5:-1]

    assert not set(inner) & set("()*\0&|!=")
