"""What is wrong with a parameter: a stable word for each kind, for a caller that says it in words of its own.

The `detail` beside it is an English sentence for developers, and may change; the word does not.
"""

from collections.abc import Mapping
from enum import StrEnum


class Flaw(StrEnum):
    """The `code` of one of a problem's `errors`."""

    MISSING = "missing"
    UNKNOWN = "unknown"
    REPEATED = "repeated"
    MALFORMED = "malformed"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    TOO_MANY = "too_many"
    OUT_OF_RANGE = "out_of_range"
    NOT_A_NUMBER = "not_a_number"
    NOT_OFFERED = "not_offered"
    NOT_ONE_OF_TWO = "not_one_of_two"
    NOT_READABLE = "not_readable"
    NOT_A_TIME = "not_a_time"
    NOT_AN_ID = "not_an_id"
    NOT_AN_EVENT = "not_an_event"
    NOT_A_LOGIN_NAME = "not_a_login_name"
    NOT_AN_ADDRESS = "not_an_address"
    NETWORK_TOO_WIDE = "network_too_wide"
    EMPTY_RANGE = "empty_range"
    TOO_MANY_RECORDS = "too_many_records"
    TAKES_TOO_LONG = "takes_too_long"
    NOT_ASKED_ABOUT = "not_asked_about"
    NOT_AN_AUDITOR = "not_an_auditor"
    NOT_KNOWN = "not_known"
    ONLY_WHEN_CLOSED = "only_when_closed"
    GROUP_UNKNOWN = "group_unknown"


MEANINGS: Mapping[Flaw, str] = {
    Flaw.MISSING: "it must be given",
    Flaw.UNKNOWN: "the operation has no such parameter",
    Flaw.REPEATED: "it may be given once",
    Flaw.MALFORMED: "it is of another type than the OpenAPI document says",
    Flaw.TOO_SHORT: "it is empty, or has fewer characters than `minLength`",
    Flaw.TOO_LONG: "it has more characters than `maxLength`",
    Flaw.TOO_MANY: "there are more of it than `maxItems`",
    Flaw.OUT_OF_RANGE: "it is below `minimum` or above `maximum`",
    Flaw.NOT_A_NUMBER: "it is not a whole number",
    Flaw.NOT_OFFERED: "it is none of the words of its `enum`",
    Flaw.NOT_ONE_OF_TWO: "two parameters exclude each other, and one of them must be given",
    Flaw.NOT_READABLE: "it has control characters, or characters that change the direction of writing",
    Flaw.NOT_A_TIME: "it is not a time with its zone (RFC 3339) from the years 2000 to 2199",
    Flaw.NOT_AN_ID: "nothing can have such an id",
    Flaw.NOT_AN_EVENT: "it is neither the code of an event nor a family such as `auth.*`",
    Flaw.NOT_A_LOGIN_NAME: "nobody can sign in by such a name: empty, too long, or with invisible characters",
    Flaw.NOT_AN_ADDRESS: "it is neither an IP address nor a CIDR network",
    Flaw.NETWORK_TOO_WIDE: "the network is wider than the log can be asked about",
    Flaw.EMPTY_RANGE: "`since` is not before `until`",
    Flaw.TOO_MANY_RECORDS: "the answer would need too many records: ask for a shorter time",
    Flaw.TAKES_TOO_LONG: "counting takes longer than a caller may have: ask for a shorter time",
    Flaw.NOT_ASKED_ABOUT: "the question is not about such a thing",
    Flaw.NOT_AN_AUDITOR: "the account is not an auditor's",
    Flaw.NOT_KNOWN: "there is no rule or finding of this name or id",
    Flaw.ONLY_WHEN_CLOSED: "it goes with the state closed only",
    Flaw.GROUP_UNKNOWN: "a finding of an earlier release: nobody knows what is like it; name its rule",
}
"""What each says, as the reference tells it."""

_OF_PYDANTIC: Mapping[str, Flaw] = {
    "missing": Flaw.MISSING,
    "string_too_short": Flaw.TOO_SHORT,
    "string_too_long": Flaw.TOO_LONG,
    "too_long": Flaw.TOO_MANY,
    "greater_than_equal": Flaw.OUT_OF_RANGE,
    "less_than_equal": Flaw.OUT_OF_RANGE,
    "int_type": Flaw.NOT_A_NUMBER,
    "int_parsing": Flaw.NOT_A_NUMBER,
    "int_parsing_size": Flaw.NOT_A_NUMBER,
    "int_from_float": Flaw.NOT_A_NUMBER,
    "literal_error": Flaw.NOT_OFFERED,
    "enum": Flaw.NOT_OFFERED,
    "timezone_aware": Flaw.NOT_A_TIME,
}


class Flawed(ValueError):
    """A validator of ours does not accept a value: `flaw` is the word, the text is the `detail`."""

    def __init__(self, flaw: Flaw, detail: str) -> None:
        super().__init__(detail)
        self.flaw = flaw


def flaw_found(kind: str, error: object) -> Flaw:
    """Return the word for what pydantic found: `kind` is its error type, `error` what a validator raised."""
    if isinstance(error, Flawed):
        return error.flaw
    return _OF_PYDANTIC.get(kind, Flaw.NOT_A_TIME if kind.startswith("datetime_") else Flaw.MALFORMED)
