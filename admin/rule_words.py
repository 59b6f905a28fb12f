"""The words of the detection rules of the hub; those of an operator's own are shown as they are."""

from collections.abc import Callable, Mapping
from typing import Any


def _(message: str) -> str:
    """Mark a message for translation; `Language.gettext` translates it when a page is made."""
    return message


TITLES: Mapping[str, str] = {
    "r01_brute_force": _("Brute force on one account"),
    "r02_password_spray": _("Password spray from one address"),
    "r03_distributed_spray": _("Distributed password spray"),
    "r04_success_after_brute_force": _("Sign-in after brute force"),
    "r05_impossible_travel": _("Impossible travel"),
    "r06_asked_again_and_again": _("One person is asked again and again"),
    "r07_codes_guessed": _("Codes of devices are guessed"),
    "r08_session_replay": _("One session from two browsers"),
    "r09_replay": _("A code or refresh token came back"),
    "r10_disabled_account": _("Sign-in to a disabled account"),
    "r11_dormant_client": _("A dormant application woke up"),
    "r12_new_application_of_clerk": _("A clerk uses an application for the first time"),
    "r13_privileged_at_night": _("A privileged action at night"),
    "r14_role_granted": _("A role was granted"),
    "r15_break_glass": _("An officer's access was opened from the command line and used"),
    "r16_impersonation": _("An application acted as a person"),
    "r17_client_changed": _("An application's registration changed"),
    "r18_new_claims": _("An application receives claims that it did not before"),
    "r19_bulk_access": _("One application reads about very many people"),
    "r20_repeated_looks_at_one_person": _("An officer looks at one person again and again"),
    "r21_new_device_after_reset": _("Sign-in from a new device after a credential was replaced"),
    "r22_new_trust": _("Something new is trusted"),
    "r23_mass_departure": _("A directory would remove many people"),
    "r24_client_authentication": _("An application's authentication fails again and again"),
    "r25_large_export": _("A large part of the log left the house"),
    "r26_log_in_doubt": _("The audit log is in doubt"),
    "r26_log_not_vouched": _("The audit log does not reach others"),
    "r27_password_as_name": _("A password was typed as a name"),
    "r28_not_me": _("Somebody says that it was not them"),
    "r29_key_revoked": _("A signing key was revoked"),
    "r30_mass_removal_over_scim": _("A department removes many people over SCIM"),
    "r31_attempts_refused": _("Attempts were refused"),
    "r32_audit_weakened": _("The audit was weakened in the configuration"),
}
MEANINGS: Mapping[str, str] = {
    "r01_brute_force": _("Many wrong passwords for one account within ten minutes."),
    "r02_password_spray": _(
        "Sign-ins failed under ten names, known or not, from one address within half an hour, however often "
        "each was tried."
    ),
    "r03_distributed_spray": _(
        "Sign-ins failed under fifty names, known or not, from twenty addresses by one and the same program "
        "within an hour."
    ),
    "r04_success_after_brute_force": _(
        "Somebody signed in to an account within six hours of a burst of wrong passwords for it."
    ),
    "r05_impossible_travel": _(
        "Within an hour and a half somebody signed in to one account at two places that are five hundred "
        "kilometres apart or more, and would have had to travel at eight hundred kilometres an hour. It is "
        "judged where a geography is configured."
    ),
    "r06_asked_again_and_again": _(
        "Applications asked one person five times within ten minutes to allow something on their "
        "phone: people give in."
    ),
    "r07_codes_guessed": _(
        "Many codes that no device is showing were typed from one address within ten minutes."
    ),
    "r08_session_replay": _(
        "A session was used by two different programs within half a day: somebody may have taken "
        "its cookie along."
    ),
    "r09_replay": _(
        "A spent authorization code or refresh token was presented again; everything issued from "
        "it was revoked."
    ),
    "r10_disabled_account": _("Somebody tried to sign in to an account that is disabled."),
    "r11_dormant_client": _("An application got tokens that had got none for four weeks, or never before."),
    "r12_new_application_of_clerk": _(
        "A clerk signed in to an application that they had not used for two weeks."
    ),
    "r13_privileged_at_night": _(
        "A role, an application or a key was changed between 19 and 5 o'clock UTC. Fit the hours to your own."
    ),
    "r14_role_granted": _("Somebody may do more at the hub than before."),
    "r15_break_glass": _(
        "Somebody with the hub's command line set a password or enabled an account, and within a day the "
        "account was used for officers' work."
    ),
    "r16_impersonation": _(
        "A token was exchanged for one in which nobody says that they act for the person."
    ),
    "r17_client_changed": _(
        "Where an application is sent answers, its keys, its secret or how it proves itself changed. Whoever "
        "did it may receive its tokens."
    ),
    "r18_new_claims": _(
        "A claim about people went to an application that had not received it for two weeks."
    ),
    "r19_bulk_access": _("An application read claims of five hundred people within ten minutes."),
    "r20_repeated_looks_at_one_person": _(
        "Somebody looked for one and the same person, in the log or among accounts, for three different "
        "reasons within a month: whoever works on a case says the same one again."
    ),
    "r21_new_device_after_reset": _(
        "Somebody else than its owner replaced, added or took away a credential of an account, of whatever "
        "kind, and within a day somebody signed in to it from a network and with a program that it was not "
        "used with together for four weeks."
    ),
    "r22_new_trust": _(
        "A token for registrations was made, an application that registered itself was adopted, a tree of "
        "the log began, another key signs the log, a signing key was made that is neither the first nor due, "
        "or the configuration names a directory, an upstream or a trusted issuer that is new or differs."
    ),
    "r23_mass_departure": _(
        "Too many people would leave a directory at once: its sync was stopped, or what it shows "
        "of people who are signed in was not believed."
    ),
    "r24_client_authentication": _(
        "Many failed authentications of applications from one address within ten minutes."
    ),
    "r25_large_export": _("A bundle or a file with a thousand records or more was written."),
    "r26_log_in_doubt": _(
        "The log is not what was signed, a witness knows another one, a token bears a signature that nobody "
        "logged, or entries were gone before another system had them."
    ),
    "r26_log_not_vouched": _(
        "A witness, a time stamp authority or a system that receives the log has failed several times in a "
        "row: nobody else would notice if the log was rewritten now."
    ),
    "r27_password_as_name": _(
        "What was tried as a password had been typed as a name before, on the same way in; or a name that "
        "nobody has looks like a password. It stood on a screen, and where it was tried as a name the log "
        "holds a keyed digest of it; whoever it belongs to should change it."
    ),
    "r28_not_me": _("Somebody reported an entry among the uses of their account as not theirs."),
    "r29_key_revoked": _("A signing key was ended at once: what it signed is refused."),
    "r30_mass_removal_over_scim": _("A department's own system removed a hundred people within an hour."),
    "r31_attempts_refused": _(
        "More attempts came under one name, known or not, or from one network than are let "
        "through in a quarter of an hour."
    ),
    "r32_audit_weakened": _(
        "A rule was left out, replaced or rewritten, a sink, a witness, a time stamp authority or the "
        "archive was removed or points elsewhere, the geography was removed or differs, or records are kept "
        "for a shorter time than at the last start."
    ),
}


def title(finding: Mapping[str, Any], translate: Callable[[str], str]) -> str:
    """Return a finding's title in the reader's language."""
    return _told(str(finding["title"]), TITLES.get(finding["rule"]), translate)


def meaning(finding: Mapping[str, Any], translate: Callable[[str], str]) -> str:
    """Return what its rule looks for in the reader's language."""
    return _told(str(finding["description"]), MEANINGS.get(finding["rule"]), translate)


def _told(text: str, known: str | None, translate: Callable[[str], str]) -> str:
    return translate(known) if known == text else text
