"""What every table of the configuration file is."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from sso.oidc.registered_address import check_web_address
from sso.storage.engines import database_url


def _web_address(value: str) -> str:
    check_web_address(value)
    return value


Positive = Annotated[int, Field(gt=0)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
"""https, or http on a loopback address, as `sso.oidc.registered_address.check_web_address` has it."""


class Section(BaseModel):
    """A table of the file: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def checked_database_url(value: str) -> str:
    """Return the URL of a database that the hub can use.

    Raises:
        ValueError: neither SQLite nor PostgreSQL.
    """
    try:
        database_url(value)
    except ValueError:  # its text may repeat a part of the URL, which may hold a password
        raise ValueError("use sqlite:///FILE or postgresql://USER@HOST/NAME") from None
    return value
