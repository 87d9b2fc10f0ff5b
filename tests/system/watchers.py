"""A browser for tests, and what is asked of a page in it."""

from __future__ import annotations

import json
import os
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest

from docs.browser import NAMES, chromium

if TYPE_CHECKING:
    from docs.browser import Tab

_RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice")


def need_browser() -> None:
    """Skip without a browser, and say why; CI has one, and skips nothing."""
    if chromium() is None and "CI" not in os.environ:
        pytest.skip(f"no browser here looks at the page: one of {', '.join(NAMES)} is needed")


async def violations(tab: Tab) -> list[str]:
    """What axe finds wrong with a page: contrast, names, roles, order of headings and more."""
    await tab.js(f"{_axe()}; true")
    options = json.dumps({"runOnly": list(_RULES)})
    found: list[dict[str, Any]] = await tab.js(
        f"axe.run(document, {options}).then((all) => all.violations.map((one) => ({{id: one.id,"
        f" nodes: one.nodes.map((node) => node.html.slice(0, 160) + ' ' + node.failureSummary)}})))"
    )
    return [f"{one['id']}: {node}" for one in found for node in one["nodes"]]


@cache
def _axe() -> str:
    return (resources.files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")


async def place_of(tab: Tab, selector: str) -> tuple[float, float, float, float]:
    """Where the first match is seen, after it was scrolled to: left, top, width, height."""
    found = await tab.js(
        f"new Promise((done) => {{ const one = document.querySelector({json.dumps(selector)});"
        " one.scrollIntoView({block: 'center', behavior: 'instant'});"
        " const told = () => { const box = one.getBoundingClientRect();"
        " done([box.left, box.top, box.width, box.height]); };"
        " requestAnimationFrame(() => requestAnimationFrame(told)); })"
    )
    left, top, width, height = found
    return left, top, width, height


async def text_of(tab: Tab, selector: str) -> str:
    """The text of the first match, as it is seen; empty without one."""
    found: str = await tab.js(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''")
    return found
