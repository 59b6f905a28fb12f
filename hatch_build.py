"""Puts the compiled style sheet into the wheel: users of the wheel need no Node.js.

The style sheet is compiled from govuk-frontend, which is fetched by npm, so it is not in the repository.
"""

import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ASSETS = ("sso/web/static/govuk/app.css", "admin/static/govuk/app.css")


class Assets(BuildHookInterface):
    """Compiles the assets before a wheel or an sdist is packed, or stops with the reason."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Run scripts/assets when a file is missing; for an editable install `make setup` does it."""
        missing = [asset for asset in ASSETS if not Path(self.root, asset).exists()]
        if version == "editable" or not missing:
            return
        try:
            subprocess.run([str(Path(self.root, "scripts/assets"))], check=True, cwd=self.root)
        except (OSError, subprocess.CalledProcessError) as error:
            message = (
                f"{', '.join(missing)} not compiled: run `make setup` first, or put npm on PATH ({error})"
            )
            raise SystemExit(message) from error
