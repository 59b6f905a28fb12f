"""What a service wants to do in detail, in the words of the page's language."""

from sso.web.detail_words import details_shown
from tests.web.page_examples import DETAILS, TAX_RETURN, language


def shown(tag: str) -> list[tuple[str, list[tuple[str, tuple[str, ...]]]]]:
    return [
        (detail.title, [(row.label, row.values) for row in detail.rows])
        for detail in details_shown(language(tag), DETAILS, (TAX_RETURN,))
    ]


def test_every_value_is_shown_in_words() -> None:
    assert shown("en") == [
        (
            "Your tax return",
            [("What it may do", ("Read it", "Hand it in")), ("Year", ("2025",)), ("Final", ("Yes",))],
        ),
        ("Your tax return", [("Year", ("2024",))]),
    ]


def test_what_is_not_translated_is_shown_in_english() -> None:
    assert shown("zh-CN")[0] == (
        "您的纳税申报表",
        [("它可以做什么", ("查看", "Hand it in")), ("年份", ("2025",)), ("Final", ("是",))],
    )


def test_the_order_is_the_types_and_not_the_services() -> None:
    turned = dict(reversed(list(DETAILS[0].items())))

    one, other = (details_shown(language("en"), [each], (TAX_RETURN,)) for each in (DETAILS[0], turned))

    assert one == other
