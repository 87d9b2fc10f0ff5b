"""A leader, its follower and probes, and two sites that all have seen up: the ground of rows 20-27."""

from __future__ import annotations

from msgspec import Struct

from tests.system.cluster import Cluster, site, webhook
from tests.system.line import Line
from tests.system.pair import PAIR_QUICK, SAME_MEASURED_MS, Pair
from tests.system.pair_watch import PairWatch
from tests.system.receiver import Receiver
from tests.system.targets import Target
from tests.system.waiting import until


class Scene(Struct, frozen=True):
    """A pair with probes. `between` is the line on which the follower finds the leader, `to_leader`
    and `to_follower` those of each probe.
    """

    town: Cluster
    pair: Pair
    sites: dict[str, Target]
    receiver: Receiver
    watch: PairWatch
    between: Line
    to_leader: dict[str, Line]
    to_follower: dict[str, Line]

    def lines(self) -> list[Line]:
        """All lines of it."""
        return [self.between, *self.to_leader.values(), *self.to_follower.values()]

    def heal(self) -> None:
        """All lines are whole."""
        for line in self.lines():
            line.heal()

    def events(self, name: str) -> list[str]:
        """What was told of a site, each key once."""
        told: dict[str, str] = {}
        for message in self.receiver.told:
            for news in message.news:
                if news["monitor"] == name:
                    told.setdefault(news["key"], news["event"])
        return list(told.values())

    async def told(self, name: str, *events: str) -> None:
        """Wait until exactly that was told of a site."""
        await until(f"{name}: {events}", lambda: self.events(name) == list(events))

    async def goes_down(self, name: str) -> None:
        """A site goes down, and that is told."""
        self.sites[name].mood = "503"
        await self.told(name, "down")

    async def recovers(self, name: str) -> None:
        """A site comes up again, and that is told once."""
        self.sites[name].mood = "up"
        await self.told(name, "down", "up")

    async def settled(self) -> None:
        """Wait until all is told and copied."""
        await self.town.all_told()
        await self.pair.copied()

    async def one_history(self, apart_ms: int = SAME_MEASURED_MS) -> str:
        """End the probes and wait until both nodes have the same rows; in words. A result that was
        reported to both has the time that each made of its age, at most `apart_ms` apart
        where it was measured.
        """
        for probe in self.town.probes.values():
            await probe.stop()
        await self.settled()
        results = await self.pair.same_results(apart_ms=apart_ms)
        incidents = len(self.town.history.incidents())
        return f"both have the same {incidents} incidents and {results} results"


async def a_pair(
    town: Cluster,
    *names: str,
    probes: tuple[str, ...] = ("west", "east"),
    timings: str = PAIR_QUICK,
    patience_s: float = 60.0,
) -> Scene:
    """A pair and its probes; the sites `First` and `Second`, or those with `names`."""
    town.timings = timings
    sites = {name: await town.target() for name in names or ("First", "Second")}
    receiver = await town.receiver()
    await town.start_leader(leader_checks="never")
    between = await town.line(lambda: town.port)
    pair = Pair(town, towards=between.port)
    await pair.start()
    watch = pair.watch()
    to_leader = {name: await town.line(lambda: town.port) for name in probes}
    to_follower = {name: await town.line(lambda: pair.port) for name in probes}
    for name in probes:
        peers = f"{to_leader[name].url},{to_follower[name].url}"
        await town.start_probe(name, region=name, peer=peers)
    monitors = [site(target, name) for name, target in sites.items()]
    await town.apply({"alerts": [webhook(receiver)], "monitors": monitors})
    for name in sites:
        await town.status_comes(name, "UP", patience_s)
        await town.votes_come(name, len(probes), patience_s)
    await pair.copied()
    return Scene(town, pair, sites, receiver, watch, between, to_leader, to_follower)
