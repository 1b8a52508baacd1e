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


@pytest.mark.parametrize("mirrored", [True, False])
def test_half_of_a_batch_is_mirrored(mirrored: bool) -> None:
    values = np.zeros((40, 8, 8, 3), np.uint8)
    values[:, :, 0] = 255  # bright on the left
    pictures = Pictures(values, None, CPU, mirrored=mirrored)
    x = pictures.batch(2000, torch.Generator().manual_seed(0)).x
    left, right = (x[:, :, :, column].mean((1, 2)) for column in (0, -1))
    assert torch.equal(left + right, torch.ones(2000))
    assert float(right.mean()) == pytest.approx(0.5, abs=0.05) if mirrored else not right.any()
    assert (pictures.held_out.x[:, :, :, 0] == 1.0).all()  # nothing is changed where it is measured


def test_pieces_of_a_picture_stay_together() -> None:
    for origins in ([number // 3 for number in range(123)], [number % 41 for number in range(123)]):
        trained, held = split(origins)
        assert trained == set(range(123)) - held
        apart = {origins[number] for number in held}
        assert len(apart) == 3  # of 41
        assert held == {number for number in range(123) if origins[number] in apart}


@pytest.mark.parametrize("origins", [[0] * 40, [0] * 36 + [1] * 4, [7] * 40])
def test_pieces_are_held_out_alone_where_little_would_be_left(origins: list[int]) -> None:
    trained, held = split(origins)
    assert len(held) == 2
    assert trained == set(range(40)) - held


def test_of_two_pictures_one_is_held_out() -> None:
    trained, held = split([0] * 20 + [1] * 20)
    assert {frozenset(trained), frozenset(held)} == {frozenset(range(20)), frozenset(range(20, 40))}


@pytest.mark.parametrize("classes", [2, 4, 5, 10, 19, 20, 21, 40])
def test_classes_that_take_turns_are_all_trained_on(classes: int) -> None:
    """They do in what `load_labelled` returns."""
    labels = np.arange(2000) % classes
    pictures, again = (
        Pictures(np.arange(2000, dtype=np.float32)[:, None], labels, CPU, mirrored=False) for _ in range(2)
    )
    torch.testing.assert_close(pictures.held_out.x, again.held_out.x)
    assert len(pictures) == 1900
    held = np.bincount(pictures.held_out.label.numpy(), minlength=classes)
    assert held.sum() == 100
    assert (held < 0.25 * 2000 / classes).all()
    assert (held > 0).mean() > 0.8
    seen = set(pictures.batch(20_000, torch.Generator().manual_seed(0)).label.tolist())
    assert seen == set(range(classes))


@pytest.mark.parametrize(("count", "held"), [(2, 1), (20, 1), (21, 2), (40, 2)])
def test_one_in_twenty_is_held_out(count: int, held: int) -> None:
    pictures = Pictures(np.zeros((count, 2), np.float32), None, CPU)
    assert (len(pictures), len(pictures.held_out.x)) == (count - held, held)


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
    options = dict.fromkeys(("codec", "begin", "teacher", "captions", "classes", "cut"))
    corpus = generators._corpus(run, {**options, **more, "data": data, "most": 40})
    pictures = FAMILIES[family].prepare(run, corpus, Machine("cpu")).pictures
    held, kept = pictures.held_out.x.flatten(1), pictures.batch(2000, torch.Generator().manual_seed(0)).x
    assert len(held) + len(pictures) == 40
    if family == "video":
        levels = {
            tuple(clips.mean(1).mul(255.0).round().unique().tolist()) for clips in (held, kept.flatten(1))
        }
        assert sorted(map(len, levels)) == [1, 4]  # of five stills
        assert not set.intersection(*map(set, levels))
    else:
        assert len(held) in (8, 16)  # two scenes gave sixteen squares, the last one eight
