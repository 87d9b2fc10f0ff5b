"""A static copy of the status page: files that any web space can serve, so that the page survives the
outage that it tells of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptop_core.errors import ConfigError, Problem
from uptop_leader.pages.site import FEEDS, updated_ms
from uptop_leader.public_views.page import all_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from uptop_leader.pages.site import Moment, Site

_MARK = ".uptop-status"
_OURS = ("incidents", "monitors", "badges")


def export(site: Site, moment: Moment, folder: Path, root: str = "") -> int:
    """Write the copy and return how many files it has. `root` is the address of the copy with a
    slash behind it, for the links of feeds. Readers never see half a file, and the front page is
    written last.

    Raises ConfigError for a folder that holds something else.
    """
    _take(folder)
    written: set[Path] = set()
    for name, content in _files(site, moment, root):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        _put(path, content)
        written.add(path)
    _clean(folder, written)
    return len(written)


def _files(site: Site, moment: Moment, root: str) -> Iterator[tuple[str, bytes]]:
    for name, content in site.renderer.files.items():
        yield f"static/{name}", content
    page, past = site.page(moment), site.past(moment)
    rows = all_rows(page)
    linked = {item.id: None for item in (*page.open, *page.past, *past)}
    for monitor in rows:
        yield f"monitors/{monitor}.html", _text(site.monitor(moment, monitor))
        linked |= {item.id: None for item in site.past_of(moment, monitor)}
        for badge in (monitor, f"{monitor}-uptime"):
            yield f"badges/{badge}.svg", _text(site.badge(page, badge))
    yield "badges/overall.svg", _text(site.badge(page, "overall"))
    for item in linked:
        yield f"incidents/{item}.html", _text(site.happening(moment, item))
    for name in FEEDS:
        yield name, site.feed(name, past, root, updated_ms(moment))
    yield "status.json", site.statuses(moment)
    yield "history.html", site.history(past).encode()
    yield "index.html", site.status(page).encode()


def _text(made: str | None) -> bytes:
    return (made or "").encode()


def _take(folder: Path) -> None:
    """Make the folder, or see that it is one of ours: what is not written any more is removed."""
    folder.mkdir(parents=True, exist_ok=True)
    mark = folder / _MARK
    if not mark.exists():
        if any(folder.iterdir()):
            raise ConfigError([Problem("DIR", f"{folder} holds other files: name an empty one")])
        mark.write_text("This folder is written by uptop-leader export-status.\n")


def _put(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)


def _clean(folder: Path, written: set[Path]) -> None:
    """Remove what an earlier copy had and this one has not: it may be hidden now."""
    for name in _OURS:
        for path in (folder / name).glob("*.*"):
            if path not in written:
                path.unlink()
