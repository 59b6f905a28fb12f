"""`sso person`: add people, find them, change what they may do; each change is on record."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

import click

from sso.authentication import people
from sso.authentication.leaver import restore_person
from sso.cli.accounts import named_account
from sso.cli.arguments import CLEAN_TEXT
from sso.cli.context import fail, hub_of, print_json
from sso.cli.new_password import new_password_hash, password_stdin_option
from sso.cli.operator import SOURCE, operator_origin
from sso.cli.person_link import link, unlink
from sso.cli.person_listing import list_command, show
from sso.cli.person_role import grant_role, revoke_role
from sso.directory.person import Account, AccountKind
from sso.directory.routing import DirectoryRoute, route
from sso.directory.stores import LoginNameTaken
from sso.hub import Hub
from sso.storage.stores import SqlStores

_CLAIM_SHAPES: Mapping[str, tuple[str, str]] = {
    "email": (r"[^@\s]+@[^@\s]+", "an address such as tuya@example.org"),
    "phone_number": (r"\+[0-9][0-9 ()-]{4,30}", "a number such as +976 11 123456"),
    "birthdate": (r"\d{4}(-\d\d-\d\d)?", "a date such as 1990-12-31"),
    "locale": (r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", "a language tag such as en or zh-CN"),
}


@click.group()
def person() -> None:
    """People: citizens, and clerks who have signed in."""


for command in (list_command, show, grant_role, revoke_role, link, unlink):
    person.add_command(command)


@person.command()
@click.option("--login-name", required=True, type=CLEAN_TEXT, help="What the citizen types to sign in.")
@click.option("--name", required=True, type=CLEAN_TEXT, help="Full name, as it is shown.")
@click.option("--email", type=CLEAN_TEXT)
@click.option("--given-name", type=CLEAN_TEXT)
@click.option("--family-name", type=CLEAN_TEXT)
@click.option("--phone", "phone_number", type=CLEAN_TEXT, help="With country code: +976 11 123456.")
@click.option("--birthdate", type=CLEAN_TEXT, help="YYYY-MM-DD, or the year alone.")
@click.option("--locale", type=CLEAN_TEXT, help="Language tag: en, zh-CN.")
@password_stdin_option
@click.option("--no-password", is_flag=True, help="Add the account without a password.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
@click.pass_context
def add(context: click.Context, /, login_name: str, name: str, as_json: bool, **options: str | bool) -> None:
    """Add a citizen; prints the account id. Clerks are never added: they come with their directory."""
    from_stdin, no_password = bool(options.pop("password_stdin")), bool(options.pop("no_password"))
    if from_stdin and no_password:
        raise click.UsageError("--password-stdin and --no-password exclude each other")
    claims = _claims(options)
    with hub_of(context) as hub:
        login_name = _citizen_login_name(hub, login_name)
        password_hash = None
        if not no_password:
            names = (login_name, name, *(claims[c] for c in ("email", "phone_number") if c in claims))
            password_hash = new_password_hash(hub, from_stdin=from_stdin, names=names)
        citizen = people.NewCitizen(
            login_name=login_name, name=name, claims=claims, password_hash=password_hash
        )
        account = _add(hub, citizen)
    if as_json:
        print_json({"account_id": account.id, "person_id": account.person_id, "login_name": login_name})
    else:
        click.echo(account.id)


def _claims(options: Mapping[str, str | bool]) -> dict[str, str]:
    claims = {name: str(value) for name, value in options.items() if value}
    for name, (shape, example) in _CLAIM_SHAPES.items():
        if name in claims and not re.fullmatch(shape, claims[name]):
            raise click.UsageError(f"--{name.removesuffix('_number')}: use {example}")
    return claims


def _citizen_login_name(hub: Hub, login_name: str) -> str:
    """Return the normalised name of a citizen who is not there yet."""
    try:
        door = route(login_name, hub.directories)
    except ValueError as error:
        fail(str(error))
    if isinstance(door, DirectoryRoute):
        fail(f"{login_name} belongs to {door.directory.name}: its clerks are never added, they just sign in")
    with hub.database.read() as stores:
        if stores.people.citizen(door.login_name) is not None:
            fail(f"the login name {door.login_name} is taken")
    return door.login_name


def _add(hub: Hub, citizen: people.NewCitizen) -> Account:
    try:
        with hub.database.begin(operator_origin()) as stores:
            return people.add_citizen(citizen, SOURCE, stores, datetime.now(UTC))
    except LoginNameTaken:
        fail(f"the login name {citizen.login_name} is taken")


@person.command("set-password")
@click.argument("name", type=CLEAN_TEXT)
@password_stdin_option
@click.pass_context
def set_password(context: click.Context, name: str, password_stdin: bool) -> None:
    """Replace a citizen's password; whoever is signed in with the old one is signed out."""
    with hub_of(context) as hub:
        with hub.database.read() as stores:
            account = named_account(stores.people, name, hub.directories)
        if account.kind is not AccountKind.CITIZEN:
            fail(f"{name} is a clerk: the department's directory keeps the password")
        names = [
            account.login_name,
            *(account.text_claim(c) or "" for c in ("name", "email", "phone_number")),
        ]
        password_hash = new_password_hash(hub, from_stdin=password_stdin, names=[n for n in names if n])
        with hub.database.begin(operator_origin()) as stores:
            people.set_password(account, password_hash, SOURCE, stores, datetime.now(UTC))
    click.echo(f"{account.login_name} has a new password; every session has ended")


_EVERY = "The whole person: every account of theirs, also those of other departments."


@person.command()
@click.argument("name", type=CLEAN_TEXT)
@click.option("--reason", required=True, type=CLEAN_TEXT, help="Why, for the audit log.")
@click.option("--every-account", is_flag=True, help=_EVERY)
@click.pass_context
def disable(context: click.Context, name: str, reason: str, every_account: bool) -> None:
    """Disable an account; every session and token of it ends, and its applications are told."""
    now = datetime.now(UTC)
    with hub_of(context) as hub:
        with hub.database.read() as stores:
            account = named_account(stores.people, name, hub.directories)

        def end(stores: SqlStores) -> bool:
            if every_account:
                return people.disable_person(account.person_id, SOURCE, reason, stores, now)
            return people.disable(account, SOURCE, reason, stores, now)

        changed = hub.database.contain(operator_origin(), end)
    whom = f"the person of {account.login_name}" if every_account else account.login_name
    click.echo(f"{whom} {'is' if changed else 'was already'} disabled")


@person.command()
@click.argument("name", type=CLEAN_TEXT)
@click.option("--every-account", is_flag=True, help="What was done with disable --every-account.")
@click.pass_context
def enable(context: click.Context, name: str, every_account: bool) -> None:
    """Enable a disabled account again."""
    with hub_of(context) as hub, hub.database.begin(operator_origin()) as stores:
        account, now = named_account(stores.people, name, hub.directories), datetime.now(UTC)
        if every_account:
            changed = restore_person(account.person_id, SOURCE, stores, now)
        else:
            changed = people.enable(account, SOURCE, stores, now)
    whom = f"the person of {account.login_name}" if every_account else account.login_name
    click.echo(f"{whom} {'is' if changed else 'was already'} enabled")
