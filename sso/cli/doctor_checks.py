"""The checks of `sso doctor`: each looks at one thing and finds it ok, worth a warning, or failed."""

import shutil
import stat
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from sso.archive.errors import ArchiveUnavailable
from sso.archive.opening import place_of
from sso.archive.settings import ArchiveSettings
from sso.cli.doctor_finding import Finding, failure, ok, warning
from sso.cli.doctor_keys import signing_keys
from sso.cli.management_log import is_late, seconds_waited
from sso.config import Configuration
from sso.config.directory import Directory
from sso.directory.check import Sample
from sso.directory.ldap import LdapDirectory
from sso.geography.errors import GeographyUnavailable
from sso.geography.opening import geography_of
from sso.geography.settings import GeographySettings
from sso.hub import Hub
from sso.outbound.upstream import UpstreamProvider, published_checks
from sso.storage.audit_sinks import entries_from
from sso.storage.clock import database_time
from sso.storage.detection import Place
from sso.storage.errors import StorageUnavailable
from sso.storage.schema import pending_migrations
from sso.worker.detection import off

SKEW_WARNING = timedelta(seconds=2)
SKEW_FAILURE = timedelta(seconds=30)
BEHIND_WARNING = 5_000
"""Records that no rule has judged yet."""

OLD_GEOGRAPHY = timedelta(days=365)
"""After so long too many addresses are elsewhere."""

_BEGIN = Place(1, 0)

FREE_BYTES_WARNING = 1024**3
FREE_BYTES_FAILURE = 64 * 1024**2


