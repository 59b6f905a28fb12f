"""A configuration is checked whole, and every finding says where it stands and what to do."""

import base64
import os
from pathlib import Path

import pytest

from sso.config import ConfigurationError, load
from tests.config.written import (
    DIRECTORY,
    OTHER_SECRET,
    SECRET,
    SECRETS,
    SERVER,
    loaded,
    write,
)


def refusal(file: Path, environment: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(str(file), environment or {})
    return str(caught.value)


def test_the_shortest_configuration_has_an_issuer_and_two_secrets(tmp_path: Path) -> None:
    configuration = loaded(tmp_path)

    assert configuration.settings.server.issuer == "https://id.example.gov"
    assert configuration.key_encryption_key == base64.urlsafe_b64decode(SECRET + "=")
    assert configuration.pepper == base64.urlsafe_b64decode(OTHER_SECRET + "=")


def test_an_unknown_setting_is_named_with_file_line_and_the_nearest_right_one(tmp_path: Path) -> None:
    file = write(tmp_path, "[tokens]\n# a comment\nacces_token_lifetime_seconds = 60\n")

    assert refusal(file) == (
        f"{file}:8: unknown setting tokens.acces_token_lifetime_seconds; "
        "did you mean access_token_lifetime_seconds?"
    )


def test_an_unknown_section_is_named_with_the_nearest_right_one(tmp_path: Path) -> None:
    file = write(tmp_path, "[token]\ncode_lifetime_seconds = 30\n")

    assert refusal(file) == f"{file}:6: unknown setting token; did you mean tokens?"


def test_a_setting_like_no_other_is_answered_with_all_that_are_known_there(tmp_path: Path) -> None:
    file = write(tmp_path, "[log]\nxyzzy = 1\n")

    assert refusal(file) == f"{file}:7: unknown setting log.xyzzy; known here: level"


def test_an_unknown_setting_of_the_second_directory_has_its_own_line(tmp_path: Path) -> None:
    second = DIRECTORY.replace("civil-affairs", "tax").replace("civil.example", "tax.example")
    file = write(tmp_path, f'{DIRECTORY}{second}base_dnn = "x"\n')

    assert refusal(file) == f"{file}:26: unknown setting directory.1.base_dnn; did you mean base_dn?"


def test_every_finding_is_told_at_once(tmp_path: Path) -> None:
    file = write(tmp_path, '[log]\nlevel = "loud"\n[throttle]\nwindow_seconds = 0\n')

    assert len(refusal(file).splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('[server]\nissuer = "https://id.example.gov"\nworkers = "many"\n', ":3: server.workers: "),
        ("[server]\nissuer = 5\n", ":2: server.issuer: "),
        ('server = "https://id.example.gov"\n', ":1: server must be a table"),
        ('server.issuer = "https://id.example.gov"\nserver.threads = []\n', ":2: server.threads: "),
        ('[server]\nissuer = "https://id.example.gov"\nworkers = 0\n', ":3: server.workers: "),
        ('[server]\nissuer = "https://id.example.gov"\nlisten = "8000"\n', ":3: server.listen: "),
        (
            '[server]\nissuer = "https://id.example.gov"\nmanagement_listen = "0.0.0.0:9000"\n',
            ":3: server.management_listen: the management listener must be on a loopback address",
        ),
        (
            '[server]\nissuer = "https://id.example.gov"\ntrusted_proxies = ["proxy"]\n',
            ":3: server.trusted_proxies: ",
        ),
        (
            '[server]\nissuer = "https://id.example.gov"\nmtls_host = "https://mtls.example.gov"\n',
            ":3: server.mtls_host: ",
        ),
        (
            '[server]\nissuer = "https://id.example.gov"\nmtls_host = "mtls.example.gov"\n',
            ":1: server: mtls_host needs trusted_proxies",
        ),
    ],
)
def test_a_wrong_value_is_told_with_its_place(tmp_path: Path, text: str, place: str) -> None:
    file = (
        write(tmp_path, server=text)
        if "[server]" in text
        else write(tmp_path, secrets=text + SECRETS, server="")
    )

    assert refusal(file).startswith(f"{file}{place}")


@pytest.mark.parametrize(("server", "secrets"), [("", SECRETS), (SERVER, "")])
def test_a_missing_section_is_named(tmp_path: Path, server: str, secrets: str) -> None:
    file = write(tmp_path, server=server, secrets=secrets)

    assert refusal(file) == f"{file}: {'secrets' if server else 'server'} is missing"


