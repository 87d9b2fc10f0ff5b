"""A leader on a real database that knows every kind of credential, and what shows each of them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio

from tests.leader.helms import Helm, api, at_the_helm, hook
from tests.leader.store_samples import OPERATOR
from uptop_core.checks.push import PushCheck
from uptop_core.monitors import Monitor
from uptop_leader.copying.ring import ResultRing
from uptop_leader.node_keys import new_key
from uptop_leader.refusals import NotAllowed
from uptop_leader.seal import token_hash

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from uptop_core.wire import PeerPoll, PeerSighting
    from uptop_leader.copying.words import Gift

SECRET = "the cluster's secret"
PUSH = "the-token-of-a-push-job"
KEYS = {name: new_key() for name in ("node key", "other key", "revoked key", "replaced key")}
TOKENS = ("viewer", "editor", "admin", "expired", "revoked")

CREDENTIALS = (
    *("none", "wrong secret", "wrong token", "secret"),
    *KEYS,
    *TOKENS,
    "push token",
)


def shown(credential: str) -> tuple[dict[str, str], str]:
    """The headers with a credential, and the token in them, if it is one."""
    if credential == "none":
        return {}, ""
    if credential in ("secret", "wrong secret"):
        return {"X-Uptop-Secret": SECRET if credential == "secret" else "wrong"}, ""
    others = {"push token": PUSH, "wrong token": "nobody's", **KEYS}
    token = others.get(credential, credential)
    return {"Authorization": f"Bearer {token}"}, token


class Beside:
    """The other one of a pair, as far as whoever copies is answered."""

    is_stopping = True

    def __init__(self, helm: Helm) -> None:
        self.copies = helm.store.copies
        self.ring = ResultRing()

    async def polled(self, poll: PeerPoll) -> str:
        """A follower has asked."""
        return poll.token

    async def told(self, sighting: PeerSighting) -> None:
        """A probe has seen the other one."""

    async def take_gift(self, gift: Gift) -> None:
        """Nothing is taken back by who acts."""
        raise NotAllowed(f"this node acts: nothing of epoch {gift.epoch} is taken")


@asynccontextmanager
async def leader_for_all(folder: Path, **settings: object) -> AsyncIterator[Helm]:
    """A leader with all of these credentials, whose engine runs."""
    push = Monitor(id="p", name="p", check=PushCheck(token=PUSH), interval=60.0)
    chosen: dict[str, Any] = {"cluster_secret": SECRET, "status_enabled": True, **settings}
    async with at_the_helm(folder / "uptop.db", hook(), api(), push, **chosen) as helm:
        people, keys, now = helm.store.people, helm.store.node_keys, helm.clock.at
        for token in TOKENS:
            user = people.add_user(token, token if token in TOKENS[:3] else "admin", now)
            expires = now if token == "expired" else None
            people.add_token(user, token, token_hash(token), token, expires, now)
        people.revoke_token("revoked", now)
        for name, node in (("node key", "n"), ("other key", "o"), ("revoked key", "r")):
            keys.add(node, "", token_hash(KEYS[name]), name, now, OPERATOR)
        keys.revoke("r", now, OPERATOR)
        keys.add("n2", "", token_hash(KEYS["replaced key"]), "replaced", now, OPERATOR)
        keys.rotate("n2", token_hash(new_key()), "new", 0.0, now, OPERATOR)
        await helm.register("n")
        helm.leader.live.close()  # so that a stream of events ends
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(helm.engine.run)
            yield helm
            tasks.cancel_scope.cancel()
