"""What the how-to pages of an operator say can be typed: every command parses, every block of TOML loads."""

import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest

from sso.audit.event import EVENT_CLASSES
from sso.cli.main import root
from sso.config.schema import Config

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
PAGES = ("configure.md", "operate.md", "connect-an-application.md")


def blocks(page: str, language: str) -> list[str]:
    text = (HOW_TO / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


def command_lines(page: str) -> list[list[str]]:
    """Each `sso ...` of a page as the shell would split it, up to a pipe or a redirection."""
    lines = "\n".join(blocks(page, "sh")).replace("\\\n", " ").splitlines()
    inline = re.findall(r"`(sso [a-z][^`]*)`", (HOW_TO / page).read_text(encoding="utf-8"))
    found = []
    for line in [*lines, *inline]:
        words = shlex.split(line, comments=True)
        while words and "=" in words[0]:
            words.pop(0)  # VARIABLE=value before the command
        if words[:1] == ["sso"]:
            end = next((n for n, word in enumerate(words) if word in {">", "|"}), len(words))
            found.append(words[1:end])
    return found


def parse(arguments: list[str]) -> None:
    """Take a command line as click takes it, without running anything."""
    command: click.Command = root
    context = root.make_context("sso", list(arguments))
    while isinstance(command, click.Group):
        name, found, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert found is not None, arguments
        if not rest and isinstance(found, click.Group):
            return
        command, context = found, found.make_context(name, rest, parent=context)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_can_be_typed(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = command_lines(page)
    for variable, value in re.findall(r'^export (\w+)="(.*?)"', "\n".join(blocks(page, "sh")), re.MULTILINE):
        monkeypatch.setenv(variable, value)

    assert lines
    for arguments in lines:
        required = {"--jwks-file", "--metadata-file"}
        if arguments == ["client", "add"] or required & set(arguments):
            continue
        parse(arguments)


@pytest.mark.parametrize("page", PAGES)
def test_every_setting_that_a_page_names_exists(page: str) -> None:
    text = (HOW_TO / page).read_text(encoding="utf-8")
    sections = {name: field.annotation for name, field in Config.model_fields.items()}

    named = re.findall(rf"`({'|'.join(sections)})\.([a-z_]+)`", text)

    unknown = [f"{s}.{key}" for s, key in named if key not in getattr(sections[s], "model_fields", {})]
    codes = {event.code for event in EVENT_CLASSES}
    assert [name for name in unknown if name not in codes] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_event_that_a_page_searches_for_exists(page: str) -> None:
    codes = {event.code for event in EVENT_CLASSES}

    wanted = re.findall(r"--event '?([a-z_.*]+)'?", (HOW_TO / page).read_text(encoding="utf-8"))

    for code in wanted:
        assert any(known.startswith(code.removesuffix("*")) for known in codes), code


@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_toml_is_toml(page: str) -> None:
    for block in blocks(page, "toml"):
        assert tomllib.loads(block)


def test_the_example_configurations_are_accepted_by_the_schema() -> None:
    settings = Config.model_validate(tomllib.loads("\n".join(blocks("configure.md", "toml"))))

    assert settings.server.issuer == "https://id.example.gov"
    assert settings.directory[0].realms == ("civil.example",)
