"""The overview says since when the detection rules have not looked, and nothing while they do."""

import pytest

from tests.admin.test_looked_back import shown

SINCE = "2026-03-04T05:06:07+00:00"
SAID = {
    "en": "The rules have not looked at the log since 2026-03-04 05:06:07.",
    "zh-CN": "自 2026-03-04 05:06:07 起，规则未再检查日志。",
}


@pytest.mark.parametrize("tag", SAID)
def test_the_overview_says_since_when_the_rules_have_not_looked(tag: str) -> None:
    counted = {"success": 3, "failure": 0, "bars": []}
    context = {"client_names": {}, "waiting": 0, "rows": [], "broken": [], "chart": None, "day": None}
    context |= {"week": counted, "back_to": None}

    late = shown(tag, "overview.html", unjudged_since=SINCE, **context)
    usual = shown(tag, "overview.html", unjudged_since=None, **context)

    assert (SAID[tag] in late, 'id="unjudged"' in late) == (True, True)
    assert 'id="unjudged"' not in usual
