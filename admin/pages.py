"""Renders the console's pages: templates, words, the policy that goes with each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Request, Response
from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined

from admin import people_wording, question_words, rule_words, wording
from admin.language import Language, language_of, languages, plain
from admin.officer_sessions import OfficerSession
from admin.settings import Settings

YEAR_SECONDS = 31_536_000
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' {issuer}; "
    "frame-ancestors 'none'; base-uri 'none'"
)
_COMPONENTS = {
    "govukButton": "button",
    "govukCheckboxes": "checkboxes",
    "govukInput": "input",
    "govukRadios": "radios",
    "govukSelect": "select",
    "govukTextarea": "textarea",
}


@dataclass(frozen=True, slots=True)
class Visit:
    """One request: its language, its officer if signed in, the reference that help can ask for."""

    request: Request
    language: Language
    officer: OfficerSession | None
    reference: str
    now: float


class Pages:
    """Every page of the console."""

    def __init__(self, settings: Settings, asset_version: str) -> None:
        self._settings = settings
        self._environment = _environment()
        self._environment.globals |= {
            "static": lambda path: f"/static/{path}?v={asset_version}",
            "hub_name": settings.hub_name,
            "wording": wording,
            "question_words": question_words,
            "rule_words": rule_words,
            "people_wording": people_wording,
        }

    def language(self, request: Request) -> Language:
        """Return the language of a request."""
        return language_of(request, request.cookies.get(self._settings.cookie("language")))

    def page(self, visit: Visit, template: str, status: int = 200, **context: Any) -> Response:
        """Return a page."""
        language, officer = visit.language, visit.officer
        html = self._environment.get_template(template).render(
            {
                "problem": None,
                **context,
                "_": language.gettext,
                "language": language,
                "languages": _language_links(visit.request),
                "officer": officer,
                "roles": frozenset() if officer is None else officer.roles,
                "csrf_token": "" if officer is None else officer.csrf_token,
                "path": visit.request.path,
                "here": visit.request.full_path if visit.request.method == "GET" else visit.request.path,
            }
        )
        response = Response(html, status=status, mimetype="text/html")
        response.headers["Content-Security-Policy"] = _POLICY.format(issuer=self._settings.issuer)
        response.headers["Cache-Control"] = "no-store"
        if visit.request.args.get("lang") == language.tag:
            response.set_cookie(
                self._settings.cookie("language"),
                language.tag,
                max_age=YEAR_SECONDS,
                secure=self._settings.secure,
                httponly=True,
                samesite="Lax",
            )
        return response

    def problem(self, visit: Visit, code: str, status: int, reference: str | None = None) -> Response:
        """Return the page that says what cannot be done."""
        code = code if code in wording.PROBLEMS else "server_error"
        sentence, advice = wording.PROBLEMS[code]
        return self.page(
            visit,
            "problem.html",
            status,
            error_code=code,
            sentence=sentence,
            advice=advice,
            reference=reference or visit.reference,
        )


def with_query(path: str, values: Mapping[str, Any]) -> str:
    """Return a path with the values that are given."""
    query = urlencode(
        {name: value for name, value in values.items() if value not in (None, "", [])}, doseq=True
    )
    return f"{path}?{query}" if query else path


def _language_links(request: Request) -> list[tuple[str, str, str]]:
    """Return (tag, own name, address): the same page with its parameters, if it can be asked for again."""
    again = request.path if request.method == "GET" and request.url_rule is not None else "/"
    others = (
        [(n, v) for n, v in request.args.items(multi=True) if n != "lang"] if again == request.path else []
    )
    return [
        (spoken.tag, spoken.own_name, f"{again}?{urlencode([*others, ('lang', spoken.tag)])}")
        for spoken in languages()
    ]


def _environment() -> Environment:
    """Our templates refuse an unknown name; GOV.UK's macros, which ask for options not given, stay apart."""
    theirs = Environment(
        loader=PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    ours = Environment(
        loader=PackageLoader("admin"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    ours.filters |= {"plain": plain}
    ours.globals["with_query"] = with_query
    for macro, component in _COMPONENTS.items():
        source = theirs.get_template(f"govuk_frontend_jinja/components/{component}/macro.html")
        ours.globals[macro] = getattr(source.module, macro)
    return ours
