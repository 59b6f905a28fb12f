"""`[audit.archive]`: one place, with what it needs and nothing of another."""

from pathlib import Path

import pytest

from sso.archive.settings import BucketSettings, FolderSettings
from sso.config import ConfigurationError
from tests.config.written import loaded

BUCKET = '[audit.archive]\nurl = "s3://audit/hub/log/"\nkey_id = "hub"\n'


def test_a_folder_is_beside_the_configuration_and_may_be_away(tmp_path: Path) -> None:
    """Nobody shall be kept from signing in by a share that is not mounted."""
    found = loaded(tmp_path, '[audit.archive]\nfolder = "cold"\n').audit_archive

    assert found == FolderSettings(tmp_path / "cold")
    assert loaded(tmp_path).audit_archive is None


def test_a_bucket_has_a_prefix_and_its_secret_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "archive.secret").write_text("opensesame\n")
    (tmp_path / "ca.pem").write_text("")

    found = loaded(
        tmp_path,
        f'{BUCKET}secret_file = "archive.secret"\nendpoint = "https://s3.example.gov"\nca_file = "ca.pem"\n',
    ).audit_archive

    assert found == BucketSettings(
        bucket="audit",
        prefix="hub/log",
        endpoint="https://s3.example.gov",
        region=None,
        ca_file=tmp_path / "ca.pem",
        key_id="hub",
        secret="opensesame",
    )
    assert "opensesame" not in repr(found)


def test_a_secret_may_come_from_the_environment(tmp_path: Path) -> None:
    found = loaded(tmp_path, BUCKET, {"SSO__AUDIT__ARCHIVE__SECRET": "opensesame"}).audit_archive

    assert isinstance(found, BucketSettings)
    assert found.secret == "opensesame"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[audit.archive]\n", "set exactly one of folder and url"),
        (f'{BUCKET}secret = "x"\nfolder = "cold"\n', "set exactly one of folder and url"),
        ('[audit.archive]\nfolder = "cold"\nkey_id = "hub"\n', "key_id: not of a folder"),
        (f'{BUCKET}secret = "x"\nca_file = "nowhere.pem"\n', "nowhere.pem does not exist"),
        (BUCKET, "set exactly one of secret and secret_file"),
        (BUCKET.replace('key_id = "hub"\n', 'secret = "x"\n'), "an archive with a url needs key_id"),
        (f'{BUCKET}secret_file = "nowhere"\n', "audit.archive.secret_file: cannot read"),
        (BUCKET.replace("s3://audit/hub/log/", "s3://audit/../x"), "must be s3://BUCKET"),
        (BUCKET.replace("s3:", "https:"), "must be s3://BUCKET"),
        (f'{BUCKET}secret = "x"\nendpoint = "http://s3.example.gov"\n', "endpoint"),
    ],
)
def test_what_cannot_work_is_said_at_once(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, text)

    assert said in str(caught.value)
    assert f"{tmp_path / 'sso.toml'}:" in str(caught.value)


def test_without_the_extra_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sso.archive.settings.LIBRARIES", ("no_library_of_this_name",))

    with pytest.raises(ConfigurationError, match=r"pip install 'sso-hub\[archive\]'"):
        loaded(tmp_path, '[audit.archive]\nfolder = "."\n')
