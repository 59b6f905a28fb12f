"""What this node has signed or seen signed by others, remembered in a file outside of the database.

A database that is restored from an older backup, or whose lagging replica took over, no longer knows what
was signed; this file does. One checkpoint an origin, written whole, flushed to the disk, and put in place by
a rename.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from sso.audit.checkpoint import Checkpoint
from sso.audit.signed_note import NoteInvalid, split_note
from sso.storage.folders import keep_names


@dataclass(frozen=True, slots=True)
class LastSigned:
    """The file of one node; it may be missing, and then nothing is known."""

    file: Path

    def of(self, origin: str) -> Checkpoint | None:
        """Return the last checkpoint of an origin that this node knows to be signed.

        Raises:
            NoteInvalid: the file is damaged: nobody may sign before a person has looked at it.
        """
        note = self._notes().get(origin)
        return None if note is None else Checkpoint.parse(split_note(note)[0])

    def put(self, note: str) -> None:
        """Remember a checkpoint in place of the one before; durable on return.

        Raises:
            OSError: it cannot be written.
        """
        origin = Checkpoint.parse(split_note(note)[0]).origin
        whole = json.dumps({**self._notes(), origin: note}, indent=1, ensure_ascii=False)
        new = self.file.with_name(f"{self.file.name}.{os.getpid()}.new")
        with new.open("w", encoding="utf-8") as written:
            written.write(whole)
            written.flush()
            os.fsync(written.fileno())
        new.replace(self.file)
        keep_names(self.file.parent)

    def _notes(self) -> dict[str, str]:
        try:
            notes = json.loads(self.file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            message = f"{self.file.name} is damaged"
            raise NoteInvalid(message) from error
        if not isinstance(notes, dict):
            message = f"{self.file.name} is damaged"
            raise NoteInvalid(message)
        return {str(origin): str(note) for origin, note in notes.items()}
