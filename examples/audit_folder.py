"""Sort the files of a folder by verdict.

Run `python examples/audit_folder.py FOLDER`.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from pathlib import Path

from forensics import Auditor


def main(folder: Path) -> None:
    """Audit every file below the folder and print one line for each, grouped by verdict."""
    auditor = Auditor()  # one for many files: the trust policy and the detectors are set up once
    found = defaultdict(list)
    for report in auditor.audit_many(sorted(p for p in folder.rglob("*") if p.is_file())):
        found[report.verdict].append(report)
    for verdict, reports in sorted(found.items()):
        sys.stdout.write(f"{verdict}\n")
        for report in reports:
            sys.stdout.write(f"  {report.path}: {report.because}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Sort the files of a folder by verdict.")
    parser.add_argument("folder", type=Path)
    chosen = parser.parse_args().folder
    if not chosen.is_dir():
        parser.error(f"{chosen} is not a folder")
    main(chosen)
