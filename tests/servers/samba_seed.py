"""What a domain of the tests is filled with: password policy, people in each state, groups."""

from tests.servers.directory_people import PEOPLE, SERVICE_PASSWORD, DirectoryPerson
from tests.servers.ldif import record

REALM = "ad.civil.example"
SUFFIX = "DC=ad,DC=civil,DC=example"
STAFF = f"OU=Staff,{SUFFIX}"
SERVICE_DN = f"CN=hub,CN=Users,{SUFFIX}"
_DAY = 86_400 * 10**7  # Windows counts in 100 ns
_LONG_AGO = "132223104000000000"


def quoted(password: str) -> bytes:
    """A password as unicodePwd takes it ([MS-ADTS] 3.1.1.3.1.5.1)."""
    return f'"{password}"'.encode("utf-16-le")


def seed() -> str:
    policy = {
        "lockoutThreshold": "3",
        "lockoutDuration": str(-(2**63)),  # until an administrator unlocks
        "lockOutObservationWindow": str(-1800 * 10**7),
        "minPwdAge": "0",
        "maxPwdAge": str(-90 * _DAY),
        "minPwdLength": "8",
        "pwdHistoryLength": "3",
    }
    records = [
        record(SUFFIX, "modify", *(("replace", name, value) for name, value in policy.items())),
        *(
            record(f"OU={name},{SUFFIX}", "add", ("", "objectClass", "organizationalUnit"))
            for name in ("Staff", "Former", "Groups")
        ),
        _account(SERVICE_DN, "hub", SERVICE_PASSWORD, control="66048"),  # its password never expires
        *(_person(person) for person in PEOPLE),
        *(_group(name, members) for name, members in (("inner", ["CN=alice," + STAFF]), ("outer", []))),
        record(f"CN=outer,OU=Groups,{SUFFIX}", "modify", ("add", "member", f"CN=inner,OU=Groups,{SUFFIX}")),
    ]
    return "\n".join(records)


def _group(name: str, members: list[str]) -> str:
    return record(
        f"CN={name},OU=Groups,{SUFFIX}",
        "add",
        ("", "objectClass", "group"),
        ("", "sAMAccountName", name),
        *(("", "member", member) for member in members),
    )


def _account(dn: str, name: str, password: str, *more: tuple[str, str, str], control: str = "512") -> str:
    return record(
        dn,
        "add",
        ("", "objectClass", "user"),
        ("", "sAMAccountName", name),
        ("", "userPrincipalName", f"{name}@{REALM}"),
        ("", "unicodePwd", quoted(password)),
        ("", "userAccountControl", control),
        *more,
    )


def _person(person: DirectoryPerson) -> str:
    told = [
        ("", "displayName", person.name),
        ("", "givenName", person.name.rpartition(" ")[0] or person.name),
        ("", "sn", person.name.rpartition(" ")[2]),
        ("", "mail", person.mail),
        ("", "department", "Registry"),
    ]
    control = "512"
    match person.state:
        case "disabled":
            control = "514"
        case "account_expired":
            told.append(("", "accountExpires", _LONG_AGO))
        case "must_change":
            told.append(("", "pwdLastSet", "0"))
        case "hours":
            told.append(("", "logonHours", bytes(21)))
        case "workstation":
            told.append(("", "userWorkstations", "PC1"))
    dn = f"CN={person.uid},{STAFF}"
    return _account(dn, person.uid, person.password, *told, control=control)
