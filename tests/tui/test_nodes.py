"""Nodes as rows, and all that is known of one."""

from __future__ import annotations

from msgspec.structs import replace

from uptop_core.views import CanariesView, MonitorView, NodeView, TroubleView, VoteView
from uptop_tui.nodes import COLUMNS, about, cells, ordered

NOW = 1_795_357_260_000
PROBE = NodeView(
    id="fra-1",
    name="Frankfurt",
    region="eu-west",
    state="online",
    version="1.0",
    joined=NOW - 86_400_000,
    heard=NOW - 4000,
    address="192.0.2.7",
    offset_ms=-12,
    rtt_ms=30,
    lag_ms=18,
)
LEADER = NodeView(id="leader", name="leader", region="", state="online", own=True)


def words(node: NodeView) -> dict[str, str]:
    return {column.key: str(cell) for column, cell in zip(COLUMNS, cells(node, NOW), strict=True)}


def watched(name: str, *, up: bool) -> MonitorView:
    vote = VoteView(node="fra-1", name="Frankfurt", region="", up=up, fresh=True, observed=NOW)
    return MonitorView(id=name, name=name, type="http", status="UP", since=0, votes=(vote,))


def test_a_node_that_is_well_has_no_words_on_it() -> None:
    row = words(PROBE)
    assert (row["state"], row["heard"], row["lag"]) == ("● online", "4 s ago", "18 ms")
    assert (row["clock"], row["missed"], row["lost"], row["trouble"]) == ("-12 ms", "–", "–", "")


def test_how_long_ago_a_node_was_heard_fits_its_column_however_long_that_is() -> None:
    room = next(column.width for column in COLUMNS if column.key == "heard")
    for seconds, said in ((59, "59 s ago"), (3599, "59 min ago"), (86_399, "23 h ago")):
        row = words(replace(PROBE, heard=NOW - seconds * 1000))
        assert (row["heard"], len(said) <= room) == (said, True)
    long_ago = replace(PROBE, heard=NOW - 86_399_000)
    assert "heard 23 h 59 min ago" in about(long_ago, [], NOW).plain


def test_the_leaders_own_is_here() -> None:
    assert words(LEADER)["heard"] == "here"


def test_what_is_wrong_with_it_is_said() -> None:
    wrong = replace(
        PROBE,
        state="offline",
        offset_ms=12_000,
        troubles=(TroubleView(kind="offline", since=NOW), TroubleView(kind="clock_off")),
    )
    assert words(wrong)["trouble"] == "offline, clock 12.0 s ahead"
    assert words(wrong)["clock"] == "+12.0 s"
    text = about(replace(wrong, is_clock_off=True), [], NOW).plain
    assert "▼ offline since" in text
    assert "clock off (+12.0 s, measured within 30 ms)" in text


def test_what_is_in_trouble_stands_first_and_what_has_left_last() -> None:
    gone = replace(PROBE, id="gone", state="left")
    sick = replace(PROBE, id="sick", troubles=(TroubleView(kind="odd_one"),))
    assert [node.id for node in ordered([gone, PROBE, sick, LEADER])] == [
        "sick",
        "leader",
        "fra-1",
        "gone",
    ]


def test_what_a_node_sees_down_is_named() -> None:
    text = about(PROBE, [watched("A", up=True), watched("B", up=False)], NOW).plain
    assert "sees 1 of 2 monitors up; down: B" in text
    assert "from 192.0.2.7" in text
    assert "votes on no monitor" in about(PROBE, [], NOW).plain


def test_what_a_full_spool_lost_is_said_with_its_time() -> None:
    lost = replace(PROBE, dropped=7, lost_from=NOW - 60_000, lost_until=NOW)
    assert words(lost)["lost"] == "7"
    assert "7 results lost" in about(lost, [], NOW).plain
    assert "spool: nothing lost" in about(PROBE, [], NOW).plain


def test_it_says_with_which_credential_a_node_comes() -> None:
    assert "no key of its own" in about(PROBE, [], NOW).plain
    keyed = replace(PROBE, has_key=True)
    assert "key of its own, not used yet" in about(keyed, [], NOW).plain
    assert "used last" in about(replace(keyed, key_used=NOW), [], NOW).plain


def test_how_many_results_wait_in_the_spool_is_said_where_it_is_known() -> None:
    assert "waiting" not in about(PROBE, [], NOW).plain
    assert "spool: 12 waiting · nothing lost" in about(replace(PROBE, waiting=12), [], NOW).plain


def test_what_canaries_said_last_is_said_with_its_time() -> None:
    assert "canar" not in about(PROBE, [], NOW).plain
    two = CanariesView(count=2)
    assert "2 canaries, asked only in doubt; not asked yet" in _of_canaries(two)
    asked = replace(two, asked=NOW, up=1, failed=1)
    text = _of_canaries(asked)
    assert "2 canaries, asked only in doubt; last at " in text
    assert ": 1 of 2 answered, 1 did not" in text
    assert "1 of 2 answered, 1 not waited for" in _of_canaries(replace(asked, failed=0))
    assert "1 canary, asked" in _of_canaries(CanariesView(count=1))


def _of_canaries(canaries: CanariesView) -> str:
    return about(replace(PROBE, canaries=canaries), [], NOW).plain
