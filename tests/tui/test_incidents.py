"""Incidents as rows, and their order."""

from __future__ import annotations

from uptop_core.views import AcknowledgementView, IncidentView
from uptop_tui.incidents import COLUMNS, cells, matches, ordered

MINUTE = 60_000
NOW = 1_795_357_260_000
ADA = AcknowledgementView(at=NOW, by="ada", note="restarting the gateway")


def incident(
    id: str = "i",
    *,
    ago: int = 10,
    ended: int | None = None,
    taken: AcknowledgementView | None = None,
    cause: str = "",
    late: bool = False,
) -> IncidentView:
    return IncidentView(
        id=id,
        monitor="m",
        name="Shop",
        number=3,
        started=NOW - ago * MINUTE,
        confirmed=NOW - ago * MINUTE + 9000,
        ended=None if ended is None else NOW - ended * MINUTE,
        reasons="2 × timeout",
        acknowledged=taken,
        cause=cause,
        late=late,
    )


def words(view: IncidentView) -> dict[str, str]:
    return {column.key: str(cell) for column, cell in zip(COLUMNS, cells(view, NOW), strict=True)}


def test_an_open_incident_lasts_until_now() -> None:
    row = words(incident())
    assert (row["state"], row["lasted"], row["taken"]) == ("▼ open", "10 min", "")
    assert (row["monitor"], row["seen"], row["number"]) == ("Shop", "2 × timeout", "3")


def test_one_that_is_over_lasts_as_long_as_it_did() -> None:
    assert words(incident(ended=4, cause="recovered"))["lasted"] == "6 min"


def test_every_state_has_a_sign_and_a_word_of_its_own() -> None:
    assert words(incident(taken=ADA))["state"] == "✓ taken"
    assert words(incident(taken=ADA))["taken"] == "✓ ada"
    assert words(incident(ended=1, cause="recovered"))["state"] == "● over"
    assert words(incident(ended=1, cause="paused"))["state"] == "○ paused"
    assert words(incident(ended=1, cause="recovered", late=True))["state"] == "○ late"


def test_what_nobody_has_taken_on_stands_first_then_what_is_open_then_the_newest() -> None:
    every = [
        incident("old", ago=90, ended=80),
        incident("new", ago=20, ended=10),
        incident("taken", ago=5, taken=ADA),
        incident("open", ago=60),
    ]
    assert [one.id for one in ordered(every)] == ["open", "taken", "new", "old"]


def test_a_filter_wants_every_word_somewhere() -> None:
    assert matches(incident(taken=ADA), "open GATEWAY shop")
    assert not matches(incident(), "over")
    assert not matches(incident(), "shop gateway")


def test_text_of_a_target_moves_no_cursor() -> None:
    nasty = IncidentView(
        id="i", monitor="m", name="a\x1b[2J", number=1, started=NOW, confirmed=NOW, detail="b\nc"
    )
    row = words(nasty)
    assert (row["monitor"], row["seen"]) == ("a\\x1b[2J", "b\\nc")
