"""Row 18: one channel answers 500 for a while, another hangs, a third one is well. The three hours
are in virtual time."""

from __future__ import annotations

import anyio

from tests.leader.test_deliver_lists import (
    test_a_channel_that_answers_500_for_three_hours_gets_all_in_order_and_delays_nobody as three_hours,
)
from tests.system.cluster import site, webhook
from tests.system.faults.fault import Fault, Ground
from tests.system.faults.virtual import in_virtual_time
from tests.system.receiver import Receiver, Told
from tests.system.waiting import until


async def run(ground: Ground) -> str:
    town = ground.town
    target = await town.target()
    ill, silent, well = [await town.receiver() for _ in range(3)]
    refusals = 3 if ground.full else 1  # 5 + 15 + 45 s of waiting, or 5 s
    patience = anyio.Event()

    async def ill_at_first(told: Told) -> int:
        return 500 if len(ill.told) <= refusals else 200

    async def not_yet(told: Told) -> int:
        await patience.wait()
        return 200

    ill.respond, silent.respond = ill_at_first, not_yet
    channels = [webhook(ill, "ill"), webhook(silent, "silent"), webhook(well, "well")]
    await town.start_leader(leader_checks="never")
    await town.start_probe("west", "west")
    monitor = site(target, alerts=["ill", "silent", "well"])
    await town.apply({"alerts": channels, "monitors": [monitor]})
    await town.status_comes("Site", "UP")
    began = anyio.current_time()
    target.mood = "503"
    await until("the well one is told", lambda: well.events() == ["down"], 15)
    await until("the others have it too", lambda: len(ill.told) == len(silent.told) == 1)
    target.mood = "up"
    await until("the well one is told all", lambda: well.events() == ["down", "up"], 15)
    prompt = anyio.current_time() - began
    await until("the ill one is told all", lambda: "up" in _accepted(ill, refusals), 120)
    assert _accepted(ill, refusals) == ["down", "up"], "order is not kept"
    if ground.full:  # longer than one try may take, so that it is given up and tried again
        await until("it is tried again", lambda: len(silent.told) >= 2, 60)
    unanswered = len(silent.told) - 1
    patience.set()
    await until("the silent one is told all", lambda: "up" in _accepted(silent, unanswered), 90)
    assert _accepted(silent, unanswered) == ["down", "up"], "order is not kept"
    await town.all_told()
    _assert_same_key(ill)
    if ground.full:
        await in_virtual_time(town.folder, three_hours)
    return (
        f"the well channel had both after {prompt:.1f} s; the ill one after {refusals} × 500;"
        f" the silent one after {unanswered} × nothing; order kept, same keys"
        + ("; 500 for 3 h in virtual time: the same" if ground.full else "")
    )


def _accepted(receiver: Receiver, refused: int) -> list[str]:
    """What was told after so many tries in vain, each key once, lists taken apart."""
    news = [one for told in receiver.told[refused:] for one in told.news]
    return list({one["key"]: one["event"] for one in news}.values())


def _assert_same_key(receiver: Receiver) -> None:
    """A 500 says that the message was not taken: the next try is no repeat."""
    assert not any(told.is_marked for told in receiver.told)


FAULT = Fault(
    row="18",
    name="channel-trouble",
    what="a channel answers 500 for a while, for 3 h (virtual); another one hangs",
    expected="all delivered, order kept, other channels not delayed",
    run=run,
)
