"""Channels as rows of a table, and all that is known of one. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from uptop_core.escaping import escape
from uptop_tui.moments import ago, brief, moment
from uptop_tui.screens.columns import Column
from uptop_tui.signs import BAD, GOOD, QUIET

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from uptop_core.views import ChannelView, MonitorView
    from uptop_tui.screens.table import Cells

COLUMNS = (
    Column(key="health", title="HEALTH", width=14),
    Column(key="name", title="NAME", width=14, share=2),
    Column(key="type", title="KIND", width=9, rank=1),
    Column(key="sent", title="SENT", width=6, rank=3, right=True),
    Column(key="failed", title="FAILED", width=6, rank=3, right=True),
    Column(key="last", title="LAST SENT", width=12, rank=2, right=True),
    Column(key="used", title="MONITORS", width=8, rank=4, right=True),
    Column(key="fallback", title="FALLBACK", width=10, share=1, rank=5),
)
_NAME_LIMIT = 60


def cells(channel: ChannelView, names: dict[str, str], used: int, now_ms: int) -> Cells:
    """The row of a channel; `names` are those of all channels, `used` counts its monitors."""
    sent = channel.last_sent
    return (
        health(channel, now_ms),
        escape(channel.name, _NAME_LIMIT),
        escape(channel.type, 20),
        str(channel.sent),
        str(channel.failed) if channel.failed else "–",
        "never" if sent is None else ago(sent, now_ms),
        str(used) if used else "–",
        escape(names.get(channel.fallback or "", "–"), _NAME_LIMIT),
    )


def health(channel: ChannelView, now_ms: int) -> Content:
    """Whether it gets through."""
    if channel.failing_since is not None:
        return Content.styled(f"▼ fails {brief((now_ms - channel.failing_since) / 1000)}", BAD)
    if channel.last_sent is not None:
        return Content.styled("● works", GOOD)
    return Content.styled("○ not used yet", QUIET)


def used_by(channel: str, monitors: Iterable[MonitorView]) -> list[str]:
    """The names of the monitors that tell it."""
    return sorted(view.name for view in monitors if channel in view.channels)


def about(
    channel: ChannelView, names: dict[str, str], monitors: Iterable[MonitorView], now_ms: int
) -> Content:
    """All that is known of one channel, in lines."""
    return Content("\n").join(_lines(channel, names, used_by(channel.id, monitors), now_ms))


def _lines(
    channel: ChannelView, names: dict[str, str], used: list[str], now_ms: int
) -> Iterator[Content]:
    kind = escape(channel.type, 20)
    yield Content.assemble((escape(channel.name, _NAME_LIMIT), "bold"), f" — {kind}")
    if channel.failing_since is not None:
        yield Content.styled(f"▼ fails since {moment(channel.failing_since, now_ms)}", BAD)
    if channel.last_error:
        failed = channel.last_failed
        when = f" ({moment(failed, now_ms)})" if failed is not None else ""
        yield Content(f"last error{when}: {escape(channel.last_error, 300)}")
    last = f", the last {moment(channel.last_sent, now_ms)}" if channel.last_sent else ""
    sent = f"{channel.sent or 'nothing'} sent{last}"
    yield Content(f"{sent} · {channel.failed or 'none'} failed")
    if channel.fallback is not None:
        name = escape(names.get(channel.fallback, channel.fallback), _NAME_LIMIT)
        yield Content(f"falls back on {name}: {channel.passed_on} passed on")
    shown = ", ".join(escape(name, 40) for name in used[:8])
    more = f" and {len(used) - 8} more" if len(used) > 8 else ""
    yield Content(f"told by {shown}{more}" if used else "no monitor tells it")
