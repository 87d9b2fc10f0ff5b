"""Row 34: somebody has stolen the key of a probe."""

from __future__ import annotations

import msgspec

from tests.system.faults.fault import Fault, Ground, watched
from tests.system.processes import run_command
from tests.system.waiting import until
from uptop_core.access_answers import LogList

_REFUSED: dict[tuple[str, str], object] = {
    ("POST", "/api/probe/register"): {"id": "east"},
    ("GET", "/api/probe/assignments?node_id=east"): None,
    ("POST", "/api/probe/results"): {"node_id": "east", "results": []},
    ("GET", "/api/v1/monitors"): None,
    ("GET", "/api/v1/users"): None,
    ("POST", "/api/v1/apply"): {"monitors": []},
    ("GET", "/api/backup/export?redact_secrets=false"): None,
    ("GET", "/api/follower/rows?thing=channel"): None,
    ("GET", "/metrics"): None,
}


async def run(ground: Ground) -> str:
    town = ground.town
    await watched(ground, "west", "east")
    transitions = town.history.transitions()
    key = await _node(ground, "add", "west", "--region", "west")
    town.secrets.add(key)

    async def ask(method: str, path: str, body: object = None) -> int:
        headers = {"Authorization": f"Bearer {key}"}
        content = b"" if body is None else msgspec.json.encode(body)
        url = f"{town.url}{path}"
        answer = await town.http.request(method, url, headers=headers, content=content)
        return answer.status_code

    async def opens() -> bool:
        return await ask("GET", "/api/probe/assignments?node_id=west") == 200

    await until("the key opens what it is for", opens)
    for (method, path), body in _REFUSED.items():
        assert await ask(method, path, body) == 403, path
    log = await town.get("/api/v1/logs?what=node%20key%20refused", LogList)
    assert len(log.logs) == len(_REFUSED), "each try is in the audit log"
    assert {(entry.who, entry.source) for entry in log.logs} == {("node west", "127.0.0.1")}
    await _node(ground, "revoke", "west")

    async def is_refused() -> bool:
        return await ask("GET", "/api/probe/assignments?node_id=west") == 401

    await until("the key opens nothing", is_refused)
    assert town.history.transitions() == transitions, "a monitor has changed"
    return f"{len(_REFUSED)} tries refused and in the audit log; after revoke nothing is open"


async def _node(ground: Ground, *arguments: str) -> str:
    command = ["-m", "uptop_leader", "node", *arguments]
    town = ground.town
    done = await run_command(command, town.folder, town.leader_environment())
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().strip()


FAULT = Fault(
    row="34",
    name="stolen-key",
    what="a stolen node key: other nodes, results, export, people, the copy",
    expected="refused, in the audit log; nothing once it is revoked",
    run=run,
)
