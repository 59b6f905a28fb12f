"""The stores of one transaction."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sso.storage.access_tokens import SqlAccessTokens
from sso.storage.audit import SqlAuditLog, SqlAuditSearch
from sso.storage.audit_anchors import SqlAuditAnchors
from sso.storage.audit_answers import SqlAuditAnswers
from sso.storage.audit_archive import SqlAuditArchive
from sso.storage.audit_checkpoints import SqlAuditCheckpoints
from sso.storage.audit_holds import SqlAuditHolds
from sso.storage.audit_import import SqlAuditImport, SqlAuditLateEvents
from sso.storage.audit_keys import AuditKeys
from sso.storage.audit_months import SqlAuditMonths
from sso.storage.audit_recalls import SqlAuditRecalls
from sso.storage.audit_receipts import SignedTree, SqlAuditReceipts
from sso.storage.audit_sinks import SqlAuditSinks
from sso.storage.audit_slices import SqlAuditSlices
from sso.storage.audit_spool import SpooledAuditLog
from sso.storage.audit_tree import SqlAuditTree
from sso.storage.cleanup import SqlCleanup
from sso.storage.clients import ClientCache, SqlClients
from sso.storage.configuration_parts import SqlConfigurationParts
from sso.storage.conflicts import SqlConflicts
from sso.storage.consents import SqlConsents
from sso.storage.credentials import SqlCredentials
from sso.storage.deferred import SqlDeferredRequests
from sso.storage.detection import SqlDetection
from sso.storage.directory_register import SqlRegister
from sso.storage.directory_runs import SqlSyncRuns
from sso.storage.expiries import SqlExpiries
from sso.storage.finding_retention import SqlFindingRetention
from sso.storage.findings import SqlFindings
from sso.storage.grants import SqlCodes, SqlGrants
from sso.storage.logout_frames import SqlLogoutFrames
from sso.storage.one_time import SqlDeniedTokens, SqlOneTimeValues
from sso.storage.outbox import SqlOutbox
from sso.storage.pending import SqlPendingAuthorizations
from sso.storage.people import SqlPeople
from sso.storage.pings import SqlPings
from sso.storage.provisioned import SqlProvisioned
from sso.storage.pushed import SqlPushedAuthorizations
from sso.storage.refresh_tokens import SqlRefreshTokens
from sso.storage.registration import SqlInitialAccessTokens, SqlRegistrationAccess
from sso.storage.sealing import Sealer
from sso.storage.security_events import SqlSecurityEvents
from sso.storage.sessions import SqlSessions
from sso.storage.signed_in import SqlSignedIn
from sso.storage.signing_keys import SignersInMemory, SqlSigningKeys
from sso.storage.staff import SqlStaff
from sso.storage.subjects import SqlSubjects
from sso.storage.throttles import SqlThrottles
from sso.storage.unit_of_work import UnitOfWork
from sso.storage.upstreams import SqlUpstreams

if TYPE_CHECKING:
    from sso.audit.rules.finding import FindingStores
    from sso.authentication.synchronisation import SyncStores
    from sso.authentication.upstream.stores import Stores


@dataclass(frozen=True, slots=True)
class Kept:
    """What a process keeps between transactions."""

    clients: ClientCache
    sealer: Sealer
    signers: SignersInMemory
    audit_keys: AuditKeys


class SqlStores:
    """`sso.authentication.upstream.stores.Stores` over one transaction, and what else is kept."""

    def __init__(self, unit: UnitOfWork, kept: Kept) -> None:
        self.access_tokens = SqlAccessTokens(unit)
        self._open_log(unit, kept)
        self._open_register(unit)
        self._open_outboxes(unit, kept)
        self.cleanup = SqlCleanup(unit)
        self.clients = SqlClients(unit, kept.clients, kept.sealer)
        self.codes = SqlCodes(unit)
        self.consents = SqlConsents(unit)
        self.credentials = SqlCredentials(unit)
        self.expiries = SqlExpiries(unit)
        self.deferred = SqlDeferredRequests(unit, kept.sealer)
        self.denied_tokens = SqlDeniedTokens(unit)
        self.frames = SqlLogoutFrames(unit)
        self.grants = SqlGrants(unit)
        self.initial_access_tokens = SqlInitialAccessTokens(unit)
        self.one_time_values = SqlOneTimeValues(unit)
        self.pending = SqlPendingAuthorizations(unit)
        self.people = SqlPeople(unit)
        self.pushed = SqlPushedAuthorizations(unit)
        self.refresh_tokens = SqlRefreshTokens(unit)
        self.registration_access = SqlRegistrationAccess(unit)
        self.sessions = SqlSessions(unit)
        self.signing_keys = SqlSigningKeys(unit, kept.sealer, kept.signers)
        self.subjects = SqlSubjects(unit)
        self._open_sign_in(unit, kept)

    def _open_sign_in(self, unit: UnitOfWork, kept: Kept) -> None:
        self.throttles = SqlThrottles(unit)
        self.upstreams = SqlUpstreams(unit, kept.sealer)

    def _open_outboxes(self, unit: UnitOfWork, kept: Kept) -> None:
        self.outbox = self.notices = SqlOutbox(unit)
        self.pings = SqlPings(unit, kept.sealer)
        self.security_events = SqlSecurityEvents(unit)

    def _open_register(self, unit: UnitOfWork) -> None:
        self.conflicts = SqlConflicts(unit)
        self.provisioned = SqlProvisioned(unit)
        self.register = SqlRegister(unit)
        self.staff = SqlStaff(unit)
        self.signed_in = SqlSignedIn(unit)
        self.sync_runs = SqlSyncRuns(unit)

    def _open_log(self, unit: UnitOfWork, kept: Kept) -> None:
        self.audit: SqlAuditLog | SpooledAuditLog = SqlAuditLog(unit, kept.audit_keys)
        self.audit_search = SqlAuditSearch(unit, kept.audit_keys)
        self.configuration_parts = SqlConfigurationParts(unit)
        self.audit_archive = SqlAuditArchive(unit, kept.audit_keys)
        self.audit_holds = SqlAuditHolds(unit)
        self.audit_import = SqlAuditImport(unit, kept.audit_keys)
        self.audit_late = SqlAuditLateEvents(unit, kept.audit_keys)
        self.audit_months = SqlAuditMonths(unit)
        self.audit_tree = SqlAuditTree(unit)
        self.audit_checkpoints = SqlAuditCheckpoints(unit, kept.sealer)
        self.audit_anchors = SqlAuditAnchors(unit)
        self.detection = SqlDetection(unit)
        self.findings = SqlFindings(unit, kept.audit_keys)
        self.finding_retention = SqlFindingRetention(unit)
        self.audit_sinks = SqlAuditSinks(unit, kept.audit_keys)
        self.audit_slices = SqlAuditSlices(unit, self.audit_sinks)
        tree = SignedTree(self.audit_tree, self.audit_checkpoints, self.audit_anchors)
        self.audit_receipts = SqlAuditReceipts(unit, tree)
        self.audit_recalls = SqlAuditRecalls(unit)
        self.audit_answers = SqlAuditAnswers(
            self.audit_search, self.audit_tree, self.audit_checkpoints, SqlSessions(unit)
        )


if TYPE_CHECKING:

    def _satisfies(stores: SqlStores) -> Stores:
        """A type checker proves here that nothing is missing."""
        return stores

    def _synchronise(stores: SqlStores) -> SyncStores:
        return stores

    def _finds(stores: SqlStores) -> FindingStores:
        return stores
