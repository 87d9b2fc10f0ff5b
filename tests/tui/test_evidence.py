"""The evidence of an incident, in lines."""

from __future__ import annotations

from msgspec.structs import replace

from uptop_core.outcomes import FailedCondition
from uptop_core.views import PhasesView, VoteView
from uptop_tui.evidence import evidence, milliseconds, phases, saw
from uptop_tui.overview import width

NOW = 1_795_357_260_000
DOWN = VoteView(
    node="sin",
    name="sin",
    region="ap-south",
    up=False,
    fresh=True,
    observed=NOW - 5000,
    reason="status_mismatch",
    detail="HTTP 503",
    status_code=503,
    latency_ms=61.4,
    address="192.0.2.1",
    phases=PhasesView(connect_ms=20, first_byte_ms=41.4),
    failed=(FailedCondition("json(status) == ok", "bad"),),
)
UP = VoteView(node="fra", name="fra", region="eu-west", up=True, fresh=True, observed=NOW)


def test_those_that_saw_it_down_stand_first_with_all_that_they_found() -> None:
    lines = evidence([UP, DOWN], NOW, 120).plain.splitlines()
    assert lines[0].startswith("▼ down  sin (ap-south)")
    assert lines[0].endswith("  HTTP 503")
    facts = "took 61 ms · connect 20 ms · first byte 41 ms · at 192.0.2.1"
    assert lines[1].strip() == facts
    assert lines[2].strip() == "condition failed: json(status) == ok — found bad"
    assert lines[3].startswith("● up    fra (eu-west)")


def test_what_is_too_long_for_a_line_goes_on_below_it_indented() -> None:
    talkative = replace(DOWN, detail="the certificate of shop.example.com is for another name")
    lines = evidence([talkative], NOW, 50).plain.splitlines()
    assert all(len(line) <= 50 for line in lines[:-1])
    assert lines[0].startswith("▼ down  sin (ap-south)")
    assert all(line.startswith(" " * 8) for line in lines[1:])
    assert "for another name" in " ".join(line.strip() for line in lines)


def test_what_takes_two_columns_a_letter_goes_on_below_before_the_line_is_full() -> None:
    talkative = replace(DOWN, detail="証明書の有効期限が切れています " * 4)
    lines = evidence([talkative], NOW, 60).plain.splitlines()
    assert lines[0].startswith("▼ down  sin (ap-south)")
    assert len(lines) > 4
    assert all(width(line) <= 60 for line in lines[:-1])
    assert lines[1].startswith(" " * 8 + "証明書")


def test_a_vote_that_does_not_count_says_why() -> None:
    alone = VoteView(
        node="n", name="n", region="", up=False, fresh=False, observed=NOW, reason="timeout",
        proof="none", aside="isolated",
    )  # fmt: skip
    text = evidence([alone], NOW).plain
    assert "down  n  " in text
    assert "nothing proved that the node's own line worked" in text


def test_what_was_seen_is_said_once() -> None:
    assert saw(UP) == ""
    timeout = VoteView(
        node="n", name="n", region="", up=False, fresh=True, observed=NOW, reason="timeout"
    )
    assert saw(timeout) == "timeout"


def test_a_phase_that_did_not_happen_is_not_told() -> None:
    assert phases(PhasesView(dns_ms=0.0, tls_ms=12.3)) == "tls 12 ms"
    assert [milliseconds(took) for took in (0.04, 9.96, 999.4, 1500)] == [
        "< 0.1 ms",
        "10 ms",
        "999 ms",
        "1.5 s",
    ]


def test_no_votes_are_said_to_be_none() -> None:
    assert evidence([], NOW).plain == "no votes: nobody was asked"
