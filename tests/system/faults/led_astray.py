"""Row 31: targets that lead a check to what it must not reach: metadata, other forms of the same,
names that change their meaning, and a proxy in the environment.

Names are those of `own_names`: the checks ask the system's resolver, which cannot be replaced for
one process alone, so the probe's way to it is; each question may be answered otherwise.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from tests.system import own_names
from tests.system.api import SECRET
from tests.system.cluster import Cluster, webhook
from tests.system.faults.fault import Fault, Ground
from tests.system.faults.wild import Trap, Wild, lead_to, say
from tests.system.processes import Process
from tests.system.waiting import until
from uptop_core.views import MonitorView
from uptop_core.wire import SECRET_HEADER

# One that hardly any machine can reach, lest a guard that is broken asks the real one of a cloud.
_METADATA = "169.254.42.42"
_PLACES = {
    "Metadata": f"http://{_METADATA}/",
    "Mapped": f"http://[::ffff:{_METADATA}]/",
    "NAT64": "http://[64:ff9b::a9fe:2a2a]/",
    "6to4": "http://[2002:a9fe:2a2a::1]/",
    "Decimal": "http://2852006442/",
    "Hexadecimal": "http://0xa9fe2a2a/",
    "Octal": "http://0251.0376.052.052/",
    "FullWidth": "http://１６９.254.42.42/",
    "Name": "http://metadata.example/",
    "TwoMeanings": "http://both.example:{port}/",
}
"""Where a node that may reach private addresses is led."""
_FORMS = {
    "Loopback": "127.0.0.1",
    "LoopbackName": "localhost",
    "LoopbackMapped": "[::ffff:127.0.0.1]",
    "Loopback6": "[::1]",
}
"""How a node that may not is asked for a place of its own machine."""
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"


async def run(ground: Ground) -> str:
    town = ground.town
    trap, proxy, receiver = await town.comes(Trap), await town.comes(Trap), await town.receiver()
    acts = {f"/{name}": lead_to(to.format(port=trap.port)) for name, to in _PLACES.items()}
    wild = await town.comes(lambda tasks: Wild(tasks, {**acts, "/": say(_OK)}))
    names: dict[str, Any] = {
        "metadata.example": _METADATA,
        "both.example": ["127.0.0.1", _METADATA],
        "rebound.example": "127.0.0.1",
        "restless.example": [["127.0.0.1", _METADATA]],
        "localhost": "127.0.0.1",
    }
    file = town.folder / "names.json"
    file.write_bytes(msgspec.json.encode(names))
    await town.start_leader(leader_checks="never")
    await _start_probes(town, file, proxy)
    monitors = [
        *(_monitor(name, f"{wild.url}/{name}", "open") for name in _PLACES),
        *(_monitor(n, f"http://{host}:{trap.port}/", "strict") for n, host in _FORMS.items()),
        _monitor("Rebound", f"http://rebound.example:{wild.port}/", "open"),
        _monitor("Restless", f"http://restless.example:{wild.port}/", "open"),
    ]
    await town.apply({"alerts": [webhook(receiver)], "monitors": monitors})
    await _refused(town, "http://2130706433/", "http://0x7f.1/", "http://１２７.0.0.1/")

    await town.status_comes("Rebound", "UP")
    for name in (*_PLACES, *_FORMS):
        await _is_shown_as_a_fault_of_the_settings(town, name)
    names["rebound.example"] = _METADATA
    file.write_bytes(msgspec.json.encode(names))
    await _is_shown_as_a_fault_of_the_settings(town, "Rebound")
    turns = await _both_ways(town, "Restless")
    names["rebound.example"] = "127.0.0.1"
    file.write_bytes(msgspec.json.encode(names))
    await town.status_comes("Rebound", "UP")

    assert not [one for one in (await town.monitors()).values() if one.belief == "DOWN"]
    assert await town.incidents() == ()
    assert receiver.told == [], receiver.events()
    assert trap.came == proxy.came == 0, f"{trap.came} in the trap, {proxy.came} at the proxy"
    return (
        f"{len(_PLACES)} ways by redirect, {len(_FORMS)} forms and 1 of 2 moved names refused and"
        f" shown; a restless name seen {' and '.join(sorted(turns))}; nobody came to the trap or the proxy"
    )


async def _start_probes(town: Cluster, file: Path, proxy: Trap) -> None:
    environ = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"), proxy.url)
    environ["NO_PROXY"] = f"127.0.0.1:{town.port}"  # were they used, the leader would be spared
    for node, allow in (("open", "true"), ("strict", "false")):
        script = [str(Path(own_names.__file__)), str(file)]
        town.probes[node] = Process(node, script, town.folder, environ)
        await town.start_probe(node, region=node, allow_private_targets=allow)


async def _refused(town: Cluster, *urls: str) -> None:
    """A number in disguise cannot even be configured."""
    for url in urls:
        answer = await town.http.post(
            f"{town.url}/api/v1/apply",
            content=msgspec.json.encode({"monitors": [_monitor("Disguised", url, "open")]}),
            headers={SECRET_HEADER: SECRET},
        )
        assert answer.status_code in (400, 422), answer.text
        assert "four decimal numbers" in answer.text


async def _is_shown_as_a_fault_of_the_settings(town: Cluster, name: str) -> None:
    last: list[MonitorView] = []

    async def is_shown() -> bool:
        last[:] = [await town.monitor(name)]
        votes = last[0].votes
        return [vote.reason for vote in votes] == ["blocked_target"] and bool(last[0].error)

    try:
        await until(f"{name} is shown as refused", is_shown)
    except AssertionError as error:
        raise AssertionError(f"{error}: {last}") from None
    (vote,) = last[0].votes
    assert vote.aside == "fault", vote
    assert last[0].status in ("PENDING", "UNKNOWN", "UP"), last[0]


async def _both_ways(town: Cluster, name: str) -> set[str]:
    """A name that means something else at each question: refused or up, and nothing in between."""
    seen: set[str] = set()

    async def both() -> bool:
        seen.update(vote.reason or "up" for vote in (await town.monitor(name)).votes)
        return {"up", "blocked_target"} <= seen

    await until(f"{name} is seen both ways", both)
    assert seen == {"up", "blocked_target"}, seen
    return seen


def _monitor(name: str, url: str, region: str) -> dict[str, Any]:
    return {
        "name": name, "type": "http", "url": url, "interval": 1, "timeout": 1,
        "retry_interval": 0.5, "alerts": ["ops"], "regions": [region],
    }  # fmt: skip


FAULT = Fault(
    row="31",
    name="led-astray",
    what="redirects to metadata in every form, names that change their meaning, HTTP_PROXY set",
    expected="refused, shown as a configuration error, no connection, no DOWN",
    run=run,
)
