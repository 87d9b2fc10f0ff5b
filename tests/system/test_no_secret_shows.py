"""Every secret of a leader at work is hunted in everything that it writes and says: the database and
its log of changes, its own log, the API, pages, metrics, exports, feeds, error answers, messages.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.system.api import SECRET
from tests.system.cluster import ENCRYPTION_KEY, cluster
from tests.system.processes import run_command
from tests.system.waiting import until
from uptop_core.wire import SECRET_HEADER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.system.cluster import Cluster

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

KNOWN = {
    "the path of a webhook": "hook-path-3f9a",
    "a mail password": "mail-pass-77c1",
    "a chat token": "987654:chat-token-5d20",
    "a basic password": "basic-pass-aa04",
    "a bearer token": "bearer-check-81be",
    "a header": "header-value-c3d5",
    "the password of a proxy": "proxy-pass-19f7",
    "a push token": "push-token-of-the-backup-6b1e",
    "the cluster's secret": SECRET,
    "the encryption key": ENCRYPTION_KEY,
}
PAGES = (
    *("/metrics", "/status", "/status/json", "/status/history", "/status/feed.atom"),
    *(
        "/api/backup/export",
        "/api/backup/export?format=yaml",
        "/api/health",
        "/api/v1/openapi.json",
    ),
)


def document(down: str, hook: str) -> dict[str, Any]:
    """A set-up with a secret in every place that takes one."""
    hook_settings = {"url": f"{hook}/{KNOWN['the path of a webhook']}"}
    mail = {"host": "127.0.0.1", "port": 1, "from": "a@b.example", "to": "c@d.example"}
    chat = {"token": KNOWN["a chat token"], "chat_id": "1", "api_url": "http://127.0.0.1:1"}
    web = {"type": "http", "url": down, "interval": 1, "alerts": ["hook", "mail", "chat"]}
    return {
        "alerts": [
            {"name": "hook", "type": "webhook", "settings": hook_settings},
            {"name": "mail", "type": "email", "settings": mail | {"user": "u", "pass": KNOWN["a mail password"]}},
            {"name": "chat", "type": "telegram", "settings": chat},
        ],
        "monitors": [
            {"name": "basic", "username": "u", "password": KNOWN["a basic password"], **web},
            {"name": "bearer", "bearer": KNOWN["a bearer token"], **web},
            {"name": "header", "headers": {"X-Key": KNOWN["a header"]}, **web},
            {"name": "proxied", "proxy": f"http://u:{KNOWN['the password of a proxy']}@127.0.0.1:1", **web},
            {"name": "job", "type": "push", "interval": 3600, "token": KNOWN["a push token"]},
        ],
    }  # fmt: skip


async def test_no_secret_shows_in_anything_that_is_written_or_said(tmp_path: Path) -> None:
    async with cluster(tmp_path) as town:
        target, receiver = await town.target(), await town.receiver()
        target.mood = "503"
        await town.start_leader(log_level="debug")
        await town.start_probe("eu-1", "eu", log_level="debug")
        await town.apply(document(target.url, receiver.url))
        await _work(town)
        await until("it is told", lambda: "down" in receiver.events())
        said = {path: content async for path, content in _said(town)}
        said["messages"] = json.dumps([one.body for one in receiver.told]).encode()
        said["export, redacted"] = await _command(town, "export", "--redact")
        admin = (tmp_path / "uptop-admin-token").read_text().strip()
        await town.stop()
        said |= {file.name: file.read_bytes() for file in _written(tmp_path)}
    assert len(said) > 40
    for what, secret in {**KNOWN, "the first admin's token": admin}.items():
        shown = [place for place, content in said.items() if secret.encode() in content]
        assert shown == [], f"{what} shows in {shown}"


async def _work(town: Cluster) -> None:
    """What people and jobs do with secrets, rightly and wrongly."""
    ask = town.http.post
    secret = {SECRET_HEADER: SECRET}
    token = KNOWN["a push token"]
    for path in (token, f"{token}/start", f"{token}/fail", f"{token}x", f"../push/{token}"):
        await ask(f"{town.url}/api/push/{path}")
    await ask(f"{town.url}/api/push", params={"token": token})
    await ask(f"{town.url}/api/push", headers={"Authorization": f"Bearer {token}"})
    held = {name: one.id for name, one in (await town.monitors()).items()}
    changes = {
        "basic": {"check": {"timeout": KNOWN["a basic password"]}},
        "bearer": {"interval": 2},
    }
    for name, change in changes.items():
        answer = await town.http.get(f"{town.url}/api/v1/monitors/{held[name]}", headers=secret)
        headers = {**secret, "If-Match": answer.headers["ETag"]}
        await town.http.patch(str(answer.url), json=change, headers=headers)
    for name in ("basic", "proxied"):
        await town.status_comes(name, "DOWN")


async def _said(town: Cluster) -> AsyncIterator[tuple[str, bytes]]:
    """What everybody who may ask is answered: all there is to read, and what is refused."""
    secret = {SECRET_HEADER: SECRET}
    opened = (await town.http.get(f"{town.url}/api/v1/openapi.json", headers=secret)).json()
    ids = await _ids(town)
    readable = [path for path, ways in opened["paths"].items() if "get" in ways]
    readable.remove("/api/v1/events")  # never ends
    for path in (*PAGES, *(full for each in readable for full in _filled(each, ids))):
        answer = await town.http.get(f"{town.url}{path}", headers=secret)
        yield path, answer.content + repr(dict(answer.headers)).encode()
    bad = document("not a url", "nor this")
    wrong: list[tuple[str, Any]] = [
        ("/api/v1/apply", bad),
        ("/api/v1/apply", {"monitors": [{"name": "x", "token": KNOWN["a push token"]}]}),
        ("/api/v1/monitors", {"name": "x", "check": bad["monitors"][0]}),
        ("/api/v1/channels", {"name": "x", "provider": bad["alerts"][1]}),
        ("/api/v1/tokens", {"name": KNOWN["a bearer token"], "expires": "never"}),
    ]
    for number, (path, body) in enumerate(wrong):
        answer = await town.http.post(f"{town.url}{path}", json=body, headers=secret)
        assert answer.status_code >= 400, path
        yield f"{path} refused ({number})", answer.content
    for headers in ({SECRET_HEADER: KNOWN["a bearer token"]}, {"Authorization": f"Bearer {KNOWN['a push token']}"}):  # fmt: skip
        answer = await town.http.get(f"{town.url}/api/v1/monitors", headers=headers)
        assert answer.status_code == 401
        yield f"refused: {', '.join(headers)}", answer.content


async def _ids(town: Cluster) -> dict[str, list[str]]:
    found = {}
    for what in ("monitors", "channels", "nodes", "incidents", "maintenance", "posts", "users"):
        listed = await town.get(f"/api/v1/{what}", dict[str, Any])
        found[what] = [one["id"] for one in listed[what]]
    tokens = await town.get("/api/v1/tokens", dict[str, Any])
    found["tokens"] = [one["prefix"] for one in tokens["tokens"]]
    return found


def _filled(path: str, ids: dict[str, list[str]]) -> list[str]:
    """The path for every thing that there is, and for one that there is not."""
    start, brace, rest = path.partition("{")
    if not brace:
        return [path]
    known = ids.get(start.rstrip("/").rpartition("/")[2], [])
    return [f"{start}{one}{rest.partition('}')[2]}" for one in (*known, "none-of-them")]


def _written(folder: Path) -> list[Path]:
    """The files of the database and the logs. The admin's token lies in a file of its own."""
    return [file for file in folder.iterdir() if file.is_file() and "token" not in file.name]


async def _command(town: Cluster, *arguments: str) -> bytes:
    done = await run_command(
        ["-m", "uptop_leader", *arguments], town.folder, town.leader_environment()
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
