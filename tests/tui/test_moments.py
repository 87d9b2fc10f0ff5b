"""Moments and spans of time for people."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from uptop_tui.moments import moment

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = 1_795_357_260_000


@pytest.fixture(params=["Europe/Berlin", "America/New_York", "UTC"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield request.param
    time.tzset()


@pytest.mark.usefixtures("zone")
def test_a_certificate_without_an_end_has_a_last_day_in_every_zone() -> None:
    assert moment(253_402_300_799_000, NOW).startswith("9999-12-31")


@pytest.mark.usefixtures("zone")
@pytest.mark.parametrize("absurd", [-(2**53) + 1, -1, 2**53 - 1])
def test_a_moment_beyond_the_calendar_is_at_its_end(absurd: int) -> None:
    assert moment(absurd, NOW)[:4] in ("1969", "1970", "9999")
