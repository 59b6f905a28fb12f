"""A folder keeps a file whole; no copy is made of one that is not what the log tells of."""

import io
from pathlib import Path

import pytest

from sso.archive.errors import ArchiveBroken, ArchiveUnavailable
from sso.archive.opening import copied, digest_of
from sso.archive.place import Folder
from sso.audit.event import AuditMonthArchived

NAME = "audit-2026-03-0123456789abcdef.parquet"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "archive"
    made.mkdir()
    return made


def kept(folder: Path, name: str = NAME) -> AuditMonthArchived:
    Folder(folder).put(NAME, io.BytesIO(b"a month"))
    return AuditMonthArchived(month="2026-03", archive_file=name, entries=1, sha256=digest_of(folder / NAME))


def test_a_file_is_there_under_its_name_alone(folder: Path) -> None:
    Folder(folder).put(NAME, io.BytesIO(b"an earlier one"))
    said = kept(folder)

    assert copied(Folder(folder), said, folder.parent).read_bytes() == b"a month"
    assert [file.name for file in folder.iterdir()] == [NAME]
    assert (folder / NAME).stat().st_mode & 0o077 == 0


def test_a_file_that_somebody_exchanged_is_noticed_before_it_is_read(folder: Path) -> None:
    said = kept(folder)
    (folder / NAME).write_bytes(b"b month")

    with pytest.raises(ArchiveBroken, match="its SHA-256 is another one"):
        copied(Folder(folder), said, folder.parent)
    assert not (folder.parent / NAME).exists()


def test_a_file_that_is_gone_is_named(folder: Path) -> None:
    said = kept(folder)
    (folder / NAME).unlink()

    with pytest.raises(ArchiveBroken, match=f"{NAME} is not there"):
        copied(Folder(folder), said, folder.parent)


@pytest.mark.parametrize("name", ["../sso.toml", "/etc/passwd", ".", "..", "", "a/b", "a\0b", "é"])
def test_no_name_leads_out_of_the_folder(folder: Path, name: str) -> None:
    with pytest.raises(ArchiveBroken, match="is no name of an archived month"):
        copied(Folder(folder), kept(folder, name), folder.parent)


def test_a_folder_that_is_gone_takes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ArchiveUnavailable, match="No such file or directory"):
        Folder(tmp_path / "unmounted").put(NAME, io.BytesIO(b"a month"))
