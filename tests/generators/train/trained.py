"""Training a family from its task to its files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from forensics.generators.train.corpus import Corpus
from forensics.generators.train.families import FAMILIES
from forensics.training.card import Origins
from forensics.training.loop import fit
from forensics.training.machine import Machine

__all__ = ["trained", "trained_module"]


def trained_module(family: str, run: Any, folder: Path, corpus: Corpus) -> tuple[Any, dict[str, float]]:
    """Train and write a model; return its module and metrics."""
    kind, machine = FAMILIES[family], Machine("cpu")
    folder.mkdir()
    task = kind.prepare(run, corpus, machine)
    module = fit(task, folder, machine=machine)
    card = kind.card(f"{family}-test", task, Origins("made up", "none", "a test"), run.schedule.images)
    return module, kind.finish(task, module, folder, card, corpus)


def trained(family: str, run: Any, folder: Path, corpus: Corpus) -> dict[str, float]:
    """Train and write a model; return its metrics."""
    return trained_module(family, run, folder, corpus)[1]
