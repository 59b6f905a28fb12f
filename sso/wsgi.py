"""The WSGI application for granian or gunicorn: `sso.wsgi:app`; SSO_CONFIG names the configuration."""

from flask import Flask

from sso.api.app import register as register_api
from sso.config import load
from sso.config.logs import configure
from sso.hub import Hub, build
from sso.web.app import create_app
from sso.web.visit import origin_of


def make() -> Flask:
    """Build the application of this process from its configuration."""
    configuration = load()
    configure(configuration.settings.log.level)
    return application_of(build(configuration))


def application_of(hub: Hub) -> Flask:
    """Return the application of a hub: its pages, the protocol and the API."""
    app = create_app(hub)
    trusted_proxies = hub.configuration.settings.server.trusted_proxies
    register_api(app, hub, lambda request: origin_of(request, trusted_proxies))
    return app


def __getattr__(name: str) -> Flask:
    """Make `app` when a server first asks for it, so that importing this module runs nothing."""
    if name != "app":
        raise AttributeError(name)
    app = make()
    globals()["app"] = app
    return app
