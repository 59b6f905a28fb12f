"""The WSGI application for granian or gunicorn: `sso.wsgi:app`; SSO_CONFIG names the configuration."""

from flask import Flask

from sso.api.app import register as register_api
from sso.config import load
from sso.config.logs import configure
from sso.hub import build
from sso.web.app import create_app


def make() -> Flask:
    """Build the application of this process from its configuration."""
    configuration = load()
    configure(configuration.settings.log.level)
    hub = build(configuration)
    app = create_app(hub)
    register_api(app, hub)
    return app


def __getattr__(name: str) -> Flask:
    """Make `app` when a server first asks for it, so that importing this module runs nothing."""
    if name != "app":
        raise AttributeError(name)
    app = make()
    globals()["app"] = app
    return app
