"""How every monitor was in each region lately, made anew when something was rolled up.

To read it costs nothing; to make it, some 0.3 ms of CPU per monitor with three regions, each five
minutes. So a page or a scrape of all monitors can show it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio import to_thread

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uptop_leader.nodes import Node
    from uptop_leader.store.regions import Regional
    from uptop_leader.store.store import Store

WINDOW_S = 3600.0
_STEP_S = 300.0

ByRegion = dict[str, dict[str, "Regional"]]
"""Monitor id → region → how it was there."""


class Lately:
    """`regional` is of the last hour, in whole five minutes; it is replaced and never changed."""

    def __init__(self) -> None:
        self.regional: ByRegion = {}
        self._made = float("-inf")

    async def follow(
        self, store: Store, nodes: Mapping[str, Node], now: float, *, is_new: bool
    ) -> None:
        """Make it anew where buckets were rolled up (`is_new`), or time has left some behind."""
        if is_new or now - self._made >= _STEP_S:
            regions = {node.id: node.region for node in nodes.values()}
            self.regional = await to_thread.run_sync(store.regional_of_all, regions, now, WINDOW_S)
            self._made = now
