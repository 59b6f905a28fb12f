"""Every page with what it may have to show: usual, empty, refused and hostile."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

from sso.oidc.details import Detail, DetailField, DetailType
from sso.web.detail_words import DetailRow, DetailShown, details_shown
from sso.web.disclosure import disclosures
from sso.web.language import Language, by_tag
from sso.web.pages import Pages, error_sentences, retry_after_text
from sso.web.use_words import UseShown
from sso.web.wording import CODE_PROBLEMS, LINK_PROBLEMS, NAME_PROBLEMS, NEW_PASSWORD_PROBLEMS, STAFF_PROBLEMS

HOSTILE = "</title><script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
BIDI = "user\u202egnp.exe\u2069\u2066"
LONG = "Extraordinarilylongnamewithoutanyspace" * 5 + "1234567890"
CHINESE = "内蒙古自治区呼和浩特市住房和城乡建设局公积金管理中心"

CLAIMS = {
    "name": "王小明",
    "email": "tuya@example.org",
    "email_verified": True,
    "phone_number": "+86 471 5550123",
    "birthdate": "1990-02-14",
    "address": {"formatted": "1 Grass Road\nHohhot"},
    "persona": "citizen",
}


@dataclass(frozen=True)
class Example:
    """One page with one context: `template` and what the lead's routes would give it."""

    name: str
    template: str
    context: dict[str, Any]

    def render(self, pages: Pages, language: Language) -> str:
        """Return the HTML; the parts of the context that are words are made in the language."""
        context = {key: value(language) if callable(value) else value for key, value in self.context.items()}
        links = [(tag, name, f"/?page={self.name}&lang={tag}") for tag, name in LINKS]
        return pages.render(self.template, language, language_links=links, **context)


