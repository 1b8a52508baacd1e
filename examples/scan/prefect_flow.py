"""A scan every night, with Prefect and without a command line.

Change: the sources, the folder, the profile, and when it is served. A try that fails is resumed by the next.
Usage: prefect_flow.py SOURCE FOLDER
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

from prefect import flow, task

from forensics.errors import ScanMismatch, UsageError
from forensics.scan.run import JOURNAL, Job, scan
from forensics.scan.settings import WorkSettings

FINDINGS = ("synthetic", "altered", "contradictory")


def retriable(task: Any, run: Any, state: Any) -> bool:
    """Whether another try may help: a full disk may be emptied, wrong settings stay wrong."""
    try:
        state.result()
    except (ScanMismatch, UsageError):
        return False
    except Exception:
        return True
    return False


@task(retries=3, retry_delay_seconds=600, retry_condition_fn=retriable)
def scan_folder(source: str, folder: str, profile: str = "standard") -> dict[str, int]:
    """Scan, or go on with the scan in the folder; returns how many files got which verdict."""
    out = Path(folder)
    if (out / JOURNAL).exists():
        job = Job((), out, workers=4, resume=True)
    else:
        job = Job((source,), out, WorkSettings(profile=profile), workers=4)
    return dict(scan(job).manifest.verdicts)


@flow(log_prints=True)
def nightly(source: str, folder: str, profile: str = "standard") -> dict[str, int]:
    """Scan what was uploaded, into a folder for each day."""
    verdicts = scan_folder(source, str(Path(folder, date.today().isoformat())), profile)
    found = {name: verdicts[name] for name in FINDINGS if name in verdicts}
    print("findings:", found or "none")
    return found


if __name__ == "__main__":
    given = {"source": sys.argv[1], "folder": sys.argv[2]}
    nightly.serve("nightly-scan", cron="15 2 * * *", parameters=given)
