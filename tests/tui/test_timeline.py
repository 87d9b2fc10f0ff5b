"""What happened in an incident, in order."""

from __future__ import annotations

from msgspec.structs import replace

from uptop_core.api_answers import PostView, TransitionView
from uptop_core.views import AcknowledgementView, IncidentView
from uptop_tui.overview import width
from uptop_tui.timeline import state, timeline, told

SECOND = 1000
NOW = 1_795_357_260_000
OPEN = IncidentView(
    id="i",
    monitor="m",
    name="Shop",
    number=1,
    started=NOW - 600 * SECOND,
    confirmed=NOW - 590 * SECOND,
    reasons="2 × HTTP 503",
)
OVER = replace(OPEN, ended=NOW - 60 * SECOND, cause="recovered")


def moved(at: int, before: str, after: str, belief: str = "DOWN") -> TransitionView:
    return TransitionView(
        monitor="m",
        name="Shop",
        at=at,
        known=at + 9 * SECOND,
        belief_from=belief,
        belief_to=belief,
        status_from=before,
        status_to=after,
        cause="votes",
    )


def post(at: int, kind: str = "investigating") -> PostView:
    return PostView(
        id="p", thread="p", kind=kind, words="We look.\n\nSoon.", at=at, who="ada", title="Shop"
    )


def whats(incident: IncidentView, *others: TransitionView | PostView) -> list[str]:
    moves = [one for one in others if isinstance(one, TransitionView)]
    posts = [one for one in others if isinstance(one, PostView)]
    return [entry.what for entry in timeline(incident, moves, posts)]


def test_it_begins_with_the_look_that_failed_and_ends_with_the_recovery() -> None:
    assert whats(OVER) == [
        "the first look that failed",
        "confirmed DOWN, 10 s after",
        "recovered, after 9 min",
    ]


def test_what_people_did_and_wrote_stands_where_it_happened() -> None:
    taken = AcknowledgementView(at=NOW - 500 * SECOND, by="ada", note="on it")
    said = whats(replace(OVER, acknowledged=taken), post(NOW - 30 * SECOND, "resolved"))
    assert said[2:] == [
        "acknowledged by ada",
        "recovered, after 9 min",
        "resolved “Shop”, a post by ada",
    ]


def test_what_its_monitor_went_through_meanwhile_is_part_of_it() -> None:
    within = moved(NOW - 300 * SECOND, "DOWN", "UNKNOWN")
    before = moved(NOW - 900 * SECOND, "UP", "PARTIAL", "UP")
    opens = replace(moved(OPEN.started, "UP", "DOWN"), belief_from="UP")
    assert whats(OVER, before, opens, within)[2] == "DOWN became UNKNOWN"
    assert len(whats(OVER, before, opens, within)) == 4


def test_that_nobody_was_told_is_said_with_the_reason() -> None:
    quiet = replace(OPEN, untold="dependency", maintenance="Upgrade")
    more = timeline(quiet, (), ())[1].more
    assert more == (
        "2 × HTTP 503",
        "nobody is told: what it depends on is down",
        "in maintenance: Upgrade",
    )


def test_a_late_one_says_that_it_was_found_afterwards() -> None:
    late = replace(OVER, late=True, number=0, confirmed=NOW)
    assert "found afterwards" in whats(late)


def test_how_it_stands_is_said_in_one_line() -> None:
    assert state(OPEN, NOW).plain == "▼ open for 10 min"
    assert state(OVER, NOW).plain == "● recovered after 9 min"
    paused = replace(OVER, cause="paused")
    assert state(paused, NOW).plain == "● ended, since the monitor was paused after 9 min"


def test_the_words_of_a_post_are_no_markup_and_no_escapes() -> None:
    nasty = replace(post(NOW), words="[red]x[/red]\n\x1b]0;y\x07")
    plain = told(timeline(OPEN, (), [nasty]), NOW).plain
    assert "[red]x[/red]" in plain
    assert "\x1b" not in plain


def test_long_words_go_on_below_themselves() -> None:
    long = replace(post(NOW), words="word " * 40)
    lines = told(timeline(OPEN, (), [long]), NOW, 60).plain.splitlines()
    assert max(map(len, lines)) <= 60
    assert lines[-1].startswith(" " * len("10:00:00  ✎ ") + "word")


def test_in_a_narrow_terminal_what_happened_goes_on_below_itself_too() -> None:
    titled = replace(post(NOW), title="支払いができません " * 4)
    lines = told(timeline(OPEN, (), [titled]), NOW, 37).plain.splitlines()
    assert max(map(width, lines)) <= 37
    assert sum("支払い" in line for line in lines) > 2
