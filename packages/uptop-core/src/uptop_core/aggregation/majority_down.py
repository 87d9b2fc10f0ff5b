"""majority-down: more than half of those heard must agree, and more than half must be heard."""

from uptop_core.verdicts import Strategy, Tally, Verdict


class MajorityDown(Strategy):
    """DOWN or UP by more than half of a quorum; a tie is TIED."""

    name = "majority-down"

    def decide(self, tally: Tally) -> Verdict:
        """The rule above; without a quorum UNKNOWN."""
        if not tally.is_quorate:
            return Verdict.UNKNOWN
        if tally.down * 2 > tally.fresh:
            return Verdict.DOWN
        return Verdict.UP if tally.up * 2 > tally.fresh else Verdict.TIED
