"""Many inputs through a model, some at a time."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from forensics.errors import ModelError, UsageError
from forensics.runtime.batches import batch_of, in_batches
from forensics.runtime.sessions import CPU, Session, Settings

from ..onnx_models import chain, linear

pytest.importorskip("onnxruntime")


def pictures(count: int) -> np.ndarray:
    return np.arange(count * 6, dtype=np.float32).reshape(count, 1, 2, 3)


def of_three() -> bytes:
    """2 x + 1 for three pictures at a time, no more and no fewer."""
    model = onnx.load_from_string(linear(2.0, 1.0))
    for port in (*model.graph.input, *model.graph.output):
        port.type.tensor_type.shape.dim[0].dim_value = 3
    return bytes(model.SerializeToString())


@pytest.mark.parametrize("count", [1, 3, 7, 9])
@pytest.mark.parametrize("model", [linear(2.0, 1.0), of_three()])
def test_batches_say_what_all_together_say(model: bytes, count: int) -> None:
    (found,) = in_batches(Session(model), [pictures(count)], size=4)
    np.testing.assert_array_equal(found, 2 * pictures(count) + 1)


def test_sizes_of_batches() -> None:
    assert batch_of(Session(linear(1.0, 0.0)), 5) == 5
    assert batch_of(Session(of_three()), 5) == 3
    assert in_batches(Session(linear(1.0, 0.0)), [pictures(0)]) == []


def test_what_does_not_count_pictures_is_told() -> None:
    flat = Session(chain("ReduceMax", rank=4))
    with pytest.raises(ModelError, match="does not count pictures"):
        in_batches(flat, [np.ones((3, 3, 2, 2), np.float32)])
    with pytest.raises(UsageError, match="as many each"):
        in_batches(flat, [pictures(2), pictures(3)])


def test_bound_memory_and_threads_change_nothing() -> None:
    given, model = pictures(5), linear(2.0, 1.0)
    plain = Session(model)(given)
    for settings in (Settings(threads=2), Settings(bound=True), Settings(providers=(CPU,), bound=True)):
        session = Session(model, settings)
        assert session.provider == CPU
        np.testing.assert_array_equal(session(given)[0], plain[0])
        np.testing.assert_array_equal(session(given[..., ::-1])[0], plain[0][..., ::-1])  # not contiguous


def test_provider_that_is_not_there_is_told() -> None:
    with pytest.raises(UsageError, match="no TPUExecutionProvider; it has: "):
        Session(linear(1.0, 0.0), Settings(providers=("TPUExecutionProvider", CPU)))


def test_ports_say_what_a_model_takes() -> None:
    session = Session(of_three())
    assert str(session.takes[0]) == "(3, 1, any, any) float"
    assert session.gives[0].name == "output"


def endless() -> bytes:
    """A loop of 10^12 rounds."""
    value = onnx.helper.make_tensor_value_info
    kinds = onnx.TensorProto
    body = onnx.helper.make_graph(
        [onnx.helper.make_node("Identity", ["on"], ["more"]), onnx.helper.make_node("Sin", ["a"], ["b"])],
        "body",
        [
            value("round", kinds.INT64, []),
            value("on", kinds.BOOL, []),
            value("a", kinds.FLOAT, ["n", 1, 2, 3]),
        ],
        [value("more", kinds.BOOL, []), value("b", kinds.FLOAT, ["n", 1, 2, 3])],
    )
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Loop", ["rounds", "yes", "input"], ["output"], body=body)],
        "endless",
        [value("input", kinds.FLOAT, ["n", 1, 2, 3])],
        [value("output", kinds.FLOAT, ["n", 1, 2, 3])],
        [
            onnx.helper.make_tensor("rounds", kinds.INT64, [], [10**12]),
            onnx.helper.make_tensor("yes", kinds.BOOL, [], [True]),
        ],
    )
    made = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=9)
    return bytes(made.SerializeToString())


@pytest.mark.parametrize("bound", [False, True])
def test_network_without_an_end_is_stopped(bound: bool) -> None:
    session = Session(endless(), Settings(seconds=0.2, bound=bound))
    with pytest.raises(ModelError, match=r"longer than 0\.2 s"):
        session(pictures(1))
    patient = Session(linear(2.0, 1.0), Settings(seconds=60, bound=bound))
    np.testing.assert_array_equal(patient(pictures(2))[0], 2 * pictures(2) + 1)
