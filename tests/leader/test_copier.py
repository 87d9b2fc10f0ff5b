"""A follower that copies from a real leader's API, and begins to act while it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import httpx
import pytest
from anyio import to_thread
from msgspec import Struct
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.leader.serving import serving
from tests.leader.store_samples import NOON, ping, set_up, webhook
from tests.leader.test_copying import a_pair, an_outage
from uptop_core.client import LeaderClient
from uptop_core.clock import Clock
from uptop_leader import pair
from uptop_leader.api.app import build_app
from uptop_leader.copying.copier import Copier
from uptop_leader.desk import Desk
from uptop_leader.helm import Helm
from uptop_leader.settings import LeaderSettings
from uptop_leader.store.places import Place

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

    from uptop_leader.store.store import Store

pytestmark = pytest.mark.anyio

SECRET = "a secret of thirty-two characters"


class Follower(Struct):
    """What a station knows of its node. It acts until it was asked `acts` times more."""

    store: Store
    acts: int = 0
    epoch: int = 1

    def promote(self, acts: int) -> None:
        """It acts, and decides something."""
        self.epoch += 1
        self.store.put_place(Place(epoch=self.epoch, known=self.epoch))
        an_outage(self.store)
        self.acts = acts

    def may_copy(self) -> bool:
        acts, self.acts = self.acts, max(0, self.acts - 1)
        return acts == 0


def app_of(store: Store, http: httpx.AsyncClient) -> Starlette:
    """The API of a leader that has a follower."""
    settings = LeaderSettings(leader_checks="never", cluster_secret=SECRET)
    clock = Clock()
    helm = Helm(settings, store, clock, http)
    pair.take_seat(helm, store, clock, settings.timings)
    desk = Desk(helm, clock)
    return build_app(desk, desk)


def heard(app: Starlette, hear: Callable[[Scope], Awaitable[None]]) -> Starlette:
    """The same, and `hear` has heard of every question before it is answered."""

    async def listen(scope: Scope, receive: Receive, send: Send) -> None:
        await hear(scope)
        await app(scope, receive, send)

    return Starlette(routes=[Mount("/", listen)])


@pytest.mark.parametrize("acts", [0, 2], ids=["no more when a page comes", "on"])
async def test_a_follower_that_acts_while_everything_is_copied_keeps_what_it_decides(
    tmp_path: Path, acts: int
) -> None:
    with a_pair(tmp_path) as (leader, copy):
        set_up(leader, ping("m", channels=("c",)), webhook("c"))
        follower, asked_again = Follower(copy), anyio.Event()

        async def hear(scope: Scope) -> None:
            is_rows = scope["path"].endswith("/rows")
            if is_rows and b"thing=incident" in scope["query_string"] and follower.epoch == 1:
                await to_thread.run_sync(follower.promote, acts)
            elif follower.epoch > 1 and not is_rows:
                asked_again.set()

        async with (
            httpx.AsyncClient(trust_env=False) as http,
            serving(heard(app_of(leader, http), hear)) as url,
            LeaderClient(url, secret=SECRET) as asks,
            anyio.create_task_group() as tasks,
        ):
            copier = Copier(
                asks,
                copy,
                Clock(),
                anyio.Lock(),
                mirrors=True,
                may_copy=follower.may_copy,
                epoch=lambda: follower.epoch,
                own_epoch=lambda: follower.epoch,
            )
            tasks.start_soon(copier.run)
            with anyio.fail_after(20):
                await asked_again.wait()
            assert [one.id for one in copy.incidents()] == ["m/1"]
            assert copy.outbox_depth(NOON).waiting == 1
            tasks.cancel_scope.cancel()
