"""Badges: two words in a small SVG, for READMEs and intranets. Pure."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from uptop_core.views import percent
from uptop_leader.states import Status

if TYPE_CHECKING:
    from uptop_leader.public_views.banner import Banner
    from uptop_leader.public_views.rows import Row

MEDIA = "image/svg+xml"
_COLOURS = {
    Status.UP: "#12704a",
    Status.DOWN: "#b3261e",
    Status.PARTIAL: "#8a5600",
    Status.DEGRADED: "#8a5600",
    Status.LATE: "#8a5600",
    Status.UNKNOWN: "#555aa0",
    Status.MAINTENANCE: "#2c68a8",
}
_IDLE = "#5d6862"
_NARROW, _WIDE = "iljtfrI.,:;|!'()[] ", "mwMW%@–—"
_SIZES = {"narrow": 4.2, "usual": 6.9, "wide": 10.4}
_GOOD, _FAIR = 99.5, 95.0  # percent of uptime


def status_badge(row: Row) -> str:
    """A monitor's name and status."""
    return drawn(row.name, row.status.lower(), _COLOURS.get(Status(row.status), _IDLE))


def uptime_badge(row: Row) -> str:
    """A monitor's name and its uptime of 90 days."""
    value = row.bars.uptime
    colour = _COLOURS[Status.UP]
    if value is None:
        colour = _IDLE
    elif value < _FAIR:
        colour = _COLOURS[Status.DOWN]
    elif value < _GOOD:
        colour = _COLOURS[Status.PARTIAL]
    return drawn(row.name, f"{percent(value)} in 90 days", colour)


def overall_badge(title: str, banner: Banner) -> str:
    """The banner of the page."""
    told = ", ".join(f"{count} {status.lower()}" for status, count in banner.counts) or "nothing"
    return drawn(title, told, _COLOURS.get(Status(banner.overall), _IDLE))


def drawn(label: str, words: str, colour: str) -> str:
    """A badge of a label and words on a colour."""
    left, right = _width(label) + 14, _width(words) + 14
    told = f"{escape(label)}: {escape(words)}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right:.0f}" height="20" role="img"'
        f' aria-label="{told}"><title>{told}</title>'
        f'<clipPath id="r"><rect width="{left + right:.0f}" height="20" rx="4"/></clipPath>'
        f'<g clip-path="url(#r)"><rect width="{left:.0f}" height="20" fill="#3d4541"/>'
        f'<rect x="{left:.0f}" width="{right:.0f}" height="20" fill="{colour}"/></g>'
        f'<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif"'
        f' font-size="11"><text x="{left / 2:.1f}" y="14" textLength="{left - 14:.0f}">'
        f'{escape(label)}</text><text x="{left + right / 2:.1f}" y="14"'
        f' textLength="{right - 14:.0f}">{escape(words)}</text></g></svg>'
    )


def _width(words: str) -> float:
    """About how wide the words are; the letters are set to just that width."""
    return sum(
        _SIZES["narrow" if char in _NARROW else "wide" if char in _WIDE else "usual"]
        for char in words
    )
