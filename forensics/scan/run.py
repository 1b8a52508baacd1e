"""One scan from its sources to its results: list, work, finish. Each can be cut short and resumed."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from forensics.errors import ScanError, ScanMismatch
from forensics.scan.engines.base import Done, Engine, Lost, Task
from forensics.scan.engines.spool import leftovers, read_spool
from forensics.scan.finishing import Finished, Output, finish
from forensics.scan.identity import identity_of
from forensics.scan.items import Item
from forensics.scan.journal import Journal, locked
from forensics.scan.packed import Packed
from forensics.scan.profiles import profile_named
from forensics.scan.progress import Progress, Tally
from forensics.scan.row import State
from forensics.scan.rows import failed_row
from forensics.scan.settings import WorkSettings
from forensics.scan.sources import Left, Listing, listed
from forensics.scan.worker import Outcome

__all__ = ["RETRIED", "Job", "Output", "scan"]

log = logging.getLogger(__name__)

RETRIED = ("crash", "timeout", "memory", "io", "io_throttled", "io_timeout", "io_denied", "io_not_found")
"""Reasons of rows that `--retry-failed` works on again: another day, they may have gone away."""

JOURNAL, SPOOL = "journal.sqlite", "spool"
_COMMIT_SECONDS, _COMMIT_ROWS = 0.5, 500
_TELL_SECONDS = 0.5


@dataclass(frozen=True)
class Job:
    """A scan to run.

    Attributes:
        sources: Files, folders, archives, tables, lists or URLs; none where a scan is resumed.
        folder: Where its journal and results go.
        work: How files are looked at; None takes those of the scan that is resumed.
        listing: How sources are listed; None as for `work`.
        engine: "local" or "ray".
        workers: Processes; of Ray, actors.
        output: What is made of the rows.
        resume: Go on with the scan in the folder.
        retry_failed: Work again on what failed for a reason that may have gone away.
        update: List the sources again, for what is new or changed.
    """

    sources: tuple[str, ...]
    folder: Path
    work: WorkSettings | None = None
    listing: Listing | None = None
    engine: str = "local"
    workers: int = 1
    output: Output = field(default_factory=Output)
    resume: bool = False
    retry_failed: bool = False
    update: bool = False


Tell = Callable[[Progress], None]


def scan(job: Job, tell: Tell = lambda _: None, *, stdin: BinaryIO | None = None) -> Finished:
    """Run a scan, or go on with one, to its end.

    Whatever ends it early, an exception, a signal or the machine, what was done is kept, and the same call
    with `resume` goes on from there.

    Args:
        job: What to scan, and how.
        tell: Called now and then with how far it is.
        stdin: Where a source "-" is read from.

    Raises:
        ScanMismatch: The folder holds a scan and `resume` is not set, or one with other settings.
        ScanError: It cannot go on: the disk is full, the journal is locked or damaged, workers do not start.
        UsageError: A source or a setting is wrong.
    """
    with _opened(job) as run:
        session = run.journal.begin_session({"engine": run.job.engine, "workers": run.job.workers})
        _drain(run.journal, run.spool)
        _list(run, tell, stdin)
        tally = Tally(run.journal.counts())
        _work(run, tally, tell)
        tell(tally.progress("finishing"))
        finished = finish(run.journal, run.job.folder, run.job.output, run.said)
        run.journal.end_session(session)
        tell(tally.progress("done"))
        return finished


@dataclass(frozen=True)
class _Run:
    job: Job
    journal: Journal
    spool: Path
    work: WorkSettings
    listing: Listing
    said: dict[str, Any]  # what the manifest says of the settings


@contextmanager
def _opened(job: Job) -> Iterator[_Run]:
    """Open the folder of a scan and make sure that it is the scan meant."""
    with ExitStack() as held:
        try:
            job.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ScanError(f"{job.folder} cannot be made: {error.strerror}") from error
        held.enter_context(locked(job.folder))
        known = (job.folder / JOURNAL).is_file()
        _check_folder(job, known)
        journal = held.enter_context(Journal(job.folder / JOURNAL, create=True))
        work, listing, sources = _agreed(job, journal)
        spool = job.folder / SPOOL
        spool.mkdir(exist_ok=True)
        said = identity_of(work)
        _check_identity(journal, said)
        yield _Run(replace(job, sources=sources), journal, spool, work, listing, said)


def _check_folder(job: Job, known: bool) -> None:
    if job.resume and not known:
        raise ScanMismatch(f"{job.folder} holds no scan that could be resumed", actual=str(job.folder))
    if known and not job.resume:
        raise ScanMismatch(
            f"{job.folder} holds a scan already: resume it (--resume), or choose another folder",
            actual=str(job.folder),
        )
    if not known and any(path.name not in (".lock", SPOOL) for path in job.folder.iterdir()):
        raise ScanMismatch(f"{job.folder} is not empty: choose another folder", actual=str(job.folder))


def _agreed(job: Job, journal: Journal) -> tuple[WorkSettings, Listing, tuple[str, ...]]:
    """Return what the journal says of the scan, and write it there if it is new."""
    kept = journal.get("job")
    if kept is None:
        if not job.sources:
            raise ScanMismatch("there is nothing to scan: name a source")
        work, listing = job.work or WorkSettings(), job.listing or Listing()
        record = {"sources": job.sources, "work": work.as_record(), "listing": listing.as_record()}
        journal.put("job", record)
        return work, listing, job.sources
    work, listing = WorkSettings.from_record(kept["work"]), Listing.from_record(kept["listing"])
    sources = tuple(kept["sources"])
    given = {
        "sources": job.sources or sources,
        "settings": job.work or work,
        "listing": job.listing or listing,
    }
    had = {"sources": sources, "settings": work, "listing": listing}
    if other := [name for name in given if given[name] != had[name]]:
        raise ScanMismatch(
            f"the scan in {job.folder} has other {' and '.join(other)}: leave them out to go on with it",
            expected={name: had[name] for name in other},
            actual={name: given[name] for name in other},
        )
    return work, listing, sources


def _check_identity(journal: Journal, said: dict[str, Any]) -> None:
    """Refuse to mix rows made with other versions, models, keys or trust."""
    kept = journal.get("identity")
    if kept is None:
        journal.put("identity", said)
    elif kept != said:
        changed = sorted(key for key in {*kept, *said} if kept.get(key) != said.get(key))
        raise ScanMismatch(
            f"{', '.join(changed)} changed since this scan began, and its rows would not agree: "
            "begin a new one (`forensics results diff` compares them)",
            expected=kept,
            actual=said,
        )


def _drain(journal: Journal, spool: Path) -> set[int]:
    """Take over what workers of an earlier run finished, and name what they were at when it ended."""
    suspects = set(journal.get("suspects") or ())
    for path in leftovers(spool):
        found = read_spool(path)
        journal.finish(list(found.done.items()))
        suspects |= {found.begun} if found.begun is not None else set()
        journal.put("suspects", sorted(suspects))
        path.unlink(missing_ok=True)
    return suspects


def _list(run: _Run, tell: Tell, stdin: BinaryIO | None) -> None:
    """List the sources, unless that was done already."""
    journal, job = run.journal, run.job
    if job.update or not journal.get("listed"):
        left: Counter[tuple[str, str]] = Counter()
        journal.add(_items(run, left, tell, stdin))
        journal.listed(left)
    if job.retry_failed:
        journal.again(RETRIED, [State.QUARANTINED.value])


def _items(run: _Run, left: Counter[tuple[str, str]], tell: Tell, stdin: BinaryIO | None) -> Iterator[Item]:
    """Yield what sources hold, and count what is left out."""
    last, found = time.monotonic(), 0
    for one in listed(run.job.sources, run.listing, stdin=stdin):
        if isinstance(one, Left):
            left[one.source, one.reason] += one.count
            continue
        found += 1
        if time.monotonic() - last > _TELL_SECONDS:
            last = time.monotonic()
            tell(Progress("listing", found, 0, 0, 0.0, 0.0, 0.0, None))
        yield one


def _work(run: _Run, tally: Tally, tell: Tell) -> None:
    """Work on all that is pending."""
    journal = run.journal
    suspects = set(journal.get("suspects") or ())
    tell(tally.progress("working"))
    tasks = (Task(e.number, e.item, alone=e.number in suspects) for e in journal.pending())
    engine = _engine(run)
    with engine.run(tasks) as results:
        for batch in _gathered(results):
            outcomes = [(r.number, _packed(run, r)) for r in batch]
            journal.finish(outcomes)
            engine.committed()
            for _, packed in outcomes:
                tally.add(packed)
            tell(tally.progress("working"))
    journal.put("suspects", [])
    if journal.counts().pending:
        raise ScanError("the engine ended before its work did: resume the scan, and please report it")


def _gathered(results: Iterator[list[Done | Lost]]) -> Iterator[list[Done | Lost]]:
    """Yield results gathered over half a second or more: each batch is one commit."""
    batch: list[Done | Lost] = []
    last = time.monotonic()
    for some in results:
        batch += some
        if len(batch) >= _COMMIT_ROWS or time.monotonic() - last > _COMMIT_SECONDS:
            yield batch
            batch, last = [], time.monotonic()
    if batch:
        yield batch


def _packed(run: _Run, result: Done | Lost) -> Packed:
    if isinstance(result, Done):
        return result.packed
    row = failed_row(
        run.journal.item(result.number),
        State.QUARANTINED,
        result.reason,
        result.message,
        profile=run.work.profile,
    )
    log.warning("%s is quarantined: %s", row.id, result.message)
    return Packed.of(Outcome(row), result.attempts)


def _engine(run: _Run) -> Engine:
    from forensics.scan.engines import opened_engine

    chunk = profile_named(run.work.profile).chunk
    return opened_engine(run.job.engine, run.work, run.job.workers, run.spool, chunk)
