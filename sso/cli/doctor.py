"""`sso doctor`: what stands in the way of a healthy hub, a line a check, each saying what to mend."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime

import click

from sso.cli import doctor_checks
from sso.cli.arguments import visible
from sso.cli.context import EXIT_CONFIGURATION, EXIT_FAILURE, json_option, print_json
from sso.cli.doctor_finding import Finding, State, failure, ok
from sso.cli.doctor_issuer import issuer
from sso.config import Configuration, ConfigurationError, load
from sso.hub import build


@click.command()
@json_option
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Check everything that a healthy hub needs; exit 1 when something fails."""
    try:
        configuration = load(context.find_root().params.get("config"))
    except ConfigurationError as error:
        for sentence in str(error).splitlines():
            _print(failure("configuration", sentence), as_json=as_json)
        context.exit(EXIT_CONFIGURATION)
    failed = False
    for finding in _findings(configuration):
        _print(finding, as_json=as_json)
        failed = failed or finding.state is State.FAILURE
    context.exit(EXIT_FAILURE if failed else 0)


def _findings(configuration: Configuration) -> Iterator[Finding]:
    yield ok("configuration", f"{configuration.file} is complete")
    yield from doctor_checks.secret_files(configuration, os.environ)
    hub = build(configuration)
    try:
        yield from doctor_checks.database(hub, datetime.now(UTC))
        yield doctor_checks.disk(hub)
        if configuration.audit_archive is not None:
            yield doctor_checks.archive(configuration.audit_archive)
        if configuration.geography is not None:
            yield doctor_checks.geography(configuration.geography, datetime.now(UTC))
        for directory_id, ldap in hub.ldap.items():
            yield doctor_checks.directory(directory_id, ldap, datetime.now(UTC))
        for upstream_id, provider in hub.upstreams.items():
            yield doctor_checks.upstream(upstream_id, provider)
        yield issuer(configuration)
    finally:
        hub.close()


def _print(finding: Finding, *, as_json: bool) -> None:
    if as_json:
        print_json({"check": finding.check, "state": finding.state.value, "sentence": finding.sentence})
    else:
        click.echo(f"{finding.state.value:4}  {finding.check}: {visible(finding.sentence)}")
