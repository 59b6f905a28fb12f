"""A client as rows, also rows of an earlier version of the hub."""

from types import SimpleNamespace
from typing import Any

from sso.storage.client_rows import client_of, client_row
from sso.storage.sealing import Sealer
from tests.storage.examples import NOW, client


def test_a_client_that_was_written_before_a_field_existed_has_the_fields_default() -> None:
    registered = client(created_at=NOW, updated_at=NOW)
    row: dict[str, Any] = {**client_row(registered, NOW), "digest": None, "expires_at": None, "sealed": None}
    row["logout_unconfirmed_since"] = None
    for field in ("access_token_format", "resource", "response_types", "profile", "default_max_age"):
        del row["registration"][field]

    found = client_of([SimpleNamespace(**row)], Sealer(b"k" * 32))  # type: ignore[list-item]  # a row by its names

    assert found == registered
