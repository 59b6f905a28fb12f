"""What is asked and answered about the findings of detection rules."""

from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from sso.api.audit_parameters import EventId, Identifier, Look, readable
from sso.api.operation import Nothing
from sso.audit.rules.finding import MAX_COMMENT_LENGTH, MAX_SUPPRESSION

Level = Literal["informational", "low", "medium", "high", "critical"]
Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_COMMENT_LENGTH),
    AfterValidator(readable),
]


class FindingsAsked(Look):
    """Those that are not closed, the worst first; or those that are, the newest first."""

    closed: bool = False
    level: Level = Field("informational", description="At least this level.")
    rule: Identifier | None = None
    assignee: Identifier | None = Field(None, description="An account id, or `me`.")
    before: EventId | None = Field(None, description="`next_before` of the previous page.")
    limit: int = Field(50, ge=1, le=200)


class FindingsCounted(Nothing):
    """Those that are not closed."""

    level: Level = Field("informational", description="At least this level.")


class FindingChange(Look):
    """What becomes of a finding; what is not given stays. Closing says what it turned out to be.

    The answer shows it as it is then: that is a look.
    """

    state: Literal["open", "in_progress", "closed"] | None = None
    closed_as: Literal["true_positive", "false_positive", "benign", "duplicate"] | None = None
    assignee: Identifier | None = Field(
        None, description="An auditor's account id, or `me`; null takes it from whoever has it."
    )
    comment: Words | None = Field(None, description="Name nobody: it stays.")
    changed_at: AwareDatetime | None = Field(
        None, description="As you read it: changed since, it is left alone (changed_meanwhile)."
    )
    last_record_id: EventId | None = Field(
        None, description="As you read it: grown since, it is left alone (changed_meanwhile)."
    )


class SuppressionAsked(Nothing):
    """Of whatever a rule finds, or of what is like a finding; one of the two."""

    rule: Identifier | None = None
    finding_id: EventId | None = None
    days: int = Field(ge=1, le=MAX_SUPPRESSION.days)
    reason: Words


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FindingDocument(_Document):
    """A finding; `group` is what its records have in common, as far as that can still be read."""

    finding_id: str
    rule: str
    title: str
    level: str
    state: str
    assignee: str | None
    assignee_name: str | None
    closed_as: str | None
    records: int
    group: dict[str, str]
    first_at: str
    last_at: str
    first_record_id: str
    last_record_id: str
    opened_at: str
    changed_at: str


class CommentDocument(_Document):
    """What somebody wrote; `author` is an account id, or a command's user; empty of one who was forgotten."""

    author: str
    author_name: str | None
    at: str
    text: str


class SearchDocument(_Document):
    """Parameters of `/audit/events` that find the records behind a finding, and perhaps a few more."""

    since: str
    until: str
    event: list[str] = []
    client_id: str | None = None
    account_id: str | None = None
    session_id: str | None = None
    grant_id: str | None = None
    directory_id: str | None = None
    address: str | None = None
    involving: list[str] = []


class WholeFinding(FindingDocument):
    """A finding with its comments, oldest first."""

    description: str
    comments: list[CommentDocument]
    search: SearchDocument


class FindingPage(_Document):
    """A page of findings; more follow with `before=next_before`."""

    findings: list[FindingDocument]
    next_before: str | None


class FindingCount(_Document):
    """How many there are.

    `unjudged_since` is when the oldest event happened that no rule has judged, once that is longer ago than
    `[audit] waiting_warning_seconds`: until the worker goes on nothing new is found.
    """

    findings: int
    unjudged_since: str | None


class SuppressionDocument(_Document):
    """A suppression that goes on; `matches` counts the records that it kept quiet."""

    suppression_id: str
    rule: str
    finding_id: str | None
    group: dict[str, str]
    reason: str
    author: str
    author_name: str | None
    created_at: str
    ends_at: str
    matches: int


class SuppressionList(_Document):
    """Those that go on, the first to end first."""

    suppressions: list[SuppressionDocument]
