"""Which monitors a few words mean."""

from __future__ import annotations

import pytest

from uptop_core.views import MonitorView, VoteView
from uptop_tui.filtering import read_filter

_VOTE = VoteView(node="n", name="n", region="eu-west", up=True, fresh=True, observed=0)
MONITORS = (
    MonitorView(
        id="1", name="Shop", type="http", status="UP", since=0, tags=("Web", "prod"), votes=(_VOTE,),
        target="https://shop.example.com",
    ),
    MonitorView(id="2", name="Shop API", type="http", status="DOWN", since=0, error="timeout"),
    MonitorView(id="3", name="Backup", type="push", status="LATE", since=0, tags=("prod",)),
)  # fmt: skip


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("", ["Shop", "Shop API", "Backup"]),
        ("shop", ["Shop", "Shop API"]),
        ("shop -api", ["Shop"]),
        ("status:down,late", ["Shop API", "Backup"]),
        ("!status:up", ["Shop API", "Backup"]),
        ("tag:web", ["Shop"]),
        ("tag:prod type:push", ["Backup"]),
        ("region:EU-west", ["Shop"]),
        ("timeout", ["Shop API"]),
        ("https://shop", ["Shop"]),
        ('name:"shop api"', ["Shop API"]),
        ("nothing", []),
        ("- !", ["Shop", "Shop API", "Backup"]),
    ],
)
def test_every_word_must_hold(written: str, names: list[str]) -> None:
    assert [view.name for view in read_filter(written).chosen(MONITORS)] == names


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("status:dwon", "there is no status 'dwon': one of down, unknown"),
        ("tag:", "tag: needs a value"),
        ('"open', "a quote is not closed"),
    ],
)
def test_what_cannot_be_read_is_said(written: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        read_filter(written)
