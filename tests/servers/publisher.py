"""A site of an application: publishes documents over real HTTPS on loopback, and counts who asks."""

from collections import Counter
from pathlib import Path
from typing import Any

from tests.servers.loopback import Answer, LoopbackServer, Request


class Publisher(LoopbackServer):
    """Serves `documents` by path while the block lasts; `asked` counts the requests."""

    def __init__(self, folder: Path) -> None:
        self.ca_file = folder / "ca.pem"
        self.documents: dict[str, Answer] = {}
        self.asked: Counter[str] = Counter()
        super().__init__(self._document, folder)

    def publish(self, path: str, content: Any, **more: Any) -> str:
        """Put a document at a path and return its address."""
        self.documents[path] = Answer(content, **more)
        return self.origin + path

    def _document(self, request: Request) -> Answer:
        self.asked[request.path] += 1
        return self.documents.get(request.path, Answer({}, status=404))
