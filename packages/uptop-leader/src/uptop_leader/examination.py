"""What `uptop-leader doctor` looks at: settings, database, keys, clock, disk, network, other nodes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from uptop_core import examining
from uptop_core.client import LeaderClient
from uptop_core.errors import LeaderError, StoreError
from uptop_core.examining import Finding, Level
from uptop_core.exchange import causes
from uptop_leader.seal import SETTING, Keyring
from uptop_leader.start_warnings import warnings
from uptop_leader.store.examining import examine
from uptop_leader.store.specs import Kept

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from ssl import SSLContext

    from uptop_leader.settings import LeaderSettings
    from uptop_leader.store.examining import Examined


async def findings(
    settings: LeaderSettings, own_url: str, own_tls: SSLContext | None = None
) -> AsyncIterator[Finding]:
    """Everything, one after the other. `own_url` is where this leader listens when it runs, `own_tls`
    how it is known there.
    """
    yield examining.python()
    for line, mend in warnings(settings):
        yield Finding(Level.WARNING, "settings", line, mend)
    for finding in _database(settings):
        yield finding
    yield examining.disk(settings.folder, is_written=isinstance(settings.database, Path))
    yield examining.clock()
    for finding in examining.pings():
        yield finding
    async for finding in examining.canaries(settings.canaries, settings.vantage):
        yield finding
    yield await _self(own_url, settings, own_tls)
    if settings.cluster_mode == "follower":
        async with LeaderClient(settings.peer_url, secret=settings.cluster_secret) as client:
            for finding in await examining.leader(client):
                yield finding


def _database(settings: LeaderSettings) -> Iterator[Finding]:
    address = settings.database
    if not settings.has_database:
        where = address.absolute() if isinstance(address, Path) else address
        what = f"there is none at {where} yet: the first start makes it"
        yield Finding(Level.FINE, "database", what)
        return
    try:
        found = examine(address, Keyring.from_setting(settings.encryption_key))
    except (StoreError, OSError) as error:
        mend = "see to UPTOP_DB_TYPE and UPTOP_DB_DSN, and to who runs this command"
        yield Finding(Level.WRONG, "database", str(error), mend)
        return
    yield _tables(found, address)
    for words in found.damage:
        yield Finding(Level.WRONG, "database", words, "stop the leader and restore a backup")
    if found.revision is not None and not found.is_new:
        yield from _keys(found)


def _tables(found: Examined, address: object) -> Finding:
    if found.revision is None:
        what = f"{found.name} is empty: the first start makes its tables"
        return Finding(Level.FINE, "database", what)
    if found.is_new:
        what = f"{found.name} is of a newer version (revision {found.revision})"
        return Finding(Level.WRONG, "database", what, "install that version, or restore a backup")
    size = f", {address.stat().st_size / 1e6:.1f} MB" if isinstance(address, Path) else ""
    what = f"{found.name} is at revision {found.revision}{size}"
    if found.is_old:
        return Finding(Level.WARNING, "database", what, "back it up; the next start migrates it")
    return Finding(Level.FINE, "database", what)


def _keys(found: Examined) -> Iterator[Finding]:
    for words in found.closed:
        mend = f"add the key it was sealed under to {SETTING}"
        yield Finding(Level.WRONG, "keys", words, mend)
    clear, older = found.kept[Kept.CLEAR], found.kept[Kept.OLDER]
    if clear:
        what = f"credentials stand in clear in the database ({clear})"
        yield Finding(
            Level.WARNING, "keys", what, f"set {SETTING}, then `uptop-leader migrate-secrets`"
        )
    if older and not found.closed:
        what = f"credentials are sealed under an older key ({older})"
        yield Finding(Level.WARNING, "keys", what, "`uptop-leader migrate-secrets`")
    if not (clear or older or found.closed):
        what = f"all credentials ({found.kept[Kept.CURRENT]}) are sealed under the first key"
        yield Finding(Level.FINE, "keys", what if found.kept[Kept.CURRENT] else "nothing to seal")


async def _self(url: str, settings: LeaderSettings, tls: SSLContext | None) -> Finding:
    secret = settings.cluster_secret
    async with LeaderClient(url, secret=secret, tls=tls, deadline_s=3.0) as client:
        try:
            health = await client.health()
        except LeaderError as error:
            if _nobody_listens(error):
                return Finding(Level.FINE, "running", f"nobody listens at {url}: it is not started")
            mend = (
                "see what listens there (UPTOP_HTTP_PORT), and to UPTOP_TLS_CERT; its log says more"
            )
            return Finding(Level.WRONG, "running", str(error), mend)
    activity = "active" if health.active else "standing by"
    what = f"{health.role} at {url}, {activity}: {health.status}"
    if health.status == "ok":
        return Finding(Level.FINE, "running", what)
    return Finding(Level.WRONG, "running", f"{what} ({health.reason})", "its log says more")


def _nobody_listens(error: LeaderError) -> bool:
    return any(isinstance(one, ConnectionRefusedError) for one in causes(error))