LINKS = (("en", "English"), ("zh-CN", "简体中文"))
FORM = {"action": "/answer", "csrf_token": "csrf-1"}
NAME = {
    **FORM,
    "service_name": "Housing",
    "login_name": None,
    "department_id": None,
    "department_name": None,
    "departments_url": "/departments",
    "error": None,
    "cancel_action": "/cancel",
    "create_account_url": None,
    "upstreams": [],
}
UPSTREAMS = [
    ("National platform", "/sign-in/1/upstream/national"),
    ("国家政务服务平台", "/sign-in/1/upstream/b"),
]
UPSTREAM = {
    "tying": False,
    **FORM,
    "sentence": "National platform does not answer at the moment",
    "advice": "Sign in in another way, or try again in a minute.",
    "again_url": "/sign-in/1",
    "service_name": "Housing",
    "cancel_action": "/cancel",
    "error_code": "upstream_unavailable",
    "reference": "5f2b7c9e",
}
CHOSEN = {**NAME, "department_id": "civil-affairs", "department_name": "Civil Affairs Bureau"}
DEPARTMENT = {
    **FORM,
    "service_name": "Housing",
    "departments": [("Civil Affairs Bureau", "civil-affairs"), (LONG, "housing"), (CHINESE, "fund")],
    "chosen": "housing",
    "citizen_url": "/sign-in",
    "error": False,
    "cancel_action": "/cancel",
}
PASSWORD = {
    **FORM,
    "service_name": "Housing",
    "login_name": "bolor@civil.example",
    "change_url": "/change",
    "directory_name": "Civil Affairs Bureau",
    "error": None,
    "retry_after_text": None,
    "cancel_action": "/cancel",
}
NEW_PASSWORD = {
    **FORM,
    "service_name": "Housing",
    "login_name": "bolor@civil.example",
    "directory_name": "Civil Affairs Bureau",
    "sign_in_url": "/sign-in",
    "reason": None,
    "error": None,
    "retry_after_text": None,
    "cancel_action": "/cancel",
}
ENDS = {
    "service_name": "Housing",
    "directory_name": "Civil Affairs Bureau",
    "days": lambda language: language.duration(5 * 86_400),
    "is_today": False,
    "left": None,
    "change_url": "/change",
    "continue_url": "/go-on",
}
CITIZEN = {**PASSWORD, "login_name": "tuya", "directory_name": None}
CHOICES = [
    SimpleNamespace(id="a1", title="Tuya Bat", subtitle="Citizen", current=True, needs_password=False),
    SimpleNamespace(
        id="a2", title="Tuya Bat", subtitle="Civil Affairs Bureau, bolor", current=False, needs_password=True
    ),
]
SERVICE = SimpleNamespace(
    client_uri="https://housing.example/",
    policy_uri="https://housing.example/privacy",
    tos_uri="javascript:alert(1)",
    self_registration=None,
)
SELF_REGISTERED = SimpleNamespace(**{**vars(SERVICE), "self_registration": "by itself"})
CONSENT = {
    **FORM,
    "service_name": "Housing",
    "service": SERVICE,
    "return_host": "housing.example",
    "signed_in_as": "Tuya Bat, citizen",
    "sharing": lambda language: SimpleNamespace(
        items=disclosures(language, CLAIMS, {"name": "To print your contract"}),
        later=["Telephone number", "Postal address"],
        offline=True,
    ),
    "expires_text": "23 November 2027",
    "details": (),
    "remembered": True,
}
TAX_RETURN = DetailType(
    type="tax-return",
    words={"en": "Your tax return", "zh-CN": "您的纳税申报表"},
    lists={"actions": {"read": {"en": "Read it", "zh-CN": "查看"}, "submit": {"en": "Hand it in"}}},
    fields={"year": DetailField({"en": "Year", "zh-CN": "年份"}), "final": DetailField({"en": "Final"})},
)
DETAILS = (
    {"type": "tax-return", "actions": ["read", "submit"], "year": 2025, "final": True},
    {"type": "tax-return", "year": 2024},
)
DEVICE = {
    **FORM,
    "user_code": "",
    "complete": False,
    "error": None,
    "retry_after_text": None,
}
ANSWER = {
    **{name: CONSENT[name] for name in ("service_name", "service", "signed_in_as", "sharing")},
    **FORM,
    "asked_at": "23 November 2026 09:30 UTC",
    "asked_ago": "2 minutes",
    "address": "203.0.113.7",
    "same_network": False,
    "software": "Television/1.0 (kitchen)",
    "on_device": True,
    "message": None,
    "details": (),
}
CALLED = {**ANSWER, "on_device": False, "message": "W4SCT", "address": None, "software": None}
ANSWERED = {"service_name": "Housing", "on_device": True, "allowed": True}
APPROVALS = {
    **FORM,
    "approvals": [
        SimpleNamespace(
            id="r1", service_name="Housing", message="W4SCT", asked_ago="1 minute", ends_in="4 minutes"
        ),
        SimpleNamespace(
            id="r2", service_name="Pensions", message=None, asked_ago="3 minutes", ends_in="2 minutes"
        ),
    ],
}
ACCOUNTS = [
    SimpleNamespace(id="a1", title="Tuya Bat", subtitle="Citizen", current=True, disabled=False),
    SimpleNamespace(
        id="a2", title="Tuya Bat", subtitle="Civil Affairs Bureau", current=False, disabled=False
    ),
    SimpleNamespace(id="a3", title="T. Bat", subtitle=CHINESE, current=False, disabled=True),
]
WAYS = [
    SimpleNamespace(name="National platform", action="/account/upstream/national", is_tied=True),
    SimpleNamespace(name=CHINESE, action="/account/upstream/provincial", is_tied=False),
]
YOUR_ACCOUNTS = {**FORM, "accounts": ACCOUNTS, "ways": [], "problem": None}
USE = UseShown(
    id="u1",
    sentence="Signed in, on the way to Housing",
    moment="23 November 2026 09:30 UTC",
    told="",
    address="203.0.113.7",
    software="Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0",
    session="elsewhere",
    reported_at=None,
    ended=None,
)
READ = replace(
    USE, id="u2", sentence="Housing read about you", told="Name and Mail address", address=None, software=None
)
HERE = replace(USE, id="u3", session="here")
REPORTED = replace(USE, id="u4", session=None, reported_at="24 November 2026 10:00 UTC")
USES = {
    "account": ACCOUNTS[0],
    "uses": [HERE, USE, READ, REPORTED],
    "days": "90",
    "path": "/account/uses",
    "broken": 0,
    **FORM,
    "older_url": "/account/uses?before=u4",
    "newest_url": "/account/uses",
}
USES_AWAY = {**FORM, "path": "/account/uses", "report": None, "ended": False, "reference": "4f2a"}
ONE_USE = {**FORM, "use": USE, "elsewhere": True, "path": "/account/uses"}
LINK = {**FORM, "accounts": ACCOUNTS[:2], "obstacle": None, "upstream_name": None}
TIE = {**FORM, "account": ACCOUNTS[0], "upstream_name": "National platform"}
SIGN_OUT = {
    **FORM,
    "service_name": "Housing",
    "fields": {"id_token_hint": "abc", "state": "x y"},
    "account_name": "Tuya Bat",
    "services": ["Housing", "Pensions"],
    "someone_else": False,
    "stay_url": "/",
}
STANDINGS = (
    ("Housing", "back-channel", "confirmed"),
    ("Pensions", "back-channel", "waiting"),
    ("Permits", "back-channel", "given_up"),
    ("Library", "front-channel", "loaded"),
    ("Fishing", "front-channel", "not_loaded"),
    ("Hunting", "front-channel", "sent"),
    ("Museum", "none", "not_told"),
)
SIGNED_OUT = {
    "upstream_name": None,
    "upstream_fields": [],
    "upstream_action": "/signed-out/upstream",
    "upstream_token": "csrf-1",
    "services": [
        SimpleNamespace(name=name, channel=channel, status=status) for name, channel, status in STANDINGS
    ],
    "confirmed": 1,
    "frames": [],
    "check_again_url": "/signed-out?session=s",
    "way_back": None,
    "return_url": "https://housing.example/bye",
    "service_name": "Housing",
    "sign_in_url": "/sign-in",
}
SIGNING_OUT = {
    **SIGNED_OUT,
    "frames": [SimpleNamespace(client_id="hunting", name="Hunting", address="about:blank")],
    "frame_seconds": 4,
    "report_url": "/signed-out/frames",
    "report_token": "t",
    "session_id": "s",
    "check_again_url": None,
    "way_back": "https://housing.example/bye?state=x",
}
ERROR = {
    "error_code": "invalid_redirect_uri",
    "sentence": lambda language: error_sentences(language, "invalid_redirect_uri").sentence,
    "advice": lambda language: error_sentences(language, "invalid_redirect_uri").advice,
    "reference": "01JD3K7Q2M8Y5W",
    "return_url": None,
    "service_name": None,
    "status": 400,
}
FORM_POST = {
    "action": "https://housing.example/cb",
    "fields": [("code", "abc"), ("state", "a\"b<c>&d'e")],
    "service_name": "Housing",
}
HOME = {
    "signed_in_as": "Tuya Bat",
    "signed_in_at": "23 November 2026 09:30 UTC",
    "directory_name": "Civil Affairs Bureau",
    "services": [
        SimpleNamespace(name="Housing", href="https://housing.example/"),
        SimpleNamespace(name="Pensions", href=None),
    ],
    "approvals": 0,
    "sign_out_url": "/sign-out",
    "sign_in_url": "/sign-in",
}


