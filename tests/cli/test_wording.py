"""What the commands say is whole, and true."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from sso.cli.main import root

NOUNS = ("client", "person", "directory", "keys", "audit", "config")


@pytest.mark.parametrize("words", [(), *((noun,) for noun in NOUNS)])
def test_a_list_of_commands_cuts_no_sentence(words: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(root, [*words, "--help"]).output

    assert "..." not in shown.partition("Commands:")[2]


def test_every_command_has_a_sentence_for_the_list() -> None:
    context = click.Context(root)
    found = [root.get_command(context, name) for name in root.list_commands(context)]

    assert all(command is not None and command.short_help for command in found)


def test_init_says_which_options_the_existing_file_overrules(tmp_path: Path) -> None:
    file = str(tmp_path / "sso.toml")
    first = ["--config", file, "init", "--issuer", "http://127.0.0.1:8000"]
    assert CliRunner().invoke(root, first).exit_code == 0

    same = CliRunner().invoke(root, first)
    other = CliRunner().invoke(root, [*first[:-1], "https://other.example.gov"])

    assert (same.exit_code, same.stderr) == (0, "")
    assert other.exit_code == 0
    assert other.stderr == f"--issuer is not used: {file} has another one; change it there\n"
