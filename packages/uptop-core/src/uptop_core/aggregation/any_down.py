"""any-down: one place that sees it down is enough. It is meant to tell of regional outages."""

from uptop_core.verdicts import Strategy, Tally, Verdict


class AnyDown(Strategy):
    """DOWN when D >= 1; UP when nobody says down and a quorum is heard."""

    name = "any-down"
    one_suffices = True

    def decide(self, tally: Tally) -> Verdict:
        """The rule above; everything else is UNKNOWN."""
        if tally.down:
            return Verdict.DOWN
        return Verdict.UP if tally.is_quorate else Verdict.UNKNOWN
