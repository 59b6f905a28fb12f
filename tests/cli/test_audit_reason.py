"""Whoever looks at the log says why: every command that shows any of it demands a reason, and records it."""

import inspect
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest

from sso.cli.audit_reason import REASON
from sso.cli.main import root
from sso.config import load
from sso.hub import build
from sso.worker.last_signed import LastSigned
from sso.worker.sequencer import Sequencer
from tests.cli.commands import Commands
from tests.cli.test_audit_findings import judge

Words = tuple[str, ...]

LOOKS: dict[Words, tuple[Words, tuple[str, ...]]] = {
    ("audit", "search"): ((), ("audit.searched",)),
    ("audit", "count"): ((), ("audit.searched",)),
    ("audit", "ask"): (("Q9",), ("audit.searched",)),
    ("audit", "show"): (("{record}",), ("audit.viewed",)),
    ("audit", "tail"): (("--records", "1", "--event", "audit.followed"), ("audit.followed",)),
    ("audit", "export"): (("--output", "{file}"), ("audit.export.begun", "audit.exported")),
    ("audit", "seal"): (("--event", "client.*", "--output", "{file}"), ("audit.evidence.sealed",)),
    ("audit", "find-unlogged"): ((), ("audit.tokens.compared",)),
    ("audit", "rules", "dry-run"): (("--since", "1h"), ("audit.searched",)),
    ("audit", "findings", "list"): ((), ("finding.listed",)),
    ("audit", "findings", "show"): (("{finding}",), ("finding.viewed",)),
    ("audit", "findings", "suppressions"): ((), ("finding.listed",)),
}
"""Every command that shows what is in the log: what it needs beside a reason, and the events of the look."""

COUNTS = "says how many entries are whole and which are not, and nothing of what any says"
CHANGES = "shows nothing of the log; what is done with a finding is an event of its own"
ORDERS = "destroys or keeps, by an order with a legal basis and a reason of its own, and shows nothing"
EXPLAINED: dict[Words, str] = {
    ("audit", "verify"): COUNTS,
    ("audit", "recount"): "says which hours were not counted as their entries are",
    ("audit", "keys"): "public keys",
    ("audit", "key", "add"): "adds a key of the log's, and shows nothing of it",
    ("audit", "key", "retire"): "ends a key of the log's, and shows nothing of it",
    ("audit", "new-epoch"): "begins a tree, with a reason of its own",
    ("audit", "shred"): ORDERS,
    ("audit", "hold", "set"): ORDERS,
    ("audit", "hold", "list"): ORDERS,
    ("audit", "hold", "lift"): ORDERS,
    ("audit", "witnesses"): "names of witnesses, and when they vouched",
    ("audit", "sinks"): "names of sinks, and how far they are",
    ("audit", "rules", "list"): "files of the configuration",
    ("audit", "rules", "test"): "examples that come with the rules",
    ("audit", "findings", "assign"): CHANGES,
    ("audit", "findings", "close"): CHANGES,
    ("audit", "findings", "reopen"): CHANGES,
    ("audit", "findings", "comment"): CHANGES,
    ("audit", "findings", "suppress"): CHANGES,
    ("audit", "findings", "lift"): CHANGES,
}
"""Every other command of `sso audit`, and why it may go without."""

READERS = re.compile(r"\baudit_(search|answers|receipts)\b|\blog_of\(|\blast_records\(")
NO_REASON: tuple[tuple[dict[str, str | None], Words], ...] = (
    ({"SSO_AUDIT_REASON": None}, ()),
    ({"SSO_AUDIT_REASON": " "}, ()),
    ({}, ("--reason", "\u3000")),
)


