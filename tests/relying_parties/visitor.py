"""A person at a browser without JavaScript: keeps cookies, follows redirects, fills in forms.

Like a real one it sends the cookies of 127.0.0.1 to every port of it, and it turns back at any address that
is not this machine. Real browsers are for tests/journeys; this one is for the relying parties.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import TracebackType
from typing import Self
from urllib.parse import urljoin, urlsplit

import httpx

MAX_REDIRECTS = 20
VOID_ELEMENTS = frozenset("area base br col embed hr img input link meta source track wbr".split())


@dataclass
class Form:
    """A form: its hidden and filled-in fields by name."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass
class Control:
    """Something with an id that can be pressed: a link, or a button of a form."""

    href: str | None = None
    form: Form | None = None
    name: str | None = None
    value: str = ""


class Page(HTMLParser):
    """What a browser understands of one HTML page: forms, things to press, texts by id."""

    def __init__(self, url: str, status: int, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.url, self.status, self.html = url, status, html
        self.title = self.language = ""
        self.forms: list[Form] = []
        self.texts: dict[str, str] = {}
        self.controls: dict[str, Control] = {}
        self._open: list[tuple[str, str | None]] = []
        self._form: Form | None = None
        self._select: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        element_id = attributes.get("id")
        if tag not in VOID_ELEMENTS:
            self._open.append((tag, element_id))
        if element_id is not None:
            self.texts.setdefault(element_id, "")
        if tag == "html":
            self.language = attributes.get("lang", "")
        elif tag == "form":
            method = attributes.get("method", "get").lower()
            self._form = Form(urljoin(self.url, attributes.get("action", "")), method)
            self.forms.append(self._form)
        elif tag == "a" and element_id is not None:
            self.controls[element_id] = Control(href=urljoin(self.url, attributes.get("href", "")))
        elif tag in ("button", "input", "textarea", "select", "option"):
            self._handle_field(tag, attributes)

    def _handle_field(self, tag: str, attributes: dict[str, str]) -> None:
        name, value = attributes.get("name"), attributes.get("value", "")
        kind = attributes.get("type", "submit" if tag == "button" else "text").lower()
        if tag in ("button", "input") and kind == "submit":
            if "id" in attributes:
                self.controls[attributes["id"]] = Control(form=self._form, name=name, value=value)
        elif tag == "select":
            self._select = name
        elif tag == "option":
            if self._form is not None and self._select and "selected" in attributes:
                self._form.fields[self._select] = value
        elif self._form is not None and name is not None:
            if kind not in ("checkbox", "radio"):
                self._form.fields[name] = value
            elif "checked" in attributes:
                self._form.fields[name] = value or "on"

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass
        if tag == "form":
            self._form = None

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1][0] == "title":
            self.title += data.strip()
        for _, element_id in self._open:
            if element_id is not None:
                self.texts[element_id] = f"{self.texts[element_id]}{data}"

    def __str__(self) -> str:
        code = self.texts.get("error_code", "").strip()
        error = f", error_code {code}" if code else ""
        parts = urlsplit(self.url)  # without the query, which may hold a code
        return f"{self.status} {parts.scheme}://{parts.netloc}{parts.path} «{self.title}»{error}"


class Visitor:
    """One browser. `page` is what it shows."""

    def __init__(self, language: str = "en") -> None:
        self._client = httpx.Client(
            verify=False,  # nothing here is TLS, and loading the authorities takes longer than a sign-in
            trust_env=False,
            timeout=20,
            headers={"Accept-Language": language},
        )
        self.page = Page("about:blank", 200, "")
        self.passed: list[str] = []
        """Every address of the last way, redirects included."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def open(self, url: str, *, until: str | None = None) -> str:
        """Open an address and follow where it leads; stop before an address that begins with `until`.

        Returns the address at which it stopped.
        """
        return self._go("GET", url, None, until)

    def fill(self, name: str, value: str) -> None:
        """Type into the field with this name."""
        holding = [form for form in self.page.forms if name in form.fields]
        assert holding, f"no field {name} on {self.page}"
        holding[0].fields[name] = value

    def press(self, element_id: str, *, until: str | None = None) -> str:
        """Press the button or follow the link with this id."""
        assert element_id in self.page.controls, f"no button or link {element_id} on {self.page}"
        control = self.page.controls[element_id]
        if control.form is None:
            assert control.href is not None, f"{element_id} on {self.page} belongs to no form"
            return self._go("GET", control.href, None, until)
        fields = dict(control.form.fields)
        if control.name is not None:
            fields[control.name] = control.value
        if control.form.method == "post":
            return self._go("POST", control.form.action, fields, until)
        return self._go("GET", str(httpx.URL(control.form.action, params=fields)), None, until)

    def has(self, element_id: str) -> bool:
        """Whether the page has an element with this id."""
        return element_id in self.page.texts

    def text(self, element_id: str) -> str:
        """Return the text of the element with this id, spaces collapsed."""
        assert self.has(element_id), f"no element {element_id} on {self.page}"
        return " ".join(self.page.texts[element_id].split())

    def sign_in(self, login_name: str, password: str, *, until: str | None = None) -> str:
        """Go through the hub's pages: name, password, and consent where it is asked for."""
        self.fill("login_name", login_name)
        self.press("continue")
        self.fill("password", password)
        stopped = self.press("sign_in", until=until)
        return self.press("allow", until=until) if self.has("allow") else stopped

    def cookies(self) -> dict[str, str]:
        """Return the cookies of this browser by name."""
        return {cookie.name: cookie.value or "" for cookie in self._client.cookies.jar}

    def _go(self, method: str, url: str, fields: dict[str, str] | None, until: str | None) -> str:
        self.passed = []
        for _ in range(MAX_REDIRECTS):
            if until is not None and url.startswith(until):
                self.page = Page("about:blank", 200, "")
                return url
            assert str(urlsplit(url).hostname).startswith("127.0.0."), (
                f"{self.page} leads away from this machine"
            )
            self.passed.append(url)
            response = self._client.request(method, url, data=fields, headers=self._headers(method))
            if not response.has_redirect_location:
                self.page = Page(url, response.status_code, response.text)
                return url
            if response.status_code not in (307, 308):
                method, fields = "GET", None
            url = urljoin(url, response.headers["Location"])
        raise AssertionError(f"more than {MAX_REDIRECTS} redirects: {' '.join(self._paths())}")

    def _headers(self, method: str) -> dict[str, str]:
        if method != "POST":
            return {}
        here = urlsplit(self.page.url)
        return {"Origin": f"{here.scheme}://{here.netloc}"} if here.netloc else {}

    def _paths(self) -> Iterator[str]:
        return (urlsplit(url).path for url in self.passed)
