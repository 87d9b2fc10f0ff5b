"""Row 19: the leader was away when a heartbeat was due."""

from __future__ import annotations

import anyio

from tests.system.cluster import webhook
from tests.system.faults.fault import Fault, Ground
from tests.system.waiting import until

_TOKEN = "a-push-token-that-was-chosen-by-hand"
_INTERVAL_S, _GRACE_S = 3, 2


async def run(ground: Ground) -> str:
    town = ground.town
    receiver = await town.receiver()
    town.secrets.add(_TOKEN)
    await town.start_leader()
    job = {
        "name": "Backup",
        "type": "push",
        "interval": _INTERVAL_S,
        "grace": _GRACE_S,
        "token": _TOKEN,
        "alerts": ["ops"],
    }
    await town.apply({"alerts": [webhook(receiver)], "monitors": [job]})
    await town.http.get(f"{town.url}/api/push/{_TOKEN}")
    await town.status_comes("Backup", "UP")
    town.leader.kill()
    await anyio.sleep(_INTERVAL_S + _GRACE_S + 1)  # the time in which the heartbeat was due
    await town.start_leader()
    began = anyio.current_time()
    await town.status_comes("Backup", "UNKNOWN", 2)
    assert "down" not in receiver.events()
    await until("the silence is told", lambda: "down" in receiver.events())
    after = anyio.current_time() - began
    assert after > _INTERVAL_S + _GRACE_S - 1, f"DOWN after {after:.1f} s"
    await town.http.get(f"{town.url}/api/push/{_TOKEN}")
    await until("the return is told", lambda: receiver.events()[-1:] == ["up"])
    return f"UNKNOWN after the start, DOWN {after:.1f} s later (interval + grace is 5 s), then UP"


FAULT = Fault(
    row="19",
    name="push-missed",
    what="leader away while a heartbeat was due",
    expected="UNKNOWN, not DOWN; DOWN one interval + grace later if still silent",
    run=run,
)
