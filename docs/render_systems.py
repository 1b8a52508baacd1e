"""Write docs/systems.md from docs/systems.csv.

Run `python docs/render_systems.py` after a change of the CSV; `--check` only says whether the page is stale.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

HERE = Path(__file__).parent
SOURCE = HERE / "systems.csv"
PAGE = HERE / "systems.md"

CLASSES = ("A", "A†", "A-ds", "B")
STATES = ("works", "partly", "not built", "left out")
PARTS = ("watermarks", "generators", "signed generation", "trained detectors", "scans", "training")

INTRO = """\
# Systems

The methods, models, measures and data sets that this suite sets out to cover, each with the object that
implements it, a test that would fail without it, and how far it has come. The table is rendered from
`docs/systems.csv`; a test imports every object and looks up every test named here.

| class | meaning |
|---|---|
| A | must work |
| A† | must work; the family is required, this is its small member or a part of it |
| A-ds | a data set: a loader for its layout, the data itself cannot be shipped |
| B | wanted at small scale |

| status | meaning |
|---|---|
| works | implemented and tested as named |
| partly | implemented in part; the status says what is missing |
| not built | planned; the status names the part of the suite that brings it |
| left out | not planned; the status says why |
"""


@dataclass(frozen=True)
class Row:
    """One system.

    Attributes:
        name: The name it is known by.
        classification: One of `CLASSES`.
        group: Heading it stands under.
        objects: Dotted names of what implements it, empty if nothing does yet.
        test: "file::function" of a test of it, "" if there is none yet.
        status: One of `STATES`, with what is missing or planned, or why it is left out, after a colon.
    """

    name: str
    classification: str
    group: str
    objects: tuple[str, ...]
    test: str
    status: str

    @property
    def state(self) -> str:
        """The status without its explanation."""
        return self.status.partition(":")[0]


def read(source: Path = SOURCE) -> list[Row]:
    """Return the rows of the CSV in file order."""
    with source.open(encoding="utf-8", newline="") as lines:
        return [
            Row(r["name"], r["class"], r["group"], tuple(r["object"].split()), r["test"], r["status"])
            for r in csv.DictReader(lines)
        ]


def summary(rows: list[Row]) -> str:
    """Return the table of counts by class and state."""
    counts = Counter((row.classification, row.state) for row in rows)
    lines = [f"| class | {' | '.join(STATES)} | all |", "|---|" + "--:|" * (len(STATES) + 1)]
    for name in CLASSES:
        cells = [counts[name, state] for state in STATES]
        lines.append(f"| {name} | {' | '.join(map(str, cells))} | {sum(cells)} |")
    totals = [sum(counts[name, state] for name in CLASSES) for state in STATES]
    lines.append(f"| **all** | {' | '.join(map(str, totals))} | {sum(totals)} |")
    return "\n".join(lines) + "\n"


def line(row: Row) -> str:
    """Return one line of a table."""
    objects = "<br>".join(f"`{name}`" for name in row.objects) or "-"
    test = f"`{row.test}`" if row.test else "-"
    return f"| {row.name} | {row.classification} | {objects} | {test} | {row.status} |"


def render(rows: list[Row]) -> str:
    """Return the whole page."""
    parts = [INTRO, summary(rows)]
    for group, members in groupby(rows, key=lambda row: row.group):
        head = f"## {group}\n\n| system | class | implemented by | test | status |\n|---|---|---|---|---|\n"
        parts.append(head + "\n".join(line(row) for row in members) + "\n")
    return "\n".join(parts)


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` compare it; return the exit status."""
    page = render(read())
    if "--check" not in arguments:
        PAGE.write_text(page, encoding="utf-8")
        return 0
    if PAGE.read_text(encoding="utf-8") == page:
        return 0
    sys.stderr.write("docs/systems.md is stale: python docs/render_systems.py\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
