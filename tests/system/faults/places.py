"""Many hosts for the faults of a node's own line, and who is told of them."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from tests.system.cluster import Cluster, site, webhook
from tests.system.receiver import Receiver
from tests.system.targets import Mood, Target
from tests.system.waiting import until


class Places(Struct, frozen=True):
    """Sites on hosts of their own, named by their numbers, all seen up."""

    targets: dict[str, Target]
    receiver: Receiver

    def meet(self, node: str, mood: Mood) -> None:
        """From now on all targets meet this node like this."""
        for target in self.targets.values():
            target.moods = {node: mood}


async def hosts(town: Cluster, number: int) -> dict[str, Target]:
    """Targets on addresses of their own: `Site1` and so on."""
    return {f"Site{n}": await town.target(f"127.0.1.{n}") for n in range(1, number + 1)}


async def watched(town: Cluster, monitors: list[dict[str, Any]], receiver: Receiver) -> None:
    """Have these monitors watched until all are seen up."""
    await town.apply({"alerts": [webhook(receiver)], "monitors": monitors})

    async def are_up() -> bool:
        return {monitor.status for monitor in (await town.monitors()).values()} == {"UP"}

    await until("all sites are UP", are_up)


async def places(town: Cluster, number: int, **more: Any) -> Places:
    """So many sites, watched by whatever runs."""
    targets, receiver = await hosts(town, number), await town.receiver()
    monitors = [site(target, name, **more) for name, target in targets.items()]
    await watched(town, monitors, receiver)
    return Places(targets, receiver)
