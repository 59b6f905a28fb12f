"""Where citizens make an account: a page of the operator's own, from which they come back.

The hub makes no accounts at the word of whoever comes by: who a citizen is has to be checked by the authority
that answers for it, and an account that nobody checked would look like one that somebody did.
"""

from urllib.parse import urlencode, urlsplit

from sso.hub import Hub
from sso.oidc.metadata import AUTHORIZATION_PATH
from sso.web.language import Language


def creation_address(hub: Hub, pending_id: str, language: Language) -> str | None:
    """Return the address of that page, with the way back to a pending request; None where there is none."""
    url = hub.settings.create_account_url
    if url is None:
        return None
    back = hub.settings.endpoint(f"{AUTHORIZATION_PATH}/{pending_id}")
    query = urlencode({"return_to": back, "ui_locales": language.tag})
    return f"{url}{'&' if urlsplit(url).query else '?'}{query}"
