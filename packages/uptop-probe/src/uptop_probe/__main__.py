"""`python -m uptop_probe` is `uptop-probe`."""

import sys

from uptop_probe.cli import main

sys.exit(main())
