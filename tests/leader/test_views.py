"""Values to what is shown."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.leader.stage_memory import Seen
from tests.leader.stages import NOW, Stage, down, up
from uptop_core.checks.dns import DnsCheck
from uptop_core.checks.group import GroupCheck
from uptop_core.checks.http import HttpCheck
from uptop_core.checks.port import PortCheck
from uptop_core.checks.push import PushCheck
from uptop_core.constants import TimeConstants
from uptop_core.outcomes import Reason, Timings
from uptop_core.views import MonitorView, PhasesView, percent
from uptop_core.votes import Vote
from uptop_leader.ballots import Rules
from uptop_leader.incident_views import incident_view
from uptop_leader.node_views import node_views
from uptop_leader.percents import uptime_percent
from uptop_leader.public_views.banner import overall
from uptop_leader.states import PushState, Run, Status
from uptop_leader.views import Snapshot, monitor_view, monitor_views, target_of


def unproven(proof: str) -> Vote:
    """A network failure and what it is worth."""
    return Vote(
        node="sin", observed=NOW - 1, up=False, reason=Reason.TIMEOUT,
        proof=proof, isolated=proof == "none",
    )  # fmt: skip


@pytest.fixture
def stage() -> Stage:
    """A leader with three nodes in three regions."""
    stage = Stage()
    for node, region in (("fra", "eu-west"), ("nyc", "us-east"), ("sin", "ap-south")):
        stage.add_node(node, region)
    return stage


def _snapshot(stage: Stage) -> Snapshot:
    return Snapshot(
        now=stage.clock,
        monitors=stage.monitors,
        states=stage.states,
        nodes=stage.nodes,
        standings=stage.standings(),
        uptimes=stage.store.uptimes,
        rules=Rules(constants=TimeConstants()),
    )


def _view(stage: Stage, name: str) -> MonitorView:
    return next(view for view in monitor_views(_snapshot(stage)) if view.name == name)


def test_votes_are_counted_as_up_of_fresh(stage: Stage) -> None:
    stage.add("API", votes=[up("fra"), down("nyc"), up("sin")])
    view = _view(stage, "API")
    assert (view.votes_up, view.votes_fresh, view.votes_expected) == (2, 3, 3)


@pytest.mark.parametrize(
    "vote",
    [
        up("sin", ago=500),
        up("gone"),
        Vote(node="sin", observed=NOW, up=False, reason=Reason.INTERNAL_ERROR),
        Vote(node="sin", observed=NOW, up=False, reason=Reason.BLOCKED_TARGET),
    ],
)
def test_stale_lost_and_abstaining_votes_are_shown_and_not_counted(
    stage: Stage, vote: Vote
) -> None:
    stage.add("API", votes=[up("fra"), vote])
    view = _view(stage, "API")
    assert (view.votes_fresh, len(view.votes)) == (1, 2)


def test_a_vote_shows_how_long_its_phases_took(stage: Stage) -> None:
    timings = Timings(connect_ns=1_500_000, tls_ns=2_000_000, total_ns=4_000_000)
    monitor = stage.add("Site", votes=[replace(up("fra"), timings=timings)])
    (vote,) = monitor_view(_snapshot(stage), monitor).votes
    assert vote.phases == PhasesView(connect_ms=1.5, tls_ms=2.0)


def test_the_vote_of_an_offline_node_is_not_fresh(stage: Stage) -> None:
    stage.add("API", votes=[up("fra"), up("nyc")])
    stage.nodes["nyc"] = replace(stage.nodes["nyc"], heard=NOW - 61)
    assert _view(stage, "API").votes_fresh == 1


@pytest.mark.parametrize(
    ("vote", "proof", "aside"),
    [
        (up("sin"), None, ""),
        (unproven("host"), "host", ""),
        (unproven("leader"), "leader", "outweighed"),
        (unproven("none"), "none", "isolated"),
        (up("sin", ago=500), None, "stale"),
        (Vote(node="sin", observed=NOW, up=False, reason=Reason.INTERNAL_ERROR), None, "fault"),
        (Vote(node="sin", observed=NOW, up=False, reason=Reason.BLOCKED_TARGET), None, "fault"),
        (up("gone"), None, "offline"),
    ],
)
def test_a_vote_shows_its_proof_and_why_it_does_not_count(
    stage: Stage, vote: Vote, proof: str | None, aside: str
) -> None:
    stage.add("API", votes=[up("fra"), vote])
    shown = _view(stage, "API").votes[1]
    assert (shown.proof, shown.aside, shown.fresh) == (proof, aside, not aside)


def test_evidence_shows_the_proof_of_its_votes(stage: Stage) -> None:
    votes = [replace(unproven("none"), node="nyc"), unproven("host")]
    monitor = stage.add("API", Status.DOWN, votes)
    incident = stage.add_incident(monitor, NOW - 60)
    shown = incident_view(incident, stage.nodes, with_evidence=True).evidence
    assert {(one.proof, one.aside) for one in shown} == {("none", "isolated"), ("host", "")}


def test_latency_is_the_median_of_those_that_say_up(stage: Stage) -> None:
    stage.add("API", votes=[up("fra", ms=10), up("nyc", ms=90), down("sin")])
    assert _view(stage, "API").latency_ms == 50.0


def test_the_error_counts_reasons_and_quotes_the_newest(stage: Stage) -> None:
    votes = [down("fra", ago=9, detail="old"), down("nyc", ago=1, detail="new"), up("sin")]
    stage.add("API", Status.DOWN, votes)
    assert _view(stage, "API").error == "2 × HTTP 503: new"


def test_what_is_up_has_no_error(stage: Stage) -> None:
    stage.add("API", votes=[up("fra"), up("nyc")])
    assert _view(stage, "API").error == ""


def test_a_blocked_target_is_told_though_it_is_no_vote(stage: Stage) -> None:
    blocked = Vote(
        node="fra", observed=NOW, up=False, reason=Reason.BLOCKED_TARGET, detail="10.0.0.1"
    )
    stage.add("API", Status.PENDING, [blocked])
    assert _view(stage, "API").error == "blocked_target: 10.0.0.1"


def test_a_push_monitor_says_what_its_job_said(stage: Stage) -> None:
    monitor = stage.add("Backup", Status.DOWN, check=PushCheck(token="hidden"))
    state = stage.states[monitor.id]
    push = PushState(heard=NOW, failed=True, detail="exit code 3")
    stage.states[monitor.id] = replace(state, push=push)
    view = _view(stage, "Backup")
    assert (view.error, view.target) == ("exit code 3", "")
    stage.states[monitor.id] = state
    assert _view(stage, "Backup").error == "no heartbeat yet"


def test_an_open_run_shows_as_rechecking(stage: Stage) -> None:
    monitor = stage.add("API", votes=[down("fra")])
    run = Run(id="r", opened=NOW, first=NOW, began=NOW)
    stage.states[monitor.id] = replace(stage.states[monitor.id], run=run)
    view = _view(stage, "API")
    assert view.rechecking
    assert view.error.startswith("1 × HTTP 503")


def test_a_monitor_without_a_state_is_pending(stage: Stage) -> None:
    monitor = stage.add("API")
    stage.states.clear()
    view = monitor_view(_snapshot(stage), monitor)
    assert (view.status, view.votes, view.uptime_24h) == ("PENDING", (), None)


@pytest.mark.parametrize("status", [Status.PENDING, Status.UNKNOWN])
def test_a_monitor_that_no_node_may_look_at_says_why(stage: Stage, status: Status) -> None:
    monitor = replace(stage.add("API", status), regions=("mars", "venus"))
    stage.monitors[monitor.id] = monitor
    assert _view(stage, "API").error == "no node looks at it: none is in mars, venus"
    stage.monitors[monitor.id] = replace(monitor, regions=())
    stage.nodes = {name: replace(node, kinds=("ping",)) for name, node in stage.nodes.items()}
    assert _view(stage, "API").error == "no node looks at it: none there knows the kind http"


def test_a_new_monitor_that_a_node_may_look_at_says_nothing_yet(stage: Stage) -> None:
    stage.add("API", Status.PENDING)
    assert _view(stage, "API").error == ""


@pytest.mark.parametrize(
    ("check", "target"),
    [
        (
            HttpCheck(url="https://me:secret@a.example:8443/x?token=secret"),
            "https://a.example:8443/x",
        ),
        (PortCheck(hostname="db.example", port=5432), "db.example:5432"),
        (DnsCheck(hostname="a.example"), "a.example"),
        (PushCheck(token="secret"), ""),
        (GroupCheck(), ""),
    ],
)
def test_a_target_is_shown_without_credentials(
    check: HttpCheck | PortCheck | DnsCheck | PushCheck | GroupCheck, target: str
) -> None:
    assert target_of(check) == target


@pytest.mark.parametrize(
    ("seen", "shown"),
    [
        (None, (None, None)),
        (Seen(0.0, 0.0), (None, 0.0)),
        (Seen(86_400.0, 0.0), (100.0, 100.0)),
        (Seen(86_399.99, 0.01), (99.999, 100.0)),
        (Seen(43_200.0, 0.0), (100.0, 50.0)),
        (Seen(0.0, 3600.0), (0.0, 4.166)),
    ],
)
def test_uptime_is_of_observed_time_and_never_rounded_up(
    seen: Seen | None, shown: tuple[float | None, float | None]
) -> None:
    assert uptime_percent(seen) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "–"), (100.0, "100 %"), (99.999, "99.99 %"), (99.5, "99.5 %"), (0.0, "0 %")],
)
def test_a_percentage_is_short_and_cut(value: float | None, shown: str) -> None:
    assert percent(value) == shown


def test_nodes_say_where_they_stand(stage: Stage) -> None:
    stage.nodes["nyc"] = replace(stage.nodes["nyc"], heard=NOW - 61)
    stage.nodes["sin"] = replace(stage.nodes["sin"], heard=NOW - 400)
    views = node_views(stage.nodes, stage.standings(), NOW)
    assert [view.state for view in views] == ["online", "offline", "left"]


@pytest.mark.parametrize(
    ("statuses", "worst"),
    [
        ([], "PENDING"),
        ([Status.UP, Status.PAUSED], "UP"),
        ([Status.MAINTENANCE, Status.DOWN], "DOWN"),
        ([Status.DEGRADED, Status.UNKNOWN, Status.UP], "UNKNOWN"),
        ([Status.PAUSED], "PAUSED"),
    ],
)
def test_the_banner_shows_the_worst(stage: Stage, statuses: list[Status], worst: str) -> None:
    for number, status in enumerate(statuses):
        stage.add(f"m{number}", status)
    assert overall(monitor_views(_snapshot(stage))).value == worst
