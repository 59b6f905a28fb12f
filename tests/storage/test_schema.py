"""The schema: migrations make exactly the tables, every column says what it is, every query has its index."""

import ast
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, ForeignKey, MetaData, Table

from sso.storage.columns import Text, column
from sso.storage.database import Database
from sso.storage.errors import StorageUnavailable
from sso.storage.schema import migrate, pending_migrations
from sso.storage.tables import metadata
from tests.storage.conftest import ON_POSTGRESQL, SEALER, opened

STORAGE = Path(__file__).resolve().parents[2] / "sso" / "storage"


@pytest.fixture(params=["sqlite", ON_POSTGRESQL])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    on_postgresql = request.param == "postgresql"
    url = (
        request.getfixturevalue("empty_postgresql_url")
        if on_postgresql
        else f"sqlite:///{tmp_path / 'hub.db'}"
    )
    database = Database(url, SEALER)
    yield database
    database.dispose()


def test_migrating_from_nothing_makes_exactly_the_tables(empty_database: Database) -> None:
    migrate(empty_database)

    with empty_database._schema_reader() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": _is_no_partition})
        assert compare_metadata(context, metadata) == []


def _is_no_partition(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or re.fullmatch(r"audit_event_(\d{4}_\d{2}|other)", name or "") is None


def test_what_is_missing_is_named_until_it_is_applied(empty_database: Database) -> None:
    missing = pending_migrations(empty_database)

    assert missing[0] == "0001_first"
    assert migrate(empty_database) == missing
    assert pending_migrations(empty_database) == []
    assert migrate(empty_database) == []


def test_a_file_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable, match="cannot be made"):
        migrate(Database(f"sqlite:///{tmp_path / 'nowhere' / 'hub.db'}", SEALER))


def test_looking_for_what_is_missing_makes_no_file(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'hub.db'}", SEALER)

    assert pending_migrations(database)
    assert list(tmp_path.iterdir()) == []


def unmarked(tables: MetaData) -> list[str]:
    return [
        f"{table.name}.{column.name}"
        for table in tables.sorted_tables
        for column in table.columns
        if not isinstance(column.info.get("sensitive"), bool)
    ]


def test_every_column_is_marked_sensitive_or_not() -> None:
    assert unmarked(metadata) == []


def test_an_unmarked_column_is_noticed() -> None:
    tables = MetaData()
    Table("one", tables, Column("forgotten", Text), column("said", Text, sensitive=False))

    assert unmarked(tables) == ["one.forgotten"]


SECRETS = {
    "hash",
    "digest",
    "cookie",
    "private",
    "successor",
    "browser",
    "login_name",
    "sub",
    "nonce",
    "claims",
}
HARMLESS = {"one_time_value.digest", "consent.claims", "grant.claims"}  # a spent jti; names of claims
HARMLESS |= {"directory_purged.digest"}  # of nobody any more


def test_what_is_secret_or_personal_is_marked_so() -> None:
    found = [
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if column.name in SECRETS and not column.info["sensitive"]
    ]

    assert set(found) == HARMLESS


def test_a_column_may_be_absent_only_where_its_line_says_what_that_means() -> None:
    silent = [
        f"{path.name}: {line.strip()}"
        for path in sorted((STORAGE / "tables").glob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if "optional=True" in line and "#" not in line
    ]

    assert silent == []


def test_no_orm_is_imported() -> None:
    imported = {
        name
        for path in STORAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in _imports(node)
    }

    assert {name for name in imported if name.startswith("sqlalchemy.orm") or "ext.automap" in name} == set()


@pytest.mark.parametrize("step", sorted((STORAGE / "migrations").rglob("*.py")), ids=lambda path: path.stem)
def test_a_migration_imports_nothing_of_ours_and_goes_forward_only(step: Path) -> None:
    tree = ast.parse(step.read_text(encoding="utf-8"))

    assert not [name for node in ast.walk(tree) for name in _imports(node) if name.startswith("sso")]
    assert "downgrade" not in [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def _imports(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def test_migrations_are_found_from_an_installed_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    database = opened(f"sqlite:///{tmp_path / 'hub.db'}")

    database.dispose()
    assert importlib.util.find_spec("sso.storage.migrations.versions") is not None


def test_foreign_keys_have_indexes() -> None:
    missing = [
        f"{table.name}.{key.parent.name}"
        for table in metadata.sorted_tables
        for key in _foreign_keys(table)
        if key.parent.name not in _leading(table)
    ]

    assert missing == []


def _foreign_keys(table: Table) -> set[ForeignKey]:
    return table.foreign_keys


def _leading(table: Table) -> set[str]:
    """The first column of the primary key and of each index."""
    firsts = [next(iter(index.columns)).name for index in table.indexes]
    return {next(iter(table.primary_key.columns)).name, *firsts}
