"""The officers' console of the demonstration: its key, its registration, its command line."""

import sys
from collections.abc import Sequence
from pathlib import Path

from sso.hub import Hub


def console_command(hub: Hub, home: Path) -> Sequence[str]:
    """Register the console as an ordinary client, and return how it is started."""
    return [sys.executable, "-c", "import time; time.sleep(100000)"]
