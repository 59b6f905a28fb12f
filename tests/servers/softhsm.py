"""A hardware security module in software: tokens of SoftHSM2 in a folder, which can be taken away.

The module reads SOFTHSM2_CONF once a process, so there is one folder for a whole run.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

PIN = "4711"
_MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")


@dataclass(frozen=True)
class SoftHsm:
    """A folder of tokens. `module` is the library that an application loads."""

    folder: Path
    module: Path

    def new_token(self, label: str, pin: str = PIN) -> None:
        """Initialise a token."""
        utility = shutil.which("softhsm2-util")
        assert utility is not None, "scripts/setup test installs softhsm2"
        arguments = ("--init-token", "--free", "--label", label, "--pin", pin, "--so-pin", "so-pin")
        subprocess.run([utility, *arguments], check=True, capture_output=True, timeout=20)

    @contextmanager
    def taken_away(self) -> Iterator[None]:
        """Take all tokens away while the block lasts."""
        away = self.folder.with_suffix(".away")
        self.folder.rename(away)
        try:
            yield
        finally:
            away.rename(self.folder)


@pytest.fixture(scope="session")
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoftHsm]:
    """Return the module with no token yet; commands that the tests start find it too."""
    home = tmp_path_factory.mktemp("softhsm")
    tokens = home / "tokens"
    tokens.mkdir(mode=0o700)
    configuration = home / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {tokens}\nlog.level = ERROR\n")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    module = next(Path(path) for path in _MODULES if Path(path).exists())
    yield SoftHsm(tokens, module)
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before
