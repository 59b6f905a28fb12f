"""The stores of one transaction."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from sso.storage.access_tokens import SqlAccessTokens
from sso.storage.audit import SqlAuditLog, SqlAuditSearch
from sso.storage.audit_anchors import SqlAuditAnchors
from sso.storage.audit_answers import SqlAuditAnswers
from sso.storage.audit_archive import SqlAuditArchive
from sso.storage.audit_checkpoints import SqlAuditCheckpoints
from sso.storage.audit_holds import SqlAuditHolds
from sso.storage.audit_hours import SqlAuditHours
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


_Store = TypeVar("_Store")


@dataclass(frozen=True, slots=True)
class Kept:
    """What a process keeps between transactions."""

    clients: ClientCache
    sealer: Sealer
    signers: SignersInMemory
    audit_keys: AuditKeys


class _Opened(Generic[_Store]):
    """A store that is opened when it is first asked for: a transaction needs few of them."""

    def __init__(self, opened: "Callable[[SqlStores], _Store]") -> None:
        self._opened = opened

    def __set_name__(self, owner: "type[SqlStores]", name: str) -> None:
        self._name = name

    def __get__(self, stores: "SqlStores", owner: "type[SqlStores]") -> _Store:
        store = stores.__dict__[self._name] = self._opened(stores)
        return store


def _of_unit(kind: Callable[[UnitOfWork], _Store]) -> _Opened[_Store]:
    return _Opened(lambda stores: kind(stores.unit))


def _with_keys(kind: Callable[[UnitOfWork, AuditKeys], _Store]) -> _Opened[_Store]:
    return _Opened(lambda stores: kind(stores.unit, stores.kept.audit_keys))


def _with_sealer(kind: Callable[[UnitOfWork, Sealer], _Store]) -> _Opened[_Store]:
    return _Opened(lambda stores: kind(stores.unit, stores.kept.sealer))


class SqlStores:
    """`sso.authentication.upstream.stores.Stores` over one transaction, and what else is kept."""

    def __init__(self, unit: UnitOfWork, kept: Kept) -> None:
        self.unit = unit
        self.kept = kept
        self.audit: SqlAuditLog | SpooledAuditLog = SqlAuditLog(unit, kept.audit_keys)

    access_tokens = _of_unit(SqlAccessTokens)
    cleanup = _of_unit(SqlCleanup)
    clients = _Opened(lambda stores: SqlClients(stores.unit, stores.kept.clients, stores.kept.sealer))
    codes = _of_unit(SqlCodes)
    configuration_parts = _of_unit(SqlConfigurationParts)
    conflicts = _of_unit(SqlConflicts)
    consents = _of_unit(SqlConsents)
    credentials = _of_unit(SqlCredentials)
    deferred = _with_sealer(SqlDeferredRequests)
    denied_tokens = _of_unit(SqlDeniedTokens)
    detection = _of_unit(SqlDetection)
    expiries = _of_unit(SqlExpiries)
    finding_retention = _of_unit(SqlFindingRetention)
    findings = _with_keys(SqlFindings)
    frames = _of_unit(SqlLogoutFrames)
    grants = _of_unit(SqlGrants)
    initial_access_tokens = _of_unit(SqlInitialAccessTokens)
    one_time_values = _of_unit(SqlOneTimeValues)
    outbox = _of_unit(SqlOutbox)
    notices = _Opened(lambda stores: stores.outbox)
    pending = _of_unit(SqlPendingAuthorizations)
    people = _of_unit(SqlPeople)
    pings = _with_sealer(SqlPings)
    provisioned = _of_unit(SqlProvisioned)
    pushed = _of_unit(SqlPushedAuthorizations)
    refresh_tokens = _of_unit(SqlRefreshTokens)
    register = _of_unit(SqlRegister)
    registration_access = _of_unit(SqlRegistrationAccess)
    security_events = _of_unit(SqlSecurityEvents)
    sessions = _of_unit(SqlSessions)
    signed_in = _of_unit(SqlSignedIn)
    signing_keys = _Opened(
        lambda stores: SqlSigningKeys(stores.unit, stores.kept.sealer, stores.kept.signers)
    )
    staff = _of_unit(SqlStaff)
    subjects = _of_unit(SqlSubjects)
    sync_runs = _of_unit(SqlSyncRuns)
    throttles = _of_unit(SqlThrottles)
    upstreams = _with_sealer(SqlUpstreams)

    audit_anchors = _of_unit(SqlAuditAnchors)
    audit_archive = _with_keys(SqlAuditArchive)
    audit_checkpoints = _with_sealer(SqlAuditCheckpoints)
    audit_holds = _of_unit(SqlAuditHolds)
    audit_hours = _of_unit(SqlAuditHours)
    audit_import = _with_keys(SqlAuditImport)
    audit_late = _with_keys(SqlAuditLateEvents)
    audit_months = _of_unit(SqlAuditMonths)
    audit_recalls = _of_unit(SqlAuditRecalls)
    audit_search = _with_keys(SqlAuditSearch)
    audit_sinks = _with_keys(SqlAuditSinks)
    audit_slices = _Opened(lambda stores: SqlAuditSlices(stores.unit, stores.audit_sinks))
    audit_tree = _of_unit(SqlAuditTree)
    audit_answers = _Opened(
        lambda stores: SqlAuditAnswers(
            stores.audit_search, stores.audit_tree, stores.audit_checkpoints, stores.sessions
        )
    )
    audit_receipts = _Opened(
        lambda stores: SqlAuditReceipts(
            stores.unit, SignedTree(stores.audit_tree, stores.audit_checkpoints, stores.audit_anchors)
        )
    )


if TYPE_CHECKING:

    def _satisfies(stores: SqlStores) -> Stores:
        """A type checker proves here that nothing is missing."""
        return stores

    def _synchronise(stores: SqlStores) -> SyncStores:
        return stores

    def _finds(stores: SqlStores) -> FindingStores:
        return stores
