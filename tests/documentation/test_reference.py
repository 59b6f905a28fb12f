"""The documents say what the code does: the reference is written from it, and the README's words work."""

import re
import subprocess
import sys
from pathlib import Path

from sso.oidc.errors import ErrorCode

ROOT = Path(__file__).parents[2]


def test_the_reference_is_what_the_code_says_now() -> None:
    command = [sys.executable, "scripts/reference", "--check"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, f"{done.stdout}{done.stderr}\nrun scripts/reference"


def test_every_address_and_every_event_has_its_meaning_in_words() -> None:
    tables = (ROOT / "docs" / "reference" / name for name in ("endpoints.md", "events.md"))

    rows = [
        line
        for table in tables
        for line in table.read_text(encoding="utf-8").splitlines()
        if line.startswith("| `")
    ]

    assert rows
    assert [row for row in rows if "|  |" in row] == []


def test_every_link_between_documents_leads_to_a_file() -> None:
    documents = [file for file in ROOT.glob("*.md")] + list((ROOT / "docs").rglob("*.md"))

    broken = [
        f"{file.relative_to(ROOT)}: {target}"
        for file in documents
        for target in re.findall(r"\]\(([^)#\s]+)", file.read_text(encoding="utf-8"))
        if "://" not in target and not (file.parent / target).exists()
    ]

    assert broken == []


def test_every_error_says_which_endpoints_send_it() -> None:
    text = (ROOT / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")

    told = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|$", text, flags=re.MULTILINE))

    assert {code.value for code in ErrorCode} <= told.keys()
    assert "device" in told["access_denied"]
    assert told["unknown_user_id"] == "the backchannel authentication endpoint"
