"""Row 6: acknowledgements lost, batches repeated, reordered and cut, a probe killed while sending."""

from __future__ import annotations

import msgspec

from tests.system.api import SECRET
from tests.system.cluster import Cluster
from tests.system.faults.fault import Fault, Ground, watched
from tests.system.gateway import HALVE_ANSWER, HALVE_REQUEST, LOSE_ANSWER, RESULTS, SWALLOW, Gateway
from tests.system.waiting import until
from uptop_core.wire import SECRET_HEADER, ResultsAnswer

_REGISTER = "/api/probe/register"


async def run(ground: Ground) -> str:
    town = ground.town
    gateway = await town.gateway()
    site = await watched(ground, "west", peer=gateway.url)
    losses = 0
    for acts in ([LOSE_ANSWER] * 3, [HALVE_REQUEST] * 2, [HALVE_ANSWER] * 2):
        losses += len(acts)
        gateway.acts = list(acts)
        await until("that has happened", lambda: not gateway.acts)
        await town.looks_come(site.target, each=2)
    repeated = await _repeated_in_disorder(ground, gateway)
    by_hand = await _out_of_order(town)

    gateway.acts = [SWALLOW]
    await until("a batch is on its way", lambda: any("swallow" in line for line in gateway.seen))
    town.probes["west"].kill()
    town.restart_probe("west")
    await until("the new one reports", lambda: len(_instances(town)) == 2)
    await town.probes["west"].stop()

    sent = gateway.seqs()
    west = {pair for pair in town.history.seqs() if pair[0] != "by-hand"}
    assert west == sent, f"sent but not taken {sent - west}, taken but not sent {west - sent}"
    rows = len(town.history.times("Site")["west"])
    assert rows == len(sent), f"{rows} rows of {len(sent)} results"
    unsent = len(site.target.looks) - rows
    return (
        f"{losses} exchanges lost or cut, {repeated} results repeated in disorder, {by_hand} out of"
        f" order by hand; {len(sent)} results sent, {rows} rows; {unsent} of the"
        " killed probe unobserved"
    )


def _instances(town: Cluster) -> set[str]:
    return {ledger.instance for ledger in town.history.ledgers() if ledger.node == "west"}


async def _post(town: Cluster, path: str, body: bytes) -> bytes:
    answer = await town.http.post(
        f"{town.url}{path}", content=body, headers={SECRET_HEADER: SECRET}
    )
    assert answer.status_code == 200, answer.text
    return answer.content


async def _repeated_in_disorder(ground: Ground, gateway: Gateway) -> int:
    """Every batch so far once more, in any order: all of it is known."""
    batches = list(gateway.passed)
    ground.chance.shuffle(batches)
    duplicates = 0
    for batch in batches:
        answer = msgspec.json.decode(await _post(ground.town, RESULTS, batch), type=ResultsAnswer)
        assert (answer.ok, answer.accepted) == (True, 0)
        duplicates += answer.duplicates
    return duplicates


async def _out_of_order(town: Cluster) -> int:
    """A node whose batches come last first, each of them twice."""
    node = {"id": "hand", "region": "west", "instance": "by-hand"}
    await _post(town, _REGISTER, msgspec.json.encode(node))
    monitor = (await town.monitor("Site")).id
    for seqs, have in (((5, 6), 0), ((3, 4), 0), ((1, 2), 6)):
        results = [
            {
                "monitor_id": monitor,
                "is_up": True,
                "latency_ns": 1000 * seq,  # no two looks are the same in all
                "seq": seq,
                "age_ms": 10 * (10 - seq),
            }
            for seq in seqs
        ]
        batch = {"node_id": "hand", "instance": "by-hand", "results": results}
        for accepted in (2, 0):
            told = await _post(town, RESULTS, msgspec.json.encode(batch))
            answer = msgspec.json.decode(told, type=ResultsAnswer)
            assert (answer.accepted, answer.duplicates) == (accepted, 2 - accepted)
            assert answer.have == {"by-hand": have}
    assert len(town.history.times("Site")["hand"]) == 6
    return 6


FAULT = Fault(
    row="6",
    name="lost-acknowledgements",
    what="acknowledgements lost, batches repeated, reordered, cut; probe killed while sending",
    expected="each result that was sent is stored once; the rest of the killed is unobserved",
    run=run,
)
