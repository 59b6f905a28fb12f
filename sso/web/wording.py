"""What a page says when something is refused: a sentence for the person, and what to do now.

The codes are a public contract: they stand in `error_code` of the page, in the documentation and in what
a person reads out to a help desk. The sentences may change, the codes may not.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sso.web.language import Language


@dataclass(frozen=True, slots=True)
class Sentences:
    """What happened, and what the person can do about it; `advice` is None where nothing can be done."""

    sentence: str
    advice: str | None


def _(message: str) -> str:
    """Mark a message for translation; `Language.gettext` translates it when a page is made."""
    return message


_RETURN_AND_BEGIN_AGAIN = _("Go back to the service that you came from and begin again.")
_TELL_THE_SERVICE = _(
    "Nothing is wrong with your account. Tell the service that you came from, and give it the code and the"
    " reference number on this page."
)
_TRY_SOON = _("Wait a minute, then try again.")

ERROR_SENTENCES: Mapping[str, Sentences] = {
    "unknown_client": Sentences(
        _("The service that sent you here is not registered with us."), _TELL_THE_SERVICE
    ),
    "invalid_redirect_uri": Sentences(
        _("The service that sent you here gave an address that is not registered for it."), _TELL_THE_SERVICE
    ),
    "invalid_request_uri": Sentences(
        _("The address that brought you here was used before, or is too old."), _RETURN_AND_BEGIN_AGAIN
    ),
    "invalid_request_object": Sentences(
        _("The service that sent you here asked in a way that we cannot check."), _TELL_THE_SERVICE
    ),
    "no_client_key": Sentences(
        _("The service that sent you here asked for an answer that only it can read, and gave us no key."),
        _TELL_THE_SERVICE,
    ),
    "expired_page": Sentences(_("This page has expired."), _RETURN_AND_BEGIN_AGAIN),
    "form_expired": Sentences(
        _("This form was open for too long, or was opened in another browser."), _RETURN_AND_BEGIN_AGAIN
    ),
    "forbidden_origin": Sentences(
        _("This form was sent from another website, so we did not accept it."), _RETURN_AND_BEGIN_AGAIN
    ),
    "not_found": Sentences(
        _("There is no page at this address."),
        _("Check the address for typing errors, or go to the first page."),
    ),
    "method_not_allowed": Sentences(_("This address cannot be used in this way."), _RETURN_AND_BEGIN_AGAIN),
    "request_too_large": Sentences(_("What was sent is too large."), _RETURN_AND_BEGIN_AGAIN),
    "bad_request": Sentences(_("We could not understand what was sent."), _TELL_THE_SERVICE),
    "access_denied": Sentences(
        _("You did not allow the service to sign you in, so nothing was shared."), _RETURN_AND_BEGIN_AGAIN
    ),
    "upstream_answer_unknown": Sentences(
        _("This sign-in elsewhere was used before, is too old, or was begun in another browser."),
        _RETURN_AND_BEGIN_AGAIN,
    ),
    "throttled": Sentences(
        _("There were too many attempts in a short time."), _("Wait a few minutes, then try again.")
    ),
    "temporarily_unavailable": Sentences(
        _("Nobody can be signed in at this moment. Nothing was shared and nothing is lost."), _TRY_SOON
    ),
    "sign_out_unavailable": Sentences(
        _("You could not be signed out at this moment, so you are still signed in."),
        _(
            "Wait a minute, then try again. On a computer that others use too, close every window of the"
            " browser before you leave."
        ),
    ),
    "server_error": Sentences(
        _("Something went wrong on our side. Nothing was shared."),
        _("Try again. If it happens again, give the help desk the reference number on this page."),
    ),
}
"""Sentences by stable code, in English."""


def error_sentences(language: Language, code: str) -> Sentences:
    """Return what the error page says for a code, in a language; an unknown code reads as server_error."""
    english = ERROR_SENTENCES.get(code, ERROR_SENTENCES["server_error"])
    return Sentences(language.gettext(english.sentence), english.advice and language.gettext(english.advice))


_OWN_HELP_DESK = _("Ask the help desk of {directory}.")
_CITIZEN_HELP = _("Ask the help desk for citizens.")
_CHANGE_FIRST = _(
    "Change your password at {directory} first, in the way that you usually do. Then come back and sign in"
    " here with the new one."
)

STAFF_PROBLEMS: Mapping[str, Sentences] = {
    "empty": Sentences(_("Enter your password"), None),
    "wrong": Sentences(_("The sign-in name or the password is not right"), _("Check both and try again.")),
    "locked": Sentences(_("{directory} has locked your account"), _OWN_HELP_DESK),
    "disabled": Sentences(_("Your account at {directory} is disabled"), _OWN_HELP_DESK),
    "must_change": Sentences(
        _("{directory} asks you to change your password before you sign in"), _CHANGE_FIRST
    ),
    "expired": Sentences(_("Your password at {directory} has expired"), _CHANGE_FIRST),
    "not_now": Sentences(
        _("{directory} does not let you sign in at this hour or from this place"), _OWN_HELP_DESK
    ),
    "unavailable": Sentences(
        _("{directory} does not answer at the moment"),
        _(
            "Nothing is wrong with your password, and the sign-in of citizens is not affected. Try again in a"
            " minute."
        ),
    ),
    "throttled": Sentences(_("There were too many attempts in a short time"), None),
    "busy": Sentences(_("Many people are signing in at this moment"), _("Try again in a few seconds.")),
}
"""What can go wrong with a clerk's password, by key; `{directory}` is the department's name."""

NEW_PASSWORD_PROBLEMS: Mapping[str, Sentences] = {
    **STAFF_PROBLEMS,
    "empty": Sentences(_("Enter your password of now"), None),
    "empty_new": Sentences(_("Enter a new password"), None),
    "differ": Sentences(_("The two new passwords are not the same"), _("Enter the new password twice.")),
    "too_short": Sentences(_("The new password is too short for {directory}"), _("Choose a longer one.")),
    "too_long": Sentences(_("The new password is too long"), _("Choose a shorter one.")),
    "too_simple": Sentences(
        _("The new password is too easy to guess for {directory}"),
        _("Use small and capital letters, digits and signs, and nothing of your name."),
    ),
    "used_before": Sentences(
        _("You have used this password before"), _("{directory} wants one that you have not had lately.")
    ),
    "too_young": Sentences(
        _("{directory} does not let you change your password again so soon"),
        _("Sign in with your password of now, and change it on another day."),
    ),
    "refused": Sentences(
        _("{directory} does not accept the new password"),
        _("It may be too short, too easy to guess, or one that you have had before. Choose another one."),
    ),
    "not_offered": Sentences(_("{directory} does not let you change this password here"), _OWN_HELP_DESK),
    "unknown": Sentences(
        _("{directory} stopped answering, and your password seems to be unchanged"),
        _("Wait a minute, then try the same again."),
    ),
    "changed": Sentences(
        _("Your password at {directory} is changed, but you could not be signed in with it"),
        _("Wait a minute, then sign in with the new password."),
    ),
}
"""What can go wrong when a clerk chooses a new password, by key."""

CITIZEN_PROBLEMS: Mapping[str, Sentences] = {
    **STAFF_PROBLEMS,
    "locked": Sentences(_("Your account is locked"), _CITIZEN_HELP),
    "disabled": Sentences(_("Your account is disabled"), _CITIZEN_HELP),
    "must_change": Sentences(_("You must change your password before you sign in"), _CITIZEN_HELP),
    "expired": Sentences(_("Your password has expired"), _CITIZEN_HELP),
    "not_now": Sentences(_("You cannot sign in at this hour or from this place"), _CITIZEN_HELP),
    "unavailable": Sentences(_("We cannot check passwords at the moment"), _TRY_SOON),
}
"""The same for a citizen, who has no department to ask."""

NAME_PROBLEMS: Mapping[str, Sentences] = {
    "empty": Sentences(_("Enter your sign-in name"), None),
    "invalid": Sentences(_("This cannot be a sign-in name"), _("Check it for typing errors.")),
    "expired_page": Sentences(_("The page was open for too long"), _("Enter your sign-in name again.")),
    "throttled": STAFF_PROBLEMS["throttled"],
    "busy": STAFF_PROBLEMS["busy"],
}
"""What can go wrong with a sign-in name, by key."""

CODE_PROBLEMS: Mapping[str, Sentences] = {
    "empty": Sentences(_("Enter the code that the device shows"), None),
    "wrong": Sentences(
        _("No device is waiting with this code"),
        _(
            "Check it for typing errors. Codes last a few minutes only: if yours is older, ask the device for"
            " a new one."
        ),
    ),
    "throttled": STAFF_PROBLEMS["throttled"],
}
"""What can go wrong with the code of a device, by key."""


LINK_PROBLEMS: Mapping[str, Sentences] = {
    "same_person": Sentences(
        _("You signed in with an account that is yours here already"),
        _("To add another account, sign in with that one."),
    ),
    "two_citizens": Sentences(_("Both are accounts of a citizen, and a person has only one"), _CITIZEN_HELP),
    "same_directory": Sentences(
        _("Both are accounts at one department, and a person has only one there"),
        _("Ask the help desk of the department."),
    ),
    "role": Sentences(_("One of these accounts has duties at this hub"), _("Ask the operators of the hub.")),
    "disabled": Sentences(
        _("One of these accounts can no longer be used"), _("Ask the operators of the hub.")
    ),
    "only_account": Sentences(_("The account stands alone already"), None),
    "taken": Sentences(_("The account elsewhere belongs to another account here already"), _CITIZEN_HELP),
    "one_there": Sentences(
        _("You can sign in here with another account of that provider already"),
        _("Go back, end that one, and then add this one."),
    ),
    "made_there": Sentences(
        _("This account was made when somebody first came from that provider"), _CITIZEN_HELP
    ),
    "no_citizen": Sentences(_("Only a citizen's account can be signed in to elsewhere"), None),
    "last_way": Sentences(
        _("You could not sign in to this account any more"),
        _("Add another way to sign in first, or ask the help desk for citizens for a password."),
    ),
}
"""Why accounts, and accounts elsewhere, stay as they are, by `sso.authentication.linking.Obstacle`."""


def sign_in_problem(language: Language, key: str, directory_name: str | None) -> Sentences:
    """Return what the password page says for a key; `directory_name` is None for a citizen.

    Raises:
        KeyError: the key is none of STAFF_PROBLEMS.
    """
    english = (CITIZEN_PROBLEMS if directory_name is None else STAFF_PROBLEMS)[key]
    return _filled(language, english, directory_name or "")


def new_password_problem(language: Language, key: str, directory_name: str) -> Sentences:
    """Return what the page for a new password says for a key.

    Raises:
        KeyError: the key is none of NEW_PASSWORD_PROBLEMS.
    """
    return _filled(language, NEW_PASSWORD_PROBLEMS[key], directory_name)


def name_problem(language: Language, key: str) -> Sentences:
    """Return what the first page says for a key.

    Raises:
        KeyError: the key is none of NAME_PROBLEMS.
    """
    return _filled(language, NAME_PROBLEMS[key], "")


def code_problem(language: Language, key: str) -> Sentences:
    """Return what the page for a device's code says for a key.

    Raises:
        KeyError: the key is none of CODE_PROBLEMS.
    """
    return _filled(language, CODE_PROBLEMS[key], "")


def link_problem(language: Language, key: str) -> Sentences:
    """Return why accounts stay as they are.

    Raises:
        KeyError: the key is none of LINK_PROBLEMS.
    """
    return _filled(language, LINK_PROBLEMS[key], "")


def department_problem(language: Language) -> Sentences:
    """Return what the page of departments says when none was chosen."""
    return _filled(language, Sentences(_("Choose the department that you work for"), None), "")


def retry_after_text(language: Language, seconds: float) -> str:
    """Return the sentence that says when to try again."""
    return language.gettext(_("You can try again in {duration}."), duration=language.duration(seconds))


def _filled(language: Language, english: Sentences, directory: str) -> Sentences:
    advice = english.advice and language.gettext(english.advice, directory=directory)
    return Sentences(language.gettext(english.sentence, directory=directory), advice)
