"""What happened to the log itself, to signing keys and to the processes."""

from collections.abc import Mapping, Sequence


def _(message: str) -> str:
    """Mark a message for translation; `Language.gettext` translates it when a page is made."""
    return message


LOG: Mapping[str, Sequence[str]] = {
    "key.created": (_("A signing key was made and published: {kid} ({alg})."),),
    "key.activated": (_("The signing key {kid} ({alg}) took over."),),
    "key.retired": (_("The signing key {kid} ({alg}) signs no more."),),
    "key.revoked": (_("The signing key {kid} ({alg}) was revoked: what it signed is refused from now on."),),
    "audit.searched": (
        _("The auditor with account {account} searched this log and saw {results} records."),
        _("An operator searched this log and saw {results} records."),
    ),
    "audit.viewed": (
        _("The auditor with account {account} opened the record {record}."),
        _("An operator opened the record {record}."),
    ),
    "audit.epoch.opened": (_("The log goes on in a new tree, {origin}: {reason}."),),
    "audit.log_key.added": (_("Another key signs the log of {origin}, {key}: {reason}."),),
    "audit.log_key.retired": (_("The key {key} signs the log of {origin} no more: {reason}."),),
    "audit.checkpoint.refused": (
        _("The log was not signed, because it is not the one signed before: {reason}."),
    ),
    "audit.verified": (
        _("A part of the log ({part}) was recomputed: {entries} entries, and nothing is wrong."),
        _("The log was recomputed: {entries} entries, and nothing is wrong."),
    ),
    "audit.verify.failed": (
        _("A part of the log ({part}) was recomputed, and {findings} things are wrong: {first}."),
        _("The log was recomputed, and {findings} things are wrong: {first}."),
    ),
    "audit.counts.corrected": (
        _("The hour from {hour} of this log was counted as its entries are not, and was counted anew."),
    ),
    "audit.receipt.given": (_("{application} fetched the receipt of the record {record}."),),
    "audit.evidence.sealed": (_("{entries} records were sealed as evidence: {reason}."),),
    "configuration.changed": (
        _(
            "The configuration differs from the last start. New: {added}; different: {altered}; "
            "gone: {removed}."
        ),
        _("The configuration differs from the last start."),
    ),
    "node.started": (_("The hub on {node} started."),),
    "node.stopped": (_("The hub on {node} stopped in good order."),),
    "audit.shredding.ordered": (
        _("It was ordered to make what this log tells of a person unreadable: {reason}."),
        _("It was ordered to make what this log tells of a person unreadable."),
    ),
    "audit.shredding.refused": (
        _("What this log tells of a person was not made unreadable: {cause}."),
        _("What this log tells of a person was not made unreadable."),
    ),
    "audit.subject.shredded": (_("What this log told of a person can be read by nobody any more."),),
    "audit.hold.set": (
        _("What this log tells must be kept until a hold is lifted: {reason}."),
        _("What this log tells must be kept until a hold is lifted."),
    ),
    "audit.hold.lifted": (
        _("A hold on what this log tells was lifted: {reason}."),
        _("A hold on what this log tells was lifted."),
    ),
    "audit.followed": (
        _("Somebody began to follow this log as it grows: {reason}."),
        _("Somebody began to follow this log as it grows."),
    ),
    "audit.export.begun": (
        _("Somebody began to write records to a file: {reason}."),
        _("Somebody began to write records to a file."),
    ),
    "audit.exported": (
        _("{results} records were written to a file: {reason}."),
        _("Records were written to a file."),
    ),
    "audit.spool.taken": (
        _("{count} events from a time when this log could not be written were taken in."),
        _("Events from a time when this log could not be written were taken in."),
    ),
    "audit.month.archived": (
        _("The records of {month} were written to the archive."),
        _("A month of records was written to the archive."),
    ),
    "audit.month.not_archived": (
        _("The records of {month} could not be written to the archive, and stay: {reason}."),
        _("A month of records could not be written to the archive, and stays."),
    ),
    "audit.retention.dropped": (
        _("The records of {month} were dropped at the end of their retention."),
        _("A month of records was dropped at the end of its retention."),
    ),
    "audit.retention.findings_dropped": (
        _("{findings} closed findings and {suppressions} suppressions went: their retention is over."),
        _("Closed findings and suppressions went: their retention is over."),
    ),
    "audit.retention.keys_ordered": (
        _("Keys to what this log told of people are about to be destroyed: their retention is over."),
    ),
    "audit.retention.keys_destroyed": (
        _("{keys} keys to what this log told of people were destroyed at the end of their retention."),
        _("Keys to what this log told of people were destroyed at the end of their retention."),
    ),
    "audit.checkpoint.rejected": (
        _("The witness {anchor} knows another history of this log and does not sign it: {reason}."),
        _("A witness knows another history of this log and does not sign it."),
    ),
    "audit.anchor.failed": (
        _("{anchor} has not vouched for this log: {reason}."),
        _("A witness or a time stamp authority has not vouched for this log."),
    ),
    "audit.anchor.recovered": (
        _("{anchor} vouches for this log again."),
        _("A witness or a time stamp authority vouches for this log again."),
    ),
    "audit.sink.opened": (_("The system {sink} receives this log from now on."),),
    "audit.sink.failed": (
        _("The system {sink} does not take this log: {reason}."),
        _("The system {sink} does not take this log."),
    ),
    "audit.sink.recovered": (_("The system {sink} takes this log again."),),
    "audit.slice.pulled": (
        _("{application} fetched {entries} records of its part of this log, as the system {sink}."),
    ),
    "audit.sink.missed": (_("{entries} records were gone before the system {sink} had them."),),
    "audit.tokens.compared": (
        _("{count} tokens were compared with this log; {findings} of them are not in it."),
        _("Tokens were compared with this log."),
    ),
    "audit.token.unlogged": (
        _("{application} has a token that this hub signed and did not log: others have the key {kid}."),
        _("A token bears a signature of this hub, but this log does not know it: somebody else has its key."),
    ),
    "finding.opened": (
        _("The rule {rule} found something in this log: {count} records, level {level}."),
        _("A rule found something in this log."),
    ),
    "finding.changed": (
        _("The auditor with account {account} worked on a finding of the rule {rule}: {stage}."),
        _("An operator worked on a finding of the rule {rule}: {stage}."),
        _("An operator worked on a finding."),
    ),
    "finding.listed": (
        _("The auditor with account {account} looked at the findings and saw {results} of them."),
        _("An operator looked at the findings."),
    ),
    "finding.viewed": (
        _("The auditor with account {account} opened a finding."),
        _("An operator opened a finding."),
    ),
    "finding.suppressed": (
        _("The rule {rule} tells of nothing for a while: {reason}."),
        _("A rule tells of nothing for a while."),
    ),
    "finding.suppression.ended": (
        _("The rule {rule} tells of what it finds again; {count} records had been kept quiet."),
        _("A rule tells of what it finds again."),
    ),
    "finding.rule.switched_off": (
        _("The rule {rule} failed and judges nothing any more: {reason}."),
        _("A rule failed and judges nothing any more."),
    ),
}
