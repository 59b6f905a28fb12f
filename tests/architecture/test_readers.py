"""Who reads the log: each module that can demands a reason of whoever looks (issue 5, 7), or says why not.

A new reader fails here until somebody has thought about who looks through it, and why.
"""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OUTER = ("api", "authentication", "cli", "oidc", "outbound", "scim", "web", "witness", "worker")
"""Packages through which something of the log may leave."""

READS = re.compile(
    r"\b(audit_search|audit_answers|audit_receipts|audit_recalls|audit_slices)\b(?! import)"
    r"|\baudit_sinks\.placed\b|\blog_of\(|\blast_records\("
)
ASKED = re.compile(r"\bLook\b|@reason_option\(")
"""In a module whose operations or commands demand a reason: each is tried in tests/api and tests/cli."""

EXPLAINED = {
    "sso/authentication/uses.py": "people see what was done with their own account",
    "sso/cli/audit_archive.py": "opens the archive for the commands, each of which demands it",
    "sso/cli/audit_shred.py": "asks for a day, to keep what may not go yet",
    "sso/web/receipts.py": "applications fetch receipts of their own, without whom and from where",
    "sso/web/slices.py": "a delivery that the configuration orders; what it is for is agreed there",
    "sso/worker/detection.py": "judges, and shows nothing",
    "sso/worker/recalls.py": "reads back what a receipt is made of",
    "sso/worker/sinks.py": "a delivery that the configuration orders; what it is for is agreed there",
}


def test_every_reader_of_the_log_demands_a_reason_or_says_why_not() -> None:
    modules = [path for package in OUTER for path in sorted((ROOT / "sso" / package).rglob("*.py"))]
    reading = {
        str(path.relative_to(ROOT)): text
        for path in modules
        if READS.search(text := path.read_text(encoding="utf-8"))
    }
    silent = {name for name, text in reading.items() if not ASKED.search(text)}

    assert len(reading) > len(silent) > 0
    assert silent == EXPLAINED.keys(), "demand a reason there, or say why it may go without"