def _details(details: Sequence[Detail]) -> Callable[[Language], tuple[DetailShown, ...]]:
    return lambda language: details_shown(language, details, (TAX_RETURN,))


def _with_details(details: Sequence[Detail], *, remembered: bool) -> dict[str, Any]:
    return {**CONSENT, "details": _details(details), "remembered": remembered}


def _hostile(text: str) -> dict[str, dict[str, Any]]:
    service = SimpleNamespace(
        client_uri=text, policy_uri=None, tos_uri="javascript:alert(1)", self_registration=text
    )
    choice = SimpleNamespace(id=text, title=text, subtitle=text, current=False, needs_password=True)
    account = SimpleNamespace(id=text, title=text, subtitle=text, current=False, disabled=False)
    way = SimpleNamespace(name=text, action="/account/upstream/a", is_tied=True)
    use = replace(USE, id=text, sentence=text, moment=text, told=text, address=text, software=text)
    told = SimpleNamespace(name=text, channel="back-channel", status="confirmed")
    claims = {"name": text, "email": f"{text}@example.org", "department": text}
    return {
        "identifier.html": {
            **NAME,
            "service_name": text,
            "login_name": text,
            "error": "invalid",
            "upstreams": [(text, "/sign-in/1/upstream/a")],
        },
        "upstream_problem.html": {**UPSTREAM, "service_name": text, "reference": text},
        "department.html": {**DEPARTMENT, "service_name": text, "departments": [(text, text)]},
        "password.html": {
            **PASSWORD,
            "service_name": text,
            "login_name": text,
            "directory_name": text,
            "error": "locked",
        },
        "new_password.html": {
            **NEW_PASSWORD,
            "service_name": text,
            "login_name": text,
            "directory_name": text,
            "reason": "must_change",
            "error": "used_before",
        },
        "password_ends.html": {**ENDS, "service_name": text, "directory_name": text, "days": text},
        "persona.html": {**FORM, "service_name": text, "choices": [choice, choice]},
        "consent.html": {
            **CONSENT,
            "service_name": text,
            "service": service,
            "return_host": text,
            "signed_in_as": text,
            "sharing": lambda language: SimpleNamespace(
                items=disclosures(language, claims, {"name": text}), later=["Postal address"], offline=True
            ),
            "details": (DetailShown(text, (DetailRow(text, (text,)),)),),
        },
        "device.html": {**DEVICE, "user_code": text, "error": "wrong"},
        "answer.html": {
            **ANSWER,
            "service_name": text,
            "service": service,
            "signed_in_as": text,
            "address": text,
            "details": (DetailShown(text, (DetailRow(text, (text,)),)),),
            "software": text,
        },
        "answered.html": {**ANSWERED, "service_name": text, "allowed": False},
        "approvals.html": {
            **FORM,
            "approvals": [
                SimpleNamespace(id="r1", service_name=text, message=text, asked_ago="1 s", ends_in="4 s")
            ],
        },
        "accounts.html": {**YOUR_ACCOUNTS, "accounts": [account, account], "ways": [way]},
        "uses.html": {**USES, "account": account, "uses": [use, replace(use, reported_at=text)]},
        "use.html": {**ONE_USE, "use": use},
        "upstream_add.html": {**FORM, "account": account, "upstream_name": text},
        "account_add.html": {**FORM, "account": account},
        "account_link.html": {**LINK, "accounts": [account, account]},
        "sign_out.html": {
            **SIGN_OUT,
            "service_name": text,
            "account_name": text,
            "services": [text],
            "fields": {"state": text},
        },
        "signed_out.html": {
            **SIGNED_OUT,
            "service_name": text,
            "services": [told],
            "upstream_name": text,
            "upstream_fields": [("session", text)],
        },
        "error.html": {**ERROR, "service_name": text, "return_url": "/back", "reference": text},
        "form_post.html": {**FORM_POST, "service_name": text, "fields": [("state", text)]},
        "home.html": {**HOME, "signed_in_as": text, "services": [SimpleNamespace(name=text, href=text)]},
    }


