"""Renders the tables of docs/store.md from benchmarks/results/store_speed_*.json.

python docs/render_store.py
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from render_tables import load, source, table

__all__ = ["render"]

PAGE = Path(__file__).with_name("store.md")
BLOCK = re.compile(r"(?<=<!-- rendered -->\n).*(?=<!-- end -->)", re.DOTALL)
RESULTS = ("store_speed_100000", "store_speed_1000000")
LOOKUPS = {
    "mark_warm_seconds": "by its mark, warm",
    "mark_cold_seconds": "by its mark, new process",
    "file_warm_seconds": "by its bytes, warm",
    "fingerprint_warm_seconds": "by its fingerprint, warm",
    "fingerprint_cold_seconds": "by its fingerprint, new process",
}


def render(page: str) -> str:
    """Return the page with its tables as the results say."""
    body = "\n".join(_measured(load(name)) for name in RESULTS)
    return BLOCK.sub(lambda _: body, page)


def _measured(result: dict[str, Any]) -> str:
    rows = [
        (f"look-up {words}", *(f"{1000 * result[name][which]:.0f} ms" for which in ("median", "min", "max")))
        for name, words in LOOKUPS.items()
    ]
    return f"{source(result)}\n{table(('step', 'median', 'least', 'most'), rows)}\n{_rest(result)}\n"


def _rest(result: dict[str, Any]) -> str:
    writing, checked = result["writing"], result["verify"]
    return (
        f"{result['entries']} entries are a file of {result['file_megabytes']} MB. `add_many` took "
        f"{result['fill']['per_second']} a second. The first look-up by fingerprint of all, which makes the "
        f"copy beside the store, took {result['fingerprint_first_of_all_seconds']:.1f} s.\n\n"
        f"{writing['writers']} processes added {writing['records']} records one by one in "
        f"{writing['seconds_with_start']:.0f} s, their start included: {writing['failed']} processes failed, "
        f"{writing['missing']} records were missing. Checking the whole past took {checked['seconds']:.0f} s."
    )


if __name__ == "__main__":
    PAGE.write_text(render(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
