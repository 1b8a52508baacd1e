"""The scores of a whole corpus, resumable at any point."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from forensics.detectors.base import Detector
from forensics.detectors.calibrating.corpus import Sample
from forensics.detectors.calibrating.journal import Entry, Journal
from forensics.detectors.calibrating.scoring import Scored, score_media
from forensics.errors import MediaError, MissingExtra
from forensics.evidence import Question
from forensics.files import encodable
from forensics.media import Limits, open_media

__all__ = ["Collected", "LeftOut", "Row", "collect"]


@dataclass(frozen=True)
class Row:
    """One picture with its truth and its scores."""

    sample: Sample
    scored: Scored


@dataclass(frozen=True)
class LeftOut:
    """A file that could not be read, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Collected:
    """What a corpus gave.

    Attributes:
        rows: The pictures that could be read, in the order of the corpus.
        left_out: The others.
        known: Number of those that had been scored before.
    """

    rows: tuple[Row, ...]
    left_out: tuple[LeftOut, ...]
    known: int


def collect(
    samples: Sequence[Sample],
    detectors: Sequence[Detector],
    question: Question,
    journal: Path,
    *,
    workers: int = 2,
    advance: Callable[[], object] = lambda: None,
) -> Collected:
    """Let detectors look at every picture of a corpus.

    Args:
        samples: The pictures.
        detectors: Those to ask.
        question: Which of their findings count.
        journal: File that keeps what was scored; a further run takes up what is there.
        workers: Pictures at once.
        advance: Called after each picture.

    Raises:
        UsageError: The journal cannot be used.
    """
    book = Journal(journal, _made_with(detectors, question), Entry)
    rows, left_out, known = [], [], 0
    with ThreadPoolExecutor(workers) as pool:
        try:
            for sample, entry, new in pool.map(lambda s: _looked(s, detectors, question, book), samples):
                if new:
                    book.add(entry)
                known += not new
                if entry.scored is None:
                    left_out.append(LeftOut(sample.name, entry.problem))
                else:
                    rows.append(Row(sample, entry.scored))
                advance()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return Collected(tuple(rows), tuple(left_out), known)


def _looked(
    sample: Sample, detectors: Sequence[Detector], question: Question, book: Journal[Entry]
) -> tuple[Sample, Entry, bool]:
    """Return what a picture gives, and whether that is new."""
    sha256 = ""
    try:
        media = open_media(sample.path, Limits())
        sha256 = media.sha256
        entry = book.find(sample.name, sha256)
        if entry is not None:
            return sample, entry, False
        scored = score_media(media, detectors, question)
    except (MediaError, MissingExtra, MemoryError) as error:
        problem = encodable(str(error)) or type(error).__name__
        return sample, Entry(file=sample.name, sha256=sha256, problem=problem), True
    return sample, Entry(file=sample.name, sha256=sha256, scored=scored), True


def _made_with(detectors: Sequence[Detector], question: Question) -> str:
    return json.dumps([question.value, *_versions(detectors)])


def _versions(detectors: Sequence[Detector]) -> Iterator[str]:
    for detector in detectors:
        yield f"{detector.info.name} {detector.info.version}"
