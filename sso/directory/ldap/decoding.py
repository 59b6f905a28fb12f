"""Entries as bytes alone: ldap3 makes text of every value as well, which nobody here reads.

That text costs half of a reading: a hundred look-ups of ldap3's own settings for each entry.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

_SEARCH_RESULT_ENTRY = 4  # RFC 4511 section 4.5.2: [APPLICATION 4]
_VALUE = 3  # of ldap3's (class, is constructed, tag, value)

_Decode = Callable[[Mapping[str, Any]], dict[str, Any]]


def with_raw_entries(strategy: Any) -> None:
    """Let a strategy of ldap3 decode entries without their text; everything else it does as before."""
    usual: _Decode = strategy.decode_response_fast

    def decode(message: Mapping[str, Any]) -> dict[str, Any]:
        if message["protocolOp"] != _SEARCH_RESULT_ENTRY:
            return usual(message)
        return _entry(message, strategy.decode_control_fast)

    strategy.decode_response_fast = decode


def _entry(message: Mapping[str, Any], decode_control: Callable[[Any], tuple[str, Any]]) -> dict[str, Any]:
    name, attributes = message["payload"]
    controls = dict(decode_control(each[_VALUE]) for each in message["controls"] or ())
    return {
        "type": "searchResEntry",
        "dn": name[_VALUE].decode("utf-8", "replace"),
        "raw_attributes": dict(_attribute(each[_VALUE]) for each in attributes[_VALUE]),
        "controls": controls,
    }


def _attribute(pair: Sequence[Sequence[Any]]) -> tuple[str, list[bytes]]:
    name, values = pair
    return name[_VALUE].decode("utf-8", "replace"), [value[_VALUE] for value in values[_VALUE]]
