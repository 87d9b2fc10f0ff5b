"""What every kind of check has in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from msgspec import Struct

from uptop_core.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_core.looks import Look


class Condition(Struct, frozen=True, omit_defaults=True):
    """One condition in the language of `uptop_core.conditions`; failing a soft one is DEGRADED."""

    text: str
    soft: bool = False

    def problems(self) -> Iterator[Problem]:
        """What is wrong with the text, and what the language knows."""
        from uptop_core.conditions.language import problem

        wrong = problem(self.text)
        if wrong is not None:
            yield Problem("text", wrong)


class Check(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """One way to look. A kind is one subclass in one file of `uptop_core/checks`.

    The class's `tag` is the kind's name. `conditions` add to the kind's own expectations.
    """

    runs: ClassVar[bool] = True
    """False for kinds that no node runs because they are judged by the leader (push, group)."""
    least_interval_s: ClassVar[float] = 1.0
    """How often a target of this kind may be looked at; more often would be a burden to it."""
    secrets: ClassVar[tuple[str, ...]] = ()
    """Names of fields that are sealed at rest and masked in views and exports."""

    example: ClassVar[str] = ""
    """Settings that one might write, for the documents: YAML, as between the braces of an entry."""

    conditions: tuple[Condition, ...] = ()

    @classmethod
    def kind(cls) -> str:
        """The name of the kind: the value of `type`."""
        return str(cls.__struct_config__.tag)

    def host(self) -> str | None:
        """The host that is looked at, for telling targets apart; None where there is none."""
        return None

    def told(self) -> tuple[str | None, ...]:
        """Who comes to know the secrets: when this changes, they must be written again."""
        return (self.host(),)

    def problems(self) -> Iterator[Problem]:
        """What is wrong with the settings, beyond the types; fields are named as here."""
        yield from ()

    def certificate_warning_days(self) -> int | None:
        """How many days before the end of the target's certificate people are warned; None: never."""
        return None

    def usual_timeout_s(self) -> float:
        """How long a look may take unless the monitor says otherwise."""
        return 5.0

    def prepare(self) -> None:
        """Load what `run` needs, before the clock runs: the first look must not be a slow one."""

    async def run(self, look: Look) -> None:
        """Look once, writing what is found into `look`; return when the target is up.

        Raises CheckFailed when it is down. The caller sets the deadline by cancelling, so a check
        needs no timer of its own; it calls `look.enter` as it goes from phase to phase.
        """
        raise NotImplementedError(f"{self.kind()} is judged, not run")
