"""`python -m uptop_leader`: the same as `uptop-leader`."""

import sys

from uptop_leader.cli import main

sys.exit(main())
