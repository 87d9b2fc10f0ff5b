"""What is hidden on the status page stays hidden in what groups and posts say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.leader.desks import Desk, at_the_desk
from tests.leader.helms import api, hook
from uptop_core.checks.group import GroupCheck
from uptop_core.monitors import Monitor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.anyio

_SECRET = "billing-db-07 burns"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Of a leader with a group, of which one member is hidden and down."""
    things = (
        hook(),
        Monitor(id="g", name="Group", check=GroupCheck()),
        Monitor(id="s", name="Staff", check=GroupCheck(), parent="g"),
        api("secret", tags=("internal",), parent="s"),
        api("shown", parent="g"),
    )
    switches: dict[str, Any] = {"status_enabled": True, "status_hidden_tags": ("internal",)}
    async with at_the_desk(tmp_path / "uptop.db", *things, **switches) as opened:
        await opened.helm.register("p")
        await opened.helm.sees("p", "shown")
        await opened.helm.goes_down("p", "secret")
        yield opened


async def _written(desk: Desk, monitor: str, title: str) -> tuple[str, str]:
    """The ids of the incident of a monitor and of a post about it."""
    incident = next(one.id for one in desk.helm.incidents() if one.monitor == monitor)
    body = {"kind": "identified", "title": title, "words": "We know.", "incident": incident}
    return incident, (await desk.ask("POST", "/posts", body)).json()["id"]


async def test_a_post_about_a_hidden_incident_is_nowhere(desk: Desk) -> None:
    for happening in await _written(desk, "secret", _SECRET):
        assert (await desk.look(f"/status/incidents/{happening}")).status_code == 404
    for path in ("/status", "/status/history", "/status/feed.atom", "/status/feed.rss"):
        page = await desk.look(path)
        assert page.status_code == 200
        assert "billing" not in page.text


async def test_a_post_is_shown_with_its_incident_however_long_ago_that_was(desk: Desk) -> None:
    _, secret = await _written(desk, "secret", _SECRET)
    await desk.helm.goes_down("p", "shown")
    incident, post = await _written(desk, "shown", "Orders fail")
    named = desk.helm.store.incidents_of({incident, "nothing"})
    assert [one.id for one in named] == [incident]
    assert desk.helm.store.incidents_of(()) == []
    assert [one.id for one in desk.helm.store.posts.about(incident)] == [post]
    for happening in (incident, post):
        assert "Orders fail" in (await desk.look(f"/status/incidents/{happening}")).text
    assert "Orders fail" in (await desk.look("/status")).text
    assert (await desk.look(f"/status/incidents/{secret}")).status_code == 404


async def test_a_group_is_as_its_shown_members_are(desk: Desk) -> None:
    assert desk.helm.state("g").status.value == "DOWN"
    told = (await desk.look("/status/json")).json()
    assert told["overall"] == "UP"
    rows = {one["id"]: one for one in told["monitors"]}
    assert rows.keys() == {"g", "shown"}
    assert (rows["g"]["status"], rows["g"]["uptime_24h"]) == ("UP", None)
    assert rows["g"]["since"] == rows["shown"]["since"]
    assert rows["shown"]["uptime_24h"] == 100
    assert "is-down" not in (await desk.look("/status")).text
