"""What the engine holds in memory, and the draft of its next moment."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from tests.leader.helms import api
from uptop_core.checks.group import GroupCheck
from uptop_core.constants import TimeConstants
from uptop_core.monitors import Monitor
from uptop_core.votes import Vote
from uptop_leader.configuration import Configuration
from uptop_leader.drafts import draft_of
from uptop_leader.incidents import Incident
from uptop_leader.nodes import Ledger, Node
from uptop_leader.states import Belief, Run, Status, fresh_state
from uptop_leader.world import World

START = 1_000_000.0


def node(name: str, rank: int, **facts: Any) -> Node:
    return Node(id=name, name=name, region="", rank=rank, joined=START, heard=START, **facts)


def world(*monitors: Monitor, probes: str = "pq", checks: str = "never") -> World:
    made = World("c", node("leader", 0, own=True), TimeConstants(), checks, START)
    for rank, probe in enumerate(probes, 1):
        made.nodes[probe] = node(probe, rank)
    made.configure(Configuration(version=1, monitors=monitors))
    made.states = {monitor.id: fresh_state(monitor.id, START) for monitor in monitors}
    made.reassign(START)
    return made


def group(name: str, parent: str | None = None) -> Monitor:
    return api(name, check=GroupCheck(), parent=parent)


def run(**facts: Any) -> Run:
    return Run(id="r", opened=START, first=START, began=START, **facts)


def test_groups_come_after_those_inside_them() -> None:
    made = world(group("top"), group("low", "mid"), group("mid", "top"), group("alone"), api())
    order = made.groups
    assert sorted(order) == ["alone", "low", "mid", "top"]
    assert order.index("low") < order.index("mid") < order.index("top")


def test_groups_in_a_circle_end_all_the_same() -> None:
    made = world(group("a", "b"), group("b", "a"))
    assert sorted(made.groups) == ["a", "b"]


def test_the_etag_of_a_node_moves_only_with_what_it_is_given() -> None:
    made = world(api(), api("n", regions=("eu",)))
    before = {name: made.orders.etag(name) for name in "pq"}
    assert made.reassign(START + 1) == set()
    assert {name: made.orders.etag(name) for name in "pq"} == before
    made.nodes["q"] = replace(made.nodes["q"], region="eu")
    assert made.reassign(START + 2) == {"n"}
    assert made.orders.etag("p") == before["p"]
    assert made.orders.etag("q") != before["q"]


def test_a_configuration_without_other_monitors_leaves_the_nodes_alone() -> None:
    monitors = (api(), api("n"))
    made = world(*monitors)
    before = made.orders.etag("p")
    again = tuple(replace(monitor) for monitor in monitors)
    made.configure(Configuration(version=2, monitors=again))
    assert made.orders.etag("p") == before
    assert made.monitors["m"] is monitors[0]
    made.configure(
        Configuration(version=3, monitors=(replace(monitors[0], interval=7.0), again[1]))
    )
    assert made.orders.etag("p") != before
    assert (made.monitors["m"].interval, made.monitors["n"]) == (7.0, monitors[1])


def test_an_etag_stays_short_however_many_rechecks_are_open() -> None:
    made = world(*(api(f"m{number}") for number in range(500)))
    made.follow_rechecks([replace(state, run=run()) for state in made.states.values()])
    assert len(made.assignments("p")[1].recheck) == 500
    assert len(made.orders.etag("p")) < 64


def test_rechecks_leave_the_monitors_of_a_node_what_they_were() -> None:
    made = world(api())
    had = made.orders.etag("p")
    made.follow_rechecks([replace(made.states["m"], run=run())])
    assert made.orders.etag("p") != had
    assert made.orders.names_monitors("p", had)
    assert not made.orders.names_monitors("p", "")
    made.configure(Configuration(monitors=(api("other"),)))
    assert not made.orders.names_monitors("p", had)


def test_rechecks_are_asked_of_all_nodes_until_they_have_answered() -> None:
    made = world(api())
    state = replace(made.states["m"], run=run())
    assert made.follow_rechecks([state]) == {"p", "q"}
    assert made.follow_rechecks([state]) == set()
    answered = Vote(node="p", observed=START + 1, up=True)
    assert made.follow_rechecks([replace(state, votes={"p": answered})]) == set()
    assert [[one.monitor_id for one in made.orders.rechecks_of(name)] for name in "pq"] == [
        [],
        ["m"],
    ]
    assert made.follow_rechecks([replace(state, run=None)]) == set()
    assert made.orders.rechecks_of("q") == ()


def test_between_two_rounds_nobody_is_asked() -> None:
    made = world(api())
    state = replace(made.states["m"], run=run(pause_until=START + 5))
    assert made.follow_rechecks([state]) == set()
    assert made.assignments("p")[1].recheck == ()


def test_the_next_round_is_a_new_recheck() -> None:
    made = world(api())
    made.follow_rechecks([replace(made.states["m"], run=run())])
    before = made.orders.etag("p")
    assert made.follow_rechecks([replace(made.states["m"], run=run(round=2))]) == {"p", "q"}
    assert made.orders.etag("p") != before


def test_known_probes_have_a_minute_after_a_start_before_the_leader_takes_over() -> None:
    made = world(api(), checks="auto")
    made.nodes = {name: replace(one, heard=START - 9999) for name, one in made.nodes.items()}
    made.reassign(START + 60)
    assert list(made.assigned["m"]) == ["p", "q"]
    made.reassign(START + 61)
    assert list(made.assigned["m"]) == ["p", "q", "leader"]


def test_where_no_probe_is_known_the_leader_checks_at_once() -> None:
    assert world(api(), probes="", checks="auto").assigned["m"] == ("leader",)


def test_deleted_monitors_are_nobodys() -> None:
    made = world(api(), api("n"))
    made.configure(Configuration(version=2, monitors=(api(),)))
    made.reassign(START)
    assert set(made.assigned) == {"m"}


def test_a_draft_changes_nothing_until_it_is_committed() -> None:
    made = world(api())
    draft = draft_of(made, START)
    before = made.states["m"]
    down = replace(before, belief=Belief.DOWN, status=Status.DOWN)
    draft.put(down)
    draft.put_node(node("z", 9))
    draft.changes.ledgers["p", "one"] = Ledger(node="p", instance="one")
    incident = Incident(id="i", monitor="m", number=1, name="m", started=START, confirmed=START)
    draft.changes.opened.append(incident)
    assert draft.state("m") is down
    assert draft.node("z") is not None
    assert made.states["m"] is before
    assert "z" not in made.nodes
    assert made.ledgers == {}
    assert made.incidents == {}
    draft.finish()
    draft.commit()
    assert made.states["m"] is down
    assert "z" in made.nodes
    assert list(made.incidents) == ["i"]


def test_a_state_is_written_only_when_more_than_its_votes_has_changed() -> None:
    made = world(api())
    vote = Vote(node="p", observed=START, up=True)
    draft = draft_of(made, START)
    draft.put(replace(made.states["m"], votes={"p": vote}))
    assert draft.finish().states == {}
    draft.put(replace(made.states["m"], told=1))
    assert set(draft.finish().states) == {"m"}


def test_ledgers_of_instances_long_gone_are_dropped() -> None:
    made = world()
    for instance, touched in (("old", START - 10), ("new", START)):
        made.ledgers["p", instance] = Ledger(node="p", instance=instance, touched=touched)
    made.forget_ledgers(START - 5)
    assert list(made.ledgers) == [("p", "new")]
