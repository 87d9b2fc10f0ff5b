"""`python -m uptop_tui` is `uptop-tui`."""

import sys

from uptop_tui.cli import main

sys.exit(main())
