"""The directory that a command names; where it cannot be had, a sentence says what is there."""

from sso.cli.context import fail
from sso.config import Configuration
from sso.directory.department import Department
from sso.directory.settings import DirectorySettings


def known_department(configuration: Configuration, directory_id: str) -> Department:
    """Return a department of the configuration, or end the command with a sentence."""
    for department in configuration.directories:
        if department.id == directory_id:
            return department
    known = ", ".join(department.id for department in configuration.directories) or "none"
    fail(f"no directory has the id {directory_id}; the configuration has: {known}")


def known_directory(configuration: Configuration, directory_id: str) -> DirectorySettings:
    """Return a directory that the hub itself reads, or end the command with a sentence."""
    department = known_department(configuration, directory_id)
    if isinstance(department, DirectorySettings):
        return department
    fail(
        f"{directory_id} is a SCIM department: its system writes its people here, and there is no server to"
        f" ask; `sso directory list` shows its address, `sso directory conflicts {directory_id}` its"
        " conflicts, and `sso person list` its accounts"
    )
