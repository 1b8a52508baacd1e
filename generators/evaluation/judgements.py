"""Asking people: what to show them in which order, and what their answers amount to."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError
from forensics.generators.evaluation.agreement import krippendorff_alpha
from forensics.generators.evaluation.ranking import Preference, preference

__all__ = [
    "Answer",
    "Opinion",
    "Trial",
    "agreement_of",
    "likert",
    "preferences",
    "read_answers",
    "trials",
    "wins",
]

_COLUMNS = ("rater", "item", "shown", "chosen")


@dataclass(frozen=True)
class Trial:
    """One question to one person.

    Attributes:
        rater: Who is asked.
        item: About which prompt or picture.
        shown: Models, in the order in which their pictures stand side by side.
    """

    rater: str
    item: str
    shown: tuple[str, ...]


@dataclass(frozen=True)
class Answer(Trial):
    """A question with its answer.

    Attributes:
        chosen: The model that was preferred.
    """

    chosen: str


@dataclass(frozen=True)
class Opinion:
    """What people say on a scale of a few levels.

    Attributes:
        shares: Of each level, from the lowest.
        median: Of the levels.
        mean: Of the levels, as if they were distances.
        low: Of an interval that holds the true mean in 95 of 100 studies.
        high: Of the same.
    """

    shares: tuple[float, ...]
    median: float
    mean: float
    low: float
    high: float


def trials(
    raters: Sequence[str], items: Sequence[str], models: Sequence[str], seed: int, together: int = 2
) -> list[Trial]:
    """Return what each person is asked: all items, in an order and with sides of their own.

    Args:
        raters: Who is asked.
        items: About what.
        models: Which are compared.
        seed: Of all orders.
        together: How many are shown at a time: 2 for A/B, more for the best of N.

    Raises:
        UsageError: There are fewer models than are shown.
    """
    if not 2 <= together <= len(models) or len(set(models)) < len(models):
        raise UsageError("two models or more are compared", expected=f"2 to {len(models)}", actual=together)
    rng, found = np.random.default_rng(seed), []
    for rater in raters:
        asked = [(item, group) for item in items for group in combinations(models, together)]
        for number in rng.permutation(len(asked)):
            item, group = asked[number]
            found.append(Trial(rater, item, tuple(group[i] for i in rng.permutation(together))))
    return found


def read_answers(path: Path) -> list[Answer]:
    """Return the answers of a CSV file with the columns rater, item, shown (models with spaces), chosen.

    Raises:
        UsageError: It cannot be read, has other columns, or somebody chose what was not shown.
    """
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            reader = csv.DictReader(lines)
            columns, rows = list(reader.fieldnames or ()), list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} cannot be read: {error}", actual=str(path)) from error
    if set(columns) != set(_COLUMNS):
        raise UsageError(f"{path} has other columns", expected=", ".join(_COLUMNS), actual=columns)
    found = []
    for number, row in enumerate(rows, 2):
        if set(row) != set(_COLUMNS) or None in row.values():
            raise UsageError(f"{path}, line {number}: it has not one value for each column", actual=row)
        shown = tuple(row["shown"].split())
        if row["chosen"] not in shown:
            raise UsageError(f"{path}, line {number}: what was chosen was not shown", expected=shown)
        found.append(Answer(row["rater"], row["item"], shown, row["chosen"]))
    return found


def preferences(answers: Iterable[Answer], models: Sequence[str]) -> Mapping[str, Preference]:
    """Return how often each model was preferred where it was shown.

    Raises:
        UsageError: A model was never shown, or not always beside as many others.
    """
    answers, found = list(answers), {}
    for model in models:
        asked = [answer for answer in answers if model in answer.shown]
        counts = {len(answer.shown) for answer in asked}
        if len(counts) != 1:
            raise UsageError(f"{model} must be shown, always beside as many others", actual=sorted(counts))
        found[model] = preference(sum(a.chosen == model for a in asked), len(asked), counts.pop())
    return found


def wins(answers: Iterable[Answer], models: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return (N, N) how often the model of the row was preferred to that of the column.

    The best of N counts as preferred to all the others that were shown.
    """
    number, table = {model: i for i, model in enumerate(models)}, np.zeros((len(models), len(models)))
    for answer in answers:
        for other in answer.shown:
            if other != answer.chosen:
                table[number[answer.chosen], number[other]] += 1.0
    return table


def agreement_of(answers: Iterable[Answer]) -> float:
    """Return Krippendorff's alpha of all who were asked the same, whatever the order of what was shown.

    Chance is that among the answers about the same models: nobody could choose another.
    """
    answers = list(answers)
    models = {model: i for i, model in enumerate(sorted({m for a in answers for m in a.shown}))}
    raters = {name: i for i, name in enumerate(sorted({a.rater for a in answers}))}
    asked = sorted({(a.item, *sorted(a.shown)) for a in answers})
    table = np.full((len(raters), len(asked)), np.nan)
    for answer in answers:
        table[raters[answer.rater], asked.index((answer.item, *sorted(answer.shown)))] = models[answer.chosen]
    groups = sorted({question[1:] for question in asked})
    return krippendorff_alpha(table, kinds=[groups.index(question[1:]) for question in asked])


# Likert 1932, "A technique for the measurement of attitudes"; the interval is Student's.
def likert(ratings: Sequence[int], levels: int = 5) -> Opinion:
    """Return what ratings on a scale amount to.

    Args:
        ratings: From 1 on, two at least.
        levels: Of the scale.

    Raises:
        UsageError: A rating is none of the scale, or there are too few.
    """
    from scipy.stats import t

    said = np.asarray(ratings)
    if said.size < 2 or said.min() < 1 or said.max() > levels:
        raise UsageError("two ratings at least, all on the scale", expected=f"1 to {levels}", actual=ratings)
    shares = np.bincount(said, minlength=levels + 1)[1:] / said.size
    mean, deviation = float(said.mean()), float(said.std(ddof=1))
    half = float(t.ppf(0.975, said.size - 1)) * deviation / float(np.sqrt(said.size))
    return Opinion(tuple(shares.tolist()), float(np.median(said)), mean, mean - half, mean + half)
