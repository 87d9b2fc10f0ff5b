"""The status page as values: groups and what they count, what is hidden, what has happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from tests.leader.stages import NOW, Stage, down, up
from uptop_core.checks.group import GroupCheck
from uptop_core.constants import TimeConstants
from uptop_leader.ballots import Rules
from uptop_leader.maintenance import Maintenance
from uptop_leader.maintenance_views import public_maintenances
from uptop_leader.posts import Post, PostKind
from uptop_leader.public_views.bars import bars, quarter
from uptop_leader.public_views.openness import Openness
from uptop_leader.public_views.page import Material, StatusPage, all_rows, status_page
from uptop_leader.states import Status
from uptop_leader.store.day_blocks import Days
from uptop_leader.views import Snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.fixture
def stage() -> Stage:
    return Stage()


def page(stage: Stage, days: Mapping[str, Days] | None = None, **switches: object) -> StatusPage:
    snapshot = Snapshot(
        now=stage.clock,
        monitors=stage.monitors,
        states=stage.states,
        nodes=stage.nodes,
        standings=stage.standings(),
        uptimes={},
        rules=Rules(constants=TimeConstants()),
    )
    when = quarter(stage.clock)
    material = Material(
        snapshot=snapshot,
        quarter=when,
        bars={one: bars(own, when) for one, own in (days or {}).items()},
        incidents=stage.store.incidents(limit=1000),
        posts=stage.store.posts.all,
        maintenance=public_maintenances(stage.calendar, stage.monitors, stage.clock),
        lately={},
    )
    return status_page("T", material, Openness(**switches))  # type: ignore[arg-type]


def post(name: str, at: float, kind: str, thread: str = "", **more: object) -> Post:
    return Post(
        id=name, thread=thread or name, kind=PostKind(kind), words=f"{kind}!", at=NOW + at,
        who="ada", **more,  # type: ignore[arg-type]
    )  # fmt: skip


def test_members_stand_under_their_groups_and_once_only(stage: Stage) -> None:
    outer = stage.add("Outer", check=GroupCheck())
    inner = stage.add("Inner", check=GroupCheck(), parent=outer.id)
    deep = stage.add("Deep", Status.DOWN, parent=inner.id)
    stage.add("Near", parent=outer.id)
    stage.add("Alone")
    stage.add("Orphan", parent="nobody")
    found = page(stage)
    assert [row.name for row in found.rows] == ["Alone", "Orphan"]
    assert [group.name for group in found.groups] == ["Outer"]
    assert [row.name for row in found.groups[0].groups[0].rows] == ["Deep"]
    assert deep.id in all_rows(found)
    assert found.groups[0].counts == (("DOWN", 1), ("UP", 1))
    assert found.banner.counts == (("DOWN", 1), ("UP", 3))


def test_groups_in_which_all_is_well_are_folded_where_there_are_many(stage: Stage) -> None:
    well, ill = (stage.add(name, check=GroupCheck()) for name in ("Well", "Ill"))
    for number in range(30):
        stage.add(f"a{number}", parent=well.id)
        stage.add(f"b{number}", Status.DOWN if number == 3 else Status.UP, parent=ill.id)
    assert [group.is_open for group in page(stage).groups] == [True, True]
    stage.add("one more")
    found = page(stage)
    sizes = [(group.is_open, sum(count for _, count in group.counts)) for group in found.groups]
    assert sizes == [(False, 30), (True, 30)]
    assert found.is_many


def test_the_page_counts_regions_and_names_none(stage: Stage) -> None:
    for node, region in (("fra", "eu"), ("nyc", "us"), ("sin", "ap")):
        stage.add_node(node, region)
    stage.add("API", Status.PARTIAL, [down("fra"), up("nyc"), up("sin")])
    stage.add("Site", votes=[up("fra"), up("nyc", ms=40)])
    rows = page(stage).rows
    assert [row.note for row in rows] == [
        "for 10 min, down from 1 of 3 regions",
        "seen from 2 regions",
    ]
    assert (rows[1].latency, rows[1].regions) == ("30 ms", ())
    named = page(stage, regions=True).rows
    assert [row.note for row in named] == ["for 10 min", ""]
    assert [(one.name, one.word) for one in named[0].regions] == [
        ("ap", "20 ms"),
        ("eu", "down"),
        ("us", "20 ms"),
    ]


def test_a_little_that_was_watched_is_not_nothing(stage: Stage) -> None:
    monitor = stage.add("New")
    days = Days.none(90)
    days.observed[89] = 60_000
    assert page(stage, days={monitor.id: days}).rows[0].covered == "under 0.1 %"
    assert page(stage).rows[0].covered == "0 %"


def test_why_and_what_are_told_only_where_they_may_be(stage: Stage) -> None:
    stage.add_node("fra", "eu")
    stage.add("API", Status.DOWN, [down("fra", detail="got it from 192.0.2.7")])
    row = page(stage).rows[0]
    assert (row.why, row.target) == ("", "")
    assert page(stage, errors=True).rows[0].why == "1 × HTTP 503"
    assert page(stage, targets=True).rows[0].target == "https://api.example.com/x"
    both = page(stage, errors=True, targets=True).rows[0]
    assert both.why == "1 × HTTP 503: got it from 192.0.2.7"


def test_what_has_a_hidden_tag_is_nowhere(stage: Stage) -> None:
    stage.add("Site")
    secret = stage.add("Secret", Status.DOWN, tags=("internal",))
    group = stage.add("Staff", check=GroupCheck(), tags=("internal",))
    stage.add("Wiki", Status.DOWN, parent=group.id)
    incident = stage.add_incident(secret, NOW - 60)
    stage.store.posts.all = [
        post("a", -50, "investigating", incident=incident.id),
        post("b", -40, "investigating", monitors=(secret.id,)),
    ]
    stage.maintenances = [
        Maintenance(id="x", name="X", start=NOW - 9, end=NOW + 9, monitors=(secret.id,))
    ]
    found = page(stage, hidden_tags=frozenset({"internal"}))
    assert [row.name for row in found.rows] == ["Site"]
    assert (found.groups, found.open, found.banner.overall) == ((), (), "UP")
    assert found.banner.headline == "All systems are up"
    assert len(page(stage).open) == 2


def test_a_titled_post_about_a_hidden_or_deleted_monitor_is_hidden_too(stage: Stage) -> None:
    site, secret, gone = (stage.add(name) for name in ("Site", "Secret", "Gone"))
    stage.monitors[secret.id] = replace(secret, tags=("internal",))
    seen, hidden, lost = (stage.add_incident(one, NOW - 99) for one in (site, secret, gone))
    del stage.monitors[gone.id]
    stage.store.posts.all = [
        post("a", -50, "investigating", incident=seen.id, title="Orders fail"),
        post("b", -50, "investigating", incident=hidden.id, title="db-07 burns"),
        post("c", -50, "investigating", incident=lost.id, title="It was ours"),
        post("d", -40, "investigating", title="All is slow"),
        post("e", -30, "identified", "d", incident=hidden.id),
        post("f", -20, "investigating", incident="nothing", title="Whose?"),
    ]
    found = page(stage, hidden_tags=frozenset({"internal"}))
    assert [one.title for one in found.open] == ["Orders fail"]
    assert {one.title for one in page(stage).open} == {"All is slow", "Orders fail"}


def test_incidents_of_groups_and_deleted_monitors_are_not_news(stage: Stage) -> None:
    api, gone = stage.add("API", Status.DOWN), stage.add("Gone")
    group = stage.add("Group", Status.DOWN, check=GroupCheck())
    for one in (api, gone, group):
        stage.add_incident(one, NOW - 90)
    del stage.monitors[gone.id]
    assert [(one.title, one.lasted) for one in page(stage).open] == [("API is down", "1 min")]


def test_an_incident_and_the_posts_about_it_are_one(stage: Stage) -> None:
    api = stage.add("API", Status.DOWN)
    incident = stage.add_incident(api, NOW - 600)
    stage.store.posts.all = [
        post("a", -500, "investigating", incident=incident.id, title="Orders fail"),
        post("b", -300, "identified", "a"),
    ]
    (item,) = page(stage).open
    assert (item.title, item.state, item.affected) == (
        "Orders fail",
        "identified",
        ((api.id, "API"),),
    )
    assert [one.kind for one in item.updates] == ["down", "investigating", "identified"]


def test_an_incident_is_told_until_people_have_said_that_it_is_resolved(stage: Stage) -> None:
    api = stage.add("API")
    incident = stage.add_incident(api, NOW - 7200, NOW - 3600)
    stage.store.posts.all = [post("a", -3000, "monitoring", incident=incident.id)]
    assert [one.title for one in page(stage).open] == ["API was down"]
    stage.clock = NOW + 86_400
    assert page(stage).open == ()
    stage.clock = NOW
    stage.store.posts.all.append(post("b", -20, "resolved", "a"))
    found = page(stage)
    assert (found.open, found.past[0].lasted) == ((), "1 h")


def test_people_may_write_of_what_no_monitor_saw(stage: Stage) -> None:
    api = stage.add("API")
    stage.store.posts.all = [post("a", -90, "identified", title="Slow", monitors=(api.id,))]
    (item,) = page(stage).open
    assert (item.title, item.status, item.affected) == ("Slow", "DEGRADED", ((api.id, "API"),))
    stage.store.posts.all.append(post("b", -30, "resolved", "a"))
    assert page(stage).past[0].lasted == "1 min"


def test_what_was_not_looked_at_yet_does_not_hide_that_all_else_is_up(stage: Stage) -> None:
    stage.add("Job", Status.PENDING, [])
    assert page(stage).banner.headline == "Waiting for the first checks"
    stage.add("Shop", Status.UP, [up("fra")])
    found = page(stage).banner
    assert (found.overall, found.headline) == (
        "PENDING",
        "All systems are up that have been looked at",
    )


def test_a_mass_outage_is_told_in_part(stage: Stage) -> None:
    for number in range(25):
        stage.add_incident(stage.add(f"m{number}", Status.DOWN), NOW - 60 - number)
    found = page(stage)
    assert (len(found.open), found.more_open) == (20, 5)
    assert found.banner.headline == "All systems are down"


def test_reasons_of_an_incident_are_told_only_where_they_may_be(stage: Stage) -> None:
    stage.add_node("fra", "eu")
    api = stage.add("API", Status.DOWN, [down("fra")])
    stage.add_incident(api, NOW - 60)
    words = page(stage).open[0].updates[0].words
    assert words == "Seen down from 1 region, confirmed after 10 s."
    words = page(stage, regions=True, errors=True).open[0].updates[0].words
    assert words == "Seen down from eu, confirmed after 10 s.\n2 × HTTP 503"
    words = page(stage, errors=True, targets=True).open[0].updates[0].words
    assert words.endswith("2 × HTTP 503: GET https://secret.example.com answered 503")


def test_an_incident_that_was_found_afterwards_says_so(stage: Stage) -> None:
    api = stage.add("API")
    late = replace(stage.add_incident(api, NOW - 600, NOW - 300), late=True)
    stage.store.written = [late]
    (item,) = page(stage).past
    assert item.is_late
    assert "found afterwards" in item.updates[0].words.lower()
