"""Every table. Secrets are here only as digests or sealed; `info["sensitive"]` marks what must not leak.

Foreign keys tie parts to their whole (a token to its grant). Traffic does not point at clients or
accounts: on PostgreSQL each such insert would lock the one row of a busy client.
"""

from sso.storage.tables.anchors import audit_anchor_trouble, audit_cosignature, audit_timestamp
from sso.storage.tables.audit import (
    audit_checkpoint,
    audit_event,
    audit_event_before_log,
    audit_head,
    audit_hold,
    audit_hour,
    audit_leaf,
    audit_log_key,
    audit_pending,
    audit_recall,
    audit_tile,
)
from sso.storage.tables.clients import (
    client,
    client_resource,
    client_secret,
    initial_access_token,
    registration_access_token,
    setting,
)
from sso.storage.tables.conflicts import directory_conflict
from sso.storage.tables.deferred import deferred_request, ping
from sso.storage.tables.directories import (
    directory_person,
    directory_purged,
    directory_run,
    directory_sync,
)
from sso.storage.tables.expiry import expiry_watermark
from sso.storage.tables.findings import (
    detection_place,
    detection_rule,
    finding,
    finding_comment,
    finding_suppression,
)
from sso.storage.tables.grants import (
    access_token,
    authorization_code,
    consent,
    denied_token,
    grant,
    grant_origin,
    refresh_token,
)
from sso.storage.tables.keys import signing_key
from sso.storage.tables.metadata import metadata
from sso.storage.tables.people import account, password_credential, person, role_grant, subject_identifier
from sso.storage.tables.provisioned import provisioned_member, provisioned_resource, provisioned_value
from sso.storage.tables.security_events import security_event
from sso.storage.tables.sessions import (
    logout_frame,
    logout_notice,
    one_time_value,
    pending_authorization,
    pushed_authorization,
    refused_attempts,
    session,
    session_client,
    throttle,
)
from sso.storage.tables.sinks import audit_sink
from sso.storage.tables.upstreams import upstream_identity, upstream_journey, upstream_session

__all__ = [
    "access_token",
    "account",
    "audit_anchor_trouble",
    "audit_checkpoint",
    "audit_cosignature",
    "audit_event",
    "audit_event_before_log",
    "audit_head",
    "audit_hold",
    "audit_hour",
    "audit_leaf",
    "audit_log_key",
    "audit_pending",
    "audit_recall",
    "audit_sink",
    "audit_tile",
    "audit_timestamp",
    "authorization_code",
    "client",
    "client_resource",
    "client_secret",
    "consent",
    "deferred_request",
    "denied_token",
    "detection_place",
    "detection_rule",
    "directory_person",
    "directory_purged",
    "directory_run",
    "directory_sync",
    "directory_conflict",
    "expiry_watermark",
    "finding",
    "finding_comment",
    "finding_suppression",
    "grant",
    "grant_origin",
    "initial_access_token",
    "logout_frame",
    "logout_notice",
    "metadata",
    "one_time_value",
    "password_credential",
    "pending_authorization",
    "person",
    "ping",
    "provisioned_member",
    "provisioned_resource",
    "provisioned_value",
    "pushed_authorization",
    "refused_attempts",
    "refresh_token",
    "registration_access_token",
    "role_grant",
    "security_event",
    "session",
    "session_client",
    "setting",
    "signing_key",
    "subject_identifier",
    "throttle",
    "upstream_identity",
    "upstream_journey",
    "upstream_session",
]
