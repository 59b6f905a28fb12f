"""Refusals of the pages themselves; `web/errors.py` turns them into responses."""


class PageRefused(Exception):
    """A page cannot be shown; `code` is the stable code of its error page."""

    def __init__(self, code: str, status: int) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


class ExpiredPage(PageRefused):
    """The journey of this page is over, too old, or of another browser."""

    def __init__(self) -> None:
        super().__init__("expired_page", 400)


class FormRefused(PageRefused):
    """A form did not come from our page in this browser."""

    def __init__(self, code: str) -> None:
        super().__init__(code, 403)
