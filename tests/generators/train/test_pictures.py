"""What is held out of a training: whole pictures, whatever was cut from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from forensics.generators.train.pictures import Pictures  # noqa: E402

CPU = torch.device("cpu")


def split(origins: list[int]) -> tuple[set[int], set[int]]:
    """Return the numbers of the pieces that are trained on, and of those that are held out."""
    values = np.arange(len(origins), dtype=np.int64)[:, None]
    pictures = Pictures(values, None, CPU, mirrored=False, origins=np.array(origins))
    generator = torch.Generator().manual_seed(0)
    return (
        set(pictures.batch(2000, generator).x[:, 0].tolist()),
        set(pictures.held_out.x[:, 0].tolist()),
    )


def test_pieces_of_a_picture_stay_together() -> None:
    origins = [number // 3 for number in range(123)]  # three pieces of each of 41
    trained, held = split(origins)
    assert held == {0, 1, 2, 60, 61, 62, 120, 121, 122}
    assert trained == set(range(123)) - held
    in_turns = [number % 5 for number in range(60)]  # as clips of stills come
    trained, held = split(in_turns)
    assert held == set(range(0, 60, 5))
    assert trained == set(range(60)) - held


@pytest.mark.parametrize("origins", [[0] * 40, [0] * 30 + [1] * 10, [7] * 40])
def test_pieces_are_held_out_alone_where_little_would_be_left(origins: list[int]) -> None:
    trained, held = split(origins)
    assert held == {0, 20}
    assert trained == set(range(40)) - held


def test_without_origins_each_is_a_picture_of_its_own() -> None:
    values = np.arange(41, dtype=np.int64)[:, None]
    assert Pictures(values, None, CPU, mirrored=False).held_out.x[:, 0].tolist() == [0, 20, 40]


@pytest.mark.parametrize(
    ("family", "more"),
    [("codec", {}), ("gan", {}), ("nf", {}), ("flow", {}), ("video", {}), ("gan", {"classes": True})],
)
def test_every_family_holds_out_whole_pictures(family: str, more: dict[str, Any], tmp_path: Path) -> None:
    """Scenes of the procedural corpus give sixteen squares each, and stills several clips."""
    from forensics.cli.train import generators
    from forensics.generators.train.families import FAMILIES
    from forensics.training.machine import Machine

    run, data = FAMILIES[family].presets["smoke"], "procedural"
    if family == "video":
        data = str(tmp_path)
        for number in range(5):
            still = np.full((64, 64, 3), 40 * number + 20, np.uint8)
            assert cv2.imwrite(str(tmp_path / f"{number}.png"), still)
    options = dict.fromkeys(("codec", "begin", "teacher", "captions", "classes"))
    corpus = generators._corpus(run, {**options, **more, "data": data, "most": 40})
    pictures = FAMILIES[family].prepare(run, corpus, Machine("cpu")).pictures
    if family == "video":
        wanted = (corpus.origins % 20 == 0).sum()
        levels = (pictures.held_out.x.mean(dim=(1, 2, 3, 4)) * 255.0).round().unique()
        assert levels.tolist() == [20.0]
    else:
        wanted = 16
    assert (len(pictures.held_out.x), len(pictures)) == (wanted, 40 - wanted)
