"""Whatever comes in that is wrong is refused with a reason, and nothing is written."""

from __future__ import annotations

import gzip
from pathlib import Path

import httpx
import pytest

from tests.system.api import SECRET
from tests.system.cluster import Cluster, cluster
from tests.system.history import History
from tests.system.processes import run_command
from tests.system.waiting import until
from uptop_core.wire import SECRET_HEADER

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

WRONG_DOCUMENT = """\
alerts:
  - {name: ops, type: webhook, settings: {url: "https://hooks.example.com/x"}}
monitors:
  - name: API
    type: http
    url: https://api.example.com/health
    intervall: 30
  - name: DB
    type: port
    hostname: db.example.com
    port: 99999
  - name: API
    type: http
    url: https://other.example.com/
  - name: Orphan
    type: http
    url: https://orphan.example.com/
    parent: Nowhere
  - name: Secretive
    type: http
    url: https://${UNSET_NAME}.example.com/
  - name: Silent
    type: http
    url: https://silent.example.com/
    alert: nobody
"""
FAULTS = {
    "line 7: monitors[0].intervall": "did you mean 'interval'?",
    "line 11: monitors[1].port": "at most 65535",
    "line 12: monitors[2].name": "'API' is the name of another, see line 4",
    "line 18: monitors[3].parent": "no group named 'Nowhere'",
    "line 21: monitors[4].url": "UNSET_NAME is not set",
    "line 25: monitors[5].alert": "no alert named 'nobody'",
}


@pytest.mark.parametrize("flags", [(), ("--dry-run",), ("--prune",)])
async def test_everything_wrong_with_a_document_is_told_in_one_run_and_nothing_is_written(
    tmp_path: Path, flags: tuple[str, ...]
) -> None:
    document = tmp_path / "monitors.yaml"
    document.write_text(WRONG_DOCUMENT)
    environment = {"UPTOP_DB_DSN": str(tmp_path / "uptop.db")}
    apply = ["-m", "uptop_leader", "apply", "-f", str(document), *flags]
    done = await run_command(apply, tmp_path, environment)
    assert done.returncode == 2
    lines = done.stderr.decode().splitlines()
    assert len(lines) == len(FAULTS)
    for line, (place, why) in zip(lines, FAULTS.items(), strict=True):
        assert place in line
        assert why in line
    assert not (tmp_path / "uptop.db").exists()


async def test_a_wrong_document_changes_nothing_of_what_is_there(tmp_path: Path) -> None:
    right = tmp_path / "right.yaml"
    right.write_text('monitors:\n  - {name: API, type: http, url: "https://api.example.com/"}\n')
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(WRONG_DOCUMENT)
    environment = {"UPTOP_DB_DSN": str(tmp_path / "uptop.db")}
    apply = ["-m", "uptop_leader", "apply", "-f"]
    done = await run_command([*apply, str(right)], tmp_path, environment)
    assert done.returncode == 0, done.stderr
    before = History(tmp_path / "uptop.db").counts()
    assert before["monitor"] == 1
    done = await run_command([*apply, str(wrong), "--prune"], tmp_path, environment)
    assert done.returncode == 2
    assert History(tmp_path / "uptop.db").counts() == before
    done = await run_command([*apply, str(right), "--dry-run"], tmp_path, environment)
    assert done.returncode == 0, "the same document again would change something"


@pytest.mark.parametrize(
    ("role", "variable", "value", "words"),
    [
        ("leader", "UPTOP_HTTP_PORT", "99999", "from 0 to 65535"),
        ("leader", "UPTOP_AGG_STRATEGY", "most", "any-down"),
        ("leader", "UPTOP_STATUS_ENABLED", "maybe", "true"),
        ("leader", "UPTOP_ENCRYPTION_KEY", "abc", "64 hex digits"),
        ("leader", "UPTOP_TIMINGS", "poll=60", "instance"),
        ("leader", "UPTOP_CLUSTER_MODE", "probe", "uptop-probe"),
        ("leader", "UPTOP_DB_TYPE", "oracle", "sqlite"),
        ("leader", "UPTOP_DB_DSN", "/nowhere/at/all/uptop.db", "/nowhere/at/all/uptop.db"),
        ("probe", "UPTOP_PEER_URL", "leader.example.com", "https://"),
        ("probe", "UPTOP_NODE_ID", "two words", "letters"),
        ("probe", "UPTOP_PROBE_CONCURRENCY", "0", "10000"),
    ],
)
async def test_a_wrong_setting_stops_the_start_with_one_line_that_says_what_is_allowed(
    tmp_path: Path, role: str, variable: str, value: str, words: str
) -> None:
    right = {
        "leader": {"UPTOP_HTTP_PORT": "0", "UPTOP_DB_DSN": str(tmp_path / "uptop.db")},
        "probe": {"UPTOP_PEER_URL": "http://127.0.0.1:1", "UPTOP_NODE_ID": "probe"},
    }
    done = await run_command(["-m", f"uptop_{role}"], tmp_path, {**right[role], variable: value})
    lines = done.stderr.decode().splitlines()
    told = [line for line in lines if "WARNING" not in line]
    assert len(told) == 1, lines
    assert words in told[0]
    assert done.returncode == (1 if value.startswith("/nowhere") else 2)
    if done.returncode == 2:
        assert told[0].startswith(f"{variable}: ")
        assert not (tmp_path / "uptop.db").exists()


