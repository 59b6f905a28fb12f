"""Run one of the npm relying parties beside a visitor, and hand back its report."""

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DEADLINE_SECONDS = 90


def program() -> str:
    """The node that scripts/setup found or brought, else the one on the PATH; the test fails without."""
    brought = ROOT / ".venv" / "bin" / "node"
    found = str(brought) if brought.exists() else shutil.which("node")
    if found is None:
        pytest.fail("node is not installed (make setup)", pytrace=False)
    if not (ROOT / "tests" / "node" / "node_modules" / "openid-client").is_dir():
        pytest.fail("npm's openid-client is not installed (make setup)", pytrace=False)
    return found


def report_of(
    script: str, setting: Mapping[str, Any], visit: Callable[[str], object] | None = None
) -> dict[str, Any]:
    """Run `script` with `setting` on its stdin; `visit` is given the address that a browser must open."""
    process = subprocess.Popen(
        [program(), str(HERE / script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(setting))
        process.stdin.close()
        said = _line(process.stdout.readline())
        if "visit" in said and visit is not None:
            visit(said["visit"])
            said = _line(process.stdout.readline())
    finally:
        process.stdin = None
        try:
            _, complaints = process.communicate(timeout=DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            _, complaints = process.communicate()
    assert "report" in said, complaints
    report: dict[str, Any] = said["report"]
    return report


def _line(text: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(text) if text else {}
    return read
