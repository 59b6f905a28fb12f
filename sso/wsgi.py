"""The WSGI application for granian or gunicorn: `sso.wsgi:app`; SSO_CONFIG names the configuration."""

import ctypes
import gc
import os
import signal
import sys

from flask import Flask

from sso.api.app import register as register_api
from sso.config import load
from sso.config.logs import configure
from sso.hub import Hub, build
from sso.web.app import create_app
from sso.web.measures import keep_sampling
from sso.web.proof_of_key import header_token_of
from sso.web.visit import origin_of

_PR_SET_PDEATHSIG = 1


def make() -> Flask:
    """Build the application of this process from its configuration."""
    configuration = load()
    configure(configuration.settings.log.level)
    hub = build(configuration)
    if "SSO_SUPERVISED" in os.environ:
        _end_with_parent()
        keep_sampling(hub)
    app = application_of(hub)
    gc.collect()
    gc.freeze()  # what is there now stays: looking through it for garbage costs each request a twentieth
    return app


def application_of(hub: Hub) -> Flask:
    """Return the application of a hub: its pages, the protocol and the API."""
    app = create_app(hub)
    trusted_proxies = hub.configuration.settings.server.trusted_proxies
    register_api(
        app,
        hub,
        lambda request: origin_of(request, trusted_proxies),
        lambda request: header_token_of(request, hub.settings, trusted_proxies),
    )
    if hub.settings.scim_directories:
        from sso.scim.app import register as register_scim  # its library takes a third of a second to import

        register_scim(
            app,
            hub,
            lambda request: origin_of(request, trusted_proxies),
            lambda request: header_token_of(request, hub.settings, trusted_proxies),
        )
    return app


def _end_with_parent() -> None:
    """Have the kernel send SIGTERM when the web server's main process dies, so that no worker outlives it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))


def __getattr__(name: str) -> Flask:
    """Make `app` when a server first asks for it, so that importing this module runs nothing."""
    if name != "app":
        raise AttributeError(name)
    app = make()
    globals()["app"] = app
    return app
