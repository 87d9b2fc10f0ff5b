"""`uptop-leader status`: ask a running leader how it is."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from uptop_leader.cli import FAILED
from uptop_leader.cli._at_hand import own_tls, own_url, settings_here

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ssl import SSLContext

    from uptop_core.api_answers import MonitorList
    from uptop_core.wire import CopyHealth, Health
    from uptop_leader.settings import LeaderSettings


@click.command()
@click.option("--url", help="URL of the node; by default that of the node with these settings")
@click.option(
    "--token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="file with an API token; by default the one that the first start wrote",
)
@click.pass_context
def status(ctx: click.Context, url: str | None, token_file: Path | None) -> None:
    """Ask a running node who acts and why. Exit code 1 if it is not well or does not answer.

    For a follower it also says how old its copy is. With a token or the cluster secret it counts
    the monitors, and lists those that are not up.
    """
    import anyio

    settings = settings_here()
    token = _token(settings, token_file)
    secret = settings.cluster_secret
    tls = own_tls(settings) if url is None else None
    is_asked = token_file is not None
    health, monitors = anyio.run(_ask, url or own_url(settings), secret, token, tls, is_asked)
    for line in _lines(health, monitors):
        click.echo(line)
    if health.status != "ok":
        ctx.exit(FAILED)


async def _ask(
    url: str, secret: str | None, token: str | None, tls: SSLContext | None, is_asked: bool
) -> tuple[Health, MonitorList | None]:
    """How the node is, and its monitors. A token that nobody asked to use (not `is_asked`) may be
    good no more: what needs none is told all the same.
    """
    from uptop_core.api_answers import MonitorList
    from uptop_core.api_client import ApiClient
    from uptop_core.client import LeaderClient
    from uptop_core.errors import TokenRefused
    from uptop_leader.first_start import TOKEN_FILE

    async with LeaderClient(url, secret=secret, token=token, tls=tls) as client:
        health = await client.health()
    if not (secret or token):
        return health, None
    async with ApiClient(url, secret=secret, token=token, tls=tls) as api:
        try:
            return health, MonitorList(monitors=await api.monitors())
        except TokenRefused as error:
            if is_asked:
                raise
            click.echo(f"{TOKEN_FILE}: {error}", err=True)
            return health, None


def _lines(health: Health, monitors: MonitorList | None) -> Iterator[str]:
    activity = "active" if health.active else "standing by"
    yield f"{health.role}, {activity}: {health.status}" + (
        f" ({health.reason})" if health.reason else ""
    )
    if health.why:
        yield f"why: {health.why} (epoch {health.epoch})"
    if health.copy is not None:
        yield f"copy: {_copy_words(health.copy)}"
    if monitors is None:
        return
    counts = Counter(monitor.status for monitor in monitors.monitors)
    words = ", ".join(f"{count} {name}" for name, count in counts.most_common())
    yield f"{len(monitors.monitors)} monitors" + (f": {words}" if words else "")
    for monitor in monitors.monitors:
        if monitor.status != "UP":
            yield f"{monitor.status:<8} {monitor.name}  {monitor.error}".rstrip()


def _copy_words(copy: CopyHealth) -> str:
    if copy.age_ms is None:
        words = "nothing was copied since this node started"
    else:
        words = f"all that the leader had {copy.age_ms / 1000:.0f} s ago"
    if copy.behind:
        words += f", {copy.behind} changes behind"
    return f"{words}; {copy.trouble}" if copy.trouble else words


def _token(settings: LeaderSettings, token_file: Path | None) -> str | None:
    from uptop_leader.first_start import TOKEN_FILE

    path = token_file or settings.folder / TOKEN_FILE
    try:
        return path.read_text(encoding="ascii").strip() or None
    except (OSError, UnicodeDecodeError) as error:
        if token_file is None:
            return None
        raise click.UsageError(f"{path} holds no token that can be read: {error}") from None
