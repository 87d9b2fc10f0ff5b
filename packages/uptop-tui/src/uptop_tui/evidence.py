"""What one node saw, for people: the lines of a vote as they stand below an incident. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from uptop_core.escaping import escape
from uptop_tui.moments import moment
from uptop_tui.signs import BAD, GOOD, QUIET, WARNING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from uptop_core.views import PhasesView, VoteView

_INDENT = " " * 8
_DOT = " · "
ASIDE = {
    "isolated": "does not count: nothing proved that the node's own line worked",
    "outweighed": "does not count: only the leader proved the node's line, and others saw it up",
    "fault": "does not count: a fault of our own, or of the settings",
    "stale": "does not count: too old",
    "offline": "does not count: the node is offline",
    "not_expected": "does not count: the node is not asked about this monitor now",
}
_PROOFS = {"host": "another host answered it", "leader": "only the leader answered it"}
_PHASES = (
    ("dns_ms", "dns"),
    ("connect_ms", "connect"),
    ("tls_ms", "tls"),
    ("first_byte_ms", "first byte"),
    ("transfer_ms", "transfer"),
)


def evidence(votes: Iterable[VoteView], now_ms: int, width: int = 80) -> Content:
    """Every vote, those that saw it down first, so many columns wide."""
    ordered = sorted(votes, key=lambda vote: (vote.up, vote.region, vote.name))
    lines = [line for vote in ordered for line in vote_lines(vote, now_ms, width)]
    return Content("\n").join(lines) if lines else Content("no votes: nobody was asked")


def vote_lines(vote: VoteView, now_ms: int, width: int = 80) -> Iterator[Content]:
    """One vote: who saw what and when, and below it what else is known."""
    sign, word, style = ("●", "up", GOOD) if vote.up else ("▼", "down", BAD)
    head = Content.assemble(
        (f"{sign} {word:<4}", style),
        f"  {place(vote)}",
        (f"  {moment(vote.observed, now_ms)}", QUIET),
    )
    said, room = Content(escape(saw(vote), 200)), max(20, width - len(_INDENT))
    if head.cell_length + 2 + said.cell_length <= width:
        yield Content.assemble(head, "  ", said) if said else head
    else:
        yield head
        yield from (Content.assemble(_INDENT, line) for line in said.wrap(room))
    for line in _lines(_facts(vote), room):
        yield Content.styled(_INDENT + line, QUIET)
    for condition in vote.failed:
        found = f"{escape(condition.text, 120)} — found {escape(condition.found, 80)}"
        yield Content(f"{_INDENT}{'soft ' if condition.soft else ''}condition failed: {found}")
    if vote.aside:
        yield Content.styled(f"{_INDENT}{ASIDE.get(vote.aside, escape(vote.aside, 40))}", WARNING)


def place(vote: VoteView) -> str:
    """Who looked and from where: `fra-1 (eu-west)`."""
    name = escape(vote.name or vote.node, 40)
    return f"{name} ({escape(vote.region, 40)})" if vote.region else name


def saw(vote: VoteView) -> str:
    """What a node found, in a few words; empty where it found nothing wrong."""
    return vote.detail or (vote.reason or "").replace("_", " ")


def phases(view: PhasesView) -> str:
    """How long each phase took, those that took any time: `dns 1 ms · connect 20 ms`."""
    return _DOT.join(_took(view))


def _took(view: PhasesView) -> Iterator[str]:
    told = ((word, getattr(view, name)) for name, word in _PHASES)
    return (f"{word} {milliseconds(took)}" for word, took in told if took)


def _lines(facts: Iterable[str], room: int) -> Iterator[str]:
    """Facts beside each other, as many as a line has room for; none is parted from its number."""
    line = ""
    for fact in facts:
        longer = f"{line}{_DOT}{fact}" if line else fact
        if line and Content(longer).cell_length > room:
            yield line
            longer = fact
        line = longer
    if line:
        yield line


def milliseconds(took: float) -> str:
    """`< 0.1 ms`, `0.4 ms`, `12 ms`, `1.5 s`."""
    if took < 0.05:
        return "< 0.1 ms"
    if took < 9.95:
        return f"{took:.1f} ms"
    return f"{took:.0f} ms" if took < 1000 else f"{took / 1000:.1f} s"


def _facts(vote: VoteView) -> Iterator[str]:
    if vote.status_code is not None and f"HTTP {vote.status_code}" not in vote.detail:
        yield f"HTTP {vote.status_code}"
    if vote.latency_ms is not None:
        yield f"took {milliseconds(vote.latency_ms)}"
    if vote.phases is not None:
        yield from _took(vote.phases)
    if vote.address:
        yield f"at {escape(vote.address, 60)}"
    if vote.proof in _PROOFS:
        yield f"line: {_PROOFS[vote.proof]}"
