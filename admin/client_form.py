"""The form of an application: from its fields to client metadata (RFC 7591 2) and back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


def _(message: str) -> str:
    """Mark a message for translation; `Language.gettext` translates it when a page is made."""
    return message


TEXTS = (
    "client_name",
    "client_name#zh-CN",
    "token_endpoint_auth_method",
    "backchannel_logout_uri",
    "jwks_uri",
    "scope",
    "client_uri",
    "policy_uri",
)
LISTS = ("redirect_uris", "post_logout_redirect_uris", "audience", "contacts", "role_mapping")
LINES = ("contacts", "role_mapping")
"""Lists whose members may have spaces in them."""
FLAGS = ("trusted",)
ABOUT = (
    *("client_id", "created_at", "updated_at", "secrets", "protected", "self_registration"),
    "logout_unconfirmed_since",
)
"""Members of an application's document that are no metadata."""
DEFAULTS = {
    "token_endpoint_auth_method": "client_secret_basic",
    "scope": "openid profile email department offline_access",
}
MAX_FIELD_LENGTH = 40_000


class FormInvalid(Exception):
    """A field cannot be read: `field` and what is wrong, in English, for translation."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class Change:
    """One field before and after, as text."""

    field: str
    before: str
    after: str


def filled_in(form: Mapping[str, str]) -> dict[str, str]:
    """Return every field as it was filled in."""
    return {
        name: form.get(name, "")[:MAX_FIELD_LENGTH] for name in (*TEXTS, *LISTS, *FLAGS, "jwks", "sector")
    }


def values_of(client: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields of a registered application as the form shows them."""
    values = {name: str(client.get(name) or "") for name in (*TEXTS, "sector")}
    values |= {name: "\n".join(client.get(name) or ()) for name in LISTS}
    values |= {name: "yes" if client.get(name) else "" for name in FLAGS}
    jwks = client.get("jwks")
    values["jwks"] = json.dumps(jwks, indent=2) if jwks else ""
    return values


def others_of(client: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings that the form does not have, as text, under their own names; only those in use."""
    known = {*TEXTS, *LISTS, *FLAGS, "jwks", "sector", *ABOUT}
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in sorted(client.items())
        if name not in known and value not in (None, False, "", [])
    }


def metadata_of(values: Mapping[str, str]) -> dict[str, Any]:
    """Return the metadata that the filled in fields mean; an empty field is null.

    Raises:
        FormInvalid: the key set is not JSON.
    """
    metadata: dict[str, Any] = {name: values[name].strip() or None for name in (*TEXTS, "sector")}
    metadata |= {name: values[name].split() or None for name in LISTS if name not in LINES}
    metadata |= {name: _lines(values[name]) or None for name in LINES}
    metadata |= {name: values[name] == "yes" for name in FLAGS}
    metadata["jwks"] = _jwks(values["jwks"])
    if metadata["scope"] is not None:
        metadata["scope"] = " ".join(sorted(set(metadata["scope"].split())))
    return metadata


def changes(client: Mapping[str, Any], values: Mapping[str, str]) -> tuple[dict[str, Any], list[Change]]:
    """Return the metadata that differs from what is registered, and the same for people to compare.

    Raises:
        FormInvalid: a field cannot be read.
    """
    before_values = values_of(client)
    before, after = metadata_of(before_values), metadata_of(values)
    differing = {name: after[name] for name in after if after[name] != before[name] and name != "sector"}
    shown = [Change(name, before_values[name].strip(), values[name].strip()) for name in differing]
    return differing, shown


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _jwks(text: str) -> Any:
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormInvalid("jwks", _("This is not JSON.")) from error
