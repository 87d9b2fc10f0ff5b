"""What is known of one monitor, in words: how it stands, how it is looked at, and when next. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from uptop_core.escaping import escape
from uptop_core.views import percent
from uptop_tui.moments import moment, span
from uptop_tui.overview import error_of
from uptop_tui.signs import BAD, QUIET, WARNING, rank_of, sign_of, signed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from uptop_core.history_views import RangeView, RegionView
    from uptop_core.views import IncidentView, MonitorView, PushView

_LABEL = 11


def facts(
    view: MonitorView,
    monitors: Mapping[str, MonitorView],
    incident: IncidentView | None,
    now: int,
) -> Content:
    """All of it, a line each. `now` is Unix ms."""
    return Content("\n").join(
        (
            _state(view, now),
            *_troubles(view, incident, now),
            *(
                Content.assemble((f"{label:<{_LABEL}}", QUIET), words)
                for label, words in _facts(view, monitors, now)
                if words
            ),
        )
    )


def _state(view: MonitorView, now: int) -> Content:
    sign = sign_of(view.status)
    lasts = span((now - view.since) / 1000)
    return Content.assemble(
        (f"{sign.sign} {sign.word}", f"bold {sign.style}"),
        f" for {lasts}, since {moment(view.since, now)}",
        "  ↻ being rechecked" if view.rechecking else "",
    )


def _troubles(view: MonitorView, incident: IncidentView | None, now: int) -> Iterator[Content]:
    if error := error_of(view):
        yield Content.styled(escape(error, 400), BAD if view.status == "DOWN" else WARNING)
    if incident is None:
        return
    taken = incident.acknowledged
    words = f"incident #{incident.number}, open for {span((now - incident.started) / 1000)}"
    if taken is not None:
        note = f": {escape(taken.note, 200)}" if taken.note else ""
        words += f", ✓ acknowledged by {escape(taken.by, 60)}{note}"
    yield Content(words)


def _facts(
    view: MonitorView, monitors: Mapping[str, MonitorView], now: int
) -> Iterator[tuple[str, str]]:
    yield "target", escape(view.target, 200)
    yield "looked at", _how(view)
    yield "next", next_look(view, now)
    if view.push is not None:
        yield "job", _job(view.push, now)
    if view.cert_end is not None:
        days = (view.cert_end - now) // 86_400_000
        left = f"in {days} days" if days >= 0 else "it has ended"
        yield "certificate", f"ends {moment(view.cert_end, now)}, {left}"
    yield "group", _names((view.parent,) if view.parent else (), monitors)
    yield "depends on", _names(view.depends_on, monitors)
    yield "tags", ", ".join(escape(tag, 60) for tag in view.tags)
    yield "about", escape(view.description, 400)
    yield "runbook", escape(view.runbook, 300)


def _how(view: MonitorView) -> str:
    if view.type in ("group", "push"):
        return escape(view.type, 20)
    where = ", ".join(escape(region, 40) for region in view.regions) or "everywhere"
    agreed = f", {escape(view.aggregation, 40)}" if view.aggregation else ""
    words = f"{escape(view.type, 20)}, every {view.interval:g} s, timeout {view.timeout:g} s"
    return f"{words}, from {where}{agreed}"


def next_look(view: MonitorView, now: int) -> str:
    """When it is looked at next, as far as the votes tell."""
    if view.paused:
        return "not while it is paused"
    if view.type == "group":
        return "as its members are"
    if view.push is not None:
        return ""
    if view.rechecking:
        return "now, by all of its nodes"
    due = [vote.observed + round(view.interval * 1000) for vote in view.votes if vote.fresh]
    if not due:
        return "as soon as a node has it"
    return f"in about {span(max(0, min(due) - now) / 1000)}"


def _job(push: PushView, now: int) -> str:
    parts = [f"heard {moment(push.heard, now)}" if push.heard is not None else "not heard yet"]
    if push.started is not None:
        parts.append(f"running since {moment(push.started, now)}")
    if push.run_time_ms is not None:
        parts.append(f"took {span(push.run_time_ms / 1000)}")
    if push.cron:
        zone = escape(push.timezone or "UTC", 40)
        parts.append(f"due at {escape(push.cron, 60)} ({zone})")
    if push.late_at is not None:
        parts.append(f"late from {moment(push.late_at, now)}")
    if push.down_at is not None:
        parts.append(f"down from {moment(push.down_at, now)}")
    return ", ".join(parts)


def _names(ids: Iterable[str], monitors: Mapping[str, MonitorView]) -> str:
    found = (monitors[id].name if id in monitors else id for id in ids)
    return ", ".join(escape(name, 60) for name in found)


def members(group: str, monitors: Mapping[str, MonitorView]) -> Content:
    """The members of a group, those that need somebody first, a line each."""
    found = [view for view in monitors.values() if view.parent == group]
    found.sort(key=lambda view: (rank_of(view.status), view.name.casefold()))
    lines = [
        Content.assemble(
            signed(view.status),
            f"  {escape(view.name, 60)}",
            (f"  {escape(error_of(view), 200)}", QUIET) if error_of(view) else "",
        )
        for view in found
    ]
    return Content("\n").join(lines) if lines else Content("it has no members")


def windows(ranges: Iterable[RangeView]) -> Content:
    """Uptimes of the windows that end now, a line each."""
    lines = []
    for one in ranges:
        words = [f"covered {percent(one.covered, 1)}"] if one.covered < 100 else []
        if one.outages:
            count = "1 outage" if one.outages == 1 else f"{one.outages} outages"
            words.append(f"{count}, down {span(one.down_s)}")
        told = f"{one.range:>4}  {percent(one.uptime, 3):>10}  {', '.join(words)}"
        lines.append(told.rstrip())
    return Content("\n".join(lines))


def region_line(region: RegionView) -> Content:
    """A region in the window: status, percentiles, uptime, checks."""
    sign = sign_of(region.status)
    middle = (region.p50_ms, region.p95_ms, region.p99_ms)
    took = " · ".join(
        f"{name} {value:.3g}"
        for name, value in zip(("p50", "p95", "p99"), middle, strict=True)
        if value is not None
    )
    failed = f", {region.failed} failed" if region.failed else ""
    parts = (
        f"{took} ms" if took else "",
        percent(region.uptime),
        f"{region.checks} checks{failed}",
    )
    return Content.assemble(
        (f"{sign.sign} {sign.word} ", sign.style),
        (escape(region.region, 40) or "no region", "bold"),
        "  " + " · ".join(part for part in parts if part),
    )
