"""The pages: templates, languages and the words they need, rendered to HTML.

Nothing of a page is inline: scripts and styles are files of our own, so the content security policy needs
neither 'unsafe-inline' nor a nonce, and each page works without scripts. Ids are a public contract.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined

from sso.web.disclosure import Disclosure, claim_label, claim_text, disclosures, mask
from sso.web.language import Language, choose, languages, plain
from sso.web.wording import (
    ERROR_SENTENCES,
    code_problem,
    department_problem,
    error_sentences,
    link_problem,
    name_problem,
    new_password_problem,
    retry_after_text,
    sign_in_problem,
)

__all__ = [
    "ERROR_SENTENCES",
    "Disclosure",
    "Language",
    "Pages",
    "choose",
    "claim_label",
    "claim_text",
    "disclosures",
    "error_sentences",
    "languages",
    "mask",
    "retry_after_text",
]

# The components of GOV.UK Frontend in use, as the templates call them.
_COMPONENTS = {
    "govukButton": "button",
    "govukInput": "input",
    "govukPasswordInput": "password-input",
}


class Pages:
    """Every page of the hub.

    `hub_name` is what the person reads in the header, one text or one a language tag. `asset_version`
    changes with every release, so that files under `static_url` may be cached for ever.
    """

    def __init__(
        self,
        asset_version: str,
        hub_name: Mapping[str, str] | str,
        static_url: str = "/static",
        home_url: str = "/",
    ) -> None:
        self._asset_version = asset_version
        self._hub_name = hub_name
        self._static_url = static_url.rstrip("/")
        self._environment = _environment()
        self._environment.globals |= {"static": self._static, "home_url": home_url}

    def render(self, template: str, language: Language, **context: Any) -> str:
        """Return the HTML of a page, for a 200 or whatever status the caller sends.

        Raises:
            jinja2.UndefinedError: the context lacks what the template needs.
        """
        return self._environment.get_template(template).render(
            {
                "language_links": (),
                **context,
                "_": language.gettext,
                "language": language,
                "languages": languages(),
                "hub_name": self.hub_name(language),
                "code_problem": code_problem,
                "department_problem": department_problem,
                "link_problem": link_problem,
                "new_password_problem": new_password_problem,
                "name_problem": name_problem,
                "sign_in_problem": sign_in_problem,
            }
        )

    def hub_name(self, language: Language) -> str:
        """Return the hub's name in a language, else in the default language, else any."""
        if isinstance(self._hub_name, str):
            return self._hub_name
        tags = (language.tag, languages()[0].tag, *self._hub_name)
        return next((self._hub_name[tag] for tag in tags if tag in self._hub_name), "")

    def _static(self, path: str) -> str:
        return f"{self._static_url}/{path}?v={self._asset_version}"


def _environment() -> Environment:
    """Our templates refuse an unknown name; GOV.UK's macros, which ask for options not given, stay apart."""
    theirs = Environment(
        loader=PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    ours = Environment(
        loader=PackageLoader("sso.web"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    ours.filters |= {"link_address": link_address, "plain": plain, "web_address": web_address}
    for macro, component in _COMPONENTS.items():
        source = theirs.get_template(f"govuk_frontend_jinja/components/{component}/macro.html")
        ours.globals[macro] = getattr(source.module, macro)
    return ours


def web_address(value: str | None) -> str | None:
    """Return an address that a page may link to: http or https with a host, anything else is None."""
    if not value:
        return None
    try:
        parts = urlsplit(value)
    except ValueError:
        return None
    return value if parts.scheme in {"http", "https"} and parts.hostname else None


def link_address(value: str | None) -> str | None:
    """Return a path of our own or an address as `web_address` takes it; anything else is None."""
    own = value is not None and value.startswith("/") and not value.startswith(("//", "/\\"))
    return value if own else web_address(value)
