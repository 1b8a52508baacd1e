"""A whole evaluation: thresholds first, then the test, then photos alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from forensics.detectors.aligned.storing import Stored
from forensics.detectors.calibrating.corpus import Sample
from forensics.detectors.judging.accusing import alarms_of
from forensics.detectors.judging.cells import cells_of
from forensics.detectors.judging.checking import check, corpus_of, deliveries_of
from forensics.detectors.judging.corpora import Corpus
from forensics.detectors.judging.deliveries import Delivery
from forensics.detectors.judging.freezing import freeze, save_thresholds
from forensics.detectors.judging.gathering import Gathered, gather, open_journal
from forensics.detectors.judging.looking import FUSED, Judge, Shown
from forensics.detectors.judging.machine import this_machine
from forensics.detectors.judging.notes import notes_of
from forensics.detectors.judging.results import CorpusRecord, Missing, Results, Settings, Thresholds
from forensics.detectors.judging.seen import record_of, seen_by_row
from forensics.detectors.judging.table import Table, rows_of, tabulated
from forensics.files import encodable

__all__ = ["JOURNAL", "THRESHOLDS", "Evaluated", "Plan", "evaluate"]

JOURNAL, THRESHOLDS = "journal.jsonl", "thresholds.json"


@dataclass(frozen=True)
class Plan:
    """What is to be measured.

    Attributes:
        judge: Who looks.
        deliveries: The ways, as they are first.
        stored: How pictures are stored that a delivery does not store itself.
        corpus: Photos and made pictures; None to look at photos alone.
        real_only: Real pictures by the name of their set.
        thresholds: Fixed by an earlier run; None to fix them on the validation of the corpus.
        log10_odds: The threshold of an audit.
        families: What makers are called instead; None for their own names.
        notes: Of the calibration in use: which makers it met is looked for there.
        told_seen: Makers that all detectors have met, whatever their papers say.
        calibration: Name of the user's calibration; "" for the weights that ship.
        replicates: Resamplings of each interval.
    """

    judge: Judge
    deliveries: Sequence[Delivery]
    stored: Stored
    corpus: Corpus | None = None
    real_only: Mapping[str, Sequence[Sample]] = field(default_factory=dict)
    thresholds: Thresholds | None = None
    log10_odds: float = 2.0
    families: Mapping[str, str] | None = None
    notes: Sequence[str] = ()
    told_seen: Sequence[str] = ()
    calibration: str = ""
    replicates: int = 500

    @property
    def pictures(self) -> int:
        """Number of pictures that are looked at."""
        own = (*self.corpus.photos, *self.corpus.test) if self.corpus else ()
        if self.thresholds is not None and self.corpus:
            own = self.corpus.test
        return len(own) + sum(map(len, self.real_only.values()))


@dataclass(frozen=True, eq=False)
class Evaluated:
    """What came of it.

    Attributes:
        results: The record.
        table: What was said of the test, for curves; None without one.
        known: Number of pictures in deliveries that had been looked at before.
    """

    results: Results
    table: Table | None
    known: int


def evaluate(
    plan: Plan, folder: Path, *, workers: int = 2, advance: Callable[[], object] = lambda: None
) -> Evaluated:
    """Measure detectors, and keep what they said in `folder`: an interrupted evaluation goes on.

    The thresholds are written before the first picture of the test is looked at.

    Args:
        plan: What is to be measured.
        folder: An existing one.
        workers: Pictures at once.
        advance: Called after each picture.

    Raises:
        ForensicsError: A delivery did nothing, or something else than was asked for.
        UsageError: The folder cannot be written.
    """
    book = open_journal(folder / JOURNAL, plan.judge, plan.stored)

    def shown(samples: Sequence[Sample]) -> Gathered:
        return gather(samples, plan.deliveries, plan.judge, book, workers=workers, advance=advance)

    photos = Gathered()
    if plan.corpus is not None and plan.thresholds is None:
        photos = shown(plan.corpus.photos)
        check(photos.shown)
    thresholds = plan.thresholds or _fixed(plan, photos.shown)
    save_thresholds(thresholds, folder / THRESHOLDS)
    test = shown(plan.corpus.test) if plan.corpus is not None else Gathered()
    alone = {name: shown(samples) for name, samples in plan.real_only.items()}
    for found in (test, *alone.values()):
        check(found.shown)
    return _concluded(plan, thresholds, photos, test, alone)


def _fixed(plan: Plan, photos: Sequence[Shown]) -> Thresholds:
    if not photos or plan.corpus is None:
        return Thresholds(log10_odds=plan.log10_odds, corpus="", rows=())
    table = tabulated(photos, rows_of(photos))
    return freeze(table, plan.log10_odds, f"{plan.corpus.name}: {plan.corpus.validation}")


def _concluded(
    plan: Plan, thresholds: Thresholds, photos: Gathered, test: Gathered, alone: Mapping[str, Gathered]
) -> Evaluated:
    every = sum(alone.values(), photos + test)
    rows = rows_of(every.shown)
    table = tabulated(test.shown, rows, plan.families) if test.shown else None
    names = sorted({one.sample.maker for one in test.shown if one.sample.fake})
    records = [record_of(d, names, plan.notes, plan.told_seen) for d in plan.judge.detectors]
    owners = {said.code: said.detector for one in every.shown for said in one.looked.said}
    seen = seen_by_row(records, owners, [*owners, FUSED], plan.families)
    cells = cells_of(table, thresholds, seen, replicates=plan.replicates) if table is not None else ()
    results = Results(
        settings=_settings(plan),
        machine=this_machine(),
        detectors=tuple(records),
        corpora=tuple(_corpora(plan, photos, test, alone)),
        deliveries=deliveries_of((test if test.shown else every).shown),
        makers=table.named if table is not None else (),
        thresholds=thresholds,
        cells=cells,
        alarms=tuple(
            alarms
            for name, found in alone.items()
            if found.shown
            for alarms in alarms_of(tabulated(found.shown, rows), name, thresholds)
        ),
        left_out=tuple(Missing(name=x.name, reason=x.reason) for x in every.left_out),
        failed=tuple(sorted({text for one in every.shown for text in one.looked.failed})),
        notes=notes_of(test.shown, thresholds, plan.stored),
    )
    return Evaluated(results, table, every.known)


def _settings(plan: Plan) -> Settings:
    corpus = plan.corpus
    return Settings(
        question=plan.judge.question,
        attacks=tuple(delivery.name for delivery in plan.deliveries),
        stored=str(plan.stored),
        split=corpus.split if corpus else "",
        validation=corpus.validation if corpus and plan.thresholds is None else "",
        threshold=plan.log10_odds,
        by="maker" if plan.families is None else "family",
        calibration=encodable(plan.calibration),
        replicates=plan.replicates,
    )


def _corpora(
    plan: Plan, photos: Gathered, test: Gathered, alone: Mapping[str, Gathered]
) -> list[CorpusRecord]:
    own = plan.corpus
    given = [(own.name, own.validation, photos), (own.name, own.split, test)] if own else []
    given += [(name, "", found) for name, found in alone.items()]
    return [corpus_of(name, split, found.shown) for name, split, found in given if found.shown]