def test_a_missing_setting_is_told_at_the_line_of_its_section(tmp_path: Path) -> None:
    file = write(tmp_path, server="[server]\n")

    assert refusal(file) == f"{file}:1: server.issuer is missing"


@pytest.mark.parametrize(
    ("issuer", "reason"),
    [
        ("http://id.example.gov", "an http issuer is accepted only on a loopback address; use https"),
        ("http://127.0.0.1.example.gov", "an http issuer is accepted only on a loopback address; use https"),
        ("http://10.0.0.1:8000", "an http issuer is accepted only on a loopback address; use https"),
        ("https://id.example.gov/", "the issuer has no trailing slash, no query and no fragment"),
        ("https://id.example.gov?a=b", "the issuer has no trailing slash, no query and no fragment"),
        ("https://id.example.gov/hub", "the issuer has no path: the hub serves a whole host"),
        (
            "https://user@id.example.gov",
            "the issuer is an address such as https://id.example.gov, in lower case",
        ),
        ("https://@id.example.gov", "the issuer is an address such as https://id.example.gov, in lower case"),
        ("https://ID.example.gov", "the issuer is an address such as https://id.example.gov, in lower case"),
        ("https://id example.gov", "the issuer is an address such as https://id.example.gov, in lower case"),
        ("ldap://id.example.gov", "the issuer is an address such as https://id.example.gov, in lower case"),
        ("id.example.gov", "the issuer is an address such as https://id.example.gov, in lower case"),
    ],
)
def test_an_issuer_that_applications_could_not_trust_is_refused(
    tmp_path: Path, issuer: str, reason: str
) -> None:
    file = write(tmp_path, server=f'[server]\nissuer = "{issuer}"\n')

    assert refusal(file) == f"{file}:2: server.issuer: {reason}"


@pytest.mark.parametrize(
    "issuer", ["https://[::1", "https://id.example.gov:99999", "https://id.example.gov:0"]
)
def test_an_issuer_that_is_no_address_is_refused(tmp_path: Path, issuer: str) -> None:
    file = write(tmp_path, server=f'[server]\nissuer = "{issuer}"\n')

    assert refusal(file).startswith(f"{file}:2: server.issuer: ")


@pytest.mark.parametrize(
    "issuer", ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000", "http://127.9.9.9"]
)
def test_http_is_accepted_on_loopback(tmp_path: Path, issuer: str) -> None:
    file = write(tmp_path, server=f'[server]\nissuer = "{issuer}"\n')

    assert load(str(file), {}).settings.server.issuer == issuer


def test_relative_paths_start_from_the_files_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, elsewhere = tmp_path / "etc", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    (folder / "ca.pem").write_text("")
    (folder / "bad.txt").write_text("X\n")
    write(
        folder,
        f'[database]\nurl = "sqlite:///data/hub.db"\n[password]\nblocklist_file = "bad.txt"\n{DIRECTORY}'
        'ca_file = "ca.pem"\n',
    )
    monkeypatch.chdir(elsewhere)

    configuration = load(os.path.relpath(folder / "sso.toml"), {})

    assert configuration.database_url == f"sqlite:///{folder}/data/hub.db"
    assert configuration.blocklist_file == folder / "bad.txt"
    assert configuration.directories[0].ca_file == folder / "ca.pem"
    assert configuration.directories[0].bind_password == b"opensesame"


def test_an_absolute_database_file_stays_where_it_is(tmp_path: Path) -> None:
    configuration = loaded(tmp_path, '[database]\nurl = "sqlite:////var/lib/sso/hub.db"\n')

    assert configuration.database_url == "sqlite:////var/lib/sso/hub.db"


@pytest.mark.parametrize(
    "url", ["sqlite:///", "sqlite:///:memory:", "mysql://h/d", "postgresql://hub:geheim@h:port/d", "hub.db"]
)
def test_a_database_that_we_cannot_use_is_refused_without_repeating_its_password(
    tmp_path: Path, url: str
) -> None:
    file = write(tmp_path, f'[database]\nurl = "{url}"\n')

    sentence = refusal(file)

    assert sentence == f"{file}:7: database.url: use sqlite:///FILE or postgresql://USER@HOST/NAME"


def test_two_sources_of_one_secret_are_refused(tmp_path: Path) -> None:
    file = write(tmp_path, secrets=f'{SECRETS}pepper = "{SECRET}"\n')

    assert refusal(file) == f"{file}:3: secrets: set exactly one of pepper and pepper_file"


def test_a_secret_without_a_source_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, secrets='[secrets]\nkey_encryption_key_file = "sso.kek"\n')

    assert refusal(file) == f"{file}:3: secrets: set exactly one of pepper and pepper_file"


