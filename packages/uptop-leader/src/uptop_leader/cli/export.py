"""`uptop-leader export`: the configuration as YAML."""

from __future__ import annotations

from pathlib import Path

import click

from uptop_leader.cli._at_hand import database_option, opened, replaced, settings_here


@click.command()
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="file to write"
)
@click.option("--redact", is_flag=True, help="mask secrets; such a file changes none when applied")
@click.option("--json", "as_json", is_flag=True, help="a backup as JSON instead of YAML")
@database_option
def export(output: Path | None, redact: bool, as_json: bool, db: str | None) -> None:
    """Write monitors and alerts as a file that `apply` takes.

    Credentials are in clear unless --redact is given, so the file is readable by its owner only.
    """
    from uptop_leader.declared.writing import write_backup, write_text

    with opened(settings_here(db_dsn=db)) as store:
        configuration = store.load_config()
    write = write_backup if as_json else write_text
    text = write(configuration, redact=redact)
    if output is None:
        click.echo(text, nl=False)
        return
    with replaced(output) as part:
        part.write_text(text, encoding="utf-8")
