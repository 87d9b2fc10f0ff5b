"""Row 32: targets that would fill the memory, never end, or move a screen that shows them."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import anyio
import msgspec

from tests.system.api import SECRET
from tests.system.cluster import Cluster, webhook
from tests.system.faults.fault import Fault, Ground
from tests.system.faults.wild import Wild, bomb, repeat, say
from tests.system.processes import clean_environment
from tests.system.waiting import until
from uptop_core.wire import SECRET_HEADER

_GIB = 1024**3
_MIB = 1024**2
_OK = b"HTTP/1.1 200 OK\r\n"
_ESCAPES = "\x1b[2J\x1b]0;owned\x07\x1b[31mred\x9b1m\u202eback\r\b"
_SAID = _ESCAPES.encode()
_RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_MAY_GROW_KIB = 40 * 1024

_ACTS = {
    "Bomb": bomb(10 * _GIB),
    "LongHead": repeat(_OK, b"X-More: and more\r\n" * 4096, 100_000),
    "LongHeader": repeat(_OK + b"X-A: ", b"y" * 65_536, 100_000),
    "Drip": repeat(b"", b"H", 1_000, pause_s=1),
    "DripBody": repeat(_OK + b"\r\n", b"x", 1_000, pause_s=1),
    "TenGigabytes": repeat(
        _OK + b"Content-Length: %d\r\n\r\n" % (10 * _GIB), b"x" * _MIB, 10 * 1024
    ),
    "Greeting": say(_SAID),
    "Reason": say(b"HTTP/1.1 500 " + _SAID.replace(b"\r", b"") + b"\r\n\r\n" + _SAID),
    "Header": say(_OK + b"X-A: " + _SAID.replace(b"\r", b"") + b"\r\nContent-Length: 0\r\n\r\n"),
    "Location": say(
        b"HTTP/1.1 302 Go\r\nLocation: http://" + _SAID.replace(b"\r", b"") + b"/\r\n\r\n"
    ),
    "Body": say(_OK + b"Content-Length: %d\r\n\r\n" % len(_SAID) + _SAID),
    "Fine": say(_OK + b"Content-Length: 2\r\n\r\nhi"),
}
_CONDITIONS = {"Header": ["header[x-a] == 'plain'"], "Body": ["body == 'plain'"]}
_UP = ("Bomb", "TenGigabytes", "Fine")
_REASONS = {
    "LongHead": {"protocol_error"},
    "LongHeader": {"protocol_error"},
    "Drip": {"timeout", "protocol_error"},
    "DripBody": {"timeout"},
    "Greeting": {"protocol_error"},
    "Reason": {"status_mismatch", "protocol_error"},
    "Header": {"condition_failed", "protocol_error"},
    "Location": {"redirect_error", "protocol_error"},
    "Body": {"condition_failed"},
}


async def run(ground: Ground) -> str:
    town = ground.town
    receiver = await town.receiver()
    acts = {f"/{name}": act for name, act in _ACTS.items()}
    wild = await town.comes(lambda tasks: Wild(tasks, acts))
    await town.start_leader(leader_checks="never")
    probe = await town.start_probe("west", region="west")
    await town.apply({"alerts": [webhook(receiver)], "monitors": [_monitor("Fine", wild.url)]})
    await town.status_comes("Fine", "UP")
    before_kib = _peak_kib(probe.pid)

    monitors = [_monitor(name, wild.url) for name in _ACTS]
    await town.apply({"alerts": [webhook(receiver)], "monitors": monitors})
    for name in _UP:
        await town.status_comes(name, "UP")
    for name, reasons in _REASONS.items():
        down = await town.status_comes(name, "DOWN")
        assert {vote.reason for vote in down.votes} <= reasons, down
    await until("all were told of", lambda: receiver.events().count("down") >= len(_REASONS))
    asked = len(wild.asked)
    more = len(_ACTS) * (30 if ground.full else 5)
    await until("all were asked again", lambda: len(wild.asked) >= asked + more, 120)
    grown_kib = _peak_kib(probe.pid) - before_kib
    assert grown_kib < _MAY_GROW_KIB, f"the probe grew by {grown_kib / 1024:.0f} MiB"
    shown = await _everything_shown(town)
    shown |= {f"message {n}": str(told.body) for n, told in enumerate(receiver.told)}
    for where, text in shown.items():
        raw = _RAW.search(text)
        assert raw is None, f"{where}: {text[max(0, raw.start() - 80) : raw.end() + 20]!r}"
    assert any("owned" in text for text in shown.values()), "nothing of it is shown at all"
    return (
        f"{len(_UP)} up, {len(_REASONS)} down with their reasons; the probe grew by"
        f" {grown_kib / 1024:.0f} MiB over {len(wild.asked)} looks; nothing raw in"
        f" {len(shown)} places"
    )


async def _everything_shown(town: Cluster) -> dict[str, str]:
    """What people see of it: API (unpacked), pages, metrics, the terminal UI and the logs."""
    shown: dict[str, str] = {}
    incidents = [f"/api/v1/incidents/{one.id}" for one in await town.incidents()]
    for path in ("/api/v1/monitors", "/status/json", *incidents):
        found = await town.get(path, msgspec.Raw)
        shown[path] = "\n".join(_texts(msgspec.json.decode(found)))
    for path in ("/status", "/metrics"):
        answer = await town.http.get(f"{town.url}{path}", headers={SECRET_HEADER: SECRET})
        assert answer.status_code == 200, answer.text
        shown[path] = answer.text
    for process in (town.leader, *town.probes.values()):
        shown[f"log of {process.name}"] = process.said()
    shown["terminal UI"] = await _overview(town)
    return shown


async def _overview(town: Cluster) -> str:
    token = town.folder / "uptop-admin-token"
    words = [sys.executable, "-m", "uptop_tui", "--once", "--url", town.url]
    done = await anyio.run_process(
        [*words, "--token-file", str(token)], env=clean_environment({}), check=False
    )
    assert done.returncode == 1, done.stderr.decode()
    return (done.stdout + done.stderr).decode()


def _texts(value: Any) -> list[str]:
    """All texts in what JSON holds."""
    if isinstance(value, dict):
        return [text for one in (*value, *value.values()) for text in _texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    return [value] if isinstance(value, str) else []


def _peak_kib(pid: int) -> int:
    """The most memory that a process has had so far."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None, status
    return int(found[1])


def _monitor(name: str, url: str) -> dict[str, Any]:
    return {
        "name": name, "type": "http", "url": f"{url}/{name}", "interval": 2, "timeout": 1.5,
        "retry_interval": 0.5, "alerts": ["ops"], "conditions": _CONDITIONS.get(name, []),
    }  # fmt: skip


FAULT = Fault(
    row="32",
    name="endless",
    what="a bomb, an endless header, one byte per second, terminal escapes, a 10 GB body",
    expected="an outcome in time, bounded memory, nothing executed on a screen",
    run=run,
)
