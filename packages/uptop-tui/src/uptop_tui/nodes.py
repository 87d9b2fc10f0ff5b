"""Nodes as rows of a table, and all that is known of one. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from textual.content import Content

from uptop_core.escaping import escape
from uptop_tui.evidence import ASIDE, milliseconds, saw
from uptop_tui.moments import ago, moment, span
from uptop_tui.screens.columns import Column
from uptop_tui.signs import BAD, GOOD, QUIET, WARNING, signed
from uptop_tui.troubles import trouble_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from uptop_core.views import CanariesView, MonitorView, NodeView, VoteView
    from uptop_tui.screens.table import Cells

COLUMNS = (
    Column(key="state", title="STATE", width=9),
    Column(key="name", title="NAME", width=12, share=1),
    Column(key="region", title="REGION", width=9, share=1),
    Column(key="heard", title="HEARD", width=10, rank=1, right=True),
    Column(key="lag", title="LAG", width=7, rank=2, right=True),
    Column(key="clock", title="CLOCK", width=8, rank=3, right=True),
    Column(key="missed", title="MISSED", width=6, rank=4, right=True),
    Column(key="lost", title="LOST", width=6, rank=4, right=True),
    Column(key="version", title="VERSION", width=8, rank=5),
    Column(key="trouble", title="TROUBLE", width=13, share=2),
)
VOTE_COLUMNS = (
    Column(key="sees", title="SEES", width=6),
    Column(key="monitor", title="MONITOR", width=14, share=1),
    Column(key="took", title="TOOK", width=8, rank=1, right=True),
    Column(key="when", title="WHEN", width=10, rank=2, right=True),
    Column(key="found", title="WHAT IT FOUND", width=20, share=2),
)
_UNPROVEN = ("isolated", "outweighed")


class Seen(NamedTuple):
    """What a node sees of a monitor."""

    monitor: MonitorView
    vote: VoteView


def cells(node: NodeView, now_ms: int) -> Cells:
    """The row of a node."""
    words = [trouble_words(trouble.kind, node) for trouble in node.troubles]
    style = BAD if node.state == "offline" or node.trouble == "blind" else WARNING
    return (
        signed(node.state),
        escape(node.name, 40),
        escape(node.region, 40) or "–",
        _heard_briefly(node, now_ms),
        f"{node.lag_ms} ms" if not node.own else "–",
        clock(node),
        f"{node.missed}" if node.missed else "–",
        f"{node.dropped}" if node.dropped else "–",
        escape(node.version, 20),
        Content.styled(", ".join(words), style),
    )


def ordered(nodes: Iterable[NodeView]) -> list[NodeView]:
    """Those in trouble first, those that have left last, else as they joined."""

    def place(node: NodeView) -> tuple[bool, bool, int, str]:
        return (node.state == "left", not node.troubles, node.joined, node.id)

    return sorted(nodes, key=place)


def heard(node: NodeView, now_ms: int) -> str:
    """How long ago it spoke."""
    if node.own:
        return "here"
    return f"{span((now_ms - node.heard) / 1000)} ago" if node.heard else "never"


def _heard_briefly(node: NodeView, now_ms: int) -> str:
    return heard(node, now_ms) if node.own or not node.heard else ago(node.heard, now_ms)


def clock(node: NodeView) -> str:
    """How far its clock is ahead of the leader's."""
    if node.offset_ms is None:
        return "–"
    off = node.offset_ms
    return f"{off:+d} ms" if abs(off) < 1000 else f"{off / 1000:+.1f} s"


def about(node: NodeView, monitors: Iterable[MonitorView], now_ms: int) -> Content:
    """All that is known of one node, in lines."""
    return Content("\n").join(_lines(node, list(monitors), now_ms))


