"""A server that does nothing but run jobs, to be killed: ``python serve_jobs.py STUDIES``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from lesionlab.learning.runner import Runner

if __name__ == "__main__":
    runner = Runner(Path(sys.argv[1]), command=(sys.executable, str(Path(__file__).parent / "stand_in.py")))
    runner.start()
    time.sleep(60)
