"""`sso directory show`: one directory at a glance, for whoever is called at night."""

import http.client
from collections.abc import Mapping
from datetime import UTC, datetime

import click
from prometheus_client.parser import text_string_to_metric_families

from sso.audit.record import JsonValue
from sso.authentication import conflicts
from sso.cli.arguments import CLEAN_TEXT
from sso.cli.context import hub_of, json_option, print_block, print_json
from sso.cli.named_directory import known_directory
from sso.config.schema import split_listen
from sso.directory.ldap.health import ServerHealth
from sso.directory.settings import DirectorySettings
from sso.hub import Hub

_PATIENCE_SECONDS = 3.0
_BREAKER = "sso_directory_server_breaker"
_STATES = {0.0: "closed", 1.0: "half_open", 2.0: "open"}


@click.command()
@click.argument("directory_id", metavar="ID", type=CLEAN_TEXT)
@json_option
@click.pass_context
def show(context: click.Context, directory_id: str, as_json: bool) -> None:
    """Show a directory: settings without secrets, its servers now, accounts, conflicts, the last reading.

    Exit code 1 when no server answers.
    """
    with hub_of(context) as hub:
        settings = known_directory(hub.configuration, directory_id)
        servers = hub.ldap[settings.id].health(datetime.now(UTC))
        breakers = _breakers(hub, settings.id)
        shown: dict[str, JsonValue] = {
            **_settings(settings),
            "servers": [_server(each, breakers) for each in servers],
            **_known(hub, settings),
        }
    if as_json:
        print_json(shown)
    else:
        print_block(shown)
    context.exit(0 if any(not each.problem for each in servers) else 1)


def _settings(settings: DirectorySettings) -> dict[str, JsonValue]:
    groups = settings.groups
    return {
        "id": settings.id,
        "name": settings.name,
        "vendor": settings.vendor.value,
        "realms": list(settings.realms),
        "upn_suffixes": list(settings.upn_suffixes),
        "mail_domains": list(settings.mail_domains),
        "bind_method": settings.bind_method.value,
        "bind_dn": settings.bind_dn,
        "base_dn": settings.base_dn,
        "login_attribute": settings.login_attribute,
        "immutable_attribute": settings.preset.immutable_attribute,
        "person_filter": [f"{name}={value}" for name, value in settings.person_filter],
        "claims": sorted(settings.rules),
        "groups": [] if groups is None else sorted(set(groups.released.values())),
        "roles": [] if groups is None else sorted(set(groups.roles.values())),
        "start_tls": settings.start_tls,
        "ca_file": None if settings.ca_file is None else str(settings.ca_file),
        "deadline_seconds": settings.deadline_seconds,
        "pool_size": settings.pool_size,
    }


def _server(health: ServerHealth, breakers: Mapping[str, str]) -> JsonValue:
    until = health.certificate_until
    return {
        "url": health.url,
        "answers": not health.problem,
        "seconds": round(health.seconds, 3),
        "certificate_until": None if until is None else until.isoformat(timespec="seconds"),
        "breaker": breakers.get(health.url),
        "problem": health.problem or None,
    }


def _known(hub: Hub, settings: DirectorySettings) -> dict[str, JsonValue]:
    with hub.database.read() as stores:
        runs = stores.sync_runs.latest(settings.id, 1)
        counts: dict[str, JsonValue] = {**stores.staff.counts(settings.id)}
        waiting = len(conflicts.unsettled(settings.id, stores))
    last: JsonValue = None
    if runs:
        end = runs[0].ended_at
        last = {
            "run": runs[0].number,
            "state": runs[0].state.value,
            "ended_at": None if end is None else end.isoformat(timespec="seconds"),
            "reason": runs[0].reason or None,
        }
    return {"accounts": counts, "conflicts": waiting, "last_sync": last}


def _breakers(hub: Hub, directory_id: str) -> dict[str, str]:
    """What the running hub's processes think of the servers; nothing where none runs on this machine."""
    place = split_listen(hub.configuration.settings.server.management_listen)
    connection = http.client.HTTPConnection(*place, timeout=_PATIENCE_SECONDS)
    try:
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        return {}
    finally:
        connection.close()
    return breakers_in(text, directory_id)


def breakers_in(metrics: str, directory_id: str) -> dict[str, str]:
    """Return the breakers of a directory's servers, by address, from metrics in Prometheus's text format.

    Whatever else listens there may answer anything: what is no such text says nothing of any breaker.
    """
    try:
        samples = [each for family in text_string_to_metric_families(metrics) for each in family.samples]
    except ValueError:
        return {}
    return {
        sample.labels["server"]: _STATES.get(sample.value, str(sample.value))
        for sample in samples
        if sample.name == _BREAKER
        and sample.labels.get("directory") == directory_id
        and "server" in sample.labels
    }
