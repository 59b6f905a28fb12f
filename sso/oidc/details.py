"""Rich authorization requests (RFC 9396): what exactly a client wants to do, in types an operator defined.

A type says in words what each of its values means, because a person must understand what they allow. So
nothing is taken that has no words: an unknown type, value or field is refused, not ignored (section 5).
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sso.audit.record import JsonValue
from sso.oidc.digest import digest

MAX_DETAILS = 20
MAX_VALUES = 50
MAX_TEXT_LENGTH = 500
MAX_DEPTH = 4

LISTS = ("actions", "locations", "datatypes", "privileges")
"""Members whose values are chosen from lists (RFC 9396 2.2)."""

Words = Mapping[str, str]
"""What people read, by language tag; "en" always."""
Detail = Mapping[str, JsonValue]
"""One authorization details object, already checked."""


@dataclass(frozen=True, slots=True)
class DetailField:
    """A member of a type's own: a text, number, truth or list of texts; nested ones are named with dots."""

    words: Words
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailType:
    """A type of authorization details: its words, and the words of everything that may stand in it.

    `lists` are the values of `actions`, `locations`, `datatypes` and `privileges` with their words.
    `ask_every_time` is for what is done once, such as a payment: an earlier consent never covers it, and
    even the state's own applications have to ask.
    """

    type: str
    words: Words
    ask_every_time: bool = True
    lists: Mapping[str, Mapping[str, Words]] = field(default_factory=dict)
    fields: Mapping[str, DetailField] = field(default_factory=dict)


class DetailsInvalid(ValueError):
    """authorization_details cannot be granted as asked; the text is private."""


def details_of(text: str | None, types: Sequence[DetailType], allowed: Collection[str]) -> tuple[Detail, ...]:
    """Return the objects of the parameter; none where it is absent.

    Raises:
        DetailsInvalid: not a JSON array of objects, a type that is unknown or not the client's, or
            anything in it that the type has no words for (RFC 9396 5).
    """
    if text is None:
        return ()
    known = {each.type: each for each in types if each.type in allowed}
    found = _array(text)
    for detail in found:
        kind = known.get(str(detail.get("type")))
        if kind is None:
            raise DetailsInvalid("a type that is unknown, or not this client's")
        _check(detail, kind)
    return tuple(found)


def narrowed(text: str | None, granted: Sequence[Detail]) -> tuple[Detail, ...]:
    """Return what is asked for at the token endpoint, each a granted object or a part of its lists.

    Raises:
        DetailsInvalid: malformed, or more than was granted (RFC 9396 6).
    """
    if text is None:
        return tuple(granted)
    asked = _array(text)
    for detail in asked:
        if not any(_is_part(detail, whole) for whole in granted):
            raise DetailsInvalid("more than was granted")
    return tuple(asked)


def must_ask(asked: Sequence[Detail], types: Sequence[DetailType]) -> bool:
    """Whether something among them is asked every time, whatever was allowed before and whoever asks."""
    once = {kind.type for kind in types if not kind.ask_every_time}
    return any(detail["type"] not in once for detail in asked)


def types_of(details: Sequence[Detail]) -> frozenset[str]:
    """Return the types that occur: what the audit log says of details, which may be personal."""
    return frozenset(str(detail["type"]) for detail in details)


def digest_of(details: Sequence[Detail]) -> str | None:
    """Return the SHA-256, in hex, of details with sorted keys and no spaces; None where there are none.

    It settles what was allowed, against a copy that somebody shows, without being one.
    """
    if not details:
        return None
    text = json.dumps(list(details), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return digest(text).hex()


def leaves(detail: Detail) -> Iterator[tuple[str, JsonValue]]:
    """Return the members of a type's own, nested ones under names with dots, in their order.

    Raises:
        DetailsInvalid: nested too deeply, or with a dot in a name.
    """
    yield from _leaves({name: value for name, value in detail.items() if name not in {"type", *LISTS}}, ())


def _leaves(members: Mapping[str, JsonValue], above: tuple[str, ...]) -> Iterator[tuple[str, JsonValue]]:
    if len(above) >= MAX_DEPTH:
        raise DetailsInvalid("nested too deeply")
    for name, value in members.items():
        if "." in name:
            raise DetailsInvalid("a field with a dot in its name")
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, (*above, name))
        else:
            yield ".".join((*above, name)), value


def _array(text: str) -> list[dict[str, JsonValue]]:
    try:
        whole = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise DetailsInvalid("not JSON") from error
    if not isinstance(whole, list) or len(whole) > MAX_DETAILS:
        raise DetailsInvalid("not a JSON array, or too long a one")
    if not all(isinstance(each, dict) for each in whole):
        raise DetailsInvalid("not all are objects")
    return whole


def _no_number(name: str) -> None:
    raise ValueError(name)


def _check(detail: Detail, kind: DetailType) -> None:
    for name in LISTS:
        _check_list(detail.get(name, []), kind.lists.get(name, {}), name)
    found = dict(leaves(detail))
    for name, value in found.items():
        if name not in kind.fields:
            raise DetailsInvalid("a field that the type does not have")
        if not all(_is_plain(each) for each in (value if isinstance(value, list) else [value])):
            raise DetailsInvalid("a field that is no text, number or truth, or too long")
        if isinstance(value, list) and len(value) > MAX_VALUES:
            raise DetailsInvalid("too long a list")
    if any(each.required and name not in found for name, each in kind.fields.items()):
        raise DetailsInvalid("a required field is missing")


def _check_list(values: JsonValue, known: Mapping[str, Words], name: str) -> None:
    if not isinstance(values, list) or not all(isinstance(value, str) and value in known for value in values):
        raise DetailsInvalid(f"{name} has a value that the type does not have")
    if len(values) != len(set(values)):
        raise DetailsInvalid(f"{name} has a value twice")


def _is_plain(value: JsonValue) -> bool:
    if isinstance(value, str):
        return len(value) <= MAX_TEXT_LENGTH and value.isprintable()
    return isinstance(value, bool | int | float) and abs(value) < 2**53


def _is_part(asked: Detail, granted: Detail) -> bool:
    """The same object, or one whose lists lack some values; an absent list is no part of a present one."""
    if asked.keys() - set(LISTS) != granted.keys() - set(LISTS):
        return False
    if any(asked[name] != granted[name] for name in asked.keys() - set(LISTS)):
        return False
    return all(_values(asked, name) <= _values(granted, name) for name in LISTS) and all(
        name in asked for name in LISTS if name in granted
    )


def _values(detail: Detail, name: str) -> set[str]:
    values = detail.get(name)
    return {str(value) for value in values} if isinstance(values, list) else set()
