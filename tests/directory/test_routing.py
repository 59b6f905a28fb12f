import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso.directory.routing import (
    CitizenRoute,
    DirectoryRoute,
    Name,
    SearchBy,
    check_realms,
    counted_name,
    normalise_login_name,
    route,
    with_realm,
)
from sso.directory.settings import Vendor
from tests.directory.examples import settings

CIVIL = settings()
HOUSING = settings(id="housing", realms=("housing.example", "дом.example"))
DIRECTORIES = (CIVIL, HOUSING)


def test_a_name_with_a_realm_goes_to_its_directory_without_the_realm():
    assert route("bolor@civil.example", DIRECTORIES) == DirectoryRoute(CIVIL, Name("bolor"))


def test_a_name_without_a_realm_is_a_citizens():
    assert route("tuya", DIRECTORIES) == CitizenRoute("tuya")


@pytest.mark.parametrize(
    "typed", ["Bolor@CIVIL.Example", " bolor@civil.example ", "bolor@civil.example.", "ｂolor@civil。example"]
)
def test_a_realm_is_compared_as_a_domain(typed):
    assert route(typed, DIRECTORIES) == DirectoryRoute(CIVIL, Name("bolor"))


@pytest.mark.parametrize("typed", ["oyun@дом.example", "oyun@ДОМ.example", "oyun@xn--d1aqf.example"])
def test_an_international_realm_is_one_in_every_spelling(typed):
    assert route(typed, DIRECTORIES) == DirectoryRoute(HOUSING, Name("oyun"))


@pytest.mark.parametrize(
    "typed",
    [
        "bolor@civil.example.evil",
        "bolor@evil-civil.example",
        "bolor@sub.civil.example",
        "bolor@civil",
        "bolor@civil.example@evil",
        "@civil.example",
        "bolor@",
        "bolor@civil.example..",
        "bolor@civil.example:389",
        "bolor@сivil.example",
    ],
)
def test_a_realm_that_only_resembles_goes_to_no_directory(typed):
    assert isinstance(route(typed, DIRECTORIES), CitizenRoute)


def test_only_the_last_at_sign_begins_the_realm():
    assert route("a@evil.example@civil.example", DIRECTORIES) == DirectoryRoute(CIVIL, Name("a@evil.example"))


def test_a_directory_that_logs_in_by_principal_name_is_asked_for_the_whole_name():
    directory = settings(vendor=Vendor.ACTIVE_DIRECTORY, login_attribute="userPrincipalName")

    assert route("Bolor@civil.example", [directory]) == DirectoryRoute(directory, Name("bolor@civil.example"))


def test_two_directories_may_not_share_a_realm():
    with pytest.raises(ValueError, match="is claimed by"):
        check_realms([CIVIL, settings(id="other", realms=("CIVIL.example.",))])


def test_two_directories_may_not_share_an_id():
    with pytest.raises(ValueError, match="have the id"):
        check_realms([CIVIL, settings(realms=("other.example",))])


def test_a_realm_that_is_no_domain_is_refused():
    with pytest.raises(ValueError, match="domain name"):
        check_realms([settings(realms=("civil example",))])


def test_different_realms_are_accepted():
    check_realms(DIRECTORIES)


@pytest.mark.parametrize(
    "typed", ["", "   ", "a\0b", "a\nb", "a\u202eb", "a\u200bb", "a\ud800b", "x" * 257, "\ufdfa" * 20]
)
def test_a_name_that_cannot_be_a_key_is_refused(typed):
    with pytest.raises(ValueError, match="a login name"):
        normalise_login_name(typed)


def test_full_width_and_upper_case_are_folded():
    assert normalise_login_name(" ＢＯＬＯＲ ") == "bolor"


@given(st.text(max_size=300))
def test_normalising_twice_changes_nothing(typed):
    try:
        once = normalise_login_name(typed)
    except ValueError:
        return

    assert normalise_login_name(once) == once


@given(st.text(max_size=300))
def test_any_text_is_routed_or_refused(typed):
    try:
        found = route(typed, DIRECTORIES)
    except ValueError:
        return

    assert isinstance(found, CitizenRoute | DirectoryRoute)


@given(st.from_regex(r"[a-z0-9.-]{1,30}", fullmatch=True))
def test_no_domain_but_the_realm_leads_to_a_directory(domain):
    found = route(f"bolor@{domain}", [CIVIL])

    assert isinstance(found, DirectoryRoute) == (domain.removesuffix(".") == "civil.example")


WINDOWS = settings(
    id="tax",
    vendor=Vendor.ACTIVE_DIRECTORY,
    login_attribute="sAMAccountName",
    realms=("tax.example",),
    upn_suffixes=("corp.tax.example",),
    mail_domains=("mail.tax.example",),
)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("bat@tax.example", Name("bat")),
        ("Bat.Erdene@corp.tax.example", Name("bat.erdene@corp.tax.example", SearchBy.UPN)),
        ("b.erdene@mail.tax.example", Name("b.erdene@mail.tax.example", SearchBy.MAIL)),
    ],
)
def test_realm_upn_suffix_and_mail_domain_lead_to_one_directory_by_different_attributes(typed, name):
    assert route(typed, (*DIRECTORIES, WINDOWS)) == DirectoryRoute(WINDOWS, name)


@pytest.mark.parametrize("domain", ["tax.example", "corp.tax.example", "mail.tax.example"])
@pytest.mark.parametrize("kind", ["realms", "upn_suffixes", "mail_domains"])
def test_a_domain_of_two_directories_is_refused(domain, kind):
    other = settings(id="other", **{"realms": (), kind: (domain.upper(),)})

    with pytest.raises(ValueError, match="is claimed by 'tax' and by 'other'"):
        check_realms((WINDOWS, other))


def test_a_domain_that_means_two_things_in_one_directory_is_refused():
    with pytest.raises(ValueError, match="not several"):
        check_realms((settings(mail_domains=("civil.example",)),))


@pytest.mark.parametrize(
    ("typed", "whole"),
    [
        ("bat", "bat@tax.example"),
        (" bat ", "bat@tax.example"),
        ("bat@tax.example", "bat@tax.example"),
        ("bat@mail.tax.example", "bat@mail.tax.example"),
        ("bat@civil.example", "bat@civil.example@tax.example"),
    ],
)
def test_a_name_whose_department_is_known_is_made_whole(typed, whole):
    assert with_realm(typed, WINDOWS) == whole


def test_a_realm_of_two_directories_leads_to_neither():
    """Configurations are refused then; whoever asks without that check must not be given the first one."""
    both = (settings(), settings(id="tax"))

    assert route("bolor@civil.example", both) == CitizenRoute("bolor@civil.example")


def test_one_name_in_two_departments_is_counted_as_two():
    one = route("bolor@civil.example", (settings(),))
    other = route("bolor@tax.example", (settings(id="tax", realms=("tax.example",)),))

    assert len({counted_name(one), counted_name(other), counted_name(CitizenRoute("bolor"))}) == 3
