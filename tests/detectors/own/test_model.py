"""Networks of somebody else are asked as their TOML says, or say what they want."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx
import pytest

from forensics.detectors.own.model import OwnModel
from forensics.detectors.own.settings import InputSettings, OutputSettings
from forensics.errors import ModelError, UsageError
from forensics.runtime.sessions import Session

from ...onnx_models import linear
from .networks import BYTES, means

pytest.importorskip("onnxruntime")

RED, GREEN, BLUE = 51, 153, 102  # a fifth, three and two of white


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return np.broadcast_to(np.array([RED, GREEN, BLUE], np.uint8), (80, 96, 3)).copy()


def model(network: bytes, given: dict[str, Any] | None = None, **said: Any) -> OwnModel:
    settings = InputSettings(**{"size": "native", **(given or {})})
    return OwnModel(Session(network), settings, OutputSettings(**{"meaning": "score", **said}), "their.onnx")


@pytest.mark.parametrize(
    ("given", "said", "expected"),
    [
        ({}, {"column": 1}, 0.6),
        ({}, {"column": -1}, 0.4),
        ({}, {"column": 1, "synthetic": "low"}, -0.6),
        ({}, {"column": 1, "against": 0}, 0.4),
        ({"colours": "bgr"}, {"column": 2}, 0.2),
        ({"range": 255}, {"column": 0}, 51),
        ({"mean": [0.2, 0.1, 0], "std": [1, 0.5, 1]}, {"column": 1}, 1.0),
        ({}, {"column": 1, "meaning": "probability"}, math.log(0.6 / 0.4)),
        ({"size": "centre", "side": 64}, {"column": 1}, 0.6),
        ({"size": "resize", "side": 32}, {"column": 1}, 0.6),
    ],
)
def test_scores_are_those_known_by_hand(
    picture: np.ndarray, given: dict[str, Any], said: dict[str, Any], expected: float
) -> None:
    assert model(means(), given, **said).look(picture).score == pytest.approx(expected, rel=2e-4, abs=1e-4)


def test_planes_last_grey_bytes_and_fixed_sizes(picture: np.ndarray) -> None:
    last = means(("n", "h", "w", 3), last=True)
    assert model(last, {"layout": "nhwc"}, column=0).look(picture).score == pytest.approx(0.2, rel=1e-4)
    bytes_in = means(kind=BYTES)
    assert model(bytes_in, {"range": 255}, column=2).look(picture).score == pytest.approx(BLUE, rel=1e-4)
    grey = 0.299 * RED + 0.587 * GREEN + 0.114 * BLUE
    one = means(("n", 1, "h", "w"))
    assert model(one, {"colours": "grey", "range": 255}).look(picture).score == pytest.approx(grey, rel=1e-4)
    four = means((4, 3, 16, 16))
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 256, (80, 96, 3), dtype=np.uint8)
    tiled = model(four, {"size": "tile", "side": 16, "tiles": 6}, column=0).look(noise)
    assert len(tiled.scores) == 6
    np.testing.assert_allclose(tiled.scores, tiled.shown.pixels[..., 0].mean(axis=(1, 2)) / 255, rtol=1e-4)


@pytest.mark.parametrize(
    ("network", "given", "message"),
    [
        (
            means(("n", 3, 224, 224)),
            {},
            r"takes \(any, 3, 224, 224\) float, but \[input\] gives \(n, 3, any,",
        ),
        (means(("n", 3, 224, 224)), {"size": "centre", "side": 64}, r"gives \(n, 3, 64, 64\)"),
        (means(("n", "h", "w", 3), last=True), {}, "set layout"),
        (means(("n", 1, "h", "w")), {}, r"takes \(any, 1, any, any\) float"),
        (means(kind=BYTES), {}, "set range to 255"),
        (means(kind=onnx.TensorProto.DOUBLE), {}, r"takes \(any, 3, any, any\) double: only networks"),
    ],
)
def test_network_that_wants_something_else_says_what(
    network: bytes, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        model(network, given, column=0)


@pytest.mark.parametrize(
    ("network", "said", "message"),
    [
        (means(), {}, "3 values of each picture: `column` must say which"),
        (means(), {"column": 3}, "there is no column 3"),
        (means(), {"column": 0, "against": -4}, "there is no column"),
        (means(gain=float("inf")), {"column": 0}, "no finite numbers"),
        (means(gain=float("nan")), {"column": 0}, "no finite numbers"),
        (means(gain=9.0), {"column": 0, "meaning": "probability"}, "no probabilities: set `meaning`"),
    ],
)
def test_answers_that_are_none_are_errors(
    picture: np.ndarray, network: bytes, said: dict[str, Any], message: str
) -> None:
    asked = model(network, **said)
    with pytest.raises(ModelError, match=message):
        asked.look(picture)


def test_output_that_is_not_there_is_told() -> None:
    with pytest.raises(UsageError, match="there is no number 2"):
        model(means(), number=2, column=0)
    with pytest.raises(UsageError, match=r"any, 1, any, any"):
        model(linear(1.0, 0.0))
