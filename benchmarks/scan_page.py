"""How soon does the page of a large scan show something, and what does it cost?

    python benchmarks/scan_page.py [--rows 100000] [--runs 5] [--no-previews]

Writes the page of a scan of rows drawn by their number, each with a preview, and opens it from disk in
Chromium, each time in a new profile. Times run from the navigation: to the summary, to the first rows of
the table on screen with their names, and until all columns are read. Then, with all columns read: the time
of filters and orders, from the change to the second frame after it, and of a search, which first has to
read all names. The memory of writing is the largest resident set of a process of its own, the time is that
of drawing the rows as well.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from common import write_result
from PIL import Image

from forensics.evidence import Verdict
from forensics.scan.page import write_page
from forensics.scan.row import DetectorRow, ScanRow, State, StepTime

DETECTORS = ("copy_move", "dct", "jpeg", "learned", "noise", "periodicity", "residual", "spectral")
STEPS = ("open", "credentials", "metadata", "fingerprint", *DETECTORS)
VERDICTS = [verdict.value for verdict in Verdict if verdict is not Verdict.UNREADABLE]
SHARES = [0.05, 0.1, 0.03, 0.08, 0.07, 0.02, 0.65]
PREVIEWS = 64

DRAWN = (
    "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))))"
)
ACTIONS = {
    "filter_verdict": "page.state.facets.set('verdict', new Set(['likely_synthetic'])); page.changed()",
    "filter_score": "page.state.ranges.set('llr_synthetic', [2, null]); page.changed()",
    "sort_score": "page.state.sort = 'llr_synthetic'; page.state.down = true; page.changed()",
    "sort_verdict": "page.state.sort = 'verdict'; page.changed()",
    "select_all": "page.chooseAll()",
    "last_row": "page.go(page.store.rows)",
}
SEARCH = """page.state.q = 'img_%08d'; page.changed();
    while (page.results.rows.length !== 1) await new Promise((done) => setTimeout(done, 5))"""
TIMED = f"""(async () => {{
    const page = forensicsPage, start = performance.now();
    %s;
    return await {DRAWN} - start;
}})()"""
RESET = "page.chooseNone(); page.state.sort = ''; page.clearFilters()"


class Source:
    """A scan whose rows follow from their numbers."""

    title = "Benchmark"
    facts = (("rows", "drawn by number"),)

    def __init__(self, rows: int, previews: bool) -> None:
        self.many = rows
        rng = np.random.default_rng(1)
        self.pictures = [self._picture(rng) for _ in range(PREVIEWS)] if previews else []

    def rows(self) -> Iterator[ScanRow]:
        """Yield the rows."""
        rng = np.random.default_rng(2)
        for number in range(self.many):
            yield unreadable(number) if rng.random() < 0.04 else audited(number, rng)

    def preview(self, id: str) -> bytes | None:
        """Return one of a few pictures."""
        return self.pictures[zlib.crc32(id.encode()) % PREVIEWS] if self.pictures else None

    def detail(self, id: str) -> None:
        """Return nothing: details are read one by one and do not grow with the rows."""

    def _picture(self, rng: np.random.Generator) -> bytes:
        """Return a picture as rich in detail as photos are at this size."""
        small = rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)
        picture = Image.fromarray(small).resize((192, 144), Image.Resampling.BICUBIC)
        noisy = np.asarray(picture, np.float64) + rng.normal(0, 3, (144, 192, 3))
        buffer = io.BytesIO()
        Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=75)
        return buffer.getvalue()


def named(number: int) -> str:
    """Return an id."""
    return f"s3://intake/partner-{number % 7}/2026/{number // 1000:04d}/IMG_{number:08d}.jpg"


def unreadable(number: int) -> ScanRow:
    """Return the row of a damaged file."""
    return ScanRow(
        id=named(number),
        source=f"s3://intake/partner-{number % 7}",
        state=State.UNREADABLE,
        reason="truncated",
    )


def audited(number: int, rng: np.random.Generator) -> ScanRow:
    """Return the row of a file with a verdict."""
    scores = rng.normal(-0.5, 1.0, len(DETECTORS) + 2).round(3).tolist()
    digest = rng.bytes(32).hex()
    return ScanRow(
        id=named(number),
        source=f"s3://intake/partner-{number % 7}",
        state=State.OK,
        bytes=int(rng.integers(10_000, 5_000_000)),
        modified=1.6e9 + float(rng.random()) * 1.5e8,
        sha256=digest,
        md5=digest[:32],
        pdq=digest,
        pdq_quality=0.9,
        format=("jpeg", "jpeg", "png", "webp")[number % 4],
        kind="image",
        width=4000,
        height=3000,
        verdict=VERDICTS[rng.choice(len(VERDICTS), p=SHARES)],
        rule="nothing",
        because="Nothing decides how it was made: the normal answer for an honest photo.",
        llr_synthetic=scores[0],
        llr_altered=scores[1],
        credential_state=("none", "none", "none", "trusted")[number % 4],
        signer=f"Signer {number % 40}" if number % 4 == 3 else "",
        watermark="watermark.none",
        cluster=named(number - number % 50) if number % 50 < 2 else "",
        profile="standard",
        stage=2,
        detectors=tuple(
            DetectorRow(
                detector=name, version="1", code=f"{name}.found", question="altered",
                status="signal" if score > 0.8 else "clear", llr=score,
            )
            for name, score in zip(DETECTORS, scores[2:], strict=True)
        ),
        seconds=0.4,
        timings=tuple(StepTime(step=step, seconds=0.03) for step in STEPS),
    )  # fmt: skip


def write(rows: int, previews: bool, folder: str) -> None:
    """Write a page and print what that took."""
    source = Source(rows, previews)
    start = time.perf_counter()
    write_page(source, Path(folder))
    seconds = time.perf_counter() - start
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"seconds": round(seconds, 1), "most_resident_megabytes": round(most)}))
    sys.stdout.flush()


def written(rows: int, previews: bool, folder: Path) -> dict[str, Any]:
    """Write a page in a process of its own, and return what it took."""
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import scan_page; "
    code += f"scan_page.write({rows}, {previews}, {str(folder)!r})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    files = [path for path in folder.rglob("*") if path.is_file()]
    total = sum(path.stat().st_size for path in files)
    index = sum(path.stat().st_size for path in files if path.name.startswith("index-"))
    return json.loads(run.stdout) | {
        "files": len(files),
        "megabytes": round(total / 1e6, 1),
        "columns_megabytes": round(index / 1e6, 1),
    }


def until(page: Any, script: str) -> float:
    """Return the value of an expression as soon as it is true, looked up in every frame."""
    look = (
        f"const look = () => {{ const found = {script}; found ? done(found) : requestAnimationFrame(look); }}"
    )
    return float(page.evaluate(f"new Promise((done) => {{ {look}; look(); }})"))


def visit(chromium: Any, address: str, times: dict[str, list[float]]) -> None:
    """Open the page anew and note how long everything takes."""

    def note(name: str, milliseconds: float) -> None:
        times.setdefault(name, []).append(milliseconds)

    page = chromium.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.goto(address)
    paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
    note("summary_painted", until(page, paint))
    page.context.close()

    page = chromium.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.goto(address + "#view=table", wait_until="commit")
    shown = "document.querySelector('#table .canvas .name .last') && performance.now()"
    note("first_rows", until(page, shown))
    every = "window.forensicsPage?.store?.loaded === forensicsPage.store.rows && performance.now()"
    note("all_columns_read", until(page, every))
    note("rows_in_document", page.locator("#table .canvas .row").count())
    for name, action in ACTIONS.items():
        note(name, page.evaluate(TIMED % action))
        page.evaluate(f"(() => {{ const page = forensicsPage; {RESET}; }})()")
    middle = int(page.evaluate("forensicsPage.store.rows")) // 2  # its name was not read before
    note("first_search", page.evaluate(TIMED % (SEARCH % middle)))
    note("script_megabytes", page.evaluate("performance.memory.usedJSHeapSize / 1e6"))
    page.context.close()


def _spread(values: list[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(values), 1),
        "min": round(min(values), 1),
        "max": round(max(values), 1),
    }


def main() -> None:
    """Run the benchmark and write benchmarks/results/scan_page_ROWS.json."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--previews", action=argparse.BooleanOptionalAction, default=True)
    options = parser.parse_args()
    times: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        made = written(options.rows, options.previews, Path(folder) / "page")
        address = (Path(folder) / "page" / "index.html").as_uri()
        for _ in range(options.runs):
            chromium = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-dev-shm-usage"]
            )
            browser = chromium.version
            visit(chromium, address, times)
            chromium.close()
    result = {
        "rows": options.rows,
        "runs": options.runs,
        "previews": options.previews,
        "browser": f"Chromium {browser}",
        "writing": made,
        "milliseconds": {name: _spread(values) for name, values in times.items()},
    }
    for name in ("rows_in_document", "script_megabytes"):
        result[name] = result["milliseconds"].pop(name)
    sys.stdout.write(json.dumps(result, indent=2) + "\n")
    command = f"python benchmarks/scan_page.py --rows {options.rows} --runs {options.runs}"
    command += "" if options.previews else " --no-previews"
    write_result(f"scan_page_{options.rows}", command, result)


if __name__ == "__main__":
    main()
