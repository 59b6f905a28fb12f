import re

import pytest
from jinja2 import UndefinedError

from sso.web.pages import Pages, link_address, web_address
from tests.web.html_outline import Outline
from tests.web.page_examples import FORM_POST, HOME, HOSTILE, NAME, Example, example, examples, language

TAGS = ("en", "zh-CN")
PAGES = Pages(asset_version="v7", hub_name={"en": "Service Centre", "zh-CN": "政务服务中心"})
EVERY = pytest.mark.parametrize("page", examples(), ids=lambda page: page.name)
OWN_FORMS = [page for page in examples() if page.template != "form_post.html"]  # that one goes to the service
IN_BOTH = pytest.mark.parametrize("tag", TAGS)

CONTRACT = {
    "identifier": {"login_name", "continue", "cancel"},
    "identifier_new": {"create_account"},
    "identifier_upstreams": {"upstream_1", "upstream_2"},
    "upstream_problem": {"another_way", "cancel", "error_code", "reference"},
    "password_staff": {"password", "sign_in", "change", "cancel"},
    "accounts_ways": {"ways", "untie_1", "tie_2"},
    "persona": {"account_1", "account_2", "use_another", "continue"},
    "consent": {"allow", "deny", "offline"},
    "device": {"user_code", "continue", "warning"},
    "answer": {"asking", "asked_from", "warning", "allow", "deny"},
    "answered_allowed": {"answered"},
    "answer_called": {"asking", "message", "warning", "allow", "deny"},
    "approvals": {"approvals", "look_1", "look_2", "again"},
    "home_asked": {"to_approvals"},
    "sign_out": {"sign_out", "stay"},
    "signed_out": {"return", "sign_in_again"},
    "signed_out_upstream": {"upstream", "leave_upstream"},
    "error": {"error_code", "reference"},
    "form_post": {"continue"},
    "home": {"to_sign_out", "signed_in_as"},
    "home_signed_out": {"to_sign_in"},
}


def outline(page: Example, tag: str = "en") -> Outline:
    return Outline(page.render(PAGES, language(tag)))


@IN_BOTH
@EVERY
def test_a_page_has_its_language_a_title_and_one_heading(page: Example, tag: str) -> None:
    shown = outline(page, tag)

    assert shown.all("html")[0].attributes["lang"] == tag
    assert [len(shown.all(name)) for name in ("title", "h1", "main")] == [1, 1, 1]
    assert shown.all("h1")[0].text.strip()


@IN_BOTH
@EVERY
def test_nothing_of_a_page_is_inline(page: Example, tag: str) -> None:
    shown = outline(page, tag)

    assert all(script.text == "" and script.attributes["src"] for script in shown.all("script"))
    assert shown.all("style") == shown.all("img") == []
    # A frame of a service sees its own origin, runs its scripts, and cannot lead the whole page away.
    allowed = {frame.attributes["sandbox"] for frame in shown.all("iframe")}
    assert allowed <= {"allow-same-origin allow-scripts allow-forms"}
    names = {name for element in shown.elements for name in element.attributes}
    assert not {name for name in names if name == "style" or re.match(r"on[a-z]", name)}
    addresses = [element.attributes.get("href", "") for element in shown.elements]
    assert not [address for address in addresses if address.lower().startswith(("javascript:", "data:"))]


@IN_BOTH
@EVERY
def test_an_id_is_there_once_and_every_field_has_a_label(page: Example, tag: str) -> None:
    shown = outline(page, tag)

    ids = [element.attributes["id"] for element in shown.elements if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    labelled = {label.attributes["for"] for label in shown.all("label")}
    fields = [field for field in shown.all("input") if field.attributes["type"] != "hidden"]
    assert {field.attributes["id"] for field in fields if "hidden" not in field.attributes} == labelled


@IN_BOTH
@EVERY
def test_what_describes_a_field_is_on_the_page(page: Example, tag: str) -> None:
    shown = outline(page, tag)

    ids = {element.attributes.get("id") for element in shown.elements}
    described = " ".join(element.attributes.get("aria-describedby", "") for element in shown.elements)
    assert set(described.split()) <= ids


@pytest.mark.parametrize("page", OWN_FORMS, ids=lambda page: page.name)
def test_a_form_carries_its_csrf_token_and_is_posted(page: Example) -> None:
    shown = outline(page)

    tokens = [field for field in shown.all("input") if field.attributes["name"] == "csrf_token"]
    assert [token.attributes["value"] for token in tokens] == ["csrf-1"] * len(shown.all("form"))
    assert all(form.attributes["method"] == "post" for form in shown.all("form"))


@IN_BOTH
@pytest.mark.parametrize("name", CONTRACT)
def test_the_ids_that_scripts_rely_on_are_there(name: str, tag: str) -> None:
    shown = outline(example(name), tag)

    assert CONTRACT[name] <= {element.attributes.get("id") for element in shown.elements}


@pytest.mark.parametrize(("tag", "start"), [("en", "Error: "), ("zh-CN", "错误：")])
@pytest.mark.parametrize(
    "name", ["identifier_empty", "password_staff_wrong", "password_citizen_busy", "error"]
)
def test_the_title_of_a_refused_page_begins_with_error(name: str, tag: str, start: str) -> None:
    assert outline(example(name), tag).all("title")[0].text.startswith(start)


@pytest.mark.parametrize("name", ["identifier", "password_staff", "consent", "home"])
def test_the_title_of_another_page_does_not(name: str) -> None:
    assert "Error" not in outline(example(name)).all("title")[0].text


def test_the_error_summary_comes_before_the_heading_and_leads_to_the_field() -> None:
    html = example("password_staff_wrong").render(PAGES, language("en"))

    assert html.index("govuk-error-summary") < html.index("<h1")
    assert 'href="#password"' in html


def test_a_wrong_password_reads_the_same_for_everybody() -> None:
    one = {**example("password_citizen").context, "error": "wrong", "login_name": "nobody"}
    other = {**one, "login_name": "tuya"}

    shown = [PAGES.render("password.html", language("en"), **context) for context in (one, other)]

    assert shown[0].replace("nobody", "tuya") == shown[1]


def test_a_password_field_takes_any_password_and_is_never_filled() -> None:
    field = outline(example("password_staff_wrong")).by_id("password").attributes

    assert field["type"] == "password"
    assert field["autocomplete"] == "current-password"
    assert "maxlength" not in field
    assert "value" not in field


def test_a_sign_in_name_is_typed_as_it_is() -> None:
    field = outline(example("identifier_invalid")).by_id("login_name").attributes

    assert (field["autocomplete"], field["spellcheck"], field["autocapitalize"]) == (
        "username",
        "false",
        "none",
    )
    assert field["value"] == "tuya"


def test_when_to_try_again_is_said() -> None:
    html = example("password_wait").render(PAGES, language("en"))

    assert "You can try again in 5 minutes." in html


def test_allow_and_deny_look_the_same() -> None:
    shown = outline(example("consent"))

    allow, deny = shown.by_id("allow").attributes, shown.by_id("deny").attributes

    assert (allow["name"], allow["value"], deny["name"], deny["value"]) == (
        "decision",
        "allow",
        "decision",
        "deny",
    )
    assert allow["class"] == deny["class"]


def test_an_address_that_runs_a_script_is_no_link() -> None:
    html = example("consent").render(PAGES, language("en"))

    assert "javascript:" not in html
    assert 'href="https://housing.example/privacy"' in html


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "data:text/html,x", "//host/x", "https://", "http://[", "/local", "", None],
)
def test_only_http_and_https_with_a_host_are_web_addresses(address: str | None) -> None:
    assert web_address(address) is None


