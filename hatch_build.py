"""Puts the compiled style sheet into the wheel: users of the wheel need no Node.js.

The style sheet is compiled from govuk-frontend, which is fetched by npm, so it is not in the repository.
"""

import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Assets(BuildHookInterface):
    """Compiles the assets before a wheel or an sdist is packed, or stops with the reason."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Run scripts/assets, which does nothing the second time; an editable install leaves it to make."""
        if version == "editable":
            return
        try:
            subprocess.run([str(Path(self.root, "scripts/assets"))], check=True, cwd=self.root)
        except (OSError, subprocess.CalledProcessError) as error:
            advice = "run `make setup` first, or put npm on PATH"
            raise SystemExit(f"the style sheet is not compiled: {advice} ({error})") from error
