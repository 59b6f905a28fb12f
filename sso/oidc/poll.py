"""One request to poll for security events, and its answer (RFC 8936 2)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sso.audit.record import JsonValue
from sso.oidc.errors import ErrorCode, RequestRejected

MAX_EVENTS = 100
"""Most tokens in one answer, whatever is asked for."""

MAX_REPORTED = 1000
"""Most tokens that one request may acknowledge or refuse."""

_MAX_TEXT = 500


class PollInvalid(RequestRejected):
    """The request is not one of RFC 8936 2.4: answered with 400 (2.5.1) and a sentence that is public."""

    def __init__(self, sentence: str) -> None:
        super().__init__(ErrorCode.INVALID_REQUEST, sentence)


@dataclass(frozen=True, slots=True)
class PollRequest:
    """What was received, what could not be used and why, and how many more are wanted."""

    max_events: int = MAX_EVENTS
    return_immediately: bool = False
    acknowledged: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)


def poll_request_of(body: JsonValue) -> PollRequest:
    """Return the request of a JSON body; members that nobody knows are ignored.

    Raises:
        PollInvalid: a member is not of its type, there are too many, or a jti cannot be one.
    """
    if not isinstance(body, dict):
        raise PollInvalid("the body must be a JSON object")
    wanted = body.get("maxEvents", MAX_EVENTS)
    if isinstance(wanted, bool) or not isinstance(wanted, int) or wanted < 0:
        raise PollInvalid("maxEvents must be a number, zero or more")
    at_once = body.get("returnImmediately", False)
    if not isinstance(at_once, bool):
        raise PollInvalid("returnImmediately must be true or false")
    return PollRequest(min(wanted, MAX_EVENTS), at_once, _acknowledged(body), _refused(body))


def _acknowledged(body: Mapping[str, JsonValue]) -> tuple[str, ...]:
    given = body.get("ack", [])
    if not isinstance(given, list) or len(given) > MAX_REPORTED:
        raise PollInvalid(f"ack must be an array of at most {MAX_REPORTED} jti values")
    texts = tuple(jti for jti in given if isinstance(jti, str))
    if len(texts) != len(given):
        raise PollInvalid("ack must be an array of texts")
    _check_ids(texts)
    return texts


def _refused(body: Mapping[str, JsonValue]) -> dict[str, str]:
    given = body.get("setErrs", {})
    if not isinstance(given, dict) or len(given) > MAX_REPORTED:
        raise PollInvalid(f"setErrs must be an object of at most {MAX_REPORTED} members")
    _check_ids(given)
    refused: dict[str, str] = {}
    for jti, error in given.items():
        if not isinstance(error, dict) or not isinstance(error.get("err"), str):
            raise PollInvalid("each member of setErrs must have an err")
        refused[jti] = reason_of(error)
    return refused


def _check_ids(given: Iterable[str]) -> None:
    """JSON can spell what is no text of Unicode: half of a pair of surrogates. NUL no database keeps."""
    for jti in given:
        if any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in jti):
            raise PollInvalid("a jti has a character that no jti has")


def reason_of(error: JsonValue) -> str:
    """Return in one line what a receiver says is wrong (RFC 8935 2.3, RFC 8936 2.6): its words, made safe."""
    if not isinstance(error, dict):
        return ""
    parts = [str(error[name]) for name in ("err", "description") if isinstance(error.get(name), str)]
    text = ": ".join(parts)[:_MAX_TEXT]
    return "".join(letter if letter.isprintable() else " " for letter in text)
