"""group: up means that its members are up. Judged by the leader at each member's transition."""

from __future__ import annotations

from typing import ClassVar

from uptop_core.check import Check


class GroupCheck(Check, tag="group", frozen=True, kw_only=True, omit_defaults=True):
    """A group shows the worst of its members; members name it as their `parent`, and may nest."""

    example: ClassVar[str] = (
        "monitors: [{name: Database, type: port, hostname: db.example.com, port: 5432}]"
    )

    runs: ClassVar[bool] = False