def secret_files(configuration: Configuration, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Files that hold a secret are for their owner alone."""
    wrong = False
    for file in _files_with_secrets(configuration, environment):
        mode = stat.S_IMODE(file.stat().st_mode) if file.exists() else 0
        if mode & 0o077:
            wrong = True
            yield failure("secrets", f"{file} has mode {mode:04o}: others may read it; chmod 600 {file}")
    if not wrong:
        yield ok("secrets", "the files that hold secrets are for their owner alone")


def _files_with_secrets(configuration: Configuration, environment: Mapping[str, str]) -> Iterator[Path]:
    home = configuration.file.resolve().parent
    settings = configuration.settings
    named = [settings.secrets.key_encryption_key_file, settings.secrets.pepper_file]
    ldap = [each for each in settings.directory if isinstance(each, Directory)]
    sinks = settings.audit.sink
    named += [path for each in ldap for path in (each.bind_password_file, each.certificate_key_file)]
    named += [path for each in sinks for path in (each.secret_file, each.certificate_key_file)]
    named += [upstream.client_secret_file for upstream in settings.upstream]
    named += [settings.keys.pkcs11.pin_file] if settings.keys.pkcs11 is not None else []
    named += [settings.audit.archive.secret_file] if settings.audit.archive is not None else []
    yield from (home / file for file in named if file is not None)
    yield from (
        Path(file)
        for name, file in environment.items()
        if name.startswith("SSO__") and name.endswith("__FILE")
    )
    inside = [settings.secrets.key_encryption_key, settings.secrets.pepper]
    inside += [directory.bind_password for directory in ldap] + [sink.secret for sink in sinks]
    inside += [settings.keys.pkcs11.pin] if settings.keys.pkcs11 is not None else []
    inside += [settings.audit.archive.secret] if settings.audit.archive is not None else []
    if any(secret is not None for secret in inside):
        yield configuration.file  # some of them may come from the environment: better safe
    if configuration.database_url.startswith("sqlite:///"):
        yield Path(configuration.database_url.removeprefix("sqlite:///"))


def database(hub: Hub, now: datetime) -> Iterator[Finding]:
    """The database answers, its schema is current, its clock agrees, the keys in it are fit to sign."""
    try:
        waiting = pending_migrations(hub.database)
        yield ok("database", f"{hub.database.dialect} answers")
        if waiting:
            yield failure("migrations", f"{', '.join(waiting)} waits; run `sso migrate`")
            return
        yield ok("migrations", "the schema is up to date")
        yield clock(database_time(hub.database), now)
        yield from signing_keys(hub, now)
        yield log(hub, now)
        yield detection(hub, now)
    except StorageUnavailable as error:
        yield failure("database", f"it does not answer ({error}); is it running, is database.url right?")


def clock(told: datetime | None, now: datetime) -> Finding:
    """The clock of the database, if it has one, and this machine's agree."""
    if told is None:
        return ok("clock", "the database lives by this machine's clock")
    skew = abs(told - now)
    sentence = f"the clocks of this machine and of the database differ by {skew.total_seconds():.1f} seconds"
    if skew > SKEW_FAILURE:
        return failure("clock", f"{sentence}; synchronise both (chrony, systemd-timesyncd)")
    if skew > SKEW_WARNING:
        return warning("clock", f"{sentence}; synchronise both (chrony, systemd-timesyncd)")
    return ok("clock", sentence)


def log(hub: Hub, now: datetime) -> Finding:
    """No event waits for long for its place in the audit log."""
    seconds = seconds_waited(hub, now)
    if is_late(hub, seconds):
        sentence = f"events have waited {int(seconds)} seconds for their places in the audit log"
        return warning("log", f"{sentence}; does `sso worker` run?")
    return ok("log", "no event waits for long for its place in the audit log")


def detection(hub: Hub, now: datetime) -> Finding:
    """The detection rules judge the log as it grows, and none of them has failed."""
    with hub.database.read() as stores:
        kept = {each.name: each.digest for each in stores.detection.remembered()}
        judging, heads = stores.detection.judging(), stores.audit_tree.heads()
        since = stores.detection.unjudged_since()
    rules = hub.configuration.rules.fresh()
    failed = [rule.name for rule in rules if kept.get(rule.name) == off(rule)]
    if failed:
        return warning("rules", f"switched off: {', '.join(failed)}; see the event finding.rule.switched_off")
    behind = entries_from(_BEGIN if judging is None else judging.place, heads)
    if behind > BEHIND_WARNING:
        return warning("rules", f"{behind} records are not judged yet; does `sso worker` run?")
    if since is not None and is_late(hub, (now - since).total_seconds()):
        sentence = f"the rules have not looked at the log since {since:%Y-%m-%d %H:%M} UTC"
        return warning("rules", f"{sentence}; does `sso worker` run?")
    unjudged = hub.configuration.rules.located() if hub.configuration.geography is None else []
    without = f"; not judged, no geography: {', '.join(unjudged)}" if unjudged else ""
    return ok("rules", f"{len(rules) - len(unjudged)} detection rules judge the log{without}")


def geography(settings: GeographySettings, now: datetime) -> Finding:
    """The file that tells where addresses are can be read and is not too old."""
    try:
        found = geography_of(settings)
    except GeographyUnavailable as error:
        return failure("geography", f"{error}; rules that need it find nothing")
    if found is None or now - found.made_at > OLD_GEOGRAPHY:
        return warning("geography", f"{settings.file} is older than a year; addresses move")
    return ok("geography", f"{found.description} of {found.made_at:%Y-%m-%d}")


def disk(hub: Hub) -> Finding:
    """There is room for what the hub writes on this machine."""
    path = hub.database.path
    folder = Path(path).resolve().parent if path is not None else Path.cwd()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    sentence = f"{free // 1024**2} MiB are free on the disk of {folder}"
    if free < FREE_BYTES_FAILURE:
        return failure("disk", f"{sentence}; make room")
    return (
        warning("disk", f"{sentence}; make room soon") if free < FREE_BYTES_WARNING else ok("disk", sentence)
    )


def archive(settings: ArchiveSettings) -> Finding:
    """The archive of the audit log takes files: else months stay in the database."""
    try:
        place_of(settings).probe()
    except ArchiveUnavailable as error:
        return failure("archive", f"months of the audit log cannot be archived: {error}")
    return ok("archive", "the archive of the audit log can be reached")


def directory(directory_id: str, ldap: LdapDirectory, now: datetime) -> Finding:
    """Every step to a sign-in with a department's directory works."""
    check = f"directory {directory_id}"
    checks = ldap.probe(Sample(), now)
    wrong = [step for step in checks if not step.ok]
    if wrong:
        return failure(check, f"{wrong[0].name}: {wrong[0].sentence}")
    return ok(check, f"{len(ldap.settings.urls)} server(s) answer, and the service account may search")


def upstream(upstream_id: str, provider: UpstreamProvider) -> Finding:
    """Another provider says what it is and publishes its keys; `sso upstream test` tries the rest."""
    check = f"upstream {upstream_id}"
    wrong = [step for step in published_checks(provider) if not step.ok]
    if wrong:
        return failure(check, f"{wrong[0].name}: {wrong[0].sentence}")
    return ok(check, f"{provider.settings.issuer} answers, and its keys can be read")
