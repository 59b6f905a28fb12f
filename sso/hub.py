"""Everything the endpoints need, built once from the configuration: the only place of construction."""

import hashlib
import hmac
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sso.audit.record import JsonValue
from sso.authentication.account_states import AccountStates
from sso.authentication.evidence import reachable
from sso.authentication.kept_password import KeptPasswordChanging
from sso.authentication.password import Argon2Cost, PasswordHash
from sso.authentication.password_change import PasswordChanging
from sso.authentication.password_rules import PasswordRules
from sso.authentication.role_sources import check_role_sources
from sso.authentication.sign_in import SignIn
from sso.authentication.throttling import ThrottleRules
from sso.authentication.upstream.settings import UpstreamSettings
from sso.config import Configuration
from sso.config.details import AuthorizationDetailType
from sso.directory.department import Department
from sso.directory.ldap import LdapDirectory
from sso.oidc.client import Client
from sso.oidc.details import LISTS, DetailField, DetailType
from sso.oidc.jose import MemoryKeys
from sso.oidc.keys import KeyRing, PrivateKeys
from sso.oidc.registration import Proposal, check_can_sign
from sso.oidc.settings import Provider, Settings
from sso.oidc.state_limits import StateLimits
from sso.outbound import OutboundRules
from sso.outbound.documents import ClientDocuments
from sso.outbound.upstream import UpstreamProvider
from sso.storage.audit_keys import AuditKeys
from sso.storage.audit_spool import AuditSpool
from sso.storage.database import Database
from sso.storage.engines import Pool
from sso.storage.sealing import Sealer

KEYS_REREAD_SECONDS = 5.0


