"""Fixtures of the relying parties: the small issuer that lies, and the sample application beside it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.relying_parties.department import Department, department
from tests.relying_parties.small_issuer import CLIENT_ID, SmallIssuer, small_issuer
from tests.relying_parties.visitor import Visitor
from tests.servers.hub import free_port


@dataclass(frozen=True, slots=True)
class Pair:
    """The sample application, and the issuer that it trusts."""

    app: Department
    issuer: SmallIssuer


def _pair(folder: Path) -> Iterator[Pair]:
    with small_issuer(free_port()) as issuer:
        setting = {"ISSUER": issuer.url, "CLIENT_ID": CLIENT_ID, "CLIENT_SECRET": "s", "APP_NAME": "Housing"}
        with department(free_port(), folder, **setting) as app:
            yield Pair(app, issuer)


@pytest.fixture(scope="module")
def shared_pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    yield from _pair(tmp_path_factory.mktemp("pair"))


@pytest.fixture
def pair(shared_pair: Pair) -> Iterator[Pair]:
    """One for the whole file; its lies end with the test."""
    issuer = shared_pair.issuer
    claims = dict(issuer.claims)
    yield shared_pair
    issuer.claims = claims
    for lie in (issuer.answer, issuer.id_token, issuer.userinfo, issuer.metadata, issuer.published):
        lie.clear()


@pytest.fixture
def fresh_pair(tmp_path: Path) -> Iterator[Pair]:
    """One that nobody has talked to yet."""
    yield from _pair(tmp_path)


@pytest.fixture
def visitor() -> Iterator[Visitor]:
    with Visitor() as somebody:
        yield somebody
