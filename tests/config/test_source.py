"""Where settings come from: the file that is named, and the environment laid over it."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sso.config import Config, Configuration, ConfigurationError, load
from tests.config.written import OTHER_SECRET, SECRET, SECRETS, SERVER, loaded, write, write_secrets


def refusal(file: Path, environment: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(str(file), environment or {})
    return str(caught.value)


def test_the_named_file_goes_before_the_environments_and_that_before_sso_toml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_secrets(tmp_path)
    for name in ("sso", "environment", "named"):
        text = f'[server]\nissuer = "https://{name}.example.gov"\n{SECRETS}'
        (tmp_path / f"{name}.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    environment = {"SSO_CONFIG": "environment.toml"}

    found = [load("named.toml", environment), load(None, environment), load(None, {})]

    assert [c.settings.server.issuer.split(".")[0] for c in found] == [
        "https://named",
        "https://environment",
        "https://sso",
    ]


def test_the_environment_of_the_process_counts_unless_another_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSO__LOG__LEVEL", "debug")

    assert load(str(write(tmp_path))).settings.log.level == "debug"


def test_a_missing_file_says_how_to_make_or_name_one(tmp_path: Path) -> None:
    file = tmp_path / "none.toml"

    assert refusal(file) == (
        f"{file}: no such file; make one with `sso init`, or name it with --config or SSO_CONFIG"
    )


def test_a_folder_is_not_a_configuration(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"{tmp_path}: cannot be read: Is a directory"


@pytest.mark.skipif(os.getuid() != 0, reason="becomes another user")
def test_a_file_that_may_not_be_read_is_named() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        file = write(Path(folder))
        file.chmod(0o000)
        program = f"import os\nfrom sso.config import load\nos.setuid(65534)\nload({str(file)!r}, {{}})"

        ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert f"ConfigurationError: {file}: cannot be read: Permission denied" in ran.stderr


def test_what_is_not_toml_is_told_with_its_line(tmp_path: Path) -> None:
    file = write(tmp_path, "[log\n")

    assert refusal(file).startswith(f"{file}:6: not valid TOML: ")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", SERVER.encode() + b"[pages]\nname = '\xe9'\n"])
def test_what_is_not_utf_8_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "sso.toml"
    file.write_bytes(content)

    assert refusal(file) == f"{file}: cannot be read: it is not UTF-8"


def test_an_editors_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    file = write(tmp_path)
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())

    assert load(str(file), {}).settings.server.issuer == "https://id.example.gov"


@pytest.mark.parametrize("text", ["a = " + "[" * 5000 + "]" * 5000, "a = " + "9" * 5000])
def test_absurd_toml_is_refused_and_does_not_crash(tmp_path: Path, text: str) -> None:
    file = tmp_path / "sso.toml"
    file.write_text(text)

    assert "not valid TOML" in refusal(file)


def test_a_variable_replaces_what_the_file_says(tmp_path: Path) -> None:
    configuration = loaded(
        tmp_path,
        "[tokens]\ncode_lifetime_seconds = 30\n",
        {"SSO__TOKENS__CODE_LIFETIME_SECONDS": "20", "SSO__SERVER__ISSUER": "https://other.example.gov"},
    )

    assert configuration.settings.tokens.code_lifetime_seconds == 20
    assert configuration.settings.server.issuer == "https://other.example.gov"


def test_numbers_truth_values_arrays_and_tables_are_understood(tmp_path: Path) -> None:
    environment = {
        "SSO__SERVER__WORKERS": "4",
        "SSO__OUTBOUND__ALLOW_LOOPBACK": "true",
        "SSO__SERVER__TRUSTED_PROXIES": '["10.0.0.7", "10.1.0.0/16"]',
        "SSO__PAGES__NAMES": '{ zh-CN = "统一登录" }',
        "SSO__PAGES__NAME": "2024",
    }

    settings_ = loaded(tmp_path, "", environment).settings

    assert settings_.server.workers == 4
    assert settings_.outbound.allow_loopback is True
    assert settings_.server.trusted_proxies == ("10.0.0.7", "10.1.0.0/16")
    assert settings_.pages.names == {"zh-CN": "统一登录"}
    assert settings_.pages.name == "2024"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("SSO__SERVER__ISUER", "x", "unknown setting server.isuer; did you mean issuer?"),
        ("SSO__SERVER__WORKERS", "many", "server.workers: Input should be a valid integer"),
        ("SSO__SERVER__TRUSTED_PROXIES", "10.0.0.7", "server.trusted_proxies: "),
        ("SSO__SERVR__ISSUER", "x", "unknown setting servr; did you mean server?"),
        ("SSO__SERVER", "x", "use SSO__SECTION__KEY"),
        ("SSO____ISSUER", "x", "use SSO__SECTION__KEY"),
        ("SSO__SERVER__ISSUER__X", "x", "use SSO__SECTION__KEY"),
    ],
)
def test_a_wrong_variable_is_named(tmp_path: Path, name: str, value: str, sentence: str) -> None:
    told = refusal(write(tmp_path), {name: value})

    assert told.startswith(f"environment variable {name}: {sentence}") or (
        name == "SSO__SERVR__ISSUER" and told.endswith(sentence)
    )


def test_a_variable_cannot_reach_into_an_array_of_tables(tmp_path: Path) -> None:
    file = write(tmp_path, "directory = []\n", server="", secrets="")
    file.write_text(f"directory = []\n{SERVER}{SECRETS}")

    assert refusal(file, {"SSO__DIRECTORY__ID": "x"}) == (
        "environment variable SSO__DIRECTORY__ID: directory is set in the file only"
    )


def test_a_secret_from_the_environment_takes_the_place_of_the_files(tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    other.write_text(SECRET + "\n")

    by_value = loaded(tmp_path, "", {"SSO__SECRETS__PEPPER": SECRET})
    by_file = loaded(tmp_path, "", {"SSO__SECRETS__PEPPER__FILE": str(other)})
    by_setting = loaded(tmp_path, "", {"SSO__SECRETS__PEPPER_FILE": "elsewhere"})

    assert by_value.pepper == by_file.pepper == by_setting.pepper == by_value.key_encryption_key


def test_any_setting_may_stand_in_a_file_that_the_environment_names(tmp_path: Path) -> None:
    url = tmp_path / "url"
    url.write_text("postgresql://hub:geheim@db.example/hub\n")

    configuration = loaded(tmp_path, "", {"SSO__DATABASE__URL__FILE": str(url)})

    assert configuration.database_url == "postgresql://hub:geheim@db.example/hub"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("SSO__SECRETS__PEPPER", "SSO__SECRETS__PEPPER_FILE"),
        ("SSO__SECRETS__PEPPER", "SSO__SECRETS__PEPPER__FILE"),
        ("SSO__LOG__LEVEL", "SSO__LOG__level"),
    ],
)
def test_two_variables_for_one_setting_are_refused(tmp_path: Path, first: str, second: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text(OTHER_SECRET)
    values = {first: OTHER_SECRET, second: str(secret)}

    assert "one" in refusal(write(tmp_path), values)


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_a_variables_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    named = tmp_path / "named"
    if content is not None:
        named.write_bytes(content)

    told = refusal(write(tmp_path), {"SSO__SECRETS__PEPPER__FILE": str(named)})

    assert told.startswith(f"environment variable SSO__SECRETS__PEPPER__FILE: cannot read {named}: ")


_SECTIONS = sorted(Config.model_fields) + ["x", "server.issuer", "directory.names"]
_KEYS = sorted(
    {
        name
        for section in Config.model_fields.values()
        for name in getattr(section.annotation, "model_fields", {})
    }
    | {"id", "realms", "urls", "vendor", "bind_dn", "bind_password", "base_dn", "login_attribute", "mapping"}
)
_VALUES = st.recursive(
    st.one_of(
        st.integers().map(str),
        st.sampled_from(["true", "nan", "-inf", "1e400", "2024-01-01", "1" + "0" * 400, '"\\u0000"', "''"]),
        st.sampled_from(
            [f'"{text}"' for text in ("openldap", "ldap://127.0.0.1", "sso.kek", SECRET, "127.0.0.1:1")]
        ),
        st.text(
            st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters='"\\'), max_size=9
        ).map(lambda text: f'"{text}"'),
    ),
    lambda inner: st.lists(inner, max_size=3).map(lambda values: f"[{', '.join(values)}]"),
    max_leaves=4,
)
_LINES = st.one_of(
    st.tuples(st.sampled_from(_KEYS), _VALUES).map(" = ".join),
    st.sampled_from(_SECTIONS).map(lambda name: f"[{name}]"),
    st.just("[[directory]]"),
    st.text(max_size=20).filter(lambda text: "\ud800" not in text),
)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    text=st.one_of(st.lists(_LINES, max_size=12).map("\n".join), st.binary(max_size=60)), whole=st.booleans()
)
def test_no_file_raises_anything_but_a_configuration_error(
    tmp_path: Path, text: str | bytes, whole: bool
) -> None:
    write_secrets(tmp_path)
    content = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    file = tmp_path / "sso.toml"
    file.write_bytes((SERVER + SECRETS).encode() * whole + content)

    try:
        assert isinstance(load(str(file), {}), Configuration)
    except ConfigurationError as error:
        assert SECRET not in str(error)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    section=st.sampled_from(_SECTIONS).map(str.upper),
    key=st.sampled_from(_KEYS).map(str.upper),
    value=st.one_of(_VALUES, st.text(st.characters(exclude_characters="\0"), max_size=30)),
    suffix=st.sampled_from(["", "", "__FILE"]),
)
def test_no_variable_raises_anything_but_a_configuration_error(
    tmp_path: Path, section: str, key: str, value: str, suffix: str
) -> None:
    file = write(tmp_path)

    try:
        assert isinstance(load(str(file), {f"SSO__{section}__{key}{suffix}": value}), Configuration)
    except ConfigurationError:
        pass
