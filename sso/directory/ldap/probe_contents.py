"""What `sso directory test` finds in a directory: vendor, people, ids, groups, states, rights."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from sso.directory.check import Check, Sample
from sso.directory.entry import Entry
from sso.directory.filters import AllOf, people
from sso.directory.groups import GROUPS_MAX, GroupRules, released
from sso.directory.ldap.changed import first_cookie, source_of
from sso.directory.ldap.changing import change_as_clerk, change_as_service
from sso.directory.ldap.deadline import Deadline
from sso.directory.ldap.direct import sign_in_directly
from sso.directory.ldap.lookup import entry_of, only_entry, question_for, search_failure, with_groups
from sso.directory.ldap.membership import TooManyGroups
from sso.directory.ldap.messages import Question
from sso.directory.ldap.probe_groups import checks_of_groups
from sso.directory.ldap.root_dse import MODIFY_PASSWORD, PAGED_RESULTS, RootDse, root_dse_of
from sso.directory.ldap.server import LdapServer, Misconfigured, all_pages
from sso.directory.ldap.session import Session
from sso.directory.ldap.tombstones import Tombstones
from sso.directory.password_change import ChangeOutcome, Passwords
from sso.directory.presets import PasswordChange, preset_of
from sso.directory.routing import Name
from sso.directory.settings import BindMethod, DirectorySettings
from sso.directory.states import SIZE_LIMIT_EXCEEDED, SUCCESS, verification_of
from sso.directory.sync_rules import ChangeSource
from sso.directory.verification import AccountState

SAMPLE_SIZE = 200
_NOBODY = Name("sso-hub-probe")  # a name to search for when the administrator gave none
# What a server answers to a password that is exchanged for itself, when its owner may change it.
_MAY_CHANGE = frozenset(
    {ChangeOutcome.CHANGED, ChangeOutcome.USED_BEFORE, ChangeOutcome.REFUSED, ChangeOutcome.TOO_YOUNG}
    | {ChangeOutcome.TOO_SHORT, ChangeOutcome.TOO_SIMPLE}
)


@dataclass(frozen=True, slots=True)
class Contents:
    """The steps inside one server, in a session of the service account."""

    settings: DirectorySettings
    server: LdapServer
    session: Session
    sample: Sample

    def checks(self) -> list[Check]:
        """Every step to the first that fails."""
        found: list[Check] = []
        for check in self._steps():
            found.append(check)
            if not check.ok:
                break
        return found

    def checks_of_a_clerk(self) -> list[Check]:
        """The steps without a service account: only a clerk who signs in sees anything."""
        name, password = self.sample.name, self.sample.password
        if name is None or password is None:
            sentence = "Without a service account nothing can be looked up; test with a clerk and a password."
            return [Check("person", ok=True, sentence=sentence)]
        try:
            answer = sign_in_directly(self.settings, self.session, (name, password), self._deadline())
        except Misconfigured as error:
            return [Check("person", ok=False, sentence=f"{name.text} signs in, but {error}.")]
        return [_state_check(name, answer.verification.state, answer.verification.reason)]

    def _steps(self) -> Iterator[Check]:
        root = root_dse_of(self.session, self._deadline())
        yield self._vendor(root)
        yield self._features(root)
        yield self._base()
        yield from self._people()
        yield self._states(root)
        yield self._password_change(root)
        if self.settings.sync is not None:
            if source_of(self.settings, self.settings.sync, root) is ChangeSource.SYNCREPL:
                yield self._changes()
            if self.settings.vendor.is_windows:
                yield self._removals(root)
        if self.settings.groups is not None:
            yield from checks_of_groups(self.settings, self.settings.groups, self.session)
        if self.sample.name is not None:
            yield from self._person(self.sample.name)

    def _deadline(self) -> Deadline:
        return Deadline.after(self.settings.deadline_seconds)

    def _vendor(self, root: RootDse) -> Check:
        shown, told = root.vendor, self.settings.vendor
        if shown is None:
            return Check(
                "vendor", ok=True, sentence=f"The server does not say what it is; it is taken for {told}."
            )
        label = preset_of(shown).label
        if shown is told or (shown.is_windows and told.is_windows):
            return Check("vendor", ok=True, sentence=f"The server is {label}.")
        return Check("vendor", ok=False, sentence=f"The server is {label}; set vendor = {shown.value!r}.")

    def _features(self, root: RootDse) -> Check:
        if not root.attributes:
            return Check("features", ok=True, sentence="The server does not say what it can do.")
        if self.settings.groups is not None and not root.has_control(PAGED_RESULTS):
            sentence = (
                "The server knows no paged results (RFC 2696), without which groups cannot be read whole."
            )
            return Check("features", ok=False, sentence=sentence)
        if self.settings.bind_method is BindMethod.EXTERNAL and not root.has_mechanism("EXTERNAL"):
            sentence = "The server does not offer SASL EXTERNAL; let it ask for client certificates."
            return Check("features", ok=False, sentence=sentence)
        return Check("features", ok=True, sentence="The server can do what these settings ask of it.")

    def _base(self) -> Check:
        answer = self.session.search(question_for(self.settings, _NOBODY), self._deadline())
        if answer.result not in (SUCCESS, SIZE_LIMIT_EXCEEDED):
            sentence = f"A search below {self.settings.base_dn} fails (ldap result {answer.result}); correct "
            return Check("base", ok=False, sentence=f"{sentence}base_dn or let the service account read it.")
        return Check("base", ok=True, sentence=f"{self.settings.base_dn} can be searched.")

    def _people(self) -> Iterator[Check]:
        """A sample: there are people, each has an id of its own, and a login name of its own."""
        settings = self.settings
        question = Question(
            base_dn=settings.base_dn,
            condition=AllOf(people(settings.person_filter)),
            attributes=settings.attributes,
            domain_scope=settings.preset.domain_scope,
            page_size=SAMPLE_SIZE,
        )
        found = self.session.search(question, self._deadline()).entries
        if not found:
            sentence = f"No entry below {settings.base_dn} meets person_filter; correct one of them."
            yield Check("people", ok=False, sentence=sentence)
            return
        yield Check("people", ok=True, sentence=f"{len(found)} people were read, of at most {SAMPLE_SIZE}.")
        try:
            entries = [entry_of(settings, entry) for entry in found]
        except Misconfigured:
            attribute = settings.preset.immutable_attribute
            sentence = (
                f"An entry shows no usable {attribute}; let the service account read it, or correct vendor."
            )
            yield Check("immutable_id", ok=False, sentence=sentence)
            return
        yield self._unique(
            "immutable_id", settings.preset.immutable_attribute, [e.immutable_id for e in entries]
        )
        names = [entry.login_name.casefold() for entry in entries]
        yield self._unique("login_names", settings.login_attribute, [name for name in names if name])

    @staticmethod
    def _unique(check: str, attribute: str, values: list[str]) -> Check:
        if not values:
            sentence = f"No entry shows {attribute}; correct it, or let the service account read it."
            return Check(check, ok=False, sentence=sentence)
        value, count = Counter(values).most_common(1)[0]
        if count > 1:
            sentence = f"{count} entries have {attribute} {value}: it must belong to one person only."
            return Check(check, ok=False, sentence=sentence)
        return Check(check, ok=True, sentence=f"{attribute} is different in each of {len(values)} entries.")

    def _states(self, root: RootDse) -> Check:
        if self.settings.vendor.is_windows:
            return Check(
                "account_state", ok=True, sentence="The server tells the state of an account with its code."
            )
        if root.attributes and not root.tells_states:
            sentence = "The server has no password policy control: a clerk who must change the password would"
            return Check("account_state", ok=False, sentence=f"{sentence} simply be let in; load the policy.")
        return Check("account_state", ok=True, sentence="The server tells the state of an account.")

    def _password_change(self, root: RootDse) -> Check:
        change = self.settings.preset.password_change
        if change is PasswordChange.MODIFY_PASSWORD and root.attributes:
            if not root.has_extension(MODIFY_PASSWORD):
                mend = 'The server knows no RFC 3062; set password_change = "none".'
                return Check("password_change", ok=False, sentence=mend)
        return Check("password_change", ok=True, sentence=_CHANGE_SENTENCES[change])

    def _changes(self) -> Check:
        if first_cookie(self.settings, self.session, self._deadline()):
            return Check("changes", ok=True, sentence="The server tells what changed (RFC 4533).")
        sentence = (
            "The server does not tell what changed (RFC 4533), so that everybody is read each time; let it,"
            ' or set sync.changes = "modify-timestamp".'
        )
        return Check("changes", ok=False, sentence=sentence)

    def _removals(self, root: RootDse) -> Check:
        """Without that right the synchronisation works, and is slower to let people go."""
        if Tombstones(self.settings, root).are_seen(self.session, self._deadline()):
            return Check("removals", ok=True, sentence="Removed people are seen in CN=Deleted Objects.")
        sentence = f"Removed people leave with the next full reading only: {_LET_SEE}."
        return Check("removals", ok=True, sentence=sentence)

    def _person(self, name: Name) -> Iterator[Check]:
        settings = self.settings
        answer = self.session.search(question_for(settings, name), self._deadline())
        try:
            entry = only_entry(settings, answer)
        except Misconfigured:
            sentence = f"The entry of {name.text} cannot be read: {search_failure(answer.result)}."
            yield Check("person", ok=False, sentence=sentence)
            return
        if entry is None:
            count = "No entry" if not answer.entries else "More than one entry"
            sentence = f"{count} has the name {name.text} and the person_filter; "
            yield Check("person", ok=False, sentence=f"{sentence}correct login_attribute or the name.")
            return
        yield Check("person", ok=True, sentence=f"One entry has the name {name.text}: {entry.dn}.")
        if settings.groups is not None:
            yield self._groups_of(entry, settings.groups)
        if self.sample.password is not None:
            yield from self._sign_in(name, entry, self.sample.password)

    def _groups_of(self, entry: Entry, rules: GroupRules) -> Check:
        deadline = self._deadline()
        try:
            whole = with_groups(
                self.settings, entry, lambda question: all_pages(self.session, question, deadline).entries
            )
        except Misconfigured as error:
            sentence = f"The groups of {entry.login_name} cannot be read: {error}."
            return Check("person_groups", ok=False, sentence=sentence)
        except TooManyGroups:
            sentence = f"{entry.login_name} is in more than {GROUPS_MAX} groups, which are not read."
            return Check("person_groups", ok=False, sentence=sentence)
        groups = whole.groups or ()
        told = [*released(groups, rules.released), *released(groups, rules.roles)]
        sentence = (
            f"{entry.login_name} is in {len(groups)} groups, released as: {', '.join(told) or 'nothing'}."
        )
        return Check("person_groups", ok=True, sentence=sentence)

    def _sign_in(self, name: Name, entry: Entry, password: bytes) -> Iterator[Check]:
        answer = self.server.bind(entry.dn, password, self._deadline())
        verification = verification_of(self.settings.vendor, answer)
        yield _state_check(name, verification.state, verification.reason)
        if verification.state is AccountState.OK and self.sample.try_change:
            yield self._try_change(entry, password)

    def _try_change(self, entry: Entry, password: bytes) -> Check:
        """Exchange the password for itself."""
        settings, passwords = self.settings, Passwords(password, password)
        windows = settings.preset.password_change is PasswordChange.UNICODE_PWD
        change = change_as_service if windows else change_as_clerk
        outcome = change(settings, self.server, entry, passwords, self._deadline()).outcome
        if outcome in _MAY_CHANGE:
            return Check("change_right", ok=True, sentence=f"{entry.login_name} may change the own password.")
        mend = 'let people write their own password, or set password_change = "none"'
        sentence = f"{entry.login_name} may not change the own password ({outcome}); {mend}."
        return Check("change_right", ok=False, sentence=sentence)


_CHANGE_SENTENCES = {
    PasswordChange.NONE: "Clerks are not offered to change their password here, as configured.",
    PasswordChange.UNICODE_PWD: "Clerks change their password with the old one, through the service account.",
    PasswordChange.MODIFY_PASSWORD: "Clerks change their own password (RFC 3062).",
}
_LET_SEE = "let the service account list and read CN=Deleted Objects (LCRP), and it is at once"
_STATE_SENTENCES = {
    AccountState.OK: "{name} signs in.",
    AccountState.BAD_CREDENTIALS: "The password of {name} is refused ({reason}).",
    AccountState.POLICY: "The server wants encryption ({reason}); use ldaps:// or start_tls.",
    AccountState.UNAVAILABLE: "The server gives no verdict on {name} ({reason}); see the server's own log.",
}


def _state_check(name: Name, state: AccountState, reason: str) -> Check:
    """How a sign-in went: a state that the server tells is a step that works."""
    known = _STATE_SENTENCES.get(
        state, "The server tells that the account of {name} is in the state {state}."
    )
    sentence = known.format(name=name.text, reason=reason, state=state.value)
    failed = {AccountState.BAD_CREDENTIALS, AccountState.POLICY, AccountState.UNAVAILABLE}
    return Check("sign_in", ok=state not in failed, sentence=sentence)
