"""Whether this process can serve: the database answers, its schema is current, keys can sign."""

import shutil
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from flask import Blueprint, Response, jsonify

from sso.hub import Hub
from sso.oidc.issuance import ACCESS_TOKEN_ALG
from sso.oidc.keys import KeyRing
from sso.storage.errors import SealBroken, StorageUnavailable
from sso.storage.schema import pending_migrations

MINIMUM_FREE_BYTES = 64 * 1024 * 1024


class Readiness:
    """The findings, at most MAX_AGE_SECONDS old: a probe costs nothing, whoever sends how many.

    One caller asks the database while the others wait PATIENCE_SECONDS at most; a database that takes
    longer to answer is not ready.
    """

    MAX_AGE_SECONDS = 1.0
    PATIENCE_SECONDS = 1.5

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._asking = threading.Lock()
        self._found: Mapping[str, str] = {}
        self._found_at = float("-inf")

    def findings(self) -> Mapping[str, str]:
        """Return what is wrong, by name of the check; empty when the hub is ready."""
        if self._fresh():
            return self._found
        if not self._asking.acquire(timeout=self.PATIENCE_SECONDS):
            return {"database": "takes too long to answer"}
        try:
            if not self._fresh():
                self._found = findings(self._hub)
                self._found_at = time.monotonic()
            return self._found
        finally:
            self._asking.release()

    def _fresh(self) -> bool:
        return time.monotonic() - self._found_at < self.MAX_AGE_SECONDS


def findings(hub: Hub) -> Mapping[str, str]:
    """Return what is wrong, by name of the check; empty when the hub is ready."""
    try:
        waiting = pending_migrations(hub.database)
        if waiting:
            return {"migrations": f"run `sso migrate`: {', '.join(waiting)}"}
        ring = hub.keys.ring()
    except StorageUnavailable:
        return {"database": "does not answer"}
    except SealBroken:
        return {"keys": "secrets.key_encryption_key is not the one that they were sealed with"}
    now = datetime.now(UTC)
    missing = [alg for alg in hub.settings.signing_algorithms if _is_missing(alg, ring, now)]
    wrong = {} if not missing else {"keys": f"no active signing key for {', '.join(missing)}"}
    return {**wrong, **_disk(hub)}


def _is_missing(alg: str, ring: KeyRing, now: datetime) -> bool:
    """Whether nothing signs with an algorithm that was in use; a new one may wait for its turn."""
    if alg in ring.algorithms(now):
        return False
    of_alg = [key for key in ring.keys if key.alg == alg]
    return alg == ACCESS_TOKEN_ALG or (bool(of_alg) and not any(key.waits(now) for key in of_alg))


def _disk(hub: Hub) -> dict[str, str]:
    url = hub.configuration.database_url
    if not url.startswith("sqlite:///"):
        return {}
    folder = Path(url.removeprefix("sqlite:///")).parent
    free = shutil.disk_usage(folder).free
    return {} if free >= MINIMUM_FREE_BYTES else {"disk": f"only {free // 2**20} MiB free"}


def readiness_blueprint(hub: Hub) -> Blueprint:
    """Return /readyz for load balancers: yes or no, the reasons only on the management listener."""
    bp = Blueprint("readiness", __name__)
    readiness = Readiness(hub)

    @bp.get("/readyz")
    @bp.get("/healthz")
    def readyz() -> tuple[Response, int]:
        """Say whether this process can serve, to load balancers; the reasons are told to operators."""
        ready = not readiness.findings()
        return jsonify({"status": "ready" if ready else "not ready"}), 200 if ready else 503

    return bp
