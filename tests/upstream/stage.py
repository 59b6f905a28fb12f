"""The hub's own application in this process, a platform that may lie, and browsers."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from flask import Flask
from flask.testing import FlaskClient

from sso.audit.query import AuditQuery
from sso.audit.record import Origin
from sso.config import load
from sso.hub import Hub, build, upstreams_of
from sso.outbound.rules import OutboundRules
from sso.outbound.upstream import UpstreamProvider
from sso.storage.schema import migrate
from sso.web.app import create_app
from sso.worker.key_rotation import first_keys
from tests.relying_parties.visitor import Page
from tests.upstream.platform import CLIENT_ID, Platform

ISSUER = "http://127.0.0.1:8000"
HIGH = "urn:sso-hub:acr:two-factors"
CONFIG = """
[server]
issuer = "{issuer}"
[database]
url = "{database}"
[secrets]
key_encryption_key = "{key}"
pepper = "{key}"
[[upstream]]
id = "national"
issuer = "{platform}"
label = {{ en = "National platform", "zh-CN" = "国家平台" }}
client_id = "{client_id}"
acr = [{{ theirs = "low", ours = "urn:sso-hub:acr:password" }}, {{ theirs = "high", ours = "{high}" }}]
just_in_time = true
allow_loopback = true
"""


@dataclass
class Stage:
    """Both sides."""

    hub: Hub
    app: Flask
    platform: Platform

    def renew(self) -> None:
        """Forget what was read of the platform, and let it be good again."""
        self.platform.reset()
        for old in self.hub.upstreams.values():
            old.close()
        self.hub.upstreams.update(upstreams_of(self.hub.configuration, self.hub.keys))  # type: ignore[attr-defined]

    def let_in_only_the_known(self) -> None:
        """As `just_in_time = false` does, until the next `renew`."""
        old = self.hub.upstreams["national"]
        settings, rules = replace(old.settings, just_in_time=False), OutboundRules(allow_loopback=True)
        closed = UpstreamProvider(settings, old.redirect_uri, rules, self.hub.keys.ring)
        self.hub.upstreams.update({"national": closed})  # type: ignore[attr-defined]

    def browser(self) -> "Browser":
        return Browser(self, self.app.test_client())

    def log(self, code: str) -> list[dict[str, Any]]:
        """The records of a code, newest first."""
        return log_of(self.hub, code)

    def failure(self) -> tuple[str, str]:
        """Why the last sign-in failed, as the log tells it."""
        detail = self.log("auth.login.failure")[0]["detail"]
        return detail["status_code"], detail.get("reason", "")


@dataclass
class Browser:
    """One browser at the hub."""

    stage: Stage
    client: FlaskClient

    def open(self, path: str) -> Page:
        response = self.client.get(path, base_url=ISSUER, follow_redirects=True)
        return Page(f"{ISSUER}{path}", response.status_code, response.text)

    def start(self) -> Mapping[str, str]:
        """Press the button of the platform; return what the browser is sent there with."""
        begun = self.client.get("/sign-in", base_url=ISSUER)
        page = self.open(begun.headers["Location"])
        form = next(form for form in page.forms if "/upstream/national" in form.action)
        sent = self.client.post(urlsplit(form.action).path, base_url=ISSUER, data=form.fields)
        assert sent.status_code == 303, Page("", sent.status_code, sent.text)
        query = parse_qs(urlsplit(sent.headers["Location"]).query)
        self.stage.platform.nonce = query["nonce"][0]
        return {name: values[0] for name, values in query.items()}

    def start_refused(self) -> Page:
        """Press the button of a platform to which nobody can be sent."""
        begun = self.client.get("/sign-in", base_url=ISSUER)
        page = self.open(begun.headers["Location"])
        form = next(form for form in page.forms if "/upstream/national" in form.action)
        sent = self.client.post(urlsplit(form.action).path, base_url=ISSUER, data=form.fields)
        return Page(f"{ISSUER}{urlsplit(form.action).path}", sent.status_code, sent.text)

    def come_back(self, state: str, **changes: str | None) -> Page:
        """Bring an answer to the callback."""
        good: dict[str, str | None] = {"code": "c0de", "state": state, "iss": self.stage.platform.issuer}
        told = {name: value for name, value in (good | changes).items() if value is not None}
        return self.open(f"/sign-in/upstream/national/callback?{urlencode(told)}")

    def sign_in(self) -> Page:
        return self.come_back(self.start()["state"])


def log_of(hub: Hub, code: str) -> list[dict[str, Any]]:
    """The records of a code, newest first."""
    now = datetime.now(UTC)
    query = AuditQuery(since=now - timedelta(days=1), until=now + timedelta(days=1), events=(code,))
    with hub.database.read() as stores:
        return [dict(record.as_json()) for record in stores.audit_search.search(query)]


def open_stage(folder: Path, platform: Platform, more: str = "", database_url: str = "") -> Stage:
    hub = open_hub(folder, ISSUER, platform.issuer, more, database_url)
    return Stage(hub, create_app(hub), platform)


def open_hub(folder: Path, issuer: str, platform: str, more: str = "", database_url: str = "") -> Hub:
    """A hub in this process with keys, and `platform` as its upstream; `more` is TOML of that and on.

    Its database is a file of the folder unless another is named.
    """
    key = base64.urlsafe_b64encode(bytes(32)).decode()
    file = folder / "sso.toml"
    text = CONFIG.format(
        issuer=issuer,
        database=database_url or f"sqlite:///{folder / 'hub.db'}",
        key=key,
        platform=platform,
        client_id=CLIENT_ID,
        high=HIGH,
    )
    file.write_text(text + more, encoding="utf-8")
    hub = build(load(str(file), {}))
    migrate(hub.database)
    first_keys(hub, Origin())
    return hub
