"""all-down: only when every place heard, and a quorum is heard, sees it down."""

from uptop_core.verdicts import Strategy, Tally, Verdict


class AllDown(Strategy):
    """DOWN when a quorum is heard and all say down; UP as soon as one says up."""

    name = "all-down"

    def decide(self, tally: Tally) -> Verdict:
        """The rule above; everything else is UNKNOWN."""
        if tally.up:
            return Verdict.UP
        return Verdict.DOWN if tally.is_quorate else Verdict.UNKNOWN
