"""The console's rooms, in a real browser beside a real hub."""

import re
import time

import httpx
import pytest
from playwright.sync_api import Locator, Page

from tests.admin.conftest import ConsoleServer
from tests.admin.people import add_clerk, find_twice
from tests.browser.chromium import NARROW, OpenPage, axe_violations, complaints, screenshot, sideways_scroll
from tests.running.state import execute
from tests.servers.hub import PASSWORD, HubServer

pytestmark = pytest.mark.browser

QUESTIONS_WITH_SUBJECTS = {
    **dict.fromkeys(("Q1", "Q2", "Q3", "Q5", "Q6", "Q11"), "person=ana"),
    "Q4": "address=127.0.0.1",
    **dict.fromkeys(("Q7", "Q8"), "client_id=officers-console"),
    **dict.fromkeys(("Q9", "Q10", "Q12"), ""),
}


def look(page: Page, name: str) -> None:
    """Hold a page to what every page promises."""
    screenshot(page, f"console_{name}")
    assert axe_violations(page) == []
    assert sideways_scroll(page) == 0
    assert page.locator("h1").count() == 1
    assert page.locator("html").get_attribute("lang") in {"en", "zh-CN"}


def events_of(hub: HubServer, code: str, officer: str) -> list[dict]:
    found = hub.audit("--event", code)
    return [record for record in found if record.get("actor") or record.get("account_id")]


