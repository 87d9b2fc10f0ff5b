"""Maintenance as the API and the status page show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from tests.leader.stage_memory import VIEWER
from tests.leader.stages import NOW, SECRET, Stage, client, down, up
from uptop_core.views import MonitorView
from uptop_leader.maintenance import Maintenance
from uptop_leader.maintenance_views import public_maintenances
from uptop_leader.public_views.banner import banner, overall
from uptop_leader.states import Belief, Maintained, Status

if TYPE_CHECKING:
    from uptop_core.monitors import Monitor

pytestmark = pytest.mark.anyio

DAY = 86_400.0


def planned(name: str, **facts: Any) -> Maintenance:
    chosen: dict[str, Any] = {} if facts.keys() & {"monitors", "tags"} else {"all": True}
    return Maintenance(id=name.lower(), name=name, **chosen, **facts)


def maintain(stage: Stage, monitor: Monitor) -> None:
    """The monitor is in maintenance for ten minutes."""
    under = Maintained(since=NOW - 600, names=("Upgrade",), status=Status.UP)
    stage.states[monitor.id] = replace(stage.states[monitor.id], maintenance=under)


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    stage.add_node("fra", "eu-west")
    stage.add("API", votes=[up("fra")])
    maintain(stage, stage.add("DB", Status.DOWN, [down("fra")]))
    stage.maintenances = [
        planned("Upgrade", start=NOW - 600, end=NOW + 600, tags=("none",)),
        planned("Nightly", rrule="FREQ=DAILY;BYHOUR=3", duration=3600.0),
        planned("Past", start=NOW - 2 * DAY, end=NOW - DAY),
        planned("Far", start=NOW + 8 * DAY, end=NOW + 9 * DAY),
    ]
    return stage


async def test_a_monitor_shows_maintenance_and_what_lies_beneath(stage: Stage) -> None:
    async with client(stage, token=VIEWER) as http:
        found = (await http.get("/api/v1/monitors?status=maintenance")).json()["monitors"]
    assert [view["name"] for view in found] == ["DB"]
    (view,) = found
    assert (view["status"], view["judged"], view["belief"]) == ("MAINTENANCE", "DOWN", "DOWN")
    assert view["since"] == round((NOW - 600) * 1000)
    assert view["maintenance"] == ["Upgrade"]
    assert view["error"]


async def test_all_maintenance_is_listed_with_its_time_that_is_now_or_next(stage: Stage) -> None:
    async with client(stage, token=VIEWER) as http:
        views = (await http.get("/api/v1/maintenance")).json()["maintenance"]
        one = (await http.get("/api/v1/maintenance/nightly")).json()
        missing = await http.get("/api/v1/maintenance/nothing")
    assert [(view["name"], view["active"]) for view in views] == [
        ("Upgrade", True),
        ("Nightly", False),
        ("Past", False),
        ("Far", False),
    ]
    assert views[0]["next_end"] == round((NOW + 600) * 1000)
    assert views[2]["next_start"] is None
    assert one.pop("settings") is None, "a viewer is not shown them"
    assert one == views[1]
    assert one["next_end"] - one["next_start"] == 3_600_000
    assert sorted(one["covered"]) == sorted(stage.monitors)
    assert missing.status_code == 404


async def test_only_who_may_read_sees_it(stage: Stage) -> None:
    async with client(stage) as http:
        assert (await http.get("/api/v1/maintenance")).status_code == 401


async def test_the_page_shows_what_is_under_way_and_the_next_seven_days(stage: Stage) -> None:
    async with client(stage) as http:
        page = (await http.get("/status")).text
    assert "Under way until" in page
    for name, is_shown in (("Upgrade", 1), ("Nightly", 1), ("Past", 0), ("Far", 0)):
        assert (f'<p class="name">{name}</p>' in page) == bool(is_shown)
    assert "Some systems are down for planned maintenance" in page
    assert "for 10 min, down" in page
    shown = public_maintenances(stage.calendar, stage.monitors, NOW)
    assert [(one.name, one.is_now, one.affected) for one in shown] == [
        ("Upgrade", True, ()),
        ("Nightly", False, ("API", "DB")),
    ]


async def test_metrics_tell_what_is_believed_beneath_it(stage: Stage) -> None:
    async with client(stage, secret=SECRET) as http:
        response = await http.get("/metrics")
    lines = [line for line in response.text.splitlines() if line.startswith("uptop_monitor_up{")]
    assert sorted(line.rpartition(" ")[2] for line in lines) == ["0.0", "1.0"]


def seen(status: str, judged: str = "", belief: str = "UP") -> MonitorView:
    return MonitorView(
        id=status + judged,
        name="m",
        type="http",
        since=0,
        status=status,
        judged=judged or status,
        belief="DOWN" if judged == "DOWN" else belief,
    )


@pytest.mark.parametrize(
    ("views", "status", "headline"),
    [
        ([seen("UP"), seen("MAINTENANCE", "UP")], Status.UP, "All systems are up"),
        ([seen("MAINTENANCE", "UP")], Status.UP, "All systems are up"),
        ([seen("UP"), seen("MAINTENANCE", "DOWN")], Status.MAINTENANCE, "down for planned"),
        ([seen("MAINTENANCE", "UNKNOWN")], Status.MAINTENANCE, "under planned maintenance"),
        ([seen("DEGRADED"), seen("MAINTENANCE", "DOWN")], Status.MAINTENANCE, "down for planned"),
        ([seen("DOWN"), seen("MAINTENANCE", "DOWN")], Status.DOWN, "Some systems are down"),
        ([seen("DOWN"), seen("MAINTENANCE", "UP")], Status.DOWN, "Some systems are down"),
        ([seen("PARTIAL"), seen("MAINTENANCE", "DOWN")], Status.PARTIAL, "from everywhere"),
        ([seen("UNKNOWN"), seen("MAINTENANCE", "DOWN")], Status.UNKNOWN, "cannot be judged"),
    ],
)
def test_maintenance_hides_no_outage_and_makes_nothing_well(
    views: list[MonitorView], status: Status, headline: str
) -> None:
    assert overall(views) is status
    assert headline in banner(views).headline


def test_a_paused_monitor_is_paused_in_maintenance_too(stage: Stage) -> None:
    monitor = stage.add("Off", Status.PAUSED)
    maintain(stage, monitor)
    state = stage.states[monitor.id]
    assert (state.shown, state.shown_since) == (Status.PAUSED, state.status_since)
    assert state.belief is Belief.UP
