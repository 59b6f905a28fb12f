"""`[[audit.sink]]`: each kind has what it needs and nothing of another; files and secrets are there."""

from pathlib import Path

import pytest

from sso.audit.slice import LogSlice
from sso.config import ConfigurationError
from sso.config.sinks import FileTarget, PullTarget, SyslogTarget, WebhookTarget
from tests.config.written import DIRECTORY, loaded

SECRET = "whsec_" + "a2tr" * 8
SYSLOG = '[[audit.sink]]\nname = "siem"\nkind = "syslog"\nhost = "siem.example.gov"\n'
WEBHOOK = '[[audit.sink]]\nname = "soc"\nkind = "webhook"\nurl = "https://soc.example.gov/events"\n'
FILE = '[[audit.sink]]\nname = "lines"\nkind = "file"\nfile = "audit.jsonl"\n'
PULL = '[[audit.sink]]\nname = "civil"\nkind = "pull"\nreader = "civil-soc"\n'


def test_each_kind_becomes_its_target(tmp_path: Path) -> None:
    (tmp_path / "soc.secret").write_text(f"{SECRET}\n")
    (tmp_path / "ca.pem").write_text("")

    siem, soc, lines = loaded(
        tmp_path,
        f'{SYSLOG}ca_file = "ca.pem"\nanswers_close = false\nformat = "ocsf"\n'
        f'{WEBHOOK}secret_file = "soc.secret"\n'
        f'{FILE}events = ["auth.*"]\ndirectory = "civil-affairs"\nstart = "oldest"\n{DIRECTORY}',
    ).audit_sinks

    assert siem.target == SyslogTarget(
        "siem.example.gov", 6514, tmp_path / "ca.pem", None, None, answers_close=False
    )
    assert (siem.ocsf, siem.from_oldest, siem.slice) == (True, False, LogSlice())
    assert soc.target == WebhookTarget("https://soc.example.gov/events", b"kkk" * 8)
    assert lines.target == FileTarget(tmp_path / "audit.jsonl", 104_857_600)
    assert (lines.from_oldest, lines.slice) == (True, LogSlice(("auth.*",), "civil-affairs"))


def test_a_reader_has_the_slice_of_its_directory_or_what_receipts_show_of_its_own(tmp_path: Path) -> None:
    other = PULL.replace("civil", "tax")

    civil, tax = loaded(
        tmp_path, f'{PULL}directory = "civil-affairs"\n{other}events = ["token.*"]\n{DIRECTORY}'
    ).audit_sinks

    assert (civil.target, civil.slice) == (PullTarget("civil-soc"), LogSlice((), "civil-affairs"))
    assert tax.slice == LogSlice(("token.*",), client_id="tax-soc", bodies_only=True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SYSLOG.replace('host = "siem.example.gov"\n', ""), "a sink of kind syslog needs host"),
        (f'{FILE}port = 514\nsecret = "x"\n', "port, secret: not of a sink of kind file"),
        (WEBHOOK, "set exactly one of secret and secret_file"),
        (f'{WEBHOOK}secret = "letmein"\n', "audit.sink.soc: a webhook's secret is whsec_ and Base64"),
        (f'{WEBHOOK}secret_file = "nowhere"\n', "cannot read secret_file: No such file or directory"),
        (f'{SYSLOG}ca_file = "nowhere.pem"\n', "nowhere.pem does not exist"),
        (f'{SYSLOG}certificate_file = "x"\n', "certificate_file and certificate_key_file come together"),
        (f'{FILE}events = ["auth.*", "auht.*"]\n', "no event of this release is called auht.*"),
        (f'{FILE}directory = "nowhere"\n', "audit.sink.lines: there is no directory 'nowhere'"),
        (f"{FILE}{FILE}", "a sink of this name comes twice"),
        (PULL.replace("reader", "#"), "a sink of kind pull needs reader"),
        (f'{FILE}reader = "x"\n', "reader: not of a sink of kind file"),
        (f'{PULL}client_id = "housing"\n', "without directory a reader has its own events"),
        (PULL + PULL.replace('"civil"', '"more"'), "audit.sink.more: a sink of this reader comes twice"),
        (WEBHOOK.replace("https", "http") + f'secret = "{SECRET}"\n', "url"),
    ],
)
def test_what_cannot_work_is_said_at_once(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, text)

    assert said in str(caught.value)
    assert f"{tmp_path / 'sso.toml'}:" in str(caught.value)