def test_the_first_page_says_whom_it_is_for(console: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page()

    page.goto(f"{console.address}/")

    look(page, "welcome")
    assert page.locator("#sign_out").count() == 0


def test_someone_without_a_role_is_refused_and_can_leave(console: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page()

    console.sign_in(page, "nobody")

    assert page.inner_text("#error_code") == "no_role"
    look(page, "no_role")
    page.click("#sign_out")
    page.wait_for_url(re.compile(r"/(signed-out|oauth2/logout)"))
    page.goto(f"{console.address}/overview")
    assert "/overview" not in page.url


def test_an_auditor_sees_what_happened_and_finds_a_person(
    console: ConsoleServer, open_page: OpenPage
) -> None:
    page = open_page()
    complained = complaints(page)
    console.sign_in(page, "auditor")

    assert page.locator("#histogram rect").count() >= 24
    assert "succeeded" in page.inner_html("#histogram title")
    look(page, "overview")
    page.click("#nav_search")
    page.fill("#login_name", "ANA")
    page.select_option("#event", "auth.")
    page.click("#more summary")
    page.fill("#acr", "urn:sso:acr:unheard-of")
    page.click("#search")
    assert page.locator("#nothing").count() == 1
    page.fill("#acr", "")
    page.click("#search")
    assert not page.locator("#acr").is_visible()
    look(page, "search")
    assert "auth.login.success" in page.inner_text("#event-table")
    assert "Ana Auditor" in page.inner_text("#people")
    page.click("#event-table tbody a >> nth=0")

    assert "signed in" in page.inner_text("#sentence")
    assert '"event": "auth.login.success"' in page.inner_text("#json")
    page.click("#who")
    assert "Ana Auditor" in page.inner_text("#people")
    look(page, "event")
    assert complained == []


def test_entries_that_somebody_broke_are_named_in_both_languages(
    console: ConsoleServer, hub: HubServer, open_page: OpenPage
) -> None:
    started = hub.audit("--event", "node.started")[0]
    execute(hub, "DROP TRIGGER IF EXISTS audit_event_no_update")
    execute(hub, f"UPDATE audit_event SET body = x'7b7d' WHERE id = '{started['id']}'")
    page = open_page()
    console.sign_in(page, "auditor")

    page.goto(f"{console.address}/search?range=24h&event=node.")
    assert started["id"] in page.inner_text("#broken")
    assert "cannot be read: 1." in page.inner_text("#broken")
    assert page.locator("#nothing").count() == 0
    look(page, "broken")
    page.goto(f"{console.address}/questions/Q9?ask=1")
    assert page.locator("#broken").count() == 0
    page.goto(f"{console.address}/search?range=24h&event=auth.")
    assert page.locator("#broken").count() == 0
    page.goto(f"{console.address}/search?range=24h&event=node.&lang=zh-CN")
    assert "有 1 个条目" in page.inner_text("#broken")

    page.goto(f"{console.address}/events/{started['id']}")
    assert page.inner_text("#error_code") == "entry_broken"
    look(page, "entry_broken")


def test_reading_the_log_is_in_the_log(console: ConsoleServer, hub: HubServer, open_page: OpenPage) -> None:
    page = open_page()
    console.sign_in(page, "auditor", reason="case-7")
    page.goto(f"{console.address}/search?range=24h&event=token.&login_name=ana")
    page.click("#event-table tbody a >> nth=0")
    opened = page.url.rsplit("/", 1)[1]

    searched, viewed = hub.audit("--event", "audit.searched"), hub.audit("--event", "audit.viewed")

    of_the_case = [each["detail"]["query"] for each in searched if each["detail"]["reason"] == "case-7"]
    assert ["name_hmac" in asked for asked in of_the_case] == [False, True, False, False, False]
    assert viewed[0]["detail"]["reason"] == "case-7"
    assert viewed[0]["detail"]["record_id"] == opened
    assert viewed[0]["client_id"] == "officers-console"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("address=10.0.0.0/8", "address"),
        ("range=own&since=2026-05-05&until=2026-05-04", "since"),
        ("event=x", "event"),
        ("transaction=x", "transaction"),
    ],
)
def test_a_search_that_makes_no_sense_says_so_beside_the_form(
    console: ConsoleServer, open_page: OpenPage, query: str, field: str
) -> None:
    page = open_page()
    console.sign_in(page, "auditor")

    page.goto(f"{console.address}/search?{query}")

    assert page.get_attribute(".govuk-error-summary__list a", "href") == f"#{field}"
    assert page.locator(f"#{field}-error").is_visible()
    look(page, f"search_wrong_{field}")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("search?text=ab", {"text": "要检索的文字至少需要三个字符。"}),
        (
            "search?address=house+7&severity=9",
            {"severity": "此数字过小或过大。", "address": "这既不是地址，也不是网段。"},
        ),
        (
            "search?range=own&since=2026-05-05&until=2026-05-04",
            {"since": "时间范围为空：起始须早于截止。"},
        ),
        ("search?range=own&since=noon", {"since": "这不是有效的时间。请按 2026-03-04 05:06 的格式填写。"}),
        ("search?login_name=a%E2%80%8Bb", {"login_name": "这不能作为登录名：太长，或含有不可见的字符。"}),
        ("questions/Q4?ask=1&address=house+7", {"address": "这既不是地址，也不是网段。"}),
        ("questions/Q9?ask=1&since=noon", {"since": "这不是有效的时间。请按 2026-03-04 05:06 的格式填写。"}),
    ],
)
def test_what_the_hub_refuses_is_said_in_chinese(
    console: ConsoleServer, open_page: OpenPage, path: str, said: dict[str, str]
) -> None:
    page = open_page(locale="zh-CN")
    console.sign_in(page, "auditor")

    page.goto(f"{console.address}/{path}")

    told = page.locator(".govuk-error-summary__list a").all()
    assert {(each.get_attribute("href") or "")[1:]: each.inner_text() for each in told} == said
    assert all(text in page.inner_text(f"#{field}-error") for field, text in said.items())


def test_an_auditor_asks_a_question_without_javascript(
    console: ConsoleServer, hub: HubServer, open_page: OpenPage
) -> None:
    page = open_page(javascript=False)
    console.sign_in(page, "auditor", reason="complaint 17")
    page.click("#nav_questions")
    page.click("#Q6")

    page.click("#ask")
    wrong = page.locator(".govuk-error-summary__list a")
    assert [each.get_attribute("href") for each in wrong.all()] == ["#person"]
    assert page.locator("#person-error").count() == 1
    page.fill("#person", "nobody-of-this-name")
    page.click("#ask")
    assert [each.get_attribute("href") for each in wrong.all()] == ["#person"]
    page.fill("#person", "ANA")
    page.click("#ask")
    assert "Ana Auditor" in page.inner_text("#people")
    assert "Signed in (UTC)" in page.inner_text("#answer-table thead")
    page.click("#answer-table tbody a >> nth=0")
    assert "session_id=" in page.url
    page.go_back()
    page.click("#event-table tbody a >> nth=0")

    assert "/events/" in page.url
    asked, looked = (
        [
            each["detail"]
            for each in hub.audit("--event", "audit.searched")
            if named in each["detail"]["query"]
        ][0]
        for named in ("question", "name_hmac")
    )
    assert (asked["query"]["question"], asked["reason"]) == ("Q6", "complaint 17")
    assert looked["reason"] == "complaint 17"


