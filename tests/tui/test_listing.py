"""Which monitors stand in a list, in which order and how deep."""

from __future__ import annotations

from typing import Any

from uptop_core.views import MonitorView
from uptop_tui.filtering import read_filter
from uptop_tui.listing import Wish, groups, listed, order_key


def _view(id: str, status: str = "UP", **facts: Any) -> MonitorView:
    return MonitorView(
        id=id, name=id, type=facts.pop("type", "http"), status=status, since=0, **facts
    )


_VIEWS = {
    view.id: view
    for view in (
        _view("web", "PARTIAL", type="group"),
        _view("shop", parent="web", latency_ms=40.0, tags=("a",)),
        _view("api", "PARTIAL", parent="web", latency_ms=90.0),
        _view("mail", "DOWN"),
        _view("door", latency_ms=5.0),
    )
}


def _drawn(**wishes: Any) -> list[str]:
    return ["  " * line.depth + line.id for line in listed(_VIEWS, Wish(**wishes))]


def test_what_is_down_comes_first_and_members_stand_beneath_their_group() -> None:
    assert _drawn() == ["mail", "web", "  api", "  shop", "door"]


def test_a_folded_group_hides_its_members() -> None:
    assert _drawn(folded=frozenset(("web",))) == ["mail", "web", "door"]
    lines = {line.id: line.fold for line in listed(_VIEWS, Wish(folded=frozenset(("web",))))}
    assert lines == {"mail": None, "web": True, "door": None}


def test_a_filter_keeps_the_groups_of_what_it_means_and_unfolds_them() -> None:
    wish = {"filter": read_filter("tag:a"), "folded": frozenset(("web",))}
    assert _drawn(**wish) == ["web", "  shop"]


def test_other_orders_and_their_reverse() -> None:
    assert _drawn(order="latency") == ["door", "mail", "web", "  api", "  shop"]
    assert _drawn(order="name") == ["door", "mail", "web", "  api", "  shop"]
    assert _drawn(order="name", is_reversed=True) == ["web", "  shop", "  api", "mail", "door"]


def test_a_member_of_a_group_that_is_gone_stands_alone() -> None:
    lines = listed({"shop": _VIEWS["shop"]}, Wish())
    assert [(line.id, line.depth) for line in lines] == [("shop", 0)]


def test_most_news_move_nothing() -> None:
    before, after = _view("x", latency_ms=1.0), _view("x", latency_ms=2.0)
    assert order_key(before, Wish()) == order_key(after, Wish())
    assert order_key(before, Wish(order="latency")) != order_key(after, Wish(order="latency"))


def test_groups_are_told_by_their_kind() -> None:
    assert groups(_VIEWS.values()) == {"web"}
