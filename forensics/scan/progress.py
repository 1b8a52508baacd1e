"""How far a scan is, for people, logs and monitoring."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from forensics.errors import ScanFull
from forensics.files import atomic_write
from forensics.scan.journal import Counts
from forensics.scan.packed import Packed

__all__ = ["Progress", "Tally", "prometheus", "write_metrics"]

_WINDOW = 30.0  # seconds over which the rate is taken


@dataclass(frozen=True)
class Progress:
    """How far a scan is.

    Attributes:
        phase: "listing", "working", "finishing" or "done".
        listed: Items found so far.
        done: Items with a row, those of earlier runs as well.
        bytes: Of those.
        seconds: Since this run began.
        files_per_second: Of this run, lately.
        bytes_per_second: The same.
        eta: Seconds that are left at this rate; None where that cannot be said.
        states: Rows by state.
        verdicts: Rows by verdict.
        reasons: Rows by reason where the state is not ok.
    """

    phase: str
    listed: int
    done: int
    bytes: int
    seconds: float
    files_per_second: float
    bytes_per_second: float
    eta: float | None
    states: dict[str, int] = field(default_factory=dict)
    verdicts: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)

    def json_line(self) -> str:
        """Return it as one line of JSON."""
        record = {**vars(self), "seconds": round(self.seconds, 1)}
        for name in ("files_per_second", "bytes_per_second"):
            record[name] = round(record[name], 1)
        record["eta"] = None if self.eta is None else round(self.eta)
        return json.dumps(record)


class Tally:
    """Counts along, so that the journal need not be asked.

    Args:
        counts: Where the journal stands.
    """

    def __init__(self, counts: Counts) -> None:
        self.listed = counts.listed
        self._bytes = counts.bytes
        self._states, self._verdicts = Counter(counts.states), Counter(counts.verdicts)
        self._reasons = Counter(counts.reasons)
        self._begun = time.monotonic()
        self._marks: list[tuple[float, int, int]] = [(self._begun, self._states.total(), self._bytes)]

    def add(self, row: Packed) -> None:
        """Count a row."""
        self._bytes += row.size
        self._states[row.state] += 1
        self._verdicts[row.verdict] += 1
        if row.reason:
            self._reasons[row.reason] += 1

    def progress(self, phase: str) -> Progress:
        """Return how far the scan is."""
        now, done = time.monotonic(), self._states.total()
        self._marks.append((now, done, self._bytes))
        while len(self._marks) > 2 and now - self._marks[1][0] > _WINDOW:
            self._marks.pop(0)
        then, before, bytes_before = self._marks[0]
        span = max(now - then, 1e-6)
        rate = (done - before) / span
        return Progress(
            phase=phase,
            listed=self.listed,
            done=done,
            bytes=self._bytes,
            seconds=now - self._begun,
            files_per_second=rate,
            bytes_per_second=(self._bytes - bytes_before) / span,
            eta=(self.listed - done) / rate if rate > 0 and phase == "working" else None,
            states=dict(self._states),
            verdicts=dict(self._verdicts),
            reasons=dict(self._reasons),
        )


def prometheus(progress: Progress) -> str:
    """Return the state of a scan in the text format of Prometheus (exposition format 0.0.4)."""
    lines = [
        *_gauge("listed_items", "Items found.", progress.listed),
        *_gauge("done_items", "Items with a row.", progress.done),
        *_gauge("done_bytes", "Bytes of items with a row.", progress.bytes),
        *_gauge("run_seconds", "Seconds since this run began.", round(progress.seconds, 3)),
        *_gauge("files_per_second", "Items a second, lately.", round(progress.files_per_second, 3)),
        *_gauge("running", "Whether the scan is still at work.", int(progress.phase != "done")),
        *_labelled("state_items", "Rows by state.", "state", progress.states),
        *_labelled("verdict_items", "Rows by verdict.", "verdict", progress.verdicts),
        *_labelled("reason_items", "Rows by reason.", "reason", progress.reasons),
    ]
    return "\n".join(lines) + "\n"


def write_metrics(progress: Progress, path: Path) -> None:
    """Write a file for the textfile collector of Prometheus' node exporter.

    Raises:
        ScanFull: It cannot be written.
    """
    try:
        atomic_write(path, prometheus(progress).encode())
    except OSError as error:
        raise ScanFull(f"the metrics cannot be written to {path}: {error.strerror}") from error


def _gauge(name: str, about: str, value: float) -> list[str]:
    full = f"forensics_scan_{name}"
    return [f"# HELP {full} {about}", f"# TYPE {full} gauge", f"{full} {value}"]


def _labelled(name: str, about: str, label: str, values: dict[str, int]) -> list[str]:
    full = f"forensics_scan_{name}"
    shown = [f'{full}{{{label}="{key or "none"}"}} {count}' for key, count in sorted(values.items())]
    return [f"# HELP {full} {about}", f"# TYPE {full} gauge", *shown]
