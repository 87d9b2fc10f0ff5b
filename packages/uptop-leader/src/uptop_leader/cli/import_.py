"""`uptop-leader import`: take in a backup."""

from __future__ import annotations

import click

from uptop_leader.cli._at_hand import database_option, read_input, settings_here, source_name


@click.command("import")
@click.argument("file")
@database_option
def import_(file: str, db: str | None) -> None:
    """Take in a backup from FILE.

    FILE is JSON or YAML as `export` writes it; - reads standard input. Adds what is missing and
    changes what differs; nothing is removed, and a secret that is masked in the file stays.
    """
    from uptop_leader.cli.apply import carry_out
    from uptop_leader.declared.document import read_text

    settings = settings_here(db_dsn=db)
    document = read_text(read_input(file), source_name(file))
    for line in carry_out(settings, document, prune=False).lines:
        click.echo(line)
