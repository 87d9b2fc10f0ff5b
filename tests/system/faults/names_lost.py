"""Row 9: one of three probes cannot resolve names any more, under any-down."""

from __future__ import annotations

from pathlib import Path

import anyio
import msgspec

from tests.system import own_names
from tests.system.cluster import site
from tests.system.faults.fault import Fault, Ground
from tests.system.faults.places import hosts, watched
from tests.system.processes import Process
from tests.system.waiting import until

_LASTS_S = 12.0
_QUIET_S = 5.0


async def run(ground: Ground) -> str:
    town = ground.town
    targets, receiver = await hosts(town, 6), await town.receiver()
    names = {f"{name.lower()}.example": target.address for name, target in targets.items()}
    await town.start_leader(leader_checks="never", agg_strategy="any-down")
    files = {node: town.folder / f"names-of-{node}.json" for node in ("north", "east", "south")}
    for node, file in files.items():
        file.write_bytes(msgspec.json.encode(names))
        script = [str(Path(own_names.__file__)), str(file)]
        town.probes[node] = Process(node, script, town.folder)
        await town.start_probe(node, region=node)
    monitors = [
        site(target, name) | {"url": f"http://{name.lower()}.example:{target.port}/"}
        for name, target in targets.items()
    ]
    await watched(town, monitors, receiver)
    for name in targets:
        await town.votes_come(name, 3)
    files["north"].unlink()
    began = anyio.current_time()
    await until("the node is named", lambda: receiver.events("north") == ["odd_one"])
    named = anyio.current_time() - began
    await anyio.sleep(_LASTS_S * (10 if ground.full else 1))
    assert "dns error" in receiver.told[0].body["reasons"], receiver.told[0].body
    files["north"].write_bytes(msgspec.json.encode(names))
    for name in targets:
        await town.votes_come(name, 3)
    await anyio.sleep(_QUIET_S)
    assert receiver.events() == ["odd_one"], receiver.events()
    assert await town.incidents() == ()
    return f"named after {named:.0f} s, no monitor was believed DOWN"


FAULT = Fault(
    row="9",
    name="names-lost",
    what="one of three probes without DNS, any-down",
    expected="its failures are set aside, no monitor is believed DOWN; one message about the node",
    run=run,
)