def leaves(group: click.Group, path: Words = ()) -> Iterator[tuple[Words, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from leaves(command, (*path, name))
        else:
            yield (*path, name), command


def reads_the_log(command: click.Command) -> bool:
    """Whether anything in the module of a command does."""
    module = inspect.getmodule(command.callback)
    assert module is not None
    return READERS.search(inspect.getsource(module)) is not None


def test_every_command_that_may_show_the_log_demands_a_reason_or_says_why_not() -> None:
    asked = {path for path, command in leaves(root) if path[0] == "audit" or reads_the_log(command)}
    demanding = {
        path for path, command in leaves(root) if any(each.type is REASON for each in command.params)
    }

    assert demanding == LOOKS.keys()
    assert asked - LOOKS.keys() == EXPLAINED.keys(), "demand a reason there, or say why it may go without"


def typed(path: Words, **words: str) -> Words:
    return (*path, *(each.format(**words) for each in LOOKS[path][0]))


@pytest.mark.parametrize("path", LOOKS, ids=" ".join)
@pytest.mark.parametrize(("variables", "more"), NO_REASON, ids=["none", "blank variable", "blank option"])
def test_without_a_reason_not_even_the_configuration_is_read(
    tmp_path: Path, path: Words, variables: dict[str, str | None], more: Words
) -> None:
    """There is none: whoever gives a reason is told that."""
    nowhere, record = Commands(tmp_path), "00000000-0000-7000-8000-000000000000"
    arguments = typed(path, record=record, finding=record, file=str(tmp_path / "file"))

    refused = nowhere.run(*arguments, *more, env=variables)
    told = nowhere.run(*arguments, "--reason", "case 7")

    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "--reason" in refused.stderr
    assert (told.exit_code, "no such file" in told.stderr) == (78, True)


def test_the_usage_error_says_what_to_do(tmp_path: Path) -> None:
    said = [
        Commands(tmp_path).run(*typed(path), env={"SSO_AUDIT_REASON": ""}).stderr.splitlines()[-1]
        for path in (("audit", "search"), ("audit", "ask"))
    ]

    assert set(said) == {
        "Error: Missing option '--reason' (env var: 'SSO_AUDIT_REASON'). Say why you look, such as a case "
        "number: it is recorded. SSO_AUDIT_REASON says it for a shell."
    }


@dataclass(frozen=True)
class Desk:
    """A hub with a finding and the record behind it, and what gives records their places."""

    cli: Commands
    sequencer: Sequencer
    finding: str
    record: str


@pytest.fixture(scope="module")
def desk(made_hub: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    cli = Commands(Path(shutil.copytree(made_hub, tmp_path_factory.mktemp("desk") / "hub")))
    cli.ok("client", "rotate-secret", cli.add_client()["client_id"])
    judge(cli)
    [finding] = cli.rows("audit", "findings", "list", "--rule", "r17_client_changed")
    hub = build(load(str(cli.folder / "sso.toml"), {}))
    sequencer = Sequencer(hub, LastSigned(cli.folder / "signed.json"))
    sequencer.sign(datetime.now(UTC))
    yield Desk(cli, sequencer, finding["finding_id"], finding["last_record_id"])
    hub.close()


@pytest.mark.parametrize("path", LOOKS, ids=" ".join)
def test_the_events_of_a_look_have_its_reason(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: Words
) -> None:
    reason = f"for {' '.join(path)}"
    monkeypatch.setattr("sso.cli.audit_follow.time.sleep", lambda _: desk.sequencer.sequence())

    desk.cli.ok(*typed(path, record=desk.record, finding=desk.finding, file=str(tmp_path / "file")))
    told = desk.cli.run(
        *typed(path, record=desk.record, finding=desk.finding, file=str(tmp_path / "another")),
        env={"SSO_AUDIT_REASON": reason},
    )

    assert told.exit_code == 0, told.stderr
    for code in LOOKS[path][1]:
        newest, before, *_ = (event["detail"]["reason"] for event in desk.cli.events(code))
        assert (newest, before) == (reason, "a test")


def test_an_option_goes_before_the_variable(desk: Desk) -> None:
    desk.cli.ok("audit", "count", "--reason", "case 7")

    assert desk.cli.events("audit.searched")[0]["detail"]["reason"] == "case 7"
