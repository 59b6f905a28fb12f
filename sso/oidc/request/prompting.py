"""What the person is to be asked, whether or not it is necessary (OpenID Connect Core 3.1.2.1)."""

from collections.abc import Mapping

from sso.oidc.client import Client
from sso.oidc.errors import ReturnAddress
from sso.oidc.request.refusal import invalid
from sso.oidc.settings import Settings

PROMPTS = frozenset({"none", "login", "consent", "select_account"})


CREATE = "create"
"""Send the person to make an account first (Initiating User Registration 1.0)."""


def prompts(settings: Settings) -> frozenset[str]:
    """Return the words that may stand in `prompt`: `create` only where there is a page for it."""
    return PROMPTS if settings.create_account_url is None else PROMPTS | {CREATE}


def prompt_of(value: Mapping[str, str], settings: Settings, to: ReturnAddress) -> frozenset[str]:
    """Return the words of `prompt`.

    Raises:
        AuthorizationError: one is unknown, or `none` does not stand alone.
    """
    prompt = frozenset(value.get("prompt", "").split())
    if not prompt <= prompts(settings):
        invalid("prompt has an unknown value", to)
    if "none" in prompt and len(prompt) > 1:
        invalid("prompt=none stands alone", to)
    return prompt


def max_age_of(value: Mapping[str, str], client: Client, to: ReturnAddress) -> int | None:
    """Return how old a sign-in may be, in seconds, or None for any age.

    Raises:
        AuthorizationError: max_age is not a number of at most nine digits.
    """
    text = value.get("max_age")
    if text is None:
        return client.default_max_age
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        invalid("max_age is not a number of seconds", to)
    return int(text)
