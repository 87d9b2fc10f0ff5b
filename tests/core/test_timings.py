"""The time constants: how they are written, and what must hold between them."""

from __future__ import annotations

import re

import msgspec
import pytest

from uptop_core.constants import TimeConstants, parse_constants, write_constants


def test_nothing_written_is_the_defaults() -> None:
    assert parse_constants("") == TimeConstants()
    assert write_constants(TimeConstants()) == ""


def test_what_is_named_changes_and_the_rest_stays() -> None:
    constants = parse_constants("offline=90 misses=5")
    assert constants == TimeConstants(offline=90.0, misses=5)
    assert parse_constants(write_constants(constants)) == constants


def test_all_constants_at_a_tenth_fit_together() -> None:
    tenth = " ".join(
        f"{name}={value / 10:g}"
        for name, value in msgspec.structs.asdict(TimeConstants()).items()
        if name != "misses"
    )
    assert parse_constants(tenth).poll == 1.0


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("offlien=3", "there is no 'offlien', did you mean offline?"),
        ("xyzzy=3", "there is no 'xyzzy': known are poll"),
        ("poll", "pairs such as poll=1"),
        ("poll=fast", "poll=fast must be seconds above 0"),
        ("poll=0", "poll=0 must be seconds above 0"),
        ("poll=nan", "poll=nan must be seconds above 0"),
        ("poll=inf", "poll=inf must be seconds above 0"),
        ("misses=1.5", "misses=1.5 must be a whole number above 0"),
        ("poll=11", "instance=20 must be at least 2 x poll (22): an instance is heard once"),
        ("offline=10", "offline=10 must be at least instance (20)"),
        ("lease=12", "lease=12 must be more than fence (12)"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(written: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        parse_constants(written)


def test_every_relation_that_does_not_hold_is_told() -> None:
    with pytest.raises(ValueError, match=r"instance=20 .*; offline=10"):
        parse_constants("poll=11 offline=10")