def usual_pages() -> list[Example]:
    """Return each page as most people see it."""
    return [
        Example("identifier", "identifier.html", NAME),
        Example("identifier_alone", "identifier.html", {**NAME, "service_name": None, "cancel_action": None}),
        Example(
            "identifier_new", "identifier.html", {**NAME, "create_account_url": "https://new.example/?a=b"}
        ),
        Example("identifier_chosen", "identifier.html", CHOSEN),
        Example("identifier_upstreams", "identifier.html", {**NAME, "upstreams": UPSTREAMS}),
        Example("upstream_problem", "upstream_problem.html", UPSTREAM),
        Example(
            "upstream_problem_alone",
            "upstream_problem.html",
            {**UPSTREAM, "service_name": None, "cancel_action": None},
        ),
        Example("upstream_problem_tie", "upstream_problem.html", {**UPSTREAM, "tying": True}),
        Example("identifier_citizens", "identifier.html", {**NAME, "departments_url": None}),
        Example("department", "department.html", DEPARTMENT),
        Example("department_new", "department.html", {**DEPARTMENT, "chosen": None, "service_name": None}),
        Example("password_staff", "password.html", PASSWORD),
        Example(
            "password_citizen", "password.html", {**CITIZEN, "service_name": None, "cancel_action": None}
        ),
        Example("new_password", "new_password.html", NEW_PASSWORD),
        Example("new_password_must", "new_password.html", {**NEW_PASSWORD, "reason": "must_change"}),
        Example("new_password_expired", "new_password.html", {**NEW_PASSWORD, "reason": "expired"}),
        Example("password_ends", "password_ends.html", ENDS),
        Example("password_ends_today", "password_ends.html", {**ENDS, "is_today": True}),
        *(
            Example(f"password_ended_{left}", "password_ends.html", {**ENDS, "days": None, "left": left})
            for left in (0, 1, 2)
        ),
        Example("password_ends_elsewhere", "password_ends.html", {**ENDS, "change_url": None}),
        Example("persona", "persona.html", {**FORM, "service_name": "Housing", "choices": CHOICES}),
        Example("persona_one", "persona.html", {**FORM, "service_name": None, "choices": CHOICES[:1]}),
        Example("consent", "consent.html", CONSENT),
        Example("consent_unchecked", "consent.html", {**CONSENT, "service": SELF_REGISTERED}),
        Example(
            "consent_nothing",
            "consent.html",
            {
                **CONSENT,
                "sharing": SimpleNamespace(items=[], later=[], offline=False),
                "expires_text": None,
            },
        ),
        Example("consent_details", "consent.html", _with_details(DETAILS, remembered=False)),
        Example("consent_details_once", "consent.html", _with_details(DETAILS[1:], remembered=True)),
        Example("device", "device.html", DEVICE),
        Example("device_complete", "device.html", {**DEVICE, "user_code": "BCDF-GHJK", "complete": True}),
        Example("answer", "answer.html", ANSWER),
        Example("answer_here", "answer.html", {**ANSWER, "same_network": True}),
        Example("answer_from_nowhere", "answer.html", {**ANSWER, "address": None, "software": None}),
        Example("answer_called", "answer.html", CALLED),
        Example("answer_details", "answer.html", {**CALLED, "details": _details(DETAILS)}),
        Example("answered_allowed", "answered.html", ANSWERED),
        Example("answered_denied", "answered.html", {**ANSWERED, "allowed": False}),
        Example("answered_called", "answered.html", {**ANSWERED, "on_device": False}),
        Example("approvals", "approvals.html", APPROVALS),
        Example("approvals_none", "approvals.html", {**APPROVALS, "approvals": []}),
        Example("accounts", "accounts.html", YOUR_ACCOUNTS),
        Example("accounts_one", "accounts.html", {**YOUR_ACCOUNTS, "accounts": ACCOUNTS[:1]}),
        Example("accounts_ways", "accounts.html", {**YOUR_ACCOUNTS, "accounts": ACCOUNTS[:1], "ways": WAYS}),
        Example("uses", "uses.html", USES),
        Example("uses_none", "uses.html", {**USES, "uses": [], "older_url": None}),
        Example("uses_broken", "uses.html", {**USES, "broken": 2}),
        Example("uses_away", "uses_away.html", USES_AWAY),
        Example(
            "uses_away_kept",
            "uses_away.html",
            {**USES_AWAY, "report": "kept", "ended": True, "reference": None},
        ),
        Example("uses_away_lost", "uses_away.html", {**USES_AWAY, "report": "lost", "ended": True}),
        Example("signed_out_elsewhere", "signed_out_elsewhere.html", {"path": "/account/uses"}),
        Example("use", "use.html", ONE_USE),
        Example("use_here", "use.html", {**ONE_USE, "use": HERE}),
        Example("use_read", "use.html", {**ONE_USE, "use": READ}),
        Example("use_reported", "use.html", {**ONE_USE, "use": REPORTED}),
        Example("use_ended", "use.html", {**ONE_USE, "use": replace(REPORTED, ended=2), "elsewhere": False}),
        Example("upstream_add", "upstream_add.html", TIE),
        Example("account_tie", "account_link.html", {**LINK, "upstream_name": "National platform"}),
        Example("account_add", "account_add.html", {**FORM, "account": ACCOUNTS[0]}),
        Example("account_link", "account_link.html", LINK),
        Example("identifier_adding", "identifier.html", {**NAME, "service_name": None, "adding": True}),
        Example("sign_out", "sign_out.html", SIGN_OUT),
        Example("sign_out_alone", "sign_out.html", {**SIGN_OUT, "service_name": None, "services": []}),
        Example("signed_out", "signed_out.html", SIGNED_OUT),
        Example("signed_out_alone", "signed_out.html", {**SIGNED_OUT, "services": [], "return_url": None}),
        Example(
            "signed_out_upstream", "signed_out.html", {**SIGNED_OUT, "upstream_name": "National platform"}
        ),
        Example("sign_out_other", "sign_out.html", {**SIGN_OUT, "someone_else": True}),
        Example("signing_out", "signed_out.html", SIGNING_OUT),
        Example("error", "error.html", ERROR),
        Example("form_post", "form_post.html", FORM_POST),
        Example("form_post_here", "form_post.html", {**FORM_POST, "action": "/answer"}),
        Example("home", "home.html", HOME),
        Example("home_asked", "home.html", {**HOME, "approvals": 1}),
        Example("home_asked_twice", "home.html", {**HOME, "approvals": 2}),
        Example("home_signed_out", "home.html", {**HOME, "signed_in_as": None}),
    ]


