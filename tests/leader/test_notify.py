"""Step 10: whom to notify of what."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.leader.courts import START, monitor
from tests.leader.helms import hook
from uptop_core.monitors import Monitor, NotifySwitches
from uptop_core.outcomes import Reason
from uptop_core.votes import Vote
from uptop_leader.channels import Channel
from uptop_leader.incidents import Incident, Transition
from uptop_leader.nodes import Node
from uptop_leader.notify import (
    Occasion,
    certificate_occasion,
    ending,
    notifications,
    of_status,
    outage,
    over,
)
from uptop_leader.providers.pagerduty import PagerDuty
from uptop_leader.states import Belief, Status, fresh_state

UP, DOWN, PENDING = Belief.UP, Belief.DOWN, Belief.PENDING
INCIDENT = Incident(
    id="i", monitor="m", number=1, name="API", started=START, confirmed=START + 9,
    reasons="1 × timeout",
)  # fmt: skip
NODES = {
    name: Node(id=name, name=f"node {name}", region=region, rank=0, joined=START, heard=START)
    for name, region in (("a", "eu"), ("b", ""), ("c", "us"))
}


def moved(
    status_from: str, status_to: str, beliefs: tuple[Belief, Belief] = (UP, UP), **facts: Any
) -> Transition:
    return Transition(
        monitor="m", at=START, known=START + 9, belief_from=beliefs[0], belief_to=beliefs[1],
        status_from=Status(status_from), status_to=Status(status_to), **facts,
    )  # fmt: skip


def event_of(what: Occasion | None) -> str | None:
    return None if what is None else what.event


def told(transition: Transition, alert: str = "", **switches: bool) -> str | None:
    watched = monitor(notify=NotifySwitches(**switches))
    return event_of(of_status(watched, transition, alert))


@pytest.mark.parametrize(
    ("status_from", "status_to", "event"),
    [
        ("UP", "UNKNOWN", "unknown"),
        ("DEGRADED", "UNKNOWN", "unknown"),
        ("UP", "PARTIAL", None),
        ("UP", "DEGRADED", None),
        ("UP", "LATE", None),
        ("UNKNOWN", "UP", None),
        ("PARTIAL", "UP", None),
        ("PENDING", "UP", None),
        ("UP", "PAUSED", None),
    ],
)
def test_what_is_told_by_default(status_from: str, status_to: str, event: str | None) -> None:
    assert told(moved(status_from, status_to)) == event


@pytest.mark.parametrize("status", ["partial", "degraded", "late"])
def test_what_is_switched_on_is_told_and_so_is_the_way_back(status: str) -> None:
    assert told(moved("UP", status.upper()), "", **{status: True}) == status
    assert told(moved(status.upper(), "UP"), status) == "up"
    assert told(moved(status.upper(), "UP"), "", **{status: True}) is None


def test_unknown_can_be_switched_off() -> None:
    assert told(moved("UP", "UNKNOWN"), unknown=False) is None


def test_the_way_back_from_unknown_is_no_news() -> None:
    assert told(moved("UNKNOWN", "UP"), "unknown") is None
    assert told(moved("UNKNOWN", "UP", (PENDING, UP)), "unknown") is None


def test_unknown_within_an_outage_is_told_and_the_return_to_it_is_not() -> None:
    assert told(moved("DOWN", "UNKNOWN", (DOWN, DOWN))) == "unknown"
    assert told(moved("UNKNOWN", "DOWN", (DOWN, DOWN)), "unknown") is None


def test_the_end_of_an_incident_is_told_by_what_ended_it() -> None:
    assert [event_of(ending(INCIDENT, one)) for one in ("votes", "paused", "deleted")] == [
        "up", "paused", "deleted",
    ]  # fmt: skip


def test_the_end_of_what_nobody_was_told_of_is_no_news() -> None:
    assert ending(replace(INCIDENT, untold="dependency"), "votes") is None


def test_who_is_told_late_hears_why() -> None:
    late = outage(replace(INCIDENT, detail="refused"), NODES, why_late="it was held back")
    assert late.detail == "refused (it was held back)"
    assert outage(INCIDENT, NODES, why_late="it was held back").detail == "it was held back"


def test_a_down_names_the_places_that_see_it() -> None:
    votes = (
        Vote(node="a", observed=START, up=False, reason=Reason.TIMEOUT),
        Vote(node="b", observed=START, up=False, reason=Reason.TIMEOUT),
        Vote(node="c", observed=START, up=True),
        Vote(node="gone", observed=START, up=False, reason=Reason.INTERNAL_ERROR),
    )
    assert outage(replace(INCIDENT, evidence=votes), NODES).regions == ("eu", "node b")


def made(watched: Monitor, ordinal: int = 0, what: Occasion | None = None) -> list[Any]:
    what = what or outage(INCIDENT, NODES)
    state = replace(fresh_state("m", START), told=ordinal, status=Status.DOWN)
    pager = Channel(id="p", name="p", provider=PagerDuty(routing_key="key"))
    channels = {"c": hook("c"), "d": hook("d"), "p": pager}
    return notifications(watched, state, what, channels, "https://up.example.com/", START + 9)


def test_each_channel_gets_one_and_unknown_channels_none() -> None:
    watched = monitor(channels=("c", "gone", "d"), runbook="https://wiki.example.com")
    one, other = made(watched)
    assert (one.channel, other.channel) == ("c", "d")
    assert one.key != other.key
    assert one.subject == "i"
    assert one.message.key == one.key
    assert (one.message.status, one.message.url) == ("DOWN", "https://up.example.com/status")
    assert one.message.runbook == "https://wiki.example.com"
    assert one.message.started_at == round(START * 1000)


def test_what_is_silent_goes_only_where_an_alert_stands_open() -> None:
    watched = monitor(channels=("c", "p", "d"))
    assert [one.channel for one in made(watched, what=over("i", "i"))] == ["p"]
    assert [one.channel for one in made(watched)] == ["c", "p", "d"]


def test_keys_are_computed_and_never_the_same_for_two_occasions() -> None:
    watched = monitor(channels=("c",))
    assert made(watched) == made(watched)
    assert made(watched)[0].key != made(watched, ordinal=1)[0].key


def test_a_certificate_says_how_long_it_lasts() -> None:
    def words(days: float) -> str:
        return certificate_occasion(monitor(), round((START + days * 86_400) * 1000), START).detail

    assert words(6.5) == "the certificate, or one in its chain, ends in 6.5 days"
    assert words(-1) == "the certificate, or one in its chain, has ended"
