"""Row 25: the leader returns with results, acknowledgements and an edit that the follower never saw;
meanwhile the follower, who acted, has taken a pause of the same monitor.
"""

from __future__ import annotations

from typing import Any

import httpx

from tests.system.api import SECRET
from tests.system.cluster import Cluster, site
from tests.system.faults.fault import Fault, Ground
from tests.system.faults.pairs import Scene, a_pair
from tests.system.waiting import until
from uptop_core.wire import SECRET_HEADER

_LOOKS = {True: 50, False: 5}  # of each of two probes at each of three sites, a second apart
_SITES = ("First", "Second", "Third")


async def run(ground: Ground) -> str:
    scene = await a_pair(ground.town, *_SITES)
    town, pair, looks = scene.town, scene.pair, _LOOKS[ground.full]
    for name in ("First", "Second"):
        await scene.goes_down(name)
    await scene.settled()

    scene.between.cut()  # the follower sees nothing of what follows; probes see that the leader is up
    had = len(pair.history.results())
    for incident in await town.incidents():
        path = f"/incidents/{incident.id}/acknowledge"
        taken = await _ask(town, town.url, path, note="looking at it")
        assert taken.status_code == 200, taken.text
    edited = site(scene.sites["Third"], "Third", description="edited at the leader")
    await town.apply({"monitors": [edited]})
    await town.looks_come(*scene.sites.values(), each=looks, within_s=looks + 60)
    unseen = len(town.history.results()) - had
    town.leader.kill()
    await pair.takes_over()
    scene.between.heal()

    ((third,),) = pair.history.select("SELECT id FROM monitor WHERE name = 'Third'")
    refused = await _ask(town, pair.url, "/apply", monitors=[{**edited, "interval": 9}])
    assert refused.status_code == 403, refused.text
    town.refused = 15  # looks at it until its probes heard of that: they were on their way here
    paused = await _ask(town, pair.url, f"/monitors/{third}/pause")
    assert paused.status_code == 200, paused.text
    await scene.recovers("First")  # which only the follower sees
    await town.start_leader()
    await pair.stands_by()
    return f"{unseen} results, 2 acknowledgements, 1 edit unseen: {await _merged(scene)}"


async def _merged(scene: Scene) -> str:
    town, pair = scene.town, scene.pair
    await town.status_comes("Third", "PAUSED")
    told = town.history.select("SELECT spec FROM monitor WHERE name = 'Third'")
    assert "edited at the leader" in told[0][0], "the edit of the leader is lost"
    listed = town.history.select(
        "SELECT about, detail FROM audit WHERE what LIKE 'changed on both%'"
    )
    assert [about for about, _ in listed] == ["Third"], listed
    await scene.recovers("Second")
    same = await scene.one_history()
    for book in (town.history, pair.history):
        taken = book.select("SELECT name, taken_note FROM incident ORDER BY name")
        assert [tuple(row) for row in taken] == [
            ("First", "looking at it"),
            ("Second", "looking at it"),
        ], taken
    await until("the pause is copied", lambda: _is_paused(scene))
    assert scene.events("First") == scene.events("Second") == ["down", "up"]
    assert not scene.receiver.repeats(), scene.receiver.repeats()
    return f"all there, the edit of both in the audit log ({listed[0][1]}); {same}"


def _is_paused(scene: Scene) -> bool:
    found = scene.pair.history.select("SELECT spec FROM monitor WHERE name = 'Third'")
    return '"paused":true' in found[0][0]


async def _ask(town: Cluster, url: str, path: str, **body: Any) -> httpx.Response:
    return await town.http.post(
        f"{url}/api/v1{path}", json=body or None, headers={SECRET_HEADER: SECRET}
    )


FAULT = Fault(
    row="25",
    name="leader-returns",
    what="leader returns with 300 results, 2 acknowledgements and 1 edit the follower never saw",
    expected="merged; an edit both made is listed, not lost",
    run=run,
)
