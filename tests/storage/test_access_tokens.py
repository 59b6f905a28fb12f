"""Opaque access tokens: contract of their store."""

from datetime import timedelta

from sso.oidc.digest import digest
from sso.oidc.opaque_token import OpaqueToken
from sso.storage.database import Database
from tests.storage.examples import MINUTE, NOW, ORIGIN

TOKEN = OpaqueToken(
    digest=digest("secret"),
    claims={"sub": "s\ud800\0", "aud": ["a", "b"], "cnf": {"jkt": "j"}, "exp": 7, "scope": ""},
    expires_at=NOW + MINUTE,
)


def test_a_token_comes_back_by_its_digest_alone(database: Database) -> None:
    with database.begin(ORIGIN) as stores:
        stores.access_tokens.add(TOKEN)

        assert stores.access_tokens.get(TOKEN.digest) == TOKEN
    with database.read() as stores:
        assert stores.access_tokens.get(TOKEN.digest) == TOKEN
        assert stores.access_tokens.get(digest("another")) is None


def test_expired_tokens_go(sql_database: Database) -> None:
    with sql_database.begin(ORIGIN) as stores:
        stores.access_tokens.add(TOKEN)

    with sql_database.begin(ORIGIN) as stores:
        swept = [stores.cleanup.sweep("access_token", NOW + wait) for wait in (timedelta(0), MINUTE)]

        assert swept == [0, 1]
        assert stores.access_tokens.get(TOKEN.digest) is None
