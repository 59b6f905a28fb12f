"""One request to poll for security events, and its answer (RFC 8936 2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sso.audit.record import JsonValue

MAX_EVENTS = 100
"""Most tokens in one answer, whatever is asked for."""

MAX_REPORTED = 1000
"""Most tokens that one request may acknowledge or refuse."""

_MAX_TEXT = 500


class PollInvalid(ValueError):
    """The request is not one of RFC 8936 2.2; the text is public."""


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
        PollInvalid: a member is not of its type, or there are too many.
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
    return texts


def _refused(body: Mapping[str, JsonValue]) -> dict[str, str]:
    given = body.get("setErrs", {})
    if not isinstance(given, dict) or len(given) > MAX_REPORTED:
        raise PollInvalid(f"setErrs must be an object of at most {MAX_REPORTED} members")
    refused: dict[str, str] = {}
    for jti, error in given.items():
        if not isinstance(error, dict) or not isinstance(error.get("err"), str):
            raise PollInvalid("each member of setErrs must have an err")
        refused[jti] = reason_of(error)
    return refused


def reason_of(error: JsonValue) -> str:
    """Return in one line what a receiver says is wrong (RFC 8935 2.3, RFC 8936 2.6): its words, made safe."""
    if not isinstance(error, dict):
        return ""
    parts = [str(error[name]) for name in ("err", "description") if isinstance(error.get(name), str)]
    text = ": ".join(parts)[:_MAX_TEXT]
    return "".join(letter if letter.isprintable() else " " for letter in text)
