"""docs/specifications.md says what is, and names modules and tests that exist."""

import re
from pathlib import Path

from sso.oidc.offered import AUTH_METHODS, GRANT_TYPES
from sso.oidc.request import PARAMETERS, PROMPTS

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "specifications.md").read_text(encoding="utf-8")


def rows() -> list[list[str]]:
    lines = [
        line for line in TEXT.splitlines() if line.startswith("| ") and "| yes |" in line or "| no |" in line
    ]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_feature_that_is_there_names_a_module_and_a_test() -> None:
    for feature, answer, module, test in rows():
        named = re.findall(r"`([\w/]+\.py)`", module), re.findall(r"`([\w/]+\.py)`", test)
        if answer == "no":
            assert test, f"{feature}: say why not"
            assert named == ([], []), feature
            continue
        assert all(named), feature
        for folder, paths in zip(("sso", "tests"), named, strict=True):
            for path in paths:
                assert (ROOT / folder / path).is_file(), f"{feature}: {folder}/{path}"


def test_nothing_that_is_offered_is_missing() -> None:
    yes = " ".join(" ".join(row) for row in rows() if row[1] == "yes")

    words = {*AUTH_METHODS, *PROMPTS, "acr_values", "id_token_hint", "claims", "max_age", "ui_locales"}
    assert [word for word in sorted(words) if word not in yes] == []
    assert [grant for grant in GRANT_TYPES if grant.split("_")[0] not in yes] == []


def test_every_test_of_a_specification_is_named() -> None:
    of_us = {path.name for path in (ROOT / "tests" / "oidc").glob("test_*.py")} - {"test_specifications.py"}

    assert [name for name in sorted(of_us) if name not in TEXT] == []


def test_what_is_read_of_a_request_is_what_is_described() -> None:
    described = {"login_hint", "ui_locales", "id_token_hint", "max_age", "acr_values", "claims", "prompt"}

    assert described <= PARAMETERS
