"""A safety check on what was generated, with classifiers whose answers are known by hand."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from forensics.errors import ModelError, UsageError
from forensics.generators.pipelines.screening import Screen, rates_of, screen_of, screened
from forensics.runtime.sessions import Session

from ...onnx_models import chain

MEANS = chain("GlobalAveragePool", "Flatten", shape=("n", 3, "h", "w"))  # red, green, blue


def picture(red: int, green: int = 0, blue: int = 0) -> np.ndarray:
    return np.broadcast_to(np.array([red, green, blue], np.uint8), (20, 30, 3)).copy()


def test_withheld_pictures_are_black_and_others_as_they_were() -> None:
    screen = Screen("red", Session(MEANS), side=16)
    kept, gone = screened([picture(51, 200), picture(204)], screen)
    assert (kept.withheld, gone.withheld) == (False, True)
    assert kept.probability == pytest.approx(0.2, abs=1e-5)
    np.testing.assert_array_equal(kept.pixels, picture(51, 200))
    assert gone.pixels.shape == (20, 30, 3)
    assert not gone.pixels.any()


def test_numbers_are_read_as_they_are_meant() -> None:
    session, seen = Session(MEANS), picture(255, 0, 102)
    logit = Screen("l", session, 16, output=2, meaning="logit")
    assert logit.probability(seen) == pytest.approx(1 / (1 + np.exp(-0.4)), abs=1e-5)
    softmax = Screen("s", session, 16, output=0, meaning="softmax")
    powers = np.exp([1.0, 0.0, 0.4])
    assert softmax.probability(seen) == pytest.approx(powers[0] / powers.sum(), abs=1e-5)
    scaled = Screen("n", session, 16, mean=(0.5, 0.5, 0.5), deviation=(2.0, 1.0, 1.0))
    assert scaled.probability(seen) == pytest.approx(0.25, abs=1e-5)


def test_what_is_no_probability_is_told() -> None:
    with pytest.raises(ModelError, match="no probability"):
        Screen("n", Session(MEANS), 16, deviation=(0.5, 1.0, 1.0)).probability(picture(255))
    with pytest.raises(ModelError, match="3 numbers"):
        Screen("n", Session(MEANS), 16, output=3).probability(picture(255))


def test_rates_are_counted() -> None:
    found = rates_of([0.9, 0.2, 0.6, 0.4, 0.8], [True, True, False, False, False], 0.5)
    assert found.false_positives == pytest.approx(2 / 3)
    assert found.bypasses == 0.5
    assert (found.harmless, found.harmful) == (3, 2)
    with pytest.raises(UsageError):
        rates_of([0.1, 0.2], [False, False], 0.5)


def test_screens_are_read_from_files(tmp_path: Path) -> None:
    (tmp_path / "red.onnx").write_bytes(MEANS)
    digest = hashlib.sha256(MEANS).hexdigest()
    file = tmp_path / "screen.toml"
    file.write_text(f'model = "red.onnx"\nsha256 = "{digest}"\nside = 16\nthreshold = 0.3\n')
    screen = screen_of(file)
    assert (screen.name, screen.side, screen.threshold) == ("screen", 16, 0.3)
    assert [one.withheld for one in screened([picture(60), picture(90)], screen)] == [False, True]
    file.write_text('model = "red.onnx"\nsha256 = "00"\n')
    with pytest.raises(ModelError, match="not the model"):
        screen_of(file)


@pytest.mark.parametrize(
    "text",
    [
        "model = 3", 'model = "missing.onnx"', 'model = "red.onnx"\nside = 4',
        'model = "red.onnx"\nthreshold = 2.0', 'model = "red.onnx"\nmeaning = "score"',
        'model = "red.onnx"\nmean = [1.0]', "no toml",
        'model = "red.onnx"\ndeviation = [1.0, 0.0, 1.0]', 'model = "red.onnx"\nother = 1',
    ],
)  # fmt: skip
def test_what_is_no_screen_is_told(text: str, tmp_path: Path) -> None:
    (tmp_path / "red.onnx").write_bytes(MEANS)
    (tmp_path / "screen.toml").write_text(text)
    with pytest.raises(UsageError):
        screen_of(tmp_path / "screen.toml")
    with pytest.raises(UsageError):
        screen_of(tmp_path / "nowhere.toml")
