"""All scripted worlds by name, in the order of the table."""

from __future__ import annotations

from tests.simulation import machine_worlds, ordinary_worlds

WORLDS = {**ordinary_worlds.WORLDS, **machine_worlds.WORLDS}
NOBODY_PROMISED: dict[str, tuple[str, ...]] = {
    "loss 1 %": ("any-down",),
    "loss 5 %": ("any-down",),
    "loss 20 %": ("any-down",),
    "liar": ("any-down",),
    "liar first": ("any-down",),
}
"""Worlds in which a strategy is meant to be wrong: one bad place is enough for any-down."""
