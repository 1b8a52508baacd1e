"""Networks of other sizes and with fewer bits compute the same, or nearly so, as far as numbers allow."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from forensics.errors import UsageError
from forensics.exporting.graphs import fixed, to_half, to_int8
from forensics.runtime.onnx_file import read_onnx
from forensics.runtime.sessions import Session

from ..onnx_models import chain
from .networks import convolving

pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    return np.random.default_rng(0).random((6, 3, 32, 32), np.float32)


def test_fixed_sizes_are_taken_and_no_others(pictures: np.ndarray) -> None:
    session = Session(fixed(convolving(), side=32, batch=2))
    assert session.shapes == ((2, 3, 32, 32),)
    np.testing.assert_array_equal(session(pictures[:2])[0], Session(convolving())(pictures[:2])[0])
    with pytest.raises(UsageError, match="for a side of 32 only"):
        fixed(convolving(32), side=64)
    with pytest.raises(UsageError, match="takes no pictures"):
        fixed(chain("Relu", shape=("n", 5)), side=64)
    assert fixed(convolving()) == convolving()


def test_halves_keep_what_goes_in_and_out(pictures: np.ndarray) -> None:
    half = to_half(convolving())
    session = Session(half)
    assert (session.takes[0].kind, session.gives[0].kind) == ("float", "float")
    weights = {w.name: w.data_type for w in onnx.load_from_string(half).graph.initializer}
    assert set(weights.values()) == {onnx.TensorProto.FLOAT16}
    expected = Session(convolving())(pictures)[0]
    assert 0 < np.abs(session(pictures)[0] - expected).max() < 0.01


def test_eight_bits_are_near_and_smaller(pictures: np.ndarray) -> None:
    model = convolving(wide=64)
    small = to_int8(model, [[pictures[:3]], [pictures[3:]]])
    expected = Session(model)(pictures)[0]
    found = Session(small)(pictures)[0]
    assert np.abs(found - expected).max() < 0.1  # of a sum of 64 products of about 0.3 each
    kinds = {w.data_type for w in onnx.load_from_string(small).graph.initializer}
    assert onnx.TensorProto.INT8 in kinds
    assert "QuantizeLinear" in read_onnx(small).operators
    assert read_onnx(small).others == ()


def test_ranges_are_those_of_the_inputs_given(pictures: np.ndarray) -> None:
    """Ranges measured on dark pictures cut off what bright ones need."""
    expected = Session(convolving())(pictures)[0]
    worst = [
        np.abs(Session(to_int8(convolving(), [[scale * pictures]]))(pictures)[0] - expected).max()
        for scale in (1.0, 0.05)
    ]
    assert worst[1] > 5 * worst[0]


@pytest.mark.parametrize("convert", [to_half, lambda model: to_int8(model, [])])
def test_networks_that_gain_nothing_are_refused(convert: object) -> None:
    with pytest.raises(UsageError, match="take fp32"):
        convert(chain("Relu"))  # type: ignore[operator]