@dataclass(slots=True)
class KeyCache:
    """The key ring in memory, read again every few seconds: key objects are dear to make, cheap to keep."""

    database: Database
    _ring: KeyRing = field(default=KeyRing(()), init=False)
    _read_at: float = field(default=float("-inf"), init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def ring(self) -> KeyRing:
        """Return the keys as they stood KEYS_REREAD_SECONDS ago, twice that at most.

        Raises:
            StorageUnavailable: they have never been read and cannot be now.
        """
        age = time.monotonic() - self._read_at
        if age < KEYS_REREAD_SECONDS:
            return self._ring
        if not self._lock.acquire(blocking=age >= 2 * KEYS_REREAD_SECONDS):
            return self._ring  # someone is reading: what is known is young enough until then
        try:
            if time.monotonic() - self._read_at >= KEYS_REREAD_SECONDS:
                with self.database.read() as stores:
                    self._ring = KeyRing(stores.signing_keys.load())
                self._read_at = time.monotonic()
        finally:
            self._lock.release()
        return self._ring

    def forget(self) -> None:
        """Read again at the next use, after a rotation."""
        self._read_at = float("-inf")


@dataclass(frozen=True, slots=True)
class Hub:
    """The constructed parts of one process."""

    configuration: Configuration
    settings: Settings
    database: Database
    keys: KeyCache
    private_keys: PrivateKeys
    passwords: PasswordHash
    password_rules: PasswordRules
    sign_in: SignIn
    password_changing: PasswordChanging
    directories: tuple[Department, ...]
    ldap: Mapping[str, LdapDirectory]
    account_states: AccountStates
    documents: ClientDocuments
    upstreams: Mapping[str, UpstreamProvider]
    form_key: bytes = field(repr=False)
    nonce_key: bytes = field(repr=False)
    upstream_key: bytes = field(repr=False)

    @property
    def acr_values(self) -> tuple[str, ...]:
        """Every level that a sign-in can reach, here or at an upstream, the weakest first."""
        return reachable(level for each in self.upstreams.values() for level in each.settings.acr.reached)

    def provider(self) -> Provider:
        """Return settings and keys for one request."""
        return Provider(self.settings, self.keys.ring(), self.nonce_key, self.documents.keys)

    def proposal(
        self, metadata: Mapping[str, JsonValue], now: datetime, client: Client | None = None
    ) -> Proposal:
        """Return metadata that can be registered here, with what its sector_identifier_uri lists.

        Give the client whose registration it will change. Never call it in a transaction.

        Raises:
            InvalidClientMetadata: the hub cannot sign so, a role is of nothing, or the list cannot be read.
        """
        check_can_sign(metadata, client, self.keys.ring().algorithms(now))
        check_role_sources(metadata, client, self.directories)
        return self.documents.proposal(metadata, client)

    def close(self) -> None:
        """Close what is open to directories and to the database."""
        reach: list[LdapDirectory | UpstreamProvider] = [*self.ldap.values(), *self.upstreams.values()]
        for outside in (*reach, self.documents):
            outside.close()
        self.private_keys.close()
        self.database.dispose()


def build(configuration: Configuration) -> Hub:
    """Construct the hub. Nothing is opened yet: connections are made at first use."""
    settings = protocol_settings(configuration)
    private_keys, sealer = private_keys_of(configuration), Sealer(configuration.key_encryption_key)
    pool = Pool(max(configuration.settings.database.pool_size, configuration.settings.server.threads))
    database = Database(
        configuration.database_url,
        sealer,
        private_keys,
        pool=pool,
        audit_keys=AuditKeys(configuration.audit_key_database_url, sealer, pool),
    )
    database.audit_spool = AuditSpool(configuration.audit_spool_file, sealer)
    passwords = _password_hash(configuration)
    half = max(1, configuration.settings.server.threads // 2)  # the other half is never a slow directory's
    ldap = {each.id: LdapDirectory(each, half) for each in configuration.read_directories}
    rules = _password_rules(configuration)
    sign_in = SignIn(passwords, _throttle_rules(configuration), ldap, settings)
    keys = KeyCache(database)
    return Hub(
        configuration=configuration,
        settings=settings,
        database=database,
        keys=keys,
        private_keys=private_keys,
        passwords=passwords,
        password_rules=rules,
        sign_in=sign_in,
        password_changing=PasswordChanging(sign_in, ldap, KeptPasswordChanging(passwords, rules)),
        directories=configuration.directories,
        ldap=ldap,
        account_states=AccountStates(
            {each.id: ldap[each.id] for each in configuration.read_directories if each.can_look_up}
        ),
        documents=ClientDocuments(outbound_rules(configuration), configuration.settings.server.threads),
        upstreams=upstreams_of(configuration, keys),
        form_key=_derived(configuration.key_encryption_key, b"forms"),
        nonce_key=_derived(configuration.key_encryption_key, b"DPoP nonces"),
        upstream_key=_derived(configuration.key_encryption_key, b"upstream"),
    )


def private_keys_of(configuration: Configuration) -> PrivateKeys:
    """Return where signing keys are made: in the database, or in a token if one is configured."""
    if configuration.token is None:
        return MemoryKeys()
    from sso.pkcs11.keys import TokenKeys

    return TokenKeys(configuration.token)


def outbound_rules(configuration: Configuration) -> OutboundRules:
    """Return where the hub itself may call."""
    section = configuration.settings.outbound
    home = configuration.file.resolve().parent
    ca_file = None if section.ca_file is None else home / section.ca_file
    return OutboundRules(section.allow_loopback, section.allow_networks, ca_file)


def upstreams_of(configuration: Configuration, keys: KeyCache) -> Mapping[str, UpstreamProvider]:
    """Return the other providers at which people may sign in, by id."""
    server = configuration.settings.server
    return {
        each.id: UpstreamProvider(
            each,
            f"{server.issuer}{each.callback_path}",
            upstream_rules(outbound_rules(configuration), each),
            keys.ring,
            server.threads,
        )
        for each in configuration.upstreams
    }


def upstream_rules(rules: OutboundRules, settings: UpstreamSettings) -> OutboundRules:
    """Return where the hub may call for an upstream, where its operator may allow more than elsewhere."""
    return OutboundRules(
        rules.allow_loopback or settings.allow_loopback,
        (*rules.allow_networks, *settings.allow_networks),
        settings.ca_file or rules.ca_file,
    )


def protocol_settings(configuration: Configuration) -> Settings:
    """Return what the protocol needs to know of the configuration."""
    whole = configuration.settings
    server, tokens, session = whole.server, whole.tokens, whole.session
    fresh = configuration.settings.api.fresh_sign_in_seconds
    return Settings(
        issuer=server.issuer,
        code_lifetime=timedelta(seconds=tokens.code_lifetime_seconds),
        access_token_lifetime=timedelta(seconds=tokens.access_token_lifetime_seconds),
        id_token_lifetime=timedelta(seconds=tokens.id_token_lifetime_seconds),
        refresh_token_lifetime=timedelta(seconds=tokens.refresh_token_lifetime_seconds),
        refresh_grace=timedelta(seconds=tokens.refresh_grace_seconds),
        capped_token_lifetime=timedelta(seconds=tokens.capped_token_lifetime_seconds),
        device_code_lifetime=timedelta(seconds=tokens.device_code_lifetime_seconds),
        polling_interval=timedelta(seconds=tokens.polling_interval_seconds),
        backchannel_lifetime=timedelta(seconds=tokens.backchannel_lifetime_seconds),
        backchannel_max_lifetime=timedelta(seconds=tokens.backchannel_max_lifetime_seconds),
        consent_lifetime=timedelta(seconds=session.consent_lifetime_seconds),
        pending_lifetime=timedelta(seconds=session.pending_lifetime_seconds),
        pushed_lifetime=timedelta(seconds=whole.requests.pushed_lifetime_seconds),
        require_pushed=whole.requests.require_pushed,
        request_uri=whole.requests.request_uri,
        create_account_url=whole.pages.create_account_url,
        detail_types=tuple(map(_detail_type, whole.authorization_details_type)),
        session_management=session.session_management,
        session_idle=timedelta(seconds=session.idle_seconds),
        session_lifetime=timedelta(seconds=session.lifetime_seconds),
        dpop_nonce_required=tokens.dpop_nonce_required,
        scim_directories=configuration.scim_directories,
        api_max_age=timedelta(seconds=fresh) if fresh else None,
        signing_algorithms=configuration.settings.keys.algorithms,
        mtls_origin=None if server.mtls_host is None else f"https://{server.mtls_host}",
        registration=configuration.registration,
        assertion_issuers=configuration.assertion_issuers,
        state_limits=_state_limits(configuration),
        unasked_directories=frozenset(configuration.scim_directories)
        | {each.id for each in configuration.read_directories if not each.can_look_up},
    )


def _state_limits(configuration: Configuration) -> dict[str, StateLimits]:
    return {
        each.id: StateLimits(each.state.max_age, each.state.grace)
        for each in configuration.read_directories
        if each.can_look_up
    }


def _detail_type(section: AuthorizationDetailType) -> DetailType:
    return DetailType(
        type=section.type,
        words=section.label,
        ask_every_time=section.ask_every_time,
        lists={name: getattr(section, name) for name in LISTS},
        fields={name: DetailField(each.label, each.required) for name, each in section.fields.items()},
    )


def _password_hash(configuration: Configuration) -> PasswordHash:
    section = configuration.settings.password
    cost = Argon2Cost(section.memory_kibibytes, section.iterations, section.parallelism)
    return PasswordHash(configuration.pepper, cost, section.concurrency)


def _password_rules(configuration: Configuration) -> PasswordRules:
    pages = configuration.settings.pages
    return PasswordRules(
        minimum_length=configuration.settings.password.minimum_length,
        blocklist_file=configuration.blocklist_file,
        context=(pages.name, *pages.names.values()),
    )


def _throttle_rules(configuration: Configuration) -> ThrottleRules:
    section = configuration.settings.throttle
    return ThrottleRules(
        key=_derived(configuration.pepper, b"throttle"),
        account_limit=section.account_limit,
        network_limit=section.network_limit,
        window_seconds=section.window_seconds,
    )


def _derived(key: bytes, purpose: bytes) -> bytes:
    return hmac.new(key, b"sso-hub " + purpose, hashlib.sha256).digest()