def _lines(node: NodeView, monitors: list[MonitorView], now_ms: int) -> Iterator[Content]:
    title = escape(node.name, 60)
    if node.id != node.name:
        title += f" ({escape(node.id, 60)})"
    own = ", the leader's own" if node.own else ""
    yield Content.assemble((title, "bold"), f"{own} — joined {moment(node.joined, now_ms)}")
    for trouble in node.troubles:
        since = f" since {moment(trouble.since, now_ms)}" if trouble.since is not None else ""
        yield Content.styled(f"▼ {trouble_words(trouble.kind, node)}{since}", BAD)
    where = [f"region {escape(node.region, 60) or 'none'}", f"heard {heard(node, now_ms)}"]
    if node.address:
        where.append(f"from {escape(node.address, 60)}")
    where.append(f"version {escape(node.version, 40) or 'unknown'}")
    yield Content(" · ".join(where))
    if work := " · ".join(_work(node)):
        yield Content(work)
    if node.canaries is not None:
        yield Content(_canaries(node.canaries, now_ms))
    if node.dropped:
        yield Content.styled(_lost(node, now_ms), WARNING)
    if not node.own:
        yield _key(node, now_ms)
    yield from _sees(node, monitors)
    if node.kinds:
        yield Content.styled(f"checks {', '.join(escape(kind, 20) for kind in node.kinds)}", QUIET)


def _work(node: NodeView) -> Iterator[str]:
    if node.offset_ms is not None:
        off = "off" if node.is_clock_off else "right"
        rtt = f", measured within {node.rtt_ms} ms" if node.rtt_ms is not None else ""
        yield f"clock {off} ({clock(node)}{rtt})"
    if not node.own:
        yield f"checks begin at most {node.lag_ms} ms late"
        yield f"{node.missed} not begun in time" if node.missed else "none missed"
    if node.waiting is not None:
        yield f"spool: {node.waiting} waiting"
    if not node.dropped and not node.own:
        yield "nothing lost" if node.waiting is not None else "spool: nothing lost"


def _canaries(canaries: CanariesView, now_ms: int) -> str:
    """How many it has, and what they said when it doubted its own line."""
    words = (
        f"{canaries.count} {'canary' if canaries.count == 1 else 'canaries'}, asked only in doubt"
    )
    if canaries.asked is None:
        return f"{words}; not asked yet"
    said = [f"{canaries.up} of {canaries.count} answered"]
    if canaries.failed:
        said.append(f"{canaries.failed} did not")
    if (rest := canaries.count - canaries.up - canaries.failed) > 0:
        said.append(f"{rest} not waited for")
    return f"{words}; last at {moment(canaries.asked, now_ms)}: {', '.join(said)}"


def _key(node: NodeView, now_ms: int) -> Content:
    """With which credential it comes."""
    if not node.has_key:
        return Content("no key of its own: it comes with the cluster's secret")
    used = "not used yet" if node.key_used is None else f"used last {moment(node.key_used, now_ms)}"
    return Content(f"key of its own, {used}")


def _lost(node: NodeView, now_ms: int) -> str:
    words = f"spool: {node.dropped} results lost, since it was full"
    if node.lost_from is not None and node.lost_until is not None:
        times = f"{moment(node.lost_from, now_ms)} and {moment(node.lost_until, now_ms)}"
        words += f"; observed between {times}"
    return words


def votes_of(node: str, monitors: Iterable[MonitorView]) -> list[Seen]:
    """What a node sees of every monitor that it votes on, what is down first."""
    found = [
        Seen(monitor, vote)
        for monitor in monitors
        for vote in monitor.votes
        if vote.node == node and (vote.fresh or vote.aside in _UNPROVEN)
    ]
    return sorted(found, key=lambda seen: (seen.vote.up, seen.monitor.name.casefold()))


def vote_cells(seen: Seen, now_ms: int) -> Cells:
    """The row of a vote of a node."""
    vote = seen.vote
    word = Content.styled("● up", GOOD) if vote.up else Content.styled("▼ down", BAD)
    found = escape(saw(vote), 200)
    if vote.aside:
        found += f" — {ASIDE.get(vote.aside, escape(vote.aside, 40))}"
    return (
        word,
        escape(seen.monitor.name, 60),
        "–" if vote.latency_ms is None else milliseconds(vote.latency_ms),
        ago(vote.observed, now_ms),
        found,
    )


def _sees(node: NodeView, monitors: list[MonitorView]) -> Iterator[Content]:
    """What it looks at, and what it sees down."""
    votes = votes_of(node.id, monitors)
    if not votes:
        yield Content("it votes on no monitor now")
        return
    down = [seen.monitor.name for seen in votes if not seen.vote.up]
    words = f"sees {len(votes) - len(down)} of {len(votes)} monitors up"
    if not down:
        yield Content(words)
        return
    named = ", ".join(escape(name, 40) for name in down[:8])
    rest = f" and {len(down) - 8} more" if len(down) > 8 else ""
    yield Content.assemble(words, ("; down: ", BAD), named, rest)
