"""What only the leader that acts can do, and is asked of another one on its database or by a command
beside it: kept as an input of the engine, which that one takes within a second or two.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec
from anyio import to_thread

from uptop_leader.inputs import Acknowledge, Dismiss, Forget, LookAgain, Signal
from uptop_leader.refusals import Behind, Refusal

if TYPE_CHECKING:
    from uptop_leader.engine import Engine
    from uptop_leader.store.store import Store

LOOK_S = 1.0
"""How often the leader that acts looks for errands."""

Errand = Signal | Acknowledge | LookAgain | Dismiss | Forget

_KINDS: dict[str, type[Errand]] = {
    "signal": Signal,
    "acknowledge": Acknowledge,
    "look": LookAgain,
    "dismiss": Dismiss,
    "forget": Forget,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}

log = logging.getLogger(__name__)


async def leave(store: Store, errand: Errand) -> None:
    """Keep an errand for the leader that acts, or will. Raises StoreError."""
    body = msgspec.json.encode(errand).decode()
    await to_thread.run_sync(store.errands.keep, _NAMES[type(errand)], body)


async def run(engine: Engine, store: Store) -> None:
    """Do what waits. One that is done twice, since it could not be forgotten, changes nothing more;
    one that is refused now is refused for good. Raises StoreError, Behind.
    """
    for errand in await to_thread.run_sync(store.errands.waiting):
        try:
            if errand.kind == "dismiss":  # from then on no key of that node is taken for good
                await engine.follow()
            await engine.ask(msgspec.json.decode(errand.body, type=_KINDS[errand.kind]))
        except Behind:
            raise
        except (Refusal, msgspec.DecodeError, KeyError) as why:
            log.warning("what the leader that acts was asked is not done: %s: %s", errand.kind, why)
        await to_thread.run_sync(store.errands.forget, errand.number)
