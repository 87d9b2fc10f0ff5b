"""`uptop-leader doctor`: what is wrong here, and how to mend it."""

from __future__ import annotations

import click

from uptop_leader.cli import FAILED
from uptop_leader.cli._at_hand import database_option, own_tls, own_url, settings_here


@click.command(short_help="Say what is wrong here and how to mend it.")
@database_option
@click.pass_context
def doctor(ctx: click.Context, db: str | None) -> None:
    """Look at settings, database, keys, clock, disk and network, and say how to mend what is wrong.

    Changes nothing, and may be run beside a running leader. Exit code 1 if anything is wrong.
    """
    import anyio

    from uptop_core.examining import Finding, Level, lines
    from uptop_leader.examination import findings

    settings = settings_here(db_dsn=db)
    tls = own_tls(settings)

    async def collect() -> list[Finding]:
        return [finding async for finding in findings(settings, own_url(settings), tls)]

    found = anyio.run(collect)
    for line in lines(found):
        click.echo(line)
    if any(finding.level is Level.WRONG for finding in found):
        ctx.exit(FAILED)
