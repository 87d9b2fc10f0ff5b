"""The overview as plain text."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from uptop_core.views import MonitorView, NodeView, TroubleView, VoteView
from uptop_tui.overview import Overview, lines, status_line, width


def _monitor(name: str, status: str = "UP", **fields: object) -> MonitorView:
    facts: dict[str, object] = {"id": name, "name": name, "type": "http", "since": 0, **fields}
    return MonitorView(status=status, **facts)  # type: ignore[arg-type]  # by name


def _node(name: str, state: str) -> NodeView:
    return NodeView(id=name, name=name, region="eu", state=state)


def _vote(region: str, *, up: bool, fresh: bool = True) -> VoteView:
    return VoteView(node=region, name=region, region=region, up=up, fresh=fresh, observed=0)


def test_the_status_line_counts_what_is_up_and_names_the_rest() -> None:
    monitors = (
        _monitor("a"),
        _monitor("b"),
        _monitor("c", "LATE"),
        _monitor("d", "DOWN"),
        _monitor("e", "DOWN"),
        _monitor("all", "DOWN", type="group"),
    )
    nodes = (_node("n1", "online"), _node("n2", "offline"), _node("n3", "left"))
    line = status_line(Overview(monitors=monitors, nodes=nodes))
    assert line == "UP 2 / 5 · DOWN 2 · LATE 1 · nodes 1 / 2"


def test_maintenance_is_counted_and_says_what_lies_beneath_it() -> None:
    planned = _monitor(
        "DB", "MAINTENANCE", judged="DOWN", maintenance=("Upgrade",), error="2 × timeout"
    )
    overview = Overview(monitors=(_monitor("a"), planned))
    assert status_line(overview) == "UP 1 / 2 · MAINTENANCE 1 · nodes 0 / 0"
    assert not overview.is_down
    assert any(line.endswith("Upgrade: DOWN: 2 × timeout") for line in lines(overview))


def test_what_is_down_comes_first_and_then_by_name() -> None:
    monitors = (_monitor("b"), _monitor("z", "DOWN"), _monitor("a", "PAUSED"), _monitor("A"))
    table = list(lines(Overview(monitors=monitors)))[3:]
    assert [line.split()[:2] for line in table] == [
        ["DOWN", "z"],
        ["UP", "A"],
        ["UP", "b"],
        ["PAUSED", "a"],
    ]


def test_columns_are_aligned_also_under_wide_names() -> None:
    monitors = (
        _monitor("日本語", latency_ms=1234.5, uptime_24h=99.987, covered_24h=98.76),
        _monitor("plain", "DOWN", error="2 × timeout", votes_up=1, votes_fresh=3),
    )
    heading, *rows = list(lines(Overview(monitors=monitors)))[2:]
    assert heading == "STATUS  NAME    KIND  LATENCY  UPTIME 24H  WATCHED  VOTES  REGIONS  ERROR"
    assert (
        rows[0] == "DOWN    plain   http        –           –        –    1/3           2 × timeout"
    )
    assert rows[1] == "UP      日本語  http  1234 ms     99.98 %   98.7 %      –"


def test_regions_that_see_it_down_say_so_in_words() -> None:
    votes = (_vote("eu", up=True), _vote("us", up=False), _vote("ap", up=True, fresh=False))
    text = "\n".join(lines(Overview(monitors=(_monitor("a", "PARTIAL", votes=votes),))))
    assert "eu us(down)" in text
    assert "ap" not in text


def test_a_vote_set_aside_for_want_of_proof_says_so() -> None:
    isolated = replace(_vote("ap", up=False, fresh=False), aside="isolated", proof="none")
    stale = replace(_vote("af", up=False, fresh=False), aside="stale")
    votes = (_vote("eu", up=True), isolated, stale)
    text = "\n".join(lines(Overview(monitors=(_monitor("a", votes=votes),))))
    assert "ap(no proof) eu" in text
    assert "af" not in text


def test_what_is_wrong_with_nodes_follows_the_table() -> None:
    odd = TroubleView(kind="odd_one", since=1_800_000_000_000)
    sick = replace(
        _node("n1", "online"), offset_ms=-9000, troubles=(odd, TroubleView(kind="clock_off"))
    )
    nodes = (sick, _node("n2", "online"))
    for monitors in ((), (_monitor("a"),)):
        shown = list(lines(Overview(monitors=monitors, nodes=nodes)))
        assert shown[-3:] == [
            "",
            "node n1 (eu): the odd one out, sees down what others see up"
            " since 2027-01-15 08:00 UTC",
            "node n1 (eu): clock 9.0 s behind",
        ]


def test_a_trouble_from_a_newer_leader_is_shown_by_its_name() -> None:
    node = replace(_node("n1", "online"), troubles=(TroubleView(kind="on\x1bfire"),))
    assert list(lines(Overview(nodes=(node,))))[-1] == r"node n1 (eu): on\x1bfire"


@pytest.mark.parametrize("status", ["UNKNOWN", "PARTIAL", "DEGRADED"])
def test_statuses_between_up_and_down_are_words_with_a_count_and_a_row(status: str) -> None:
    overview = Overview(monitors=(_monitor("a"), _monitor("b", status, error="why")))
    shown = list(lines(overview))
    assert shown[0] == f"UP 1 / 2 · {status} 1 · nodes 0 / 0"
    assert shown[3].split()[:2] == [status, "b"]
    assert shown[3].endswith("why")
    assert not overview.is_down


def test_a_target_cannot_reach_the_terminal() -> None:
    monitor = _monitor("a\x1b[2J", "DOWN", error="bad\nthing\x07")
    text = "\n".join(lines(Overview(monitors=(monitor,))))
    assert r"a\x1b[2J" in text
    assert r"bad\nthing\x07" in text
    assert "\x1b" not in text


def test_lines_are_cut_where_the_terminal_ends() -> None:
    monitor = _monitor("a", "DOWN", error="x" * 300)
    shown = list(lines(Overview(monitors=(monitor,)), 80))
    assert max(width(line) for line in shown) == 80
    assert shown[-1].endswith("…")


def test_an_empty_leader_says_so() -> None:
    assert list(lines(Overview())) == ["UP 0 / 0 · nodes 0 / 0", "nothing is watched yet"]


def test_groups_alone_can_be_down() -> None:
    overview = Overview(monitors=(_monitor("g", "DOWN", type="group"),))
    assert overview.is_down
