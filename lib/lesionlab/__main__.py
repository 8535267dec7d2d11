"""``python -m lesionlab`` is the command line."""

import sys

from lesionlab.cli import main

sys.exit(main())
