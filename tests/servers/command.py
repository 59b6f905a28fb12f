"""One `sso` command in a process of its own, which begins with the hub's modules read already.

Reading them takes a second of a core and the suite runs many hundred commands; a fork of one process that
has read them takes milliseconds, and shares nothing else with the command before it.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path

from sso.cli.main import _COMMANDS, main

COMMAND_SECONDS = 60.0


@cache
def _readers() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(_COMMANDS.values()))
    return context


def _become(folder: str, environment: Mapping[str, str], arguments: Sequence[str], files: str) -> None:
    """In the new process: run the command as the interpreter would have."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, name in enumerate(("input", "output", "errors")):
        flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_APPEND
        os.dup2(os.open(Path(files) / name, flags), number)
    sys.stdin = open(0, encoding="utf-8", closefd=False)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, errors="backslashreplace")
    sys.argv = ["sso", *arguments]
    if environment.get("PYTHONWARNINGS") == "error":
        warnings.simplefilter("error")
    main()


def command(
    folder: Path, environment: Mapping[str, str], arguments: Sequence[str], given: str | bytes
) -> subprocess.CompletedProcess[str]:
    """Run `sso` in a folder with an environment, arguments and standard input; return how it ended.

    Of the interpreter's own variables PYTHONWARNINGS=error alone is heard.
    """
    bytes_given = given.encode() if isinstance(given, str) else given
    with tempfile.TemporaryDirectory(prefix="sso-command-") as files:
        texts = [Path(files) / name for name in ("input", "output", "errors")]
        for text in texts:
            text.write_bytes(bytes_given if text.name == "input" else b"")
        process = _readers().Process(target=_become, args=(str(folder), dict(environment), arguments, files))
        process.start()
        process.join(COMMAND_SECONDS)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(["sso", *arguments], COMMAND_SECONDS)
        output, errors = (text.read_text(encoding="utf-8") for text in texts[1:])
        return subprocess.CompletedProcess(["sso", *arguments], process.exitcode, output, errors)