def refused_pages() -> list[Example]:
    """Return the pages that say what was wrong."""
    return [
        Example("department_none", "department.html", {**DEPARTMENT, "chosen": None, "error": True}),
        *(
            Example(f"identifier_{key}", "identifier.html", {**NAME, "login_name": "tuya", "error": key})
            for key in NAME_PROBLEMS
        ),
        *(
            Example(f"password_staff_{key}", "password.html", {**PASSWORD, "error": key})
            for key in STAFF_PROBLEMS
        ),
        *(
            Example(f"new_password_{key}", "new_password.html", {**NEW_PASSWORD, "error": key})
            for key in NEW_PASSWORD_PROBLEMS
        ),
        *(
            Example(f"password_citizen_{key}", "password.html", {**CITIZEN, "error": key})
            for key in STAFF_PROBLEMS
        ),
        Example("accounts_last_way", "accounts.html", {**YOUR_ACCOUNTS, "ways": WAYS, "problem": "last_way"}),
        Example("accounts_only_account", "accounts.html", {**YOUR_ACCOUNTS, "problem": "only_account"}),
        *(
            Example(f"account_link_{key}", "account_link.html", {**LINK, "obstacle": key})
            for key in LINK_PROBLEMS
        ),
        *(
            Example(f"device_{key}", "device.html", {**DEVICE, "user_code": "bcdf", "error": key})
            for key in CODE_PROBLEMS
        ),
        Example(
            "password_wait",
            "password.html",
            {**CITIZEN, "error": "throttled", "retry_after_text": lambda lang: retry_after_text(lang, 290)},
        ),
    ]


def hostile_pages() -> list[Example]:
    """Return each page with markup, direction controls, long words and Chinese where names belong."""
    return [
        Example(f"{template.removesuffix('.html')}_{name}", template, context)
        for name, text in (("markup", HOSTILE), ("bidi", BIDI), ("long", LONG), ("chinese", CHINESE))
        for template, context in _hostile(text).items()
    ]


def examples() -> list[Example]:
    """Return every example, each with a name of its own."""
    return [*usual_pages(), *refused_pages(), *hostile_pages()]


def example(name: str) -> Example:
    """Return the example of a name."""
    return next(found for found in examples() if found.name == name)


def language(tag: str) -> Language:
    """Return the language of a tag that the pages speak."""
    found = by_tag(tag)
    assert found is not None
    return found
