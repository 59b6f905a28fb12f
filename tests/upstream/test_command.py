"""`sso upstream`: every step to a sign-in there, and what to mend where one fails."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sso.audit.record import Origin
from sso.cli.main import root
from sso.directory.stores import PasswordCredential
from tests.servers.loopback import Answer
from tests.storage import examples
from tests.upstream.stage import Stage


@pytest.fixture
def stage(stage: Stage) -> Stage:
    stage.platform.said["/token"] = Answer({"error": "invalid_grant"}, status=400)
    stage.platform.others = Answer({}, status=302, headers={"Location": "https://hub.example"})
    return stage


def run(stage: Stage, *arguments: str, file: Path | None = None) -> tuple[int, str]:
    told = str(file or stage.hub.configuration.file)
    done = CliRunner().invoke(root, ["--config", told, "upstream", *arguments])
    return done.exit_code, done.output


def failed(stage: Stage) -> dict[str, str]:
    """The checks that failed, and what to mend."""
    code, output = run(stage, "test", "national", "--json")
    found: list[dict[str, Any]] = [json.loads(line) for line in output.splitlines()]
    wrong = {each["check"]: each["sentence"] for each in found if not each["ok"]}
    assert code == (1 if wrong else 0)
    return wrong


def test_where_everything_works_every_step_says_so(stage: Stage) -> None:
    code, output = run(stage, "test", "national")

    assert code == 0, output
    steps = [line.split(":")[0].split()[-1] for line in output.splitlines()]
    assert steps == ["metadata", "keys", "redirect_uri", "client", "sign_out"]


def test_the_list_says_whom_each_signs_in(stage: Stage) -> None:
    code, output = run(stage, "list", "--json")

    (row,) = [json.loads(line) for line in output.splitlines()]
    assert (code, row["id"], row["signs_in"], row["just_in_time"]) == (0, "national", "citizens", True)


def test_an_unknown_one_names_those_that_are_known(stage: Stage) -> None:
    code, output = run(stage, "test", "provincial")

    assert (code, "national" in output) == (1, True)


def test_another_issuer_is_named(stage: Stage) -> None:
    stage.platform.metadata = {"issuer": "https://id.evil.example"}

    assert "another issuer" in failed(stage)["metadata"]


def test_keys_that_cannot_be_read_are_named(stage: Stage) -> None:
    stage.platform.jwks = {"keys": [{"kty": "oct", "k": "AAAA"}]}

    assert "jwks_uri" in failed(stage)["keys"]


def test_a_redirect_uri_that_is_not_registered_is_named(stage: Stage) -> None:
    stage.platform.others = Answer({}, status=400)

    assert "/sign-in/upstream/national/callback" in failed(stage)["redirect_uri"]


def test_a_hub_that_is_not_known_there_is_named(stage: Stage) -> None:
    stage.platform.said["/token"] = Answer({"error": "invalid_client"}, status=401)

    assert "/oauth2/jwks" in failed(stage)["client"]


def test_levels_and_a_sign_out_that_are_not_offered_are_named(stage: Stage) -> None:
    stage.platform.metadata = {"acr_values_supported": ["low", "gold"], "end_session_endpoint": None}

    wrong = failed(stage)

    assert "it does not know high" in wrong["levels"]
    assert "never" in wrong["sign_out"]


def test_an_officer_ties_an_account_and_unties_it_with_a_reason(stage: Stage) -> None:
    someone = examples.person()
    account = examples.citizen(someone.id, login_name="dorj")
    with stage.hub.database.begin(Origin()) as stores:
        stores.people.add_person(someone)
        stores.people.add_account(account, examples.NOW)
    reason = ("--reason", "as the file shows")

    tied = run(stage, "tie", "national", "dorj-there", "dorj", *reason)
    told = ["--config", str(stage.hub.configuration.file), "person", "show", "dorj", "--json"]
    shown = json.loads(CliRunner().invoke(root, told).output)
    last = run(stage, "untie", "national", "dorj", *reason)
    with stage.hub.database.begin(Origin()) as stores:
        known = stores.upstreams.account_of("national", "dorj-there")
        stores.credentials.put(PasswordCredential(account.id, "$argon2id$", examples.NOW))
    untied = run(stage, "untie", "national", "dorj", *reason)
    again = run(stage, "untie", "national", "dorj", *reason)

    assert (tied[0], last[0], untied[0], again[0]) == (0, 1, 0, 1)
    assert known == account.id
    assert shown["accounts"][0]["upstreams"] == ["national"]
    assert "the only way into the account" in last[1]
    events = stage.log("upstream.account.tied") + stage.log("upstream.account.untied")
    details = [(each["detail"]["rule"], each["detail"]["reason"]) for each in events]
    assert details == [("command", reason[1])] * 2


def test_where_a_first_sign_in_makes_no_account_it_says_whether_anybody_has_one(stage: Stage) -> None:
    told = Path(str(stage.hub.configuration.file))
    closed = told.with_name("closed.toml")
    closed.write_text(told.read_text().replace("just_in_time = true", ""))

    nobody = run(stage, "test", "national", file=closed)
    with stage.hub.database.begin(Origin()) as stores:
        someone = examples.person()
        account = examples.citizen(someone.id)
        stores.people.add_person(someone)
        stores.people.add_account(account, examples.NOW)
        assert stores.upstreams.link("national", "s-1", account.id, examples.NOW)
    somebody = run(stage, "test", "national", file=closed)

    assert (nobody[0], somebody[0]) == (0, 0)
    assert "there is nobody yet" in nobody[1]
    assert "ok    accounts: just_in_time = false" in somebody[1]
    assert "there is nobody yet" not in somebody[1]
