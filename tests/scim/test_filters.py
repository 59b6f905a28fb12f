"""Filters, order and pages (RFC 7644 3.4.2): what SQL finds is what scim2-models finds one by one."""

import random
from typing import Any

import pytest
from scim2_models import ScimFilter, SearchRequest

from sso.scim import operations, resource_types
from sso.scim.resource_types import HubUser
from tests.scim.conftest import ENTERPRISE, Department

WORDS = [
    "bolor",
    "BOLOR",
    "Болор",
    "бОЛОР",
    "ᠪᠣᠯᠣᠷ",
    "a%b",
    "a_b",
    "a\\b",
    'q"q',
    "e\u0301",
    "é",
    "ß",
    "z",
    "",
]
LONGER = ["bol", "or", "Бо", "a%", "_", "\\", '"', "\u0301"]
NAMES = ["userName", "externalId", "displayName", "name.familyName", "emails", "emails.value", "title"]
OPERATORS = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]


def some_user(random_: random.Random, number: int) -> dict[str, Any]:
    word = lambda: random_.choice(WORDS)  # noqa: E731
    user: dict[str, Any] = {"user_name": f"u{number} {word()}x"}
    for name in ("displayName", "title", "externalId"):
        if random_.random() < 0.7:
            user[name] = word()
    if random_.random() < 0.6:
        user["name"] = {"familyName": word(), "givenName": word()}
    if random_.random() < 0.7:
        kinds = random_.sample(["work", "home", "other"], random_.randint(1, 3))
        user["emails"] = [
            {"value": f"{random_.choice('abc')}@x.example", "type": kind, "primary": place == 0}
            for place, kind in enumerate(kinds)
        ]
    if random_.random() < 0.5:
        user[ENTERPRISE] = {"department": word()}
    return {**user, "active": random_.random() < 0.8}


def some_filter(random_: random.Random, depth: int = 0) -> str:
    shape = random_.random()
    if depth < 3 and shape < 0.35:
        joined = random_.choice([" and ", " or "]).join(some_filter(random_, depth + 1) for _ in range(2))
        return f"({joined})"
    if depth < 3 and shape < 0.45:
        return f"not ({some_filter(random_, depth + 1)})"
    if shape < 0.55:
        return f"{random_.choice(NAMES[:4] + ['emails.value', f'{ENTERPRISE}:department'])} pr"
    if shape < 0.62:
        return f"active eq {random_.choice(['true', 'false'])}"
    if shape < 0.7:
        return f'emails[type eq "work" and value {random_.choice(OPERATORS)} "b@x.example"]'
    name, operator = random_.choice([*NAMES, f"{ENTERPRISE}:department"]), random_.choice(OPERATORS)
    words = [*WORDS, *LONGER]
    if name.startswith("emails") and operator not in ("co", "sw", "ew"):  # the library wants an address there
        words = ["a@x.example", "B@X.example"]
    return f"{name} {operator} {ScimFilter.quote(random_.choice(words))}"


def test_sql_finds_what_the_library_finds_one_by_one(department: Department) -> None:
    """RFC 7644 3.4.2.2 with its case rules, on both databases; nothing is a wildcard."""
    random_ = random.Random(7644)
    for number in range(25):
        user = some_user(random_, number)
        department.add(user.pop("user_name"), **user)
    everybody = department.done("GET", "/Users")["Resources"]
    known = [HubUser.model_validate(each) for each in everybody]

    for _ in range(80):
        text = some_filter(random_)
        wanted = [user.id for user in known if ScimFilter[HubUser](text).match(user)]
        assert sorted(department.found(text)) == sorted(wanted), text


@pytest.mark.parametrize("order", ["ascending", "descending"])
@pytest.mark.parametrize("by", ["userName", "displayName", "emails", "name.familyName", "meta.created", "id"])
def test_the_order_is_the_librarys(department: Department, by: str, order: str) -> None:
    """RFC 7644 3.4.2.3: what has no value comes last, or first when descending."""
    random_ = random.Random(by)
    for number in range(12):
        user = some_user(random_, number)
        department.add(user.pop("user_name"), **user)
    request = SearchRequest[HubUser](sort_by=by, sort_order=order)

    found = department.done("GET", f"/Users?sortBy={by}&sortOrder={order}")["Resources"]

    known = sorted((HubUser.model_validate(each) for each in found), key=lambda user: user.id)
    keys = [request.sort_value(HubUser.model_validate(each)) for each in found]
    assert keys == [request.sort_value(user) for user in request.sort(known)]


def test_pages_together_are_everything_once(department: Department) -> None:
    """RFC 7644 3.4.2.4: 1-based; a count of 0 tells how many; beyond the end there is nothing."""
    ids = [department.add(f"user{number:02}")["id"] for number in range(7)]

    pages = [department.done("GET", f"/Users?startIndex={first}&count=3") for first in (1, 4, 7, 10, -5)]

    assert [each["id"] for page in pages[:3] for each in page["Resources"]] == ids
    assert [(page["totalResults"], page["itemsPerPage"], page["startIndex"]) for page in pages] == [
        (7, 3, 1), (7, 3, 4), (7, 1, 7), (7, 0, 10), (7, 3, 1),
    ]  # fmt: skip
    nothing = department.done("GET", "/Users?count=0")
    assert (nothing["totalResults"], nothing["Resources"]) == (7, [])


