"""What a 389-DS of the tests is filled with: plug-ins, password policy, people in each state, groups."""

from datetime import datetime, timedelta

from tests.servers.directory_people import PEOPLE, SERVICE_PASSWORD
from tests.servers.ldif import Change, record

SUFFIX = "dc=civil,dc=example"
STAFF = f"ou=staff,{SUFFIX}"
SERVICE_DN = f"uid=hub,{SUFFIX}"

POLICY = {
    "passwordExp": "on",
    "passwordMaxAge": str(90 * 86_400),
    "passwordWarning": str(14 * 86_400),
    "passwordGraceLimit": "3",
    "passwordMustChange": "on",
    "passwordLockout": "on",
    "passwordMaxFailure": "3",
    "passwordUnlock": "off",
    "passwordCheckSyntax": "on",
    "passwordMinLength": "8",
    "passwordHistory": "on",
    "passwordInHistory": "3",
    "nsslapd-pwpolicy-local": "on",
}
OFF = ("replace", "nsslapd-pluginEnabled", "off")
PLUGINS = (
    "MemberOf Plugin",
    "USN",
    "Retro Changelog Plugin",
    "Content Synchronization",
    "referential integrity postoperation",
)


def configuration() -> str:
    enabled = [
        record(f"cn={name},cn=plugins,cn=config", "modify", ("replace", "nsslapd-pluginEnabled", "on"))
        for name in PLUGINS
    ]
    member_of = (("replace", "memberofgroupattr", "member"), ("replace", "memberofautoaddoc", "nsMemberOf"))
    unique_id = ("replace", "nsslapd-attribute", "nsuniqueid:targetUniqueId")
    any_letters = record("cn=7-bit check,cn=plugins,cn=config", "modify", OFF)
    return "\n".join(
        [
            *enabled,
            any_letters,
            record("cn=MemberOf Plugin,cn=plugins,cn=config", "modify", *member_of),
            record("cn=Retro Changelog Plugin,cn=plugins,cn=config", "modify", unique_id),
            record("cn=config", "modify", *(("replace", name, value) for name, value in POLICY.items())),
        ]
    )


def seed(now: datetime) -> str:
    reads = (
        f'(targetattr="*")(version 3.0; acl "the hub reads"; '
        f'allow (read,search,compare) userdn="ldap:///{SERVICE_DN}";)'
    )
    changes = '(targetattr="userPassword")(version 3.0; acl "own"; allow (write) userdn="ldap:///self";)'
    branches = [
        record(
            f"ou={name},{SUFFIX}",
            "add",
            ("", "objectClass", "organizationalUnit"),
            ("", "aci", reads),
            ("", "aci", changes),
        )
        for name in ("staff", "former", "groups")
    ]
    people = [_person(f"uid={each.uid},{STAFF}", each.uid, each.name, each.password) for each in PEOPLE]
    service = _person(SERVICE_DN, "hub", "Hub Service", SERVICE_PASSWORD)
    conditions = [
        record(f"uid={each.uid},{STAFF}", "modify", *_condition(each.state, now)) for each in PEOPLE
    ]
    # A password that the manager sets must be changed, unless it is said when it expires.
    later = ("replace", "passwordExpirationTime", _time(now + timedelta(days=80)))
    groups = [
        _group("inner", f"uid=alice,{STAFF}"),
        _group("outer", f"cn=inner,ou=groups,{SUFFIX}"),
    ]
    return "\n".join([*branches, service, record(SERVICE_DN, "modify", later), *people, *conditions, *groups])


def _person(dn: str, uid: str, name: str, password: str) -> str:
    return record(
        dn,
        "add",
        ("", "objectClass", "inetOrgPerson"),
        ("", "uid", uid),
        ("", "cn", name),
        ("", "givenName", name.rpartition(" ")[0]),
        ("", "sn", name.rpartition(" ")[2]),
        ("", "mail", f"{uid}@civil.example"),
        ("", "departmentNumber", "Registry"),
        ("", "userPassword", password),
    )


def _condition(state: str, now: datetime) -> list[Change]:
    later = ("replace", "passwordExpirationTime", _time(now + timedelta(days=80)))
    long_ago = ("replace", "passwordExpirationTime", "20200101000000Z")
    match state:
        case "disabled":
            return [later, ("add", "nsAccountLock", "true")]
        case "locked":
            locked = ("replace", "accountUnlockTime", "20380101000000Z")
            return [later, locked, ("replace", "passwordRetryCount", "3")]
        case "expired":
            return [long_ago, ("replace", "passwordGraceUserTime", "3")]
        case "grace":
            return [long_ago]
        case "warn":
            return [("replace", "passwordExpirationTime", _time(now + timedelta(days=5)))]
        case "must_change":
            return [("replace", "passwordExpirationTime", "19700101000000Z")]
        case _:
            return [later]


def _group(name: str, member: str) -> str:
    return record(
        f"cn={name},ou=groups,{SUFFIX}",
        "add",
        ("", "objectClass", "groupOfNames"),
        ("", "cn", name),
        ("", "member", member),
    )


def _time(moment: datetime) -> str:
    return f"{moment:%Y%m%d%H%M%SZ}"
