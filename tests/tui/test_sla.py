"""How reliable monitors were, as rows, and all of them together."""

from __future__ import annotations

import pytest

from uptop_core.history_views import SlaView
from uptop_tui.sla import COLUMNS, SECONDS, cells, ordered, total

DAY = 86_400


def view(
    name: str,
    *,
    down: float = 0.0,
    outages: int = 0,
    covered: float = 100.0,
    type: str = "http",
) -> SlaView:
    observed = DAY * covered / 100
    up = observed - down
    return SlaView(
        monitor=name, name=name, type=type, range="24h",
        uptime=100 * up / observed if observed else None,
        covered=covered, down_s=down, outages=outages, longest_s=down,
        mttr_s=down / outages if outages else None,
        mtbf_s=up / outages if outages else None,
    )  # fmt: skip


def words(one: SlaView) -> dict[str, str]:
    return {column.key: str(cell) for column, cell in zip(COLUMNS, cells(one), strict=True)}


def test_a_monitor_without_an_outage_has_no_mean_times() -> None:
    row = words(view("Shop"))
    assert (row["uptime"], row["covered"]) == ("100 %", "100 %")
    assert [row[key] for key in ("down", "outages", "longest", "mttr", "mtbf")] == ["–"] * 5


def test_what_was_never_observed_has_no_uptime() -> None:
    row = words(view("Shop", covered=0.0))
    assert (row["uptime"], row["covered"]) == ("not seen", "0 %")


def test_an_outage_is_told_with_its_times() -> None:
    row = words(view("Shop", down=864, outages=2))
    assert (row["uptime"], row["down"], row["outages"]) == ("99 %", "14 min", "2")
    assert (row["mttr"], row["mtbf"]) == ("7 min", "11 h 52 min")


def test_all_together_are_weighed_by_the_time_they_were_seen() -> None:
    every = [
        view("a", down=864, outages=1),
        view("b", covered=50.0),
        view("c", covered=0.0),
        view("group", down=864, outages=1, type="group"),
    ]
    all_of_them = total(every, "24h")
    assert all_of_them is not None
    assert all_of_them.covered == pytest.approx(50)
    assert all_of_them.uptime == pytest.approx(100 * (1.5 * DAY - 864) / (1.5 * DAY))
    assert (all_of_them.outages, all_of_them.mttr_s) == (1, 864)
    assert total([], "24h") is None


def test_a_hundred_percent_means_that_nothing_at_all_was_missed() -> None:
    many = [view(f"{number}") for number in range(1000)]
    all_of_them = total([*many, view("x", down=0.001, outages=1)], "24h")
    assert all_of_them is not None
    assert words(all_of_them)["uptime"] == "99.999 %"


def test_the_worst_stands_first_and_what_has_no_figure_last() -> None:
    every = [view("good"), view("unseen", covered=0.0), view("bad", down=864, outages=1)]
    assert [one.name for one in ordered(every, "uptime")] == ["bad", "good", "unseen"]
    assert next(one.name for one in ordered(every, "mttr")) == "bad"
    assert [one.name for one in ordered(every, "name")] == ["bad", "good", "unseen"]
    assert next(one.name for one in ordered(every, "covered")) == "unseen"


def test_every_span_has_its_length() -> None:
    assert SECONDS["1y"] == 365 * DAY
