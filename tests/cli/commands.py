"""Running commands, and looking at the pictures they leave."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from forensics.cli.main import main


@dataclass(frozen=True)
class Answer:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def record(self) -> dict[str, Any]:
        (found,) = self.records
        return found


def answered(capsys: pytest.CaptureFixture[str], *command: object) -> Answer:
    """Run a command and return what it left behind."""
    status = run(*map(str, command))
    return Answer(status, *capsys.readouterr())


def run(*command: str) -> int:
    """Run a command and return its exit status."""
    with pytest.raises(SystemExit) as stop:
        main(list(command))
    return int(stop.value.code or 0)


def opened(path: Path) -> npt.NDArray[np.uint8]:
    """Return the pixels of a picture."""
    with Image.open(path) as picture:
        return np.asarray(picture)