def test_every_question_is_answered_in_words(
    console: ConsoleServer, hub: HubServer, open_page: OpenPage
) -> None:
    hub.add_citizen("twin")
    ids = [add_clerk(hub, "twin", "uuid-twin", displayname="Twin Clerk"), "A" * 22]
    page = open_page()
    complained = complaints(page)
    console.sign_in(page, "auditor")

    for question, about in QUESTIONS_WITH_SUBJECTS.items():
        page.goto(f"{console.address}/questions/{question}?ask=1&{about}")
        assert page.locator("#answer").count() == 1, question
        assert page.locator("#answer-table thead code, #error-summary").count() == 0, question
        assert question in {"Q5", "Q8", "Q10"} or page.locator("#event-table, #answer-table").count() > 0
    look(page, "question")
    page.goto(f"{console.address}/questions/Q2?ask=1&person=twin")
    assert page.locator("#people a").count() == 2
    for account_id in ids:
        page.goto(f"{console.address}/questions/Q2?ask=1&person={account_id}")
        assert page.locator("#answer").count() == 1
    assert complained == []


def test_ids_lead_to_searches_and_older_pages(console: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page()
    console.sign_in(page, "auditor")
    for _ in range(30):
        page.request.get(f"{console.address}/overview")

    page.goto(f"{console.address}/search")
    first = page.inner_text("#event-table tbody tr >> nth=0")
    page.click("#older")

    assert "before=" in page.url
    assert page.inner_text("#event-table tbody tr >> nth=0") != first
    page.click("#event-table tbody tr >> nth=0 >> a >> nth=0")
    page.click("#record a >> nth=0")
    assert "range=own" in page.url
    assert page.locator("#event-table tbody tr").count() > 0


def test_an_auditor_has_no_key_to_the_applications(console: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page()
    console.sign_in(page, "auditor")

    for path in ("/clients", "/clients/new", "/clients/officers-console"):
        page.goto(f"{console.address}{path}")
        assert page.inner_text("#error_code") == "role_missing"
    assert page.locator("#nav_clients").count() == 0


def test_a_client_manager_registers_changes_and_removes_an_application(
    console: ConsoleServer, hub: HubServer, open_page: OpenPage
) -> None:
    page = open_page(javascript=False)
    console.sign_in(page, "client_manager")

    page.click("#new_client")
    page.click("#register")
    assert page.get_attribute(".govuk-error-summary__list a", "href") == "#client_name"
    page.fill("#client_name", "Housing <b>")
    page.fill("#redirect_uris", "http://housing.example/cb")
    page.click("#register")
    assert page.get_attribute(".govuk-error-summary__list a", "href") == "#redirect_uris"
    page.fill("#redirect_uris", "https://housing.example/cb")
    page.click("#register")
    client_id, secret = page.inner_text("#client_id"), page.inner_text("#client_secret")
    page.reload()
    assert page.locator("#client_secret").count() == 0
    page.click("#to_client")
    for snippet in ("authlib", "openid-client", "apache", "curl"):
        text = page.inner_html(f"#snippet-{snippet}")
        assert hub.issuer in text
        assert secret not in text
    assert client_id in page.inner_text("#snippet-authlib")
    page.click("#edit")
    page.fill("#client_name", "Homes")
    page.click("#compare")
    assert page.inner_text("#change-table tbody").split() == [
        *("Name that people read client_name Housing <b> Homes").split()
    ]
    page.click("#save")
    assert page.inner_text("h1") == "Homes"
    page.click("#new_secret")
    assert page.inner_text("#client_secret") != secret
    page.click("#to_client")
    page.click("#remove")
    page.click("#confirm_remove")

    assert client_id not in page.inner_text("main")
    (changed,) = hub.audit("--event", "client.updated", "--client", client_id)
    assert changed["detail"]["after"] == {"client_name": "Homes"}
    codes = {record["event"] for record in hub.audit("--event", "client.", "--client", client_id)}
    assert codes == {"client.created", "client.updated", "client.secret.rotated", "client.deleted"}


def test_the_client_managers_pages_look_right(
    console: ConsoleServer, hub: HubServer, open_page: OpenPage
) -> None:
    client_id = hub.add_client("--redirect-uri", "https://pensions.example/cb", name="Pensions")["client_id"]
    page = open_page()
    complained = complaints(page)
    console.sign_in(page, "client_manager")

    for name, path in (
        ("clients", "/clients"),
        ("client_new", "/clients/new"),
        ("client", f"/clients/{client_id}"),
        ("client_edit", f"/clients/{client_id}/edit"),
        ("client_remove", f"/clients/{client_id}/remove"),
        ("client_secret", f"/clients/{client_id}/secret"),
    ):
        page.goto(f"{console.address}{path}")
        look(page, name)
    page.goto(f"{console.address}/clients/{client_id}/edit")
    page.fill("#client_name", "Pension office")
    page.click("#compare")
    look(page, "client_compare")
    assert complained == []


def test_an_application_that_does_not_confirm_sign_outs_is_marked(
    console: ConsoleServer, hub: HubServer, open_page: OpenPage
) -> None:
    client_id = hub.add_client("--redirect-uri", "https://late.example/cb", name="Late office")["client_id"]
    since = 1_772_600_767_000_000  # 2026-03-04 05:06:07 UTC
    execute(hub, f"UPDATE client SET logout_unconfirmed_since = {since} WHERE client_id = '{client_id}'")
    page = open_page(width=NARROW, locale="zh-CN")

    console.sign_in(page, "client_manager")
    page.goto(f"{console.address}/clients/{client_id}")

    look(page, "client_capped_zh-CN_narrow")
    assert "自 2026-03-04 05:06:07 起它未确认过退出" in page.inner_text("#logout_unconfirmed")


def test_an_application_that_registered_itself_is_marked_until_it_is_taken_over(
    console: ConsoleServer, hub: HubServer, open_page: OpenPage
) -> None:
    client_id = hub.add_client("--redirect-uri", "https://self.example/cb", name="Self-made")["client_id"]
    came = "json_set(registration, '$.self_registration', json('{}'))"
    execute(hub, f"UPDATE client SET registration = {came} WHERE client_id = '{client_id}'")
    execute(hub, "UPDATE setting SET value = value + 1 WHERE key = 'clients_version'")
    page = open_page(width=NARROW, locale="zh-CN")

    console.sign_in(page, "client_manager")
    page.goto(f"{console.address}/clients/{client_id}")
    look(page, "client_self_registered_zh-CN_narrow")
    warned = page.inner_text("#self_registered")
    page.click("#adopt")

    assert "自行注册" in warned
    assert page.locator("#self_registered").count() == 0
    (adopted,) = hub.audit("--event", "client.adopted", "--client", client_id)
    assert adopted["detail"]["source"] == "api"


def test_a_setting_that_the_form_does_not_have_is_shown_and_kept(
    console: ConsoleServer, hub: HubServer, open_page: OpenPage
) -> None:
    method, name = "tls_client_auth", "tls_client_auth_subject_dn=CN=housing"
    options = ("--auth-method", method, "--metadata", name, "--grant-type", "client_credentials")
    client_id = hub.add_client(*options, name="Machine")["client_id"]
    page = open_page(javascript=False)
    console.sign_in(page, "client_manager")

    page.goto(f"{console.address}/clients/{client_id}")
    page.click("#others summary")
    others = page.inner_text("#others")
    page.click("#edit")
    page.fill("#client_name", "Machines")
    page.click("#compare")
    page.click("#save")

    assert "CN=housing" in others
    (changed,) = hub.audit("--event", "client.updated", "--client", client_id)
    assert changed["detail"]["after"] == {"client_name": "Machines"}


def test_who_was_slower_overwrites_nothing(
    console: ConsoleServer, hub: HubServer, open_page: OpenPage
) -> None:
    client_id = hub.add_client("--redirect-uri", "https://permits.example/cb", name="Permits")["client_id"]
    slow, fast = open_page(), open_page()
    for page, name in ((slow, "Slow"), (fast, "Fast")):
        console.sign_in(page, "client_manager")
        page.goto(f"{console.address}/clients/{client_id}/edit")
        page.fill("#client_name", name)
        page.click("#compare")

    fast.click("#save")
    slow.click("#save")

    assert fast.inner_text("h1") == "Fast"
    assert slow.inner_text("#error_code") == "changed_meanwhile"


def test_the_consoles_own_registration_is_out_of_reach(console: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page()
    console.sign_in(page, "client_manager")

    page.goto(f"{console.address}/clients/officers-console")

    assert page.locator("#protected").count() == 1
    assert page.locator("#edit").count() == 0


def test_a_form_of_somebody_else_changes_nothing(console: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page()
    console.sign_in(page, "client_manager")

    answer = page.request.post(f"{console.address}/clients/new", form={"client_name": "Evil"})

    assert answer.status == 403
    assert "form_expired" in answer.text()


def test_every_page_speaks_chinese_and_fits_a_phone(
    console: ConsoleServer, hub: HubServer, open_page: OpenPage
) -> None:
    page = open_page(width=NARROW, locale="zh-CN")
    console.sign_in(page, "auditor")
    for path in ("/overview", "/search?range=7d&severity=2", "/nowhere", "/clients"):
        page.goto(f"{console.address}{path}")
        assert page.locator("html").get_attribute("lang") == "zh-CN"
        look(page, f"zh_narrow_{path.strip('/').partition('?')[0]}")
    for number, path in enumerate(("", "/Q1?ask=1", "/Q4?ask=1&address=10.0.0.0/8", "/Q6?ask=1&person=ana")):
        page.goto(f"{console.address}/questions{path}")
        look(page, f"zh_narrow_questions_{number}")
    page.goto(f"{console.address}/search")
    page.click("#event-table tbody a >> nth=0")
    look(page, "zh_narrow_event")

    manager = open_page(width=NARROW, locale="zh-CN")
    console.sign_in(manager, "client_manager")
    for path in ("/clients", "/clients/new", "/clients/officers-console"):
        manager.goto(f"{console.address}{path}")
        look(manager, f"zh_narrow_{path.strip('/').replace('/', '_')}")


def test_the_language_link_keeps_the_search(console: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page()
    console.sign_in(page, "auditor")
    page.goto(f"{console.address}/search?range=7d&outcome=success")

    page.click("text=简体中文")

    assert "outcome=success" in page.url
    page.goto(f"{console.address}/overview")
    assert page.locator("html").get_attribute("lang") == "zh-CN"


@pytest.mark.parametrize("scheme", ["dark"])
def test_the_dark_pages_keep_their_contrast(console: ConsoleServer, open_page: OpenPage, scheme: str) -> None:
    page = open_page(scheme=scheme)
    console.sign_in(page, "auditor")

    for path in ("/overview", "/search"):
        page.goto(f"{console.address}{path}")
        look(page, f"dark_{path.strip('/')}")


def test_signing_out_at_the_hub_ends_the_console_session_too(
    console: ConsoleServer, hub: HubServer, open_page: OpenPage
) -> None:
    page = open_page()
    console.sign_in(page, "auditor")
    page.goto(hub.issuer)
    page.click("#to_sign_out")
    page.click("#sign_out")

    def overview() -> httpx.Response:
        cookies = {c["name"]: c["value"] for c in page.context.cookies() if "console" in c["name"]}
        return httpx.get(f"{console.address}/overview", cookies=cookies, trust_env=False)

    ends = time.monotonic() + 10
    while overview().status_code == 200 and time.monotonic() < ends:
        time.sleep(0.1)

    assert overview().status_code == 303
    assert overview().headers["Location"].startswith("/sign-in")


def test_a_lost_role_is_noticed_at_once(console: ConsoleServer, hub: HubServer, open_page: OpenPage) -> None:
    hub.add_citizen("temp", name="Temp Auditor", email="temp@example.org")
    hub.run("person", "grant-role", "temp", "auditor")
    page = open_page()
    page.goto(f"{console.address}/")
    page.click("#to_sign_in")
    page.fill("#login_name", "temp")
    page.click("#continue")
    page.fill("#password", "nine blue yaks on the steppe")
    page.click("#sign_in")
    page.fill("#reason", "a test")
    page.click("#go_on")
    page.wait_for_selector("#histogram")

    hub.run("person", "revoke-role", "temp", "auditor")
    page.goto(f"{console.address}/overview")

    assert page.inner_text("#error_code") == "no_role"
    assert page.locator("#nav_search").count() == 0


def test_the_way_back_leads_to_the_page_that_was_wanted(console: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page()

    page.goto(f"{console.address}/search?range=7d&outcome=failure")
    page.fill("#login_name", "ana")
    page.click("#continue")
    page.fill("#password", "nine blue yaks on the steppe")
    page.click("#sign_in")
    page.fill("#reason", "a test")
    page.click("#go_on")

    page.wait_for_selector("#results")
    assert page.url == f"{console.address}/search?range=7d&outcome=failure"


def finding_about(page: Page, words: str) -> Locator:
    """The row of a finding on the page of findings; the worker judges once a second."""
    row = page.locator("#finding-table tbody tr", has_text=words).first
    ends = time.monotonic() + 30
    while row.count() == 0 and time.monotonic() < ends:
        time.sleep(0.3)
        page.reload()
    return row


def test_an_auditor_works_through_a_finding_without_javascript(
    console: ConsoleServer, hub: HubServer, open_page: OpenPage
) -> None:
    client_id = hub.add_client("--redirect-uri", "https://water.example/cb", name="Water board")["client_id"]
    hub.run("client", "rotate-secret", client_id)
    page = open_page(javascript=False)
    console.sign_in(page, "auditor")
    page.click("#nav_findings")
    row = finding_about(page, "Water board")

    row.locator("a").click()
    page.click("#to_records")
    assert client_id in page.inner_html("#event-table")
    page.go_back()
    hub.run("audit", "findings", "comment", page.url.rpartition("/")[2], "I look too")
    page.click("#take")
    assert page.get_attribute(".govuk-error-summary__list a", "href") == "#state"
    assert "I look too" in page.inner_text("#comments")
    page.click("#take")
    assert page.inner_text("#assignee") == "Ana Auditor"
    page.fill("#comment", "asked <b>them</b>")
    page.click("#close")
    assert page.get_attribute(".govuk-error-summary__list a", "href") == "#closed_as"
    assert page.input_value("#comment") == "asked <b>them</b>"
    page.select_option("#closed_as", "benign")
    page.click("#close")
    assert page.inner_text("#state") == "Closed: True and harmless"
    assert "asked <b>them</b>" in page.inner_text("#comments")
    page.click("#quiet summary")
    page.fill("#reason", "they move")
    page.click("#suppress")
    page.goto(f"{console.address}/suppressions")
    assert "Water board" in page.inner_text("#suppression-table")
    page.click("#suppression-table button")

    assert page.locator("#nothing").count() == 1
    page.click("#nav_overview")
    page.click("#waiting a")
    assert page.get_attribute("#filter_high", "aria-current") == "true"
    page.goto(f"{console.address}/findings?closed=1")
    assert "Water board" in page.inner_text("#finding-table")
    changed = hub.audit("--event", "finding.changed")
    assert [each["detail"]["stage"] for each in changed] == ["closed", "in_progress", "open"]
    assert changed[0]["client_id"] == "officers-console"


def test_access_opened_from_the_command_line_and_used_is_found(
    console: ConsoleServer, hub: HubServer, open_page: OpenPage
) -> None:
    hub.run("person", "set-password", "ana", "--password-stdin", input=PASSWORD)
    page = open_page(javascript=False)

    console.sign_in(page, "auditor")
    page.click("#nav_findings")
    row = finding_about(page, "from the command line and used")

    row.locator("a").click()
    assert page.inner_text("#records") == "2"
    (reset,) = hub.audit("--event", "credential.password.reset")
    assert reset["account_id"] in page.inner_text("#group")


def test_what_a_decision_about_a_finding_lacks_is_said_in_chinese(
    console: ConsoleServer, open_page: OpenPage
) -> None:
    page = open_page(locale="zh-CN")
    console.sign_in(page, "auditor")
    page.goto(f"{console.address}/findings")
    finding_about(page, "授予了角色").locator("a").click()

    page.click("#close")
    assert "请选择结论。" in page.inner_text("#closed_as-error")
    page.click("#write")
    assert "请填写备注。" in page.inner_text("#comment-error")
    page.click("#quiet summary")
    page.click("#suppress")
    assert "请说明原因。" in page.inner_text("#reason-error")


def test_what_somebody_says_was_not_them_leads_an_auditor_to_the_entry(
    console: ConsoleServer, hub: HubServer, open_page: OpenPage
) -> None:
    hub.add_citizen("sara", name="Sara Citizen", email="sara@example.org")
    citizen = open_page()
    citizen.goto(f"{hub.issuer}/account/uses")
    citizen.fill("#login_name", "sara")
    citizen.click("#continue")
    citizen.fill("#password", PASSWORD)
    citizen.click("#sign_in")
    citizen.click("#use_1")
    meant = citizen.url.rpartition("/")[2]
    citizen.click("#report")
    citizen.wait_for_selector("#reported")
    page = open_page()

    console.sign_in(page, "auditor")
    page.click("#nav_findings")
    finding_about(page, "Somebody says that it was not them").locator("a").click()
    page.get_by_role("link", name="Show the record First").click()

    look(page, "reported_use")
    assert meant in page.inner_text("#sentence")
    page.click("#to_meant")
    assert "signed in" in page.inner_text("#sentence")
    assert page.url.endswith(meant)


def test_findings_look_right_at_320_pixels_in_chinese(
    console: ConsoleServer, hub: HubServer, open_page: OpenPage
) -> None:
    """The finding is that a role was granted: the auditor's own."""
    page = open_page(width=NARROW, locale="zh-CN")
    complained = complaints(page)
    console.sign_in(page, "auditor")

    page.goto(f"{console.address}/findings")
    row = finding_about(page, "授予了角色")
    look(page, "zh_narrow_findings")
    row.locator("a").click()
    look(page, "zh_narrow_finding")
    assert "更多的权限" in page.inner_text("#meaning")
    page.click("#quiet summary")
    page.fill("#reason", "搬迁")
    page.click("#suppress")
    page.goto(f"{console.address}/suppressions")
    look(page, "zh_narrow_suppressions")
    assert complained == []


def test_a_people_manager_decides_a_conflict_without_javascript(
    console: ConsoleServer, hub: HubServer, open_page: OpenPage
) -> None:
    add_clerk(hub, "bolor", "uuid-1", displayname="Bolor Earlier")
    add_clerk(hub, "bolor", "uuid-2", displayname="Bolor <b>Later")
    page = open_page(javascript=False)
    console.sign_in(page, "people_manager")

    page.click("#conflict-table tbody a")
    assert page.inner_text("#fact_name").split("\t") == ["Full name", "Bolor Earlier", "Bolor <b>Later"]
    assert page.inner_text("#fact_immutable_id").endswith("uuid-1\tuuid-2")
    page.click("#decide")
    assert page.get_attribute(".govuk-error-summary__list a", "href") == "#resolution"
    page.check("#resolution")
    page.click("#decide")
    assert page.get_attribute(".govuk-error-summary__list a", "href") == "#reason"
    page.fill("#reason", "left in May, file 7")
    page.click("#decide")

    assert page.locator("#done").count() == page.locator("#nothing").count() == 1
    (resolved,) = hub.audit("--event", "directory.conflict.resolved")
    assert (resolved["detail"]["resolution"], resolved["detail"]["reason"]) == (
        "different",
        "left in May, file 7",
    )
    page.goto(f"{console.address}/conflicts/civil/{resolved['detail']['conflict_id']}")
    assert "file 7" in page.inner_text("#resolved")
    assert page.locator("#decide").count() == 0
    assert hub.audit("--event", "directory.conflict.viewed")[0]["client_id"] == "officers-console"


def test_entries_that_only_the_directory_can_tell_apart_are_shown_and_reported_mended(
    console: ConsoleServer, hub: HubServer, open_page: OpenPage
) -> None:
    find_twice(hub, "temuge", "uuid-7", "uuid-8", "uuid-9")
    page = open_page(javascript=False)
    console.sign_in(page, "people_manager")
    page.locator("#conflict-table tbody tr", has_text="temuge").locator("a").click()

    assert page.inner_text("#side-by-side thead").strip().split("\t") == ["Entry 1", "Entry 2", "Entry 3"]
    assert page.inner_text("#fact_dn").endswith("uid=temuge,ou=uuid-9")
    assert page.locator("input[name=resolution]").count() == 1
    page.check("#resolution")
    page.fill("#reason", "two of them were copies")
    page.click("#decide")

    assert "temuge" not in page.inner_text("main")


def test_a_people_manager_links_and_separates_accounts(
    console: ConsoleServer, hub: HubServer, open_page: OpenPage
) -> None:
    clerk_id = add_clerk(hub, "saran", "uuid-3", displayname="Saran Clerk", mail="saran@example.org")
    hub.add_citizen("saran", name="Saran Citizen", email="saran@example.org")
    page = open_page(javascript=False)
    console.sign_in(page, "people_manager")
    page.click("#nav_people")
    page.fill("#one", "nobody-of-this-name")
    page.click("#look_up")
    assert page.get_attribute(".govuk-error-summary__list a", "href") == "#why"
    page.fill("#why", "case-9")
    page.click("#look_up")
    assert page.get_attribute(".govuk-error-summary__list a", "href") == "#one"
    page.fill("#one", "saran")
    page.fill("#other", "saran@civil.example")
    page.click("#look_up")
    page.click("#several_one a >> text=Saran Citizen")

    page.click("#link")
    assert page.get_attribute(".govuk-error-summary__list a", "href") == "#reason"
    assert hub.audit("--event", "account.linked") == []
    page.fill("#reason", "both passports seen")
    page.click("#link")
    assert page.inner_text("#fact_name").split("\t")[1:] == ["Saran Clerk", "Saran Citizen"]
    page.click("#separations a >> nth=0")
    page.fill("#reason", "a mistake")
    page.click("#separate")

    assert page.locator("#done").count() == 1
    assert page.locator("#separations").count() == 0
    (linked,) = hub.audit("--event", "account.linked")
    (separated,) = hub.audit("--event", "account.unlinked")
    assert linked["detail"]["reason"] == "both passports seen"
    assert (separated["account_id"], separated["detail"]["rule"]) == (clerk_id, "api")
    looks = hub.audit("--event", "person.viewed")
    said = [
        look["detail"].get("reason")
        for look in looks
        if look["detail"]["query"].get("account_id") == clerk_id
    ]
    assert set(said) == {"case-9"}


def test_a_people_managers_pages_look_right_at_320_pixels_in_chinese(
    console: ConsoleServer, hub: HubServer, open_page: OpenPage
) -> None:
    one, other = (add_clerk(hub, "zaya", f"uuid-z{n}", displayname=f"Zaya {n}") for n in (1, 2))
    page = open_page(width=NARROW, locale="zh-CN")
    complained = complaints(page)
    console.sign_in(page, "people_manager")
    look(page, "zh_narrow_conflicts")
    page.click("#conflict-table tbody a")
    page.click("#decide")
    look(page, "zh_narrow_conflict")

    for name, path in (
        ("nobody", "?one=nobody-of-this-name&why=7"),
        ("unasked", "?one=tuya"),
        ("several", "?one=zaya@civil.example&why=7"),
        ("person", f"/{one}"),
        ("link", f"/{one}/link/{other}"),
        ("separate", f"/{one}/separate"),
    ):
        page.goto(f"{console.address}/people{path}")
        look(page, f"zh_narrow_people_{name}")
    page.fill("#reason", "两个人")
    page.click("#separate")
    assert "唯一账户" in page.inner_text(".govuk-error-summary")
    page.goto(f"{console.address}/people?one=tuya&other=mia&why=7")
    page.fill("#reason", "同一个人")
    page.click("#link")
    assert "管理人员" in page.inner_text(".govuk-error-summary")
    assert page.input_value("#reason") == "同一个人"
    for path in ("/overview", "/clients"):
        page.goto(f"{console.address}{path}")
        assert page.inner_text("#error_code") == "role_missing"
    assert [each for each in complained if "status of 40" not in each] == []
