"""What is said of a whole corpus in every delivery, resumable at any point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from forensics.detectors.aligned.storing import Stored
from forensics.detectors.calibrating.collecting import LeftOut
from forensics.detectors.calibrating.corpus import Sample
from forensics.detectors.calibrating.journal import Journal
from forensics.detectors.judging.deliveries import Delivery
from forensics.detectors.judging.looking import Judge, Looked, Shown, key_of, look
from forensics.errors import MediaError, MissingExtra
from forensics.files import encodable
from forensics.media import Limits, open_media

__all__ = ["Gathered", "gather", "open_journal"]


@dataclass(frozen=True)
class Gathered:
    """What a corpus gave.

    Attributes:
        shown: Every picture in every delivery that it could be given, in the order of the corpus.
        left_out: The others, and why.
        known: Number of those that had been looked at before.
    """

    shown: tuple[Shown, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    known: int = 0

    def __add__(self, other: Gathered) -> Gathered:
        return Gathered(self.shown + other.shown, self.left_out + other.left_out, self.known + other.known)


def open_journal(path: Path, judge: Judge, how: Stored) -> Journal[Looked]:
    """Open the file that keeps what was said; what was said with other detectors or weights is dropped.

    Args:
        path: The file; it is made if it is not there.
        judge: Who looks.
        how: How pictures are stored that a delivery does not store itself.

    Raises:
        UsageError: It cannot be used.
    """
    return Journal(path, f"{judge.made_with} {how}", Looked)


def gather(
    samples: Sequence[Sample],
    deliveries: Sequence[Delivery],
    judge: Judge,
    journal: Journal[Looked],
    *,
    workers: int = 2,
    advance: Callable[[], object] = lambda: None,
) -> Gathered:
    """Let detectors look at every picture of a corpus in every delivery.

    Args:
        samples: The pictures.
        deliveries: The ways.
        judge: Who looks.
        journal: Keeps what was said; what it holds is not looked at again.
        workers: Pictures at once.
        advance: Called after each picture.

    Raises:
        ForensicsError: An encoder did something else than was asked for.
        UsageError: The journal cannot be written.
    """
    shown: list[Shown] = []
    left_out: list[LeftOut] = []
    known = 0
    with ThreadPoolExecutor(workers) as pool:
        try:
            for sample, entries in pool.map(lambda s: _looked(s, deliveries, judge, journal), samples):
                for entry, new in entries:
                    if new:
                        journal.add(entry)
                    known += not new
                    if entry.problem:
                        left_out.append(LeftOut(entry.file, entry.problem))
                    else:
                        shown.append(Shown(sample, entry))
                advance()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return Gathered(tuple(shown), tuple(left_out), known)


def _looked(
    sample: Sample, deliveries: Sequence[Delivery], judge: Judge, journal: Journal[Looked]
) -> tuple[Sample, list[tuple[Looked, bool]]]:
    """Return what a picture gives in each delivery, and whether that is new."""
    try:
        media = open_media(sample.path, Limits())
        sha256 = media.sha256
    except (MediaError, MissingExtra, MemoryError) as error:
        problem = encodable(str(error)) or type(error).__name__
        return sample, [(Looked(file=sample.name, sha256="", delivery="", problem=problem), True)]
    found = []
    for delivery in deliveries:
        before = journal.find(key_of(sample, delivery), sha256)
        entry = before or look(media, sample, delivery, judge)
        found.append((entry, before is None))
        if entry.problem and delivery.how is None:
            break  # it cannot be read: then it cannot be delivered otherwise either
    return sample, found
