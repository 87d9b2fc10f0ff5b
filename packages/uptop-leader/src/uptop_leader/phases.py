"""Part of step 13: the phases of a look, as the API and metrics show them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptop_core.views import PhasesView

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_core.outcomes import Timings


def phases_view(timings: Timings) -> PhasesView:
    """The phases of a look in milliseconds."""
    return PhasesView(
        dns_ms=_ms(timings.dns_ns),
        connect_ms=_ms(timings.connect_ns),
        tls_ms=_ms(timings.tls_ns),
        first_byte_ms=_ms(timings.first_byte_ns),
        transfer_ms=_ms(timings.transfer_ns),
    )


def named(phases: PhasesView) -> Iterator[tuple[str, float]]:
    """The phases that happened, by name, in milliseconds."""
    for field in PhasesView.__struct_fields__:
        took_ms: float | None = getattr(phases, field)
        if took_ms is not None:
            yield field.removesuffix("_ms"), took_ms


def _ms(phase_ns: int | None) -> float | None:
    return None if phase_ns is None else round(phase_ns / 1e6, 3)