def test_a_web_address_stays_as_it_is() -> None:
    assert web_address("https://housing.example/a?b#c") == "https://housing.example/a?b#c"


@pytest.mark.parametrize("address", ["/", "/sign-in?lang=en", "https://housing.example/"])
def test_a_link_leads_to_a_path_of_ours_or_to_the_web(address: str) -> None:
    assert link_address(address) == address


@pytest.mark.parametrize("address", ["//evil.example", "/\\evil.example", "javascript:alert(1)", "x", None])
def test_a_link_leads_nowhere_else(address: str | None) -> None:
    assert link_address(address) is None


def test_a_way_back_that_runs_a_script_is_no_link() -> None:
    context = {**example("signed_out").context, "return_url": "javascript:alert(1)"}

    assert "javascript:" not in PAGES.render("signed_out.html", language("en"), **context)


def test_the_values_of_form_post_are_escaped_and_nothing_else() -> None:
    state = "  a\"b<c>&d'e \u202e\u0000 \u00e9  "
    shown = Outline(
        PAGES.render("form_post.html", language("en"), **{**FORM_POST, "fields": [("state", state)]})
    )

    (field,) = (field for field in shown.all("input") if field.attributes["name"] == "state")

    assert field.attributes["value"] == state


def test_a_hidden_field_of_sign_out_comes_back_byte_for_byte() -> None:
    shown = outline(example("sign_out_markup"))

    (field,) = (field for field in shown.all("input") if field.attributes["name"] == "state")

    assert field.attributes["value"] == HOSTILE


@pytest.mark.parametrize("name", [page.name for page in examples() if page.name.endswith("_bidi")])
def test_a_name_cannot_turn_a_sentence_over(name: str) -> None:
    shown = outline(example(name))

    assert not {"\u202e", "\u2066", "\u2069"} & set("".join(element.text for element in shown.all("body")))


def test_markup_in_a_name_is_text() -> None:
    shown = outline(example("identifier_markup"))

    assert "<script>alert(1)</script>" in shown.all("h1")[0].text


def test_the_language_list_names_each_language_in_itself_and_marks_the_current() -> None:
    shown = outline(example("identifier"), "zh-CN")

    assert [item.text.strip() for item in shown.all("li")[:2]] == ["English", "简体中文"]
    assert [item.attributes["lang"] for item in shown.all("li")[:2]] == ["en", "zh-CN"]
    assert [a.attributes["href"] for a in shown.all("a") if "hreflang" in a.attributes] == [
        "/?page=identifier&lang=en"
    ]


def test_without_language_links_there_is_no_list() -> None:
    assert Outline(PAGES.render("home.html", language("en"), **HOME)).all("nav") == []


def test_the_hub_is_named_in_the_language_of_the_page() -> None:
    assert PAGES.hub_name(language("zh-CN")) == "政务服务中心"
    assert Pages("1", {"zh-CN": "政务服务中心"}).hub_name(language("en")) == "政务服务中心"
    assert Pages("1", "Hub").hub_name(language("zh-CN")) == "Hub"


def test_a_static_file_carries_the_version() -> None:
    html = Pages("v7", "Hub", static_url="/sso/static/").render("home.html", language("en"), **HOME)

    assert '"/sso/static/govuk/app.css?v=v7"' in html


def test_a_context_that_lacks_something_is_refused() -> None:
    context = {key: value for key, value in NAME.items() if key != "csrf_token"}

    with pytest.raises(UndefinedError, match="csrf_token"):
        PAGES.render("identifier.html", language("en"), **context)


@IN_BOTH
@EVERY
def test_no_page_speaks_the_protocol_s_words(page: Example, tag: str) -> None:
    text = outline(page, tag).all("main")[0].text.lower()

    for word in ("oauth", "openid", "token", "client", "claim", "log in", "login", "登陆"):
        assert word not in text
