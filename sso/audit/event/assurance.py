"""Events: whether others vouch for the audit log, and whether it lacks something."""

from dataclasses import dataclass
from typing import ClassVar

from sso.audit.record import Outcome, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointRejected:
    """A witness knows another history of the log than this one, and does not cosign it.

    `witness_size` is the size of the tree that it cosigned last. The log was rewritten, or an older backup of
    it is in use; or the witness lies.
    """

    code: ClassVar[str] = "audit.checkpoint.rejected"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.CRITICAL
    anchor: str
    size: int
    witness_size: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorFailed:
    """A witness or a time stamp authority did not answer, or answered with nothing of use, several times."""

    code: ClassVar[str] = "audit.anchor.failed"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.MEDIUM
    anchor: str
    attempts: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorRecovered:
    """A witness or a time stamp authority vouches for the log again."""

    code: ClassVar[str] = "audit.anchor.recovered"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    anchor: str
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TokensCompared:
    """Someone compared tokens with the log: `count` were this hub's, `findings` of them are not in it."""

    code: ClassVar[str] = "audit.tokens.compared"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    count: int
    findings: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnloggedTokenFound:
    """A token bears this hub's signature, and the log holds no such token: somebody else used the key `kid`.

    `jti` is an access token's own, or the `txn` of an ID token. `error` is `unlogged`; `differs` where the
    log tells of another token under that name; `broken` where the entry that may tell of it cannot be read.
    """

    code: ClassVar[str] = "audit.token.unlogged"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.CRITICAL
    client_id: str | None
    jti: str | None
    kid: str
    error: str