@pytest.mark.parametrize(
    "secret", ["", "short", "ä" * 43, SECRET + "AA", SECRET[:-1], "!" + SECRET, "0" * 64]
)
def test_a_secret_that_is_not_32_bytes_in_base64url_is_refused_and_not_repeated(
    tmp_path: Path, secret: str
) -> None:
    file = write(tmp_path)
    (tmp_path / "sso.pepper").write_text(secret, encoding="utf-8")

    assert refusal(file) == f"{file}:5: secrets.pepper must be 32 random bytes in base64url"


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "No such file or directory"), (b"\xff\xfe", "not a name or not text in UTF-8")],
)
def test_a_secret_whose_file_cannot_be_read_is_refused(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    file = write(tmp_path)
    (tmp_path / "sso.pepper").unlink()
    if content is not None:
        (tmp_path / "sso.pepper").write_bytes(content)

    sentence = refusal(file)

    assert sentence.startswith(f"{file}:5: cannot read ")
    assert sentence.endswith(reason)


def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path) -> None:
    nul = write(tmp_path, secrets=SECRETS.replace("sso.pepper", "sso\\u0000pepper"))
    assert refusal(nul).startswith(f"{nul}:5: cannot read ")

    long = write(tmp_path, f'[outbound]\nca_file = "{"a" * 5000}"\n')
    assert refusal(long).startswith(f"{long}:7: outbound.ca_file: ")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            '[password]\nblocklist_file = "none.txt"\n',
            ":7: password.blocklist_file: {folder}/none.txt is missing",
        ),
        (
            '[password]\nblocklist_file = "empty.txt"\n',
            ":7: password.blocklist_file: {folder}/empty.txt is missing",
        ),
        ('[outbound]\nca_file = "none.pem"\n', ":7: outbound.ca_file: {folder}/none.pem does not exist"),
        (
            f'{DIRECTORY}ca_file = "none.pem"\n',
            ":6: directory.civil-affairs: ca_file {folder}/none.pem does not",
        ),
        (
            f'{DIRECTORY}bind_password = "x"\n',
            ":6: directory.0: set exactly one of bind_password and bind_password",
        ),
        (
            DIRECTORY.replace("ldaps:", "ldap:"),
            ":6: directory.civil-affairs: ldap://127.0.0.1:13636 would send",
        ),
        (DIRECTORY.replace("openldap", "novell"), ":10: directory.0.vendor: "),
        (
            DIRECTORY.replace("svc.pw", "empty.txt"),
            ":6: directory.civil-affairs: directory 'civil-affairs' needs a pa",
        ),
        (DIRECTORY + DIRECTORY, ": directory: two directories have the id 'civil-affairs'"),
        (
            DIRECTORY + DIRECTORY.replace("civil-affairs", "tax"),
            ": directory: the realm 'civil.example' is claimed by 'civil-affairs' and by 'tax'",
        ),
    ],
)
def test_what_pydantic_cannot_know_is_checked_too(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "empty.txt").write_text("")
    file = write(tmp_path, text)

    assert refusal(file).startswith(f"{file}{sentence.format(folder=tmp_path)}")


def test_secrets_do_not_show_when_a_configuration_is_printed(tmp_path: Path) -> None:
    text = f'[database]\nurl = "postgresql://hub:geheim@h/d"\n{DIRECTORY}'
    configuration = loaded(tmp_path, text, {"SSO__SECRETS__PEPPER": OTHER_SECRET})

    printed = (
        repr(configuration) + repr(configuration.settings.secrets) + repr(configuration.settings.directory)
    )

    assert not any(secret in printed for secret in (SECRET, OTHER_SECRET, "geheim", "opensesame"))
    assert repr(configuration.pepper) not in printed


def test_an_unknown_section_of_the_environment_is_blamed_on_the_variable(tmp_path: Path) -> None:
    file = write(tmp_path)

    with pytest.raises(ConfigurationError) as refused:
        load(file, {"SSO__SERVR__LISTEN": "127.0.0.1:8000"})

    assert str(refused.value) == (
        "environment variable SSO__SERVR__LISTEN: unknown setting servr; did you mean server?"
    )


def test_closed_findings_are_kept_no_shorter_than_the_log(tmp_path: Path) -> None:
    shorter = write(tmp_path, "[audit]\nminimum_retention_days = 400\nfinding_retention_days = 399\n")
    assert "retention must not be shorter than minimum_retention_days" in refusal(shorter)

    for days in (179, 36_501):
        file = write(tmp_path, f"[audit]\nfinding_retention_days = {days}\n")
        assert "audit.finding_retention_days" in refusal(file)
