"""sso-hub: an OpenID Connect provider over citizen accounts and department directories."""

__version__ = "0.1.0"
