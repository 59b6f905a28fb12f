"""What asks the archive reads copies in its folder and nothing else."""

from pathlib import Path

import pytest

from sso.archive.parquet import write
from sso.archive.search import ArchiveSearch
from sso.storage.database import Database
from tests.archive.test_parquet import ROW
from tests.storage.conftest import SEALER


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM read_parquet('{outside}')",
        "COPY (SELECT 1) TO '/tmp/sso-archive-test.csv'",
        "ATTACH '/tmp/sso-archive-test.db'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
    ],
)
def test_no_statement_leaves_the_folder(tmp_path: Path, statement: str) -> None:
    folder = tmp_path / "it's"
    folder.mkdir()
    write(folder / "month.parquet", [[ROW]])
    outside = tmp_path / "outside.parquet"
    write(outside, [[ROW]])

    keys = Database(f"sqlite:///{tmp_path / 'hub.db'}", SEALER).audit_keys
    with ArchiveSearch(folder, [folder / "month.parquet"], keys) as archive:
        assert archive._connection.execute("SELECT id FROM audit_event").fetchall() == [(ROW["id"],)]
        with pytest.raises(Exception, match="Permission Error|configuration has been locked|Cannot change"):
            archive._connection.execute(statement.format(outside=outside)).fetchall()
