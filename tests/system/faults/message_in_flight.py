"""Row 2: kill between the outbox's commit and the send, and between the provider's answer and the
mark. One channel has a key of its own for repeats, the other has none."""

from __future__ import annotations

from typing import Any

import anyio
import msgspec

from tests.system.cluster import site, webhook
from tests.system.faults.fault import Fault, Ground
from tests.system.receiver import Receiver, Told
from tests.system.targets import Target
from tests.system.waiting import until

_REPEAT = "possible repeat"


async def run(ground: Ground) -> str:
    town = ground.town
    one, two, receiver = await town.target(), await town.target(), await town.receiver()
    await _watch(ground, one, two, receiver)

    taken = anyio.Event()

    async def take_and_never_answer(told: Told) -> int:
        """Both channels have taken the first message, and the second waits behind it."""
        await until("both have the first", lambda: len(receiver.told) == 2)
        two.mood = "503"
        await until("the second is committed", lambda: len(town.history.outbox()) == 4)
        taken.set()
        await anyio.sleep_forever()
        return 200

    receiver.respond = take_and_never_answer
    one.mood = "503"
    with anyio.fail_after(60):
        await taken.wait()
    town.leader.kill()
    assert town.history.waiting() == 4
    receiver.at_once()
    await town.start_leader()
    await town.all_told()
    _assert_told(receiver)

    one.mood = two.mood = "up"
    await town.status_comes("One", "UP")
    await town.status_comes("Two", "UP")
    await town.all_told()
    assert [_of(receiver, "/hook", name)[-1].event for name in ("One", "Two")] == ["up", "up"]
    return (
        "before the send: one message, unmarked; after the answer: the same key again from the"
        " webhook, '(possible repeat)' in slack; recoveries once"
    )


async def _watch(ground: Ground, one: Target, two: Target, receiver: Receiver) -> None:
    town = ground.town
    await town.start_leader(leader_checks="never")
    await town.start_probe("west", "west")
    slack = {"name": "chat", "type": "slack", "settings": {"url": f"{receiver.url}/chat"}}
    both: dict[str, Any] = {"alerts": ["ops", "chat"]}
    monitors = [site(one, "One", **both), site(two, "Two", **both)]
    await town.apply({"alerts": [webhook(receiver), slack], "monitors": monitors})
    await town.status_comes("One", "UP")
    await town.status_comes("Two", "UP")


def _assert_told(receiver: Receiver) -> None:
    first, again = _of(receiver, "/hook", "One")
    assert first.key == again.key
    assert (first.is_marked, again.is_marked) == (False, True)
    (other,) = _of(receiver, "/hook", "Two")
    assert not other.is_marked
    first, again = _of(receiver, "/chat", "One")
    assert (_REPEAT in _text(first), _REPEAT in _text(again)) == (False, True)
    (other,) = _of(receiver, "/chat", "Two")
    assert _REPEAT not in _text(other)


def _of(receiver: Receiver, path: str, monitor: str) -> list[Told]:
    return [told for told in receiver.told if told.path == path and monitor in _text(told)]


def _text(told: Told) -> str:
    return msgspec.json.encode(told.body).decode()


FAULT = Fault(
    row="2",
    name="message-in-flight",
    what="kill between commit and send, and between the provider's answer and the mark",
    expected="exactly one; one under the same key, marked 'possible repeat' where there is no key",
    run=run,
)
