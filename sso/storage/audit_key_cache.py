"""Data keys of the audit log in the memory of a process: for a while, and never one that was destroyed."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from sso.storage.audit_data_key import DataKey

MAX_CACHED_KEYS = 20_000
MAX_KEY_AGE_SECONDS = 30.0
"""How long a process uses a key without looking whether it still exists: a destruction takes as long."""

Place = tuple[str, str]
"""Whose key it is, and of which period."""


@dataclass(frozen=True, slots=True)
class AskedAt:
    """A moment at which the database is asked for keys: what it says counts from here on."""

    at: float
    destructions: int


class KeyCache:
    """Keys by their places. What was looked up before a key was destroyed is not kept: it may be that one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._guard = threading.Lock()
        self._clock = clock
        self._known: OrderedDict[Place, tuple[DataKey, float]] = OrderedDict()
        self._page: Collection[Place] = ()
        self._destructions = 0

    def looking(self) -> AskedAt:
        """Return the present moment, to be handed back with what the database says."""
        with self._guard:
            return AskedAt(self._clock(), self._destructions)

    def get(self, place: Place, now: AskedAt) -> DataKey | None:
        """Return a key that is known and was looked for lately, or None."""
        with self._guard:
            key, looked_at = self._known.get(place, (None, 0.0))
            if key is None or now.at - looked_at > MAX_KEY_AGE_SECONDS:
                return None
            self._known.move_to_end(place)
            return key

    def keep(self, place: Place, key: DataKey, looked: AskedAt) -> None:
        """Keep a key; of more than MAX_CACHED_KEYS the one that was used longest ago is forgotten."""
        self._keep({place: key}, looked)

    def keep_page(self, keys: Mapping[Place, DataKey], looked: AskedAt) -> None:
        """Keep the keys of a page of accounts until the next page's.

        A hundred thousand accounts in a row shall not fill the memory with their keys.
        """
        with self._guard:
            for place in self._page:
                self._known.pop(place, None)
            self._page = tuple(keys)
        self._keep(keys, looked)

    def forget(self, ids: Collection[str]) -> None:
        """Forget keys that were destroyed, by their ids."""
        with self._guard:
            self._destructions += 1
            for place in [place for place, (key, _) in self._known.items() if key.id in ids]:
                del self._known[place]

    def _keep(self, keys: Mapping[Place, DataKey], looked: AskedAt) -> None:
        with self._guard:
            if self._destructions != looked.destructions:
                return
            for place, key in keys.items():
                self._known[place] = (key, looked.at)
                self._known.move_to_end(place)
            while len(self._known) > MAX_CACHED_KEYS:
                self._known.popitem(last=False)
