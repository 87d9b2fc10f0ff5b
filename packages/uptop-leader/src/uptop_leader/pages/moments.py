"""Moments and days for people, in any time zone. Pure.

A page is made once, in the zone that is set; who asks for another one gets the same page with its
`<time>` elements written anew. With JavaScript they are written in the reader's own zone.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial

from markupsafe import Markup

from uptop_leader.zones import zone

_TIME = re.compile(r'<time datetime="([^"]+)" data-as="(\w+)">[^<]*</time>')
_FORMS = {"moment": "%d %b %Y, %H:%M", "clock": "%H:%M", "day": "%d %b %Y", "month": "%B %Y"}


def time_element(ms: int, form: str, zone_name: str) -> Markup:
    """A `<time>` element of Unix milliseconds. `form` is moment (date and time), clock (time of
    day) or day.
    """
    return Markup('<time datetime="{}" data-as="{}">{}</time>').format(
        iso(ms), form, told(ms, form, zone_name)
    )


def told(ms: int, form: str, zone_name: str) -> str:
    """A moment in words, with the name of the zone where it has a time of day."""
    then = datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone(zone_name))
    words = then.strftime(_FORMS[form]).removeprefix("0") if form != "clock" else f"{then:%H:%M}"
    return words if form in ("day", "month") else f"{words} {then.tzname()}"


def in_zone(html: str, zone_name: str) -> str:
    """A page with its moments in another zone."""
    return _TIME.sub(partial(_again, zone_name), html)


def _again(zone_name: str, found: re.Match[str]) -> str:
    ms = round(datetime.fromisoformat(found[1]).timestamp() * 1000)
    return time_element(ms, found[2], zone_name)


def iso(ms: int) -> str:
    """Unix milliseconds as RFC 3339 has it, in whole seconds."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
