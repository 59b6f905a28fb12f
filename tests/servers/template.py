"""Folders of servers that take long to make: made once a day and machine, then copied for each test.

The day is part of the name because the people in a template have passwords that expire in a few days.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

KEPT_SECONDS = 2 * 86_400


def made_once(name: str, recipe: tuple[object, ...], make: Callable[[Path], None]) -> Path:
    """The folder that `make` filled, perhaps in another process; a change of the recipe makes it anew."""
    text = f"{datetime.now(UTC):%Y-%m-%d} {recipe!r}"
    folder = _home() / f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    with _locked(_home() / f"{name}.lock"):
        if not (folder / "made").exists():
            _remove_old(name)
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o755)
            make(folder)
            (folder / "made").touch()
    return folder


@contextmanager
def private_folder(name: str) -> Iterator[Path]:
    """An empty folder that servers which are not root may enter, removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=_home()))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _home() -> Path:
    """Ours alone: what is in it is started as root."""
    home = Path(tempfile.gettempdir()) / f"sso-hub-servers-{os.geteuid()}"
    home.mkdir(mode=0o711, exist_ok=True)
    found = home.lstat()
    if home.is_symlink() or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        message = f"{home} belongs to somebody else, or anybody may write into it; remove it"
        raise RuntimeError(message)
    return home


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _remove_old(name: str) -> None:
    for folder in _home().glob(f"{name}-*"):
        if time.time() - folder.stat().st_mtime > KEPT_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
