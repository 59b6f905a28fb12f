"""Fast files first: a plain mistake shows in seconds, before any server or browser is started.

Files keep together, so that a server is started once a file; pyproject.toml loads this for every run.
"""

import pytest

WEIGHTS = {"slapd": 1, "directories": 1, "postgresql": 1, "slow": 2, "browser": 3, "relying_party": 3}


def weight(item: pytest.Item) -> int:
    return max((WEIGHTS.get(marker.name, 0) for marker in item.iter_markers()), default=0)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    heaviest: dict[str, int] = {}
    for item in items:
        heaviest[str(item.path)] = max(heaviest.get(str(item.path), 0), weight(item))

    items.sort(key=lambda item: heaviest[str(item.path)])
