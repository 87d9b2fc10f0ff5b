"""Makes the dump of a database with the tables of today: `python -m tests.upgrades`.

A real leader and a real probe watch real targets for some seconds, people use the API, and what is
then in the database is written to `<revision>.sql` in this folder, with what the API told of it in
`<revision>.json` and how PostgreSQL has the tables in `<revision>.postgres.txt`. It is run once for
each migration, when that is new; what was made for an earlier one is never made again, since it is
what databases of that version are.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import anyio

from tests.postgres_server import running
from tests.system.cluster import ENCRYPTION_KEY, Cluster, cluster, site, webhook
from tests.system.own_clock import OwnClock
from tests.system.processes import Process, run_command
from tests.system.targets import Target
from tests.system.waiting import until
from tests.upgrades.asked import found, push_token
from tests.upgrades.tables import server_tables
from uptop_leader.seal import Keyring
from uptop_leader.store.migrate import revisions
from uptop_leader.store.store import Store

HERE = Path(__file__).parent


async def make(folder: Path, revision: str) -> None:
    """Let it all happen, and write it down."""
    clock = OwnClock(folder / "clock")
    async with cluster(folder) as town:
        town.leader = Process("leader", clock.arguments("leader"), folder)
        town.probes["west"] = Process("west", clock.arguments("probe"), folder)
        token, node_key, good = await _story(town)
        await _two_hours_later(town, clock, good)
        answers = await found(town, token)
        await town.leader.stop()
        kept = {
            "made": time.time() + clock.wall_s,
            "token": token,
            "node_key": node_key,
            "answers": answers,
        }
        with contextlib.closing(sqlite3.connect(town.database)) as raw:
            lines = "\n".join(raw.iterdump())
    head = f"-- Made by `python -m tests.upgrades`, once: never edit it.\n-- A database at {revision}.\n"
    (HERE / f"{revision}.sql").write_text(f"{head}{lines}\n")
    (HERE / f"{revision}.json").write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")


async def _two_hours_later(town: Cluster, clock: OwnClock, good: Target) -> None:
    """Results that were raw are in rollups and packs, and there are new ones."""
    for process in (*town.probes.values(), town.leader):
        await process.stop()
    clock.wall_s = 7200
    now = time.time() + clock.wall_s
    store = Store.open(town.database, Keyring.from_setting(ENCRYPTION_KEY), now)
    store.roll_up(now)
    store.seal(now)
    store.close()
    await town.start_leader(leader_checks="never")
    town.restart_probe("west")
    seen = good.counts()["west"]
    await until("more is seen", lambda: good.counts()["west"] > seen + 3)
    await town.status_comes("Site", "UP")
    await town.probes["west"].stop()
    await town.all_told()


async def _story(town: Cluster) -> tuple[str, str, Target]:
    """Everything that can be in a database; an admin's token, a node's key, a good target."""
    good, bad, receiver = await town.target(), await town.target(), await town.receiver()
    await town.start_leader()
    await _command(town, "user", "add", "ada", "--role", "admin")
    await _command(town, "user", "add", "grace", "--role", "viewer")
    token = await _command(town, "token", "add", "laptop", "--user", "ada")
    await _command(town, "token", "add", "phone", "--user", "grace", "--expires", "90d")
    node_key = await _command(town, "node", "add", "west", "--region", "eu-west")
    await town.start_probe("west", "eu-west", node_key=node_key)
    await town.apply(_document(town, webhook(receiver), site(good), site(bad, "Shop")))
    await town.status_comes("Shop", "UP")
    await town.votes_come("Site", 1)
    bad.mood = "503"
    await until("a first outage is told", lambda: receiver.events("Shop") == ["down"])
    bad.mood = "up"
    await until("and its end", lambda: receiver.events("Shop") == ["down", "up"])
    bad.mood = "503"
    await until("a second one is told", lambda: receiver.events("Shop") == ["down", "up", "down"])
    await _people(town, token)
    for signal in ("/start", "", "/start", "/0"):
        exported = await _command(town, "export")
        await town.http.post(f"{town.url}/api/push/{push_token(exported)}{signal}")
    await town.status_comes("Job", "UP")
    await town.all_told()
    return token, node_key, good


async def _people(town: Cluster, token: str) -> None:
    """Somebody takes the outage on, and tells of it in a thread."""
    newest = (await town.incidents())[0].id
    await _send(town, token, f"incidents/{newest}/acknowledge", {"note": "Looking."})
    first = {
        "kind": "investigating",
        "title": "Shop",
        "words": "We look into it.",
        "incident": newest,
    }
    thread = (await _send(town, token, "posts", first))["id"]
    more = {"kind": "identified", "words": "A full disk.", "thread": thread}
    await _send(town, token, "posts", more)


async def _send(town: Cluster, token: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    authorization = {"Authorization": f"Bearer {token}"}
    answer = await town.http.post(f"{town.url}/api/v1/{path}", json=body, headers=authorization)
    assert answer.is_success, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def _command(town: Cluster, *words: str) -> str:
    environment = {**town.leader_environment(), "LOGNAME": "ada"}
    done = await run_command(["-m", "uptop_leader", *words], town.folder, environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().strip()


def _document(town: Cluster, *given: dict[str, Any]) -> dict[str, Any]:
    """Monitors of all sorts, channels with secrets, maintenance once and again."""
    ops, good, bad = given
    here = {"hostname": "127.0.0.1", "interval": 1, "timeout": 1}
    mail = {"host": "mail.example.com", "user": "uptop", "pass": "mail-pass-word"}
    mail |= {"from": "uptop@example.com", "to": "ops@example.com"}
    chat = {"token": "12345:telegram-token", "chat_id": "-100", "api_url": "http://127.0.0.1:9"}
    night = {"rrule": "FREQ=DAILY;BYHOUR=3;BYMINUTE=0;BYSECOND=0", "duration": "30m"}
    return {
        "alerts": [
            ops,
            {"name": "mail", "type": "email", "settings": mail, "fallback": "chat"},
            {"name": "chat", "type": "telegram", "settings": chat, "title": "{{ monitor }}!"},
        ],
        "maintenance": [
            {"name": "Move", "start": "2020-01-01T00:00:00Z", "end": "2020-01-02T00:00:00Z", "all": True},
            {"name": "Nightly", **night, "timezone": "Europe/Berlin", "tags": ["web"]},
        ],
        "monitors": [
            {
                **good,
                "username": "prober",
                "password": "site-pass-word",
                "headers": {"X-Key": "header-secret"},
                "conditions": ["status < 400", {"soft": "latency < 5s"}],
                "tags": ["web", "eu"],
                "description": "The site.",
                "alerts": ["ops", "chat"],
            },
            {
                "name": "Production",
                "type": "group",
                "monitors": [
                    {**bad, "remind_every": "30m", "aggregation": "majority-down"},
                    {**here, "name": "Leader", "type": "port", "port": town.port},
                    {**here, "name": "Echo", "type": "ping", "regions": "eu-west", "depends_on": ["Leader"]},
                ],
            },
            {"name": "Job", "type": "push", "interval": 86400, "grace": "2h", "alerts": ["mail"]},
            {"name": "Report", "type": "push", "cron": "30 4 * * 1", "timezone": "Europe/Berlin"},
            {**here, "name": "Names", "type": "dns", "hostname": "shop.example.com", "dns_server": "127.0.0.1:9"},
            {"name": "Ours", "type": "domain", "domain": "example.com", "interval": 86400, "paused": True},
            {**here, "name": "Mail", "type": "smtp", "port": town.port, "paused": True},
        ],
    }  # fmt: skip


def main() -> int:
    """Make what is not there yet."""
    revision = revisions()[-1]
    if (HERE / f"{revision}.sql").exists():
        print(f"{revision}.sql is there already, and is what it is", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        anyio.run(make, Path(folder), revision)
    with running() as server:
        (HERE / f"{revision}.postgres.txt").write_text(server_tables(server.dsn(server.make())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
