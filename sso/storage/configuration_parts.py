"""What the configuration was at the last start, for the next one to compare: a row of `setting`."""

import json
from collections.abc import Mapping

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects import postgresql

from sso.storage.columns import Text
from sso.storage.tables import setting
from sso.storage.unit_of_work import UnitOfWork

_KEY = "configuration_parts"
_KEPT = select(setting.c.value).where(setting.c.key == _KEY)
_KEEP = postgresql.insert(setting).on_conflict_do_nothing().returning(setting.c.key)
_REPLACE = (
    update(setting)
    .where(setting.c.key == _KEY, setting.c.value == bindparam("before", type_=Text))
    .values(value=bindparam("after", type_=Text))
)


class SqlConfigurationParts:
    """The parts of the configuration by name (`sso.config.parts`), as the last start left them."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def kept(self) -> Mapping[str, str] | None:
        """Return the parts, or None before the first start."""
        row = self._unit.row(_KEPT)
        if row is None:
            return None
        found: dict[str, str] = json.loads(row.value)
        return found

    def keep(self, before: Mapping[str, str] | None, after: Mapping[str, str]) -> bool:
        """Replace the parts; false if another node was faster, and they are not `before` any more."""
        if before is None:
            return self._unit.row(_KEEP, {"key": _KEY, "value": _text(after)}) is not None
        return self._unit.change(_REPLACE, {"before": _text(before), "after": _text(after)}) == 1


def _text(parts: Mapping[str, str]) -> str:
    return json.dumps(dict(parts), sort_keys=True, separators=(",", ":"))
