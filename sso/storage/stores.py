"""The stores of one transaction."""

from typing import TYPE_CHECKING

from sso.storage.access_tokens import SqlAccessTokens
from sso.storage.audit import SqlAuditLog, SqlAuditSearch
from sso.storage.cleanup import SqlCleanup
from sso.storage.clients import ClientCache, SqlClients
from sso.storage.consents import SqlConsents
from sso.storage.credentials import SqlCredentials
from sso.storage.deferred import SqlDeferredRequests
from sso.storage.grants import SqlCodes, SqlGrants
from sso.storage.one_time import SqlDeniedTokens, SqlOneTimeValues
from sso.storage.outbox import SqlOutbox
from sso.storage.pending import SqlPendingAuthorizations
from sso.storage.people import SqlPeople
from sso.storage.pushed import SqlPushedAuthorizations
from sso.storage.refresh_tokens import SqlRefreshTokens
from sso.storage.registration import SqlInitialAccessTokens, SqlRegistrationAccess
from sso.storage.sealing import Sealer
from sso.storage.sessions import SqlSessions
from sso.storage.signing_keys import SignersInMemory, SqlSigningKeys
from sso.storage.subjects import SqlSubjects
from sso.storage.throttles import SqlThrottles
from sso.storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from sso.authentication.stores import Stores


class SqlStores:
    """`sso.authentication.stores.Stores` over one transaction, and what else is kept."""

    def __init__(
        self, unit: UnitOfWork, cache: ClientCache, sealer: Sealer, signers: SignersInMemory
    ) -> None:
        self.access_tokens = SqlAccessTokens(unit)
        self.audit = SqlAuditLog(unit)
        self.audit_search = SqlAuditSearch(unit)
        self.cleanup = SqlCleanup(unit)
        self.clients = SqlClients(unit, cache, sealer)
        self.codes = SqlCodes(unit)
        self.consents = SqlConsents(unit)
        self.credentials = SqlCredentials(unit)
        self.deferred = SqlDeferredRequests(unit)
        self.denied_tokens = SqlDeniedTokens(unit)
        self.grants = SqlGrants(unit)
        self.initial_access_tokens = SqlInitialAccessTokens(unit)
        self.one_time_values = SqlOneTimeValues(unit)
        self.outbox = self.notices = SqlOutbox(unit)
        self.pending = SqlPendingAuthorizations(unit)
        self.people = SqlPeople(unit)
        self.pushed = SqlPushedAuthorizations(unit)
        self.refresh_tokens = SqlRefreshTokens(unit)
        self.registration_access = SqlRegistrationAccess(unit)
        self.sessions = SqlSessions(unit)
        self.signing_keys = SqlSigningKeys(unit, sealer, signers)
        self.subjects = SqlSubjects(unit)
        self.throttles = SqlThrottles(unit)


if TYPE_CHECKING:

    def _satisfies(stores: SqlStores) -> Stores:
        """A type checker proves here that nothing is missing."""
        return stores
