"""What a page says when a sign-in at another provider came to nothing; `{upstream}` is its name."""

from collections.abc import Mapping

from sso.authentication.upstream.sign_in import UpstreamFailure
from sso.web.language import Language
from sso.web.wording import Sentences


def _(message: str) -> str:
    """Mark a message for translation; `Language.gettext` translates it when a page is made."""
    return message


_ANOTHER_WAY = _("Sign in in another way, or try again in a minute.")
_NOTHING_SHARED = _(
    "Nothing was shared. Try again; if it happens again, tell the help desk the reference number."
)

UPSTREAM_PROBLEMS: Mapping[UpstreamFailure, Sentences] = {
    UpstreamFailure.UNAVAILABLE: Sentences(_("{upstream} does not answer at the moment"), _ANOTHER_WAY),
    UpstreamFailure.DENIED: Sentences(
        _("You did not finish signing in at {upstream}"), _("You can try again, or sign in in another way.")
    ),
    UpstreamFailure.REFUSED: Sentences(_("{upstream} did not sign you in"), _ANOTHER_WAY),
    UpstreamFailure.ANSWER_INVALID: Sentences(
        _("We could not check what {upstream} answered, so you are not signed in"), _NOTHING_SHARED
    ),
    UpstreamFailure.NOT_FRESH: Sentences(
        _("{upstream} did not ask you again who you are, and the service wants that"),
        _("Sign out at {upstream} first, then try again, or sign in in another way."),
    ),
    UpstreamFailure.LEVEL_TOO_LOW: Sentences(
        _("The service asks for a stronger proof than {upstream} gave of you"),
        _("Sign in there in a stronger way if you can, or in another way here."),
    ),
    UpstreamFailure.UNKNOWN_PERSON: Sentences(
        _("{upstream} knows you, but you have no account here yet"),
        _("Sign in in another way, or ask the help desk for an account."),
    ),
    UpstreamFailure.ACCOUNT_DISABLED: Sentences(
        _("Your account is disabled"), _("Ask the help desk for citizens.")
    ),
}
"""Sentences by failure, in English. What nobody can answer for is an error page of its own."""


def upstream_problem(language: Language, failure: UpstreamFailure, upstream: str) -> Sentences:
    """Return what the page says for a failure.

    Raises:
        KeyError: the failure is none of UPSTREAM_PROBLEMS.
    """
    english = UPSTREAM_PROBLEMS[failure]
    advice = english.advice and language.gettext(english.advice, upstream=upstream)
    return Sentences(language.gettext(english.sentence, upstream=upstream), advice)