def test_a_question_in_the_body_is_the_same_question(department: Department) -> None:
    """RFC 7644 3.4.3."""
    user = department.add("bolor", title="Head", displayName="Bo")
    asked = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "filter": 'title eq "head"',
        "attributes": ["title"],
    }

    found = department.done("POST", "/Users/.search", asked)

    assert found["Resources"] == [{"schemas": user["schemas"], "id": user["id"], "title": "Head"}]
    [event] = department.log("provisioning.read")
    assert (event["detail"]["filtered_by"], event["detail"]["results"]) == (["title"], 1)


@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [
        ("attributes=userName", {"id", "schemas", "userName"}, {"title", "meta", "displayName"}),
        ("excludedAttributes=title,meta", {"id", "userName", "displayName"}, {"title", "meta"}),
        ("attributes=name.givenName", {"id", "name"}, {"userName"}),
    ],
)
def test_only_the_attributes_that_were_asked_for_are_shown(
    health: Department, query: str, shown: set[str], hidden: set[str]
) -> None:
    """RFC 7644 3.9."""
    user = health.add(f"u {query}", title="x", displayName="y", name={"givenName": "z"})

    for found in (
        health.done("GET", f"/Users/{user['id']}?{query}"),
        health.done("GET", f"/Users?{query}")["Resources"][0],
    ):
        assert shown <= set(found)
        assert not hidden & set(found)


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("filter=", "invalidFilter"),
        ("filter=userName", "invalidFilter"),
        ("filter=userName eq", "invalidFilter"),
        ('filter=userName eq "x', "invalidFilter"),
        ('filter=userName is "x"', "invalidFilter"),
        ("filter=userName gt true", "invalidFilter"),
        ('filter=noSuch eq "x"', "invalidFilter"),
        ('filter=active gt true', "invalidFilter"),
        ('filter=userName eq "x" or', "invalidFilter"),
        ("filter=" + "(" * 500 + 'userName eq "x"' + ")" * 500, None),
        ("filter=" + " or ".join(['userName eq "x"'] * 500), "tooMany"),
        ("filter=" + " or ".join(f'userName co "{each}"' for each in "abcdef"), "tooMany"),
        ("filter=" + " and ".join(['not (title pr and displayName ew "x")', 'title ne "x"'] * 2), "tooMany"),
        ("filter=" + "not (" * 80 + "userName pr" + ")" * 80, "invalidFilter"),
        ("filter=userName eq '; DROP TABLE account; --", "invalidFilter"),
        ("sortBy=password", "invalidPath"),
        ("sortBy=addresses", "invalidPath"),
        ("sortBy=noSuch", "invalidPath"),
        ("sortOrder=sideways", "invalidValue"),
        ("startIndex=many", "invalidValue"),
        ("count=1&count=2", "invalidValue"),
        ("fliter=x", "invalidValue"),
        ("attributes=userName&excludedAttributes=title", "invalidValue"),
    ],
)  # fmt: skip
def test_a_malformed_question_is_refused_with_its_keyword(
    health: Department, query: str, kind: str | None
) -> None:
    """RFC 7644 3.12, table 9."""
    name, _, value = query.partition("=")
    given = dict(each.split("=", 1) for each in query.split("&")) if "&" in query else {name: value}
    address = "/scim/v2/health/Users?" + "&".join(f"{n}={quoted(v)}" for n, v in given.items())
    if query.startswith("count"):
        address = f"/scim/v2/health/Users?{query}"
    response = health.app.test_client().get(address, headers={"Authorization": f"Bearer {health.token()}"})

    assert response.status_code == 400 if kind else response.status_code in (200, 400), response.text
    if kind:
        assert response.get_json(force=True)["scimType"] == kind, response.text


def quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")


def test_a_filter_that_no_index_answers_looks_at_some_thousands_at_most(
    department: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 7644 3.12: tooMany; a part that an index knows narrows it down."""
    monkeypatch.setattr(operations, "SCAN_MAX", 3)
    for number in range(4):
        department.add(f"user{number}", addresses=[{"country": "MN"}], title=f"t{number}")

    text = 'addresses[country eq "MN"]'
    department.refused("GET", f"/Users?filter={quoted(text)}", status=400, kind="tooMany")
    assert len(department.found(f'{text} and (title eq "t1" or title sw "t2")')) == 2
    assert resource_types.SCAN_MAX == 2_000


def test_a_handful_of_terms_may_look_at_every_value(health: Department) -> None:
    """What an index answers by a range may come as often as the length of a filter allows."""
    slow = ['title co "x"', 'title ew "x"', 'title ne "x"', "title pr", 'title gt ""']
    fast = [f'userName eq "user{number}"' for number in range(40)]

    assert health.found(" and ".join([*slow, *fast])) == []
