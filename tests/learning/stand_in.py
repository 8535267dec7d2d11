"""A job's process without training: ``python stand_in.py STUDIES JOB``; the name of the job's task says what it does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from lesionlab.store.house import House
from lesionlab.store.jobs import Jobs, Standing
from lesionlab.store.versions import Comparison


def claim(jobs: Jobs, job: str) -> str:
    while (found := jobs.get(job)).process != os.getpid():
        time.sleep(0.01)
    return found.task


def finish(jobs: Jobs, job: str) -> None:
    jobs.finish(job, "v1", Comparison(metric="dice", against="shipped", promoted=True, reason=f"by {os.getpid()}"))


def main(studies: Path, job: str) -> None:
    jobs = Jobs(House.of(str(studies)).jobs())
    task = claim(jobs, job)
    with (studies / "starts").open("a") as starts:
        starts.write(f"{task} {os.getpid()}\n")
    if task == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    if task == "dies_once" and jobs.get(job).attempts == 1:
        jobs.report(job, Standing(epoch=1, step=5))
        os.kill(os.getpid(), signal.SIGKILL)
    if task == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen(["sleep", "60"])
        (studies / "child").write_text(str(child.pid))
        time.sleep(60)
    if task == "waits":
        while not (studies / "go").exists():
            time.sleep(0.02)
    finish(jobs, job)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
