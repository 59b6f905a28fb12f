"""Every message that the pages can say, found in their templates and modules."""

from pathlib import Path

from babel.messages.extract import extract
from jinja2.ext import babel_extract

WEB = Path(__file__).resolve().parents[2] / "sso" / "web"


def written_messages() -> dict[str, str]:
    """Return each message and the file that says it."""
    found: dict[str, str] = {}
    for path in sorted((*WEB.glob("*.py"), *WEB.glob("templates/*.html"))):
        method = "python" if path.suffix == ".py" else babel_extract
        with path.open("rb") as stream:
            for _line, message, _comments, _context in extract(
                method, stream, keywords={"_": None, "gettext": None}
            ):
                found.setdefault(str(message), path.name)
    return found
