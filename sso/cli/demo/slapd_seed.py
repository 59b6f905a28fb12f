"""What a demonstration directory is filled with: OpenLDAP's configuration and its people, as LDIF (RFC 2849).

Every value is written in base64, so no name, password or path can break out of its line. Ids are derived
from DNs: a directory made again is the same directory to the hub.
"""

import base64
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal
from uuid import NAMESPACE_X500, uuid5

AccountCondition = Literal["normal", "locked", "ended", "expired", "mustchange", "grace", "warn"]

_Attributes = Sequence[tuple[str, str | bytes]]
_PASSWORD_MAX_AGE = timedelta(days=90)
_LONG_AGO = "20200101000000Z"


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """One clerk. `state` is the condition of the account at the start."""

    uid: str
    name: str
    mail: str
    password: str = field(repr=False)
    state: AccountCondition = "normal"
    department: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things are: `suffix` is made of dc= parts; schema and modules are the installed OpenLDAP's."""

    folder: Path
    suffix: str
    schema_folder: Path
    module_folder: Path
    failures_before_lock: int

    @property
    def root_dn(self) -> str:
        """Who may change everything."""
        return f"cn=admin,{self.suffix}"

    @property
    def service_dn(self) -> str:
        """Who may read everything but passwords."""
        return f"cn=hub,{self.suffix}"

    @property
    def people_dn(self) -> str:
        """The branch of the people."""
        return f"ou=people,{self.suffix}"

    def person_dn(self, uid: str) -> str:
        """The DN of a person; the uid is plain letters, digits, dots and hyphens."""
        return f"uid={uid},{self.people_dn}"


def configuration(layout: Layout, root_password: str) -> str:
    """cn=config: TLS, one database, the password policy overlay, and who may read what."""
    root_hash = hashed(root_password)
    database = "olcDatabase={1}mdb,cn=config"
    entries = [
        _global(layout),
        _modules(layout),
        entry("cn=schema,cn=config", ("objectClass", "olcSchemaConfig"), ("cn", "schema")),
        *(
            f"include: file://{layout.schema_folder}/{name}.ldif\n"
            for name in ("core", "cosine", "inetorgperson")
        ),
        *_frontend(root_hash),
        _database(layout, database, root_hash),
        _password_policy(layout, database),
        _change_log(database),
    ]
    return "\n".join(entries)


def _global(layout: Layout) -> str:
    folder = layout.folder
    return entry(
        "cn=config",
        ("objectClass", "olcGlobal"),
        ("cn", "config"),
        ("olcPidFile", f"{folder}/slapd.pid"),
        ("olcTLSCACertificateFile", f"{folder}/ca.pem"),
        ("olcTLSCertificateFile", f"{folder}/server.pem"),
        ("olcTLSCertificateKeyFile", f"{folder}/server.key"),
        ("olcThreads", "4"),
    )


def _modules(layout: Layout) -> str:
    return entry(
        "cn=module,cn=config",
        ("objectClass", "olcModuleList"),
        ("cn", "module"),
        ("olcModulePath", str(layout.module_folder)),
        ("olcModuleLoad", "back_mdb"),
        ("olcModuleLoad", "ppolicy"),
        ("olcModuleLoad", "syncprov"),
    )


def _frontend(root_hash: str) -> tuple[str, str]:
    """What holds for every database, and the configuration's own, with its administrator."""
    return (
        entry(
            "olcDatabase={-1}frontend,cn=config",
            ("objectClass", "olcDatabaseConfig"),
            ("objectClass", "olcFrontendConfig"),
            ("olcDatabase", "{-1}frontend"),
            ("olcAccess", '{0}to dn.base="" by * read'),
        ),
        entry(
            "olcDatabase={0}config,cn=config",
            ("objectClass", "olcDatabaseConfig"),
            ("olcDatabase", "{0}config"),
            ("olcRootDN", "cn=config"),
            ("olcRootPW", root_hash),
        ),
    )


def _change_log(database: str) -> str:
    """Lets the hub ask what changed (RFC 4533), removals included, instead of reading everybody."""
    return entry(
        f"olcOverlay={{1}}syncprov,{database}",
        ("objectClass", "olcOverlayConfig"),
        ("objectClass", "olcSyncProvConfig"),
        ("olcOverlay", "{1}syncprov"),
        ("olcSpSessionlog", "10000"),
    )


def _password_policy(layout: Layout, database: str) -> str:
    return entry(
        f"olcOverlay={{0}}ppolicy,{database}",
        ("objectClass", "olcOverlayConfig"),
        ("objectClass", "olcPPolicyConfig"),
        ("olcOverlay", "{0}ppolicy"),
        ("olcPPolicyDefault", f"cn=default,ou=policies,{layout.suffix}"),
        ("olcPPolicyHashCleartext", "TRUE"),
        ("olcPPolicyUseLockout", "TRUE"),
    )


def seed(layout: Layout, people: Sequence[DemoPerson], service_password: str, now: datetime) -> str:
    """The suffix, the service account, the policies and the people."""
    suffix = layout.suffix
    entries = [
        entry(suffix, ("objectClass", "domain"), ("dc", _domain_component(suffix))),
        entry(
            layout.service_dn,
            ("objectClass", "applicationProcess"),
            ("objectClass", "simpleSecurityObject"),
            ("cn", "hub"),
            ("userPassword", hashed(service_password)),
            ("pwdPolicySubentry", f"cn=service,ou=policies,{suffix}"),
        ),
        *(
            entry(f"ou={name},{suffix}", ("objectClass", "organizationalUnit"), ("ou", name))
            for name in ("people", "policies")
        ),
        _policy(suffix, "service"),
        _policy(suffix, "default", *_default_policy(layout, grace_logins=0)),
        _policy(suffix, "grace", *_default_policy(layout, grace_logins=50)),
        *(_person(layout, person, now) for person in people),
    ]
    return "\n".join(entries)


