"""The version of the files that browsers may cache: it changes when the style sheet does."""

import hashlib
from importlib import resources


def asset_version() -> str:
    """Return a short digest of the compiled style sheet."""
    sheet = resources.files("admin").joinpath("static", "govuk", "app.css")
    return hashlib.sha256(sheet.read_bytes()).hexdigest()[:12] if sheet.is_file() else "none"
