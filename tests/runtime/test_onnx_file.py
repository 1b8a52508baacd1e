"""What ONNX files say of themselves, and those that draw in other files, against the reference library."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from forensics.errors import ModelError
from forensics.runtime.onnx_file import read_onnx, refuse_external
from forensics.runtime.sessions import Session
from forensics.runtime.store import bundled, names

from ..onnx_models import linear


def outside(place: str, shape: tuple[int, ...] = (2,)) -> onnx.TensorProto:
    """A tensor whose values stand in another file."""
    tensor = numpy_helper.from_array(np.ones(shape, np.float32), "weights")
    onnx.external_data_helper.set_external_data(tensor, place)
    tensor.ClearField("raw_data")
    return tensor


def model_of(*nodes: onnx.NodeProto, weights: tuple[onnx.TensorProto, ...] = ()) -> bytes:
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        list(nodes), "g", [value("x", TensorProto.FLOAT, [2])], [value("y", TensorProto.FLOAT, [2])], weights
    )
    made = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("their.own", 3)], ir_version=9
    )
    return bytes(made.SerializeToString())


def test_facts_are_those_of_the_reference_library() -> None:
    for name in names():
        bundle = bundled(name)
        for file in (f for f in bundle.card["files"] if f.endswith(".onnx")):
            data = bundle.read(file)
            found, expected = read_onnx(data), onnx.load_from_string(data)
            assert (found.ir, found.producer) == (expected.ir_version, expected.producer_name)
            assert found.opset == next(own.version for own in expected.opset_import if not own.domain)
            assert set(found.operators) == {node.op_type for node in expected.graph.node}
            refuse_external(data)


def test_sets_of_operators_of_others_are_named() -> None:
    found = read_onnx(model_of(helper.make_node("Relu", ["x"], ["y"])))
    assert (found.opset, found.others, found.operators) == (17, ("their.own:3",), ("Relu",))


def nested() -> bytes:
    """The other file is named in a constant of one side of an If."""
    value = helper.make_tensor_value_info("out", TensorProto.FLOAT, [2])
    sides = [
        helper.make_graph(
            [helper.make_node("Constant", [], ["out"], value=outside("secret.bin"))], "side", [], [value]
        )
        for _ in range(2)
    ]
    return model_of(helper.make_node("If", ["yes"], ["y"], then_branch=sides[0], else_branch=sides[1]))


def marked_only() -> bytes:
    """No name of a file, but the tensor says that it stands elsewhere."""
    tensor = numpy_helper.from_array(np.ones(2, np.float32), "location")
    tensor.data_location = TensorProto.EXTERNAL
    return model_of(helper.make_node("Add", ["x", "location"], ["y"]), weights=(tensor,))


@pytest.mark.parametrize(
    "made",
    [
        model_of(helper.make_node("Add", ["x", "weights"], ["y"]), weights=(outside("secret.bin"),)),
        model_of(helper.make_node("Add", ["x", "weights"], ["y"]), weights=(outside("/etc/passwd"),)),
        nested(),
        marked_only(),
    ],
)
def test_model_that_draws_in_other_files_is_refused(
    made: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnxruntime")
    (tmp_path / "secret.bin").write_bytes(np.ones(2, np.float32).tobytes())
    monkeypatch.chdir(tmp_path)  # where ONNX Runtime would look for it
    with pytest.raises(ModelError, match="in other files"):
        Session(made)


def test_a_name_that_says_location_is_no_other_file() -> None:
    tensor = numpy_helper.from_array(np.ones(2, np.float32), "location")
    refuse_external(model_of(helper.make_node("Add", ["x", "location"], ["y"]), weights=(tensor,)))


def test_damaged_files_are_refused() -> None:
    whole = linear(2.0, 1.0)
    for broken in (b"", b"\x08\x07nonsense", b"\x0f", b"\xff" * 40, b"\x08\x09"):
        with pytest.raises(ModelError, match="no ONNX model"):
            read_onnx(broken)
    for end in range(0, len(whole), 7):  # cut anywhere: an error of ours or an answer, nothing else
        for read in (read_onnx, refuse_external):
            try:
                read(whole[:end] + b"location")
            except ModelError:
                continue
