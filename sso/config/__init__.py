"""The configuration: a TOML file, overridden by the environment, checked whole before anything runs.

`schema` says which settings exist, `source` reads them with file and line, `load` puts both together.
"""

from sso.config.load import Configuration, load
from sso.config.schema import Config
from sso.config.source import ConfigurationError

__all__ = ["Config", "Configuration", "ConfigurationError", "load"]
