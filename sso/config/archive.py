"""`[audit.archive]`: where months of the log are kept when they leave the database."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator, model_validator

from sso.archive.settings import ArchiveSettings, BucketSettings, FolderSettings, installed
from sso.config.section import Section, WebAddress
from sso.config.source import ConfigurationError, Source

_PART = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_BUCKET = re.compile(rf"s3://([a-z0-9][a-z0-9.-]{{1,61}}[a-z0-9])((?:/{_PART})*)/?")
_OF_BUCKETS = frozenset({"endpoint", "region", "ca_file", "key_id", "secret", "secret_file"})


class Archive(Section):
    """`[audit.archive]`: a folder, or a bucket of a store that speaks S3."""

    folder: Path | None = None
    url: str | None = None
    endpoint: WebAddress | None = None
    region: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,63}$")] | None = None
    ca_file: Path | None = None
    key_id: str | None = None
    secret: SecretStr | None = None
    secret_file: Path | None = None

    @field_validator("url")
    @classmethod
    def _bucket(cls, value: str | None) -> str | None:
        if value is not None and not _BUCKET.fullmatch(value):
            raise ValueError("must be s3://BUCKET or s3://BUCKET/PREFIX")
        return value

    @model_validator(mode="after")
    def _one_place(self) -> "Archive":
        if (self.folder is None) == (self.url is None):
            raise ValueError("set exactly one of folder and url")
        if self.folder is not None and (foreign := self.model_fields_set & _OF_BUCKETS):
            raise ValueError(f"{', '.join(sorted(foreign))}: not of a folder")
        if self.url is not None and self.key_id is None:
            raise ValueError("an archive with a url needs key_id")
        if self.url is not None and (self.secret is None) == (self.secret_file is None):
            raise ValueError("set exactly one of secret and secret_file")
        return self


def archive_settings(section: Archive | None, source: Source, home: Path) -> ArchiveSettings | None:
    """Return where the archive is; None where none is configured.

    Raises:
        ConfigurationError: the extra is not installed, or a file is not there. A folder may be away.
    """
    if section is None:
        return None
    place = source.place(("audit", "archive"))
    if not installed():
        raise ConfigurationError(f"{place}: audit.archive needs its extra: pip install 'sso-hub[archive]'")
    if section.folder is not None:
        return FolderSettings(home / section.folder)
    if section.ca_file is not None and not (home / section.ca_file).is_file():
        raise ConfigurationError(f"{place}: audit.archive.ca_file: {home / section.ca_file} does not exist")
    parts = _BUCKET.fullmatch(section.url or "")
    return BucketSettings(
        bucket=parts[1] if parts else "",
        prefix=parts[2].strip("/") if parts else "",
        endpoint=section.endpoint,
        region=section.region,
        ca_file=None if section.ca_file is None else home / section.ca_file,
        key_id=section.key_id or "",
        secret=_secret(section, place, home),
    )


def _secret(section: Archive, place: str, home: Path) -> str:
    if section.secret is not None:
        return section.secret.get_secret_value()
    file = home / (section.secret_file or "")
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{place}: audit.archive.secret_file: cannot read {file}") from error
