"""`python -m tests.election`: random trouble for a leader and its follower, and who acted.

Every run is fixed by its seed. Rules with one piece left out are run beside: that two are found at
work with each of them shows that the checker can find it.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.election.broken import BROKEN
from tests.election.runs import Run, run
from uptop_leader.election.following import Following
from uptop_leader.election.leading import Leading


def rules(name: str) -> tuple[type[Leading], type[Following]]:
    """The rules of that name; "as built" has none left out."""
    broken = BROKEN.get(name)
    if broken is None:
        return Leading, Following
    return (broken, Following) if issubclass(broken, Leading) else (Leading, broken)


def one(name: str, seed: int) -> Run:
    """A run of the rules of that name."""
    return run(seed, *rules(name))


def main(arguments: list[str]) -> int:
    """Print the table; 1 if two acted under the rules as built, or a broken rule was not found."""
    parser = argparse.ArgumentParser(prog="python -m tests.election", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="runs of the rules as built (1000)")
    parser.add_argument("--broken", type=int, default=200, help="runs of each broken rule (200)")
    parser.add_argument("--replay", type=int, metavar="SEED", help="tell one seed's story")
    asked = parser.parse_args(arguments)
    if asked.replay is not None:
        print("\n".join(one("as built", asked.replay).story))
        return 0
    print(f"{'rules':26} {'runs':>6} {'two act':>8} {'handovers':>10} {'split s':>9}  first seed")
    fine = True
    with ProcessPoolExecutor() as pool:
        for name in ("as built", *BROKEN):
            seeds = range(asked.seeds if name == "as built" else asked.broken)
            done = list(pool.map(partial(one, name), seeds, chunksize=20))
            found = [each.seed for each in done if each.overlaps]
            fine = fine and bool(found) is (name != "as built")
            print(
                f"{name:26} {len(done):6} {len(found):8} {sum(r.handovers for r in done):10}"
                f" {sum(r.split_s for r in done):9.0f}  {found[0] if found else '-'}"
            )
            if name == "as built":
                ends = Counter(each.end for each in done)
                print(f"{'':26} in the calm at the end: {dict(ends)}")
    print("kept" if fine else "NOT kept")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