def entry(dn: str, *attributes: tuple[str, str | bytes]) -> str:
    """One LDIF record with a DN and attributes in base64; empty values are left out."""
    lines = [f"dn:: {_base64(dn)}"]
    lines += [f"{name}:: {_base64(value)}" for name, value in attributes if value]
    return "\n".join(lines) + "\n"


def replacement(dn: str, attribute: str, value: str | bytes | None) -> str:
    """The LDIF change that sets an attribute to one value, or removes it when the value is None."""
    lines = [f"dn:: {_base64(dn)}", "changetype: modify", f"replace: {attribute}"]
    if value is not None:
        lines.append(f"{attribute}:: {_base64(value)}")
    return "\n".join([*lines, "-", "", ""])


def hashed(password: str) -> str:
    """{SSHA}, the one scheme that every slapd has built in; the directory lasts as long as the demo."""
    salt = secrets.token_bytes(8)
    digest = hashlib.sha1(password.encode() + salt, usedforsecurity=False).digest()
    return "{SSHA}" + base64.b64encode(digest + salt).decode("ascii")


def _database(layout: Layout, dn: str, root_hash: str) -> str:
    service = f'by dn.exact="{layout.service_dn}"'
    return entry(
        dn,
        ("objectClass", "olcDatabaseConfig"),
        ("objectClass", "olcMdbConfig"),
        ("olcDatabase", "{1}mdb"),
        ("olcSuffix", layout.suffix),
        ("olcRootDN", layout.root_dn),
        ("olcRootPW", root_hash),
        ("olcDbDirectory", f"{layout.folder}/db"),
        ("olcDbMaxSize", str(1024 * 1024 * 1024)),  # a limit, not a size
        ("olcDbNoSync", "TRUE"),
        ("olcDbIndex", "objectClass,uid,mail,member,entryUUID,entryCSN,modifyTimestamp eq"),
        ("olcLimits", f'{{0}}dn.exact="{layout.service_dn}" size.pr=1000 size.prtotal=unlimited'),
        ("olcAccess", f"{{0}}to attrs=userPassword by self write by anonymous auth {service} none by * none"),
        ("olcAccess", f"{{1}}to * {service} read by self read by * none"),
    )


def _policy(suffix: str, name: str, *rules: tuple[str, str]) -> str:
    return entry(
        f"cn={name},ou=policies,{suffix}",
        ("objectClass", "applicationProcess"),
        ("objectClass", "pwdPolicy"),
        ("cn", name),
        ("pwdAttribute", "userPassword"),
        *rules,
    )


def _default_policy(layout: Layout, *, grace_logins: int) -> Sequence[tuple[str, str]]:
    return (
        ("pwdLockout", "TRUE"),
        ("pwdMaxFailure", str(layout.failures_before_lock)),
        ("pwdLockoutDuration", "60"),
        ("pwdFailureCountInterval", "60"),
        ("pwdMustChange", "TRUE"),
        ("pwdMinLength", "8"),
        ("pwdCheckQuality", "2"),
        ("pwdInHistory", "3"),
        ("pwdMaxAge", str(int(_PASSWORD_MAX_AGE.total_seconds()))),
        ("pwdExpireWarning", str(14 * 86_400)),
        ("pwdGraceAuthNLimit", str(grace_logins)),
        ("pwdAllowUserChange", "TRUE"),
    )


def _person(layout: Layout, person: DemoPerson, now: datetime) -> str:
    dn = layout.person_dn(person.uid)
    given_name, _, family_name = person.name.rpartition(" ")
    return entry(
        dn,
        ("objectClass", "inetOrgPerson"),
        ("uid", person.uid),
        ("cn", person.name),
        ("givenName", given_name),
        ("sn", family_name),
        ("mail", person.mail),
        ("departmentNumber", person.department),
        ("title", person.title),
        ("userPassword", hashed(person.password)),
        ("entryUUID", str(uuid5(NAMESPACE_X500, dn))),
        *_condition(layout, person.state, now),
    )


def _condition(layout: Layout, state: AccountCondition, now: datetime) -> _Attributes:
    nearly_over = _generalized_time(now - _PASSWORD_MAX_AGE + timedelta(days=5))
    changed_at = {"expired": _LONG_AGO, "grace": _LONG_AGO, "warn": nearly_over}
    mark: dict[AccountCondition, tuple[str, str]] = {
        "locked": ("pwdAccountLockedTime", "000001010000Z"),
        "ended": ("pwdEndTime", _LONG_AGO),
        "mustchange": ("pwdReset", "TRUE"),
        "grace": ("pwdPolicySubentry", f"cn=grace,ou=policies,{layout.suffix}"),
    }
    first = ("pwdChangedTime", changed_at.get(state, _generalized_time(now)))
    return (first, mark[state]) if state in mark else (first,)


def _generalized_time(moment: datetime) -> str:
    return f"{moment:%Y%m%d%H%M%SZ}"


def _domain_component(suffix: str) -> str:
    attribute, _, value = suffix.partition(",")[0].partition("=")
    if attribute.lower() != "dc" or not value:
        message = "the suffix of a demonstration directory begins with dc="
        raise ValueError(message)
    return value


def _base64(value: str | bytes) -> str:
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode("ascii")
