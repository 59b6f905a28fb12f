"""A clerk whose password the hub keeps chooses a new one: by the rules for passwords of `password_rules`."""

from dataclasses import dataclass, field

from sso.authentication.password import PasswordHash, TooBusy
from sso.authentication.password_rules import MAX_LENGTH, PasswordRefused, PasswordRules
from sso.authentication.sign_in import Attempt
from sso.directory.password_change import ChangeOutcome


@dataclass(frozen=True, slots=True)
class KeptChange:
    """What became of it, and the new password's hash if it may be kept. `proven`: the old one was right."""

    outcome: ChangeOutcome
    proven: bool = False
    new_hash: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class KeptPasswordChanging:
    """The means: the hash and the rules."""

    passwords: PasswordHash
    rules: PasswordRules

    def change(self, attempt: Attempt, old: str, new: str) -> KeptChange:
        """Check the old password and the new one. Call it in no transaction: both are hashed."""
        known = attempt.credential.hash if attempt.credential is not None else None
        try:
            if not self.passwords.verify(old, known):
                return KeptChange(ChangeOutcome.BAD_CREDENTIALS)
            refused = self._refusal(attempt, old, new)
            if refused is not None:
                return KeptChange(refused, proven=True)
            return KeptChange(ChangeOutcome.CHANGED, proven=True, new_hash=self.passwords.make(new))
        except TooBusy:
            return KeptChange(ChangeOutcome.UNAVAILABLE)

    def _refusal(self, attempt: Attempt, old: str, new: str) -> ChangeOutcome | None:
        if new == old:
            return ChangeOutcome.USED_BEFORE
        account = attempt.account
        names = () if account is None else (account.login_name, account.text_claim("name") or "")
        try:
            self.rules.check(new, names=names)
        except PasswordRefused:
            if len(new) < self.rules.minimum_length:
                return ChangeOutcome.TOO_SHORT
            return ChangeOutcome.TOO_LONG if len(new) > MAX_LENGTH else ChangeOutcome.TOO_SIMPLE
        return None