ENDPOINTS = (
    "/api/probe/register",
    "/api/probe/results",
    "/api/backup/import",
    "/api/v1/apply",
    "/api/push",
    "/api/push/no-such-token/fail",
    "/api/v1/channels/none/test",
)
MEBIBYTE = 1024 * 1024
BODIES = {
    "nothing": b"",
    "half an object": b'{"node_id": "west", "results": [',
    "a list": b"[]",
    "null": b"null",
    "a number": b"1e999",
    "not text": b"\xff\xfe\x00\x01",
    "deep": b"[" * 100_000,
    "deep objects": b'{"monitors":' * 10_000,
    "wrong types": b'{"id": 7, "node_id": {}, "results": "all", "monitors": 5, "alerts": "x"}',
    "no id": b'{"id": "", "node_id": "", "results": [], "monitors": [{}]}',
    "a strange id": b'{"id": "a b/../c", "node_id": "a b", "monitors": [{"id": "x", "name": 1}]}',
    "an unknown node": b'{"node_id": "nobody", "results": [], "id": 1, "monitor": []}',
    "oversized": b'{"node_id": "west", "x": "' + b"x" * (9 * MEBIBYTE) + b'"}',
}
ZIPPED = {
    "a bomb": gzip.compress(b" " * (64 * MEBIBYTE)),
    "half a gzip": gzip.compress(b'{"id": "west"}' * 100)[:30],
    "no gzip": b'{"id": "west"}',
}


async def test_no_endpoint_takes_a_wrong_body(tmp_path: Path) -> None:
    async with cluster(tmp_path) as town:
        before = await _at_rest(town)
        for path in ENDPOINTS:
            for name, body in BODIES.items():
                await _is_refused(town, "POST", path, name, content=body)
            for name, body in ZIPPED.items():
                await _is_refused(
                    town, "POST", path, name, content=body, encoding={"Content-Encoding": "gzip"}
                )
        assert town.history.counts() == before
        assert await town.is_well()
        assert "Traceback" not in town.leader.said()


async def test_no_endpoint_takes_a_wrong_question(tmp_path: Path) -> None:
    async with cluster(tmp_path) as town:
        before = await _at_rest(town)
        for path in (
            "/api/probe/assignments",
            "/api/probe/assignments?node_id=nobody",
            "/api/probe/assignments?node_id=nobody&wait=soon",
            "/api/push?token=wrong",
            "/api/push/wrong/900",
            "/api/v1/monitors/none",
            "/api/v1/monitors?status=GREEN",
            "/api/v1/incidents/none",
            "/api/v1/incidents?limit=-1",
            "/api/v1/incidents?before=never",
            "/api/backup/export?format=xml",
            "/api/backup/export?redact_secrets=perhaps",
            "/api/v1/nothing",
            "/static/../../etc/passwd",
            "/%00%ff",
        ):
            await _is_refused(town, "GET", path, "a question")
        for path in ("/api/health", "/metrics", "/status", "/status/json", "/api/v1/monitors"):
            await _is_refused(town, "DELETE", path, "another method")
        for path in ("/api/v1/apply?dry_run=2", "/api/v1/apply?prune=x"):
            await _is_refused(town, "POST", path, "a wrong flag", content=b"monitors: []")
        assert town.history.counts() == before
        assert "Traceback" not in town.leader.said()


async def _at_rest(town: Cluster) -> dict[str, int]:
    """Start a leader; how much it has written down when it has written what it always does."""
    await town.start_leader(leader_checks="never")
    await until("the leader knows itself", lambda: town.history.counts()["node"] == 1)
    return town.history.counts()


async def _is_refused(
    town: Cluster,
    method: str,
    path: str,
    what: str,
    *,
    content: bytes | None = None,
    encoding: dict[str, str] | None = None,
) -> None:
    """Refused with 4xx and a reason; an answer may come before the whole body was sent."""
    headers = {SECRET_HEADER: SECRET, **(encoding or {})}
    try:
        answer = await town.http.request(
            method, f"{town.url}{path}", content=content, headers=headers
        )
    except (httpx.WriteError, httpx.ReadError) as error:
        assert content is not None and len(content) > MEBIBYTE, f"{path}: {what}: {error}"
        return
    assert 400 <= answer.status_code < 500, f"{path}: {what}: {answer.status_code} {answer.text}"
    assert answer.headers["content-type"] == "application/problem+json", f"{path}: {what}"
    told = answer.json()
    assert told["status"] == answer.status_code
    assert told["detail"], f"{path}: {what}"
    assert SECRET not in answer.text
