"""`sso audit recount`: counts by the hour that are not those of the entries are made anew from them."""

from datetime import UTC, datetime

import click

from sso.audit.event import AuditCountsCorrected
from sso.cli.context import hub_of, json_option, print_json
from sso.cli.operator import operator_origin
from sso.hub import Hub
from sso.storage.audit_check import wrong_hours
from sso.storage.audit_hours import HOUR, Hours


@click.command()
@json_option
@click.pass_context
def recount(context: click.Context, /, as_json: bool) -> None:
    """Compare the counts that histograms are made of with the entries, and make wrong ones anew.

    The log itself is not touched. Each hour that was wrong is on record.
    """
    with hub_of(context) as hub:
        with hub.database.begin(operator_origin()) as stores:
            stores.audit_tree.head(lock=True)
            stores.audit_hours.catch_up()
        corrected = [hour for hour in wrong_hours(hub.database) if _correct(hub, hour)]
    if as_json:
        print_json({"hours": [hour.isoformat() for hour in corrected]})
        return
    for hour in corrected:
        click.echo(f"{hour:%Y-%m-%d %H:%M} UTC counted anew")
    click.echo(
        f"{len(corrected)} hours were wrong" if corrected else "every hour is counted as its entries are"
    )


def _correct(hub: Hub, hour: datetime) -> bool:
    """Count an hour anew, on record, while nothing is given a place; false if it is right by now."""
    hours = Hours(hour, hour + HOUR)
    with hub.database.begin(operator_origin()) as stores:
        stores.audit_tree.head(lock=True)
        wrong = bool(stores.audit_hours.wrong(hours))
        if wrong:
            stores.audit_hours.count_again(hours)
            stores.audit.append(AuditCountsCorrected(hour=hour), datetime.now(UTC))
    return wrong
