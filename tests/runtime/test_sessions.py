"""Models run by ONNX Runtime, and fail with an error that says why."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from forensics.errors import MissingExtra, ModelError
from forensics.runtime import sessions
from forensics.runtime.sessions import VARIABLE, Session, providers

from ..onnx_models import linear


@pytest.fixture
def model() -> bytes:
    return linear(2.0, 1.0)


def test_outputs_are_those_of_the_model(model: bytes) -> None:
    pytest.importorskip("onnxruntime")
    value = np.arange(12, dtype=np.float32).reshape(1, 1, 3, 4)
    (found,) = Session(model)(value)
    np.testing.assert_allclose(found, 2 * value + 1)


def test_broken_model_and_wrong_input_are_told(model: bytes) -> None:
    pytest.importorskip("onnxruntime")
    with pytest.raises(ModelError, match="on this input"):
        Session(model)(np.zeros((2, 2), np.float64))  # type: ignore[arg-type]
    for broken in (b"\x08\x07nonsense", b"", model[:-20]):
        with pytest.raises(ModelError, match="cannot be run"):
            Session(broken)


def test_wrong_number_of_inputs_is_told(model: bytes) -> None:
    pytest.importorskip("onnxruntime")
    session = Session(model)
    assert session.inputs == 1
    assert session.shapes == ((None, 1, None, None),)
    with pytest.raises(ModelError, match="on this input"):
        session(np.zeros((1, 1, 2, 2), np.float32), np.zeros((1, 1, 2, 2), np.float32))


def test_missing_runtime_is_told(model: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtra, match=r"\[cpu\]"):
        Session(model)


def test_gpu_is_used_only_where_asked_for_and_there(monkeypatch: pytest.MonkeyPatch) -> None:
    class Library:
        @staticmethod
        def get_available_providers() -> list[str]:
            return ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"]

    monkeypatch.delenv(VARIABLE, raising=False)
    assert providers() == ("CPUExecutionProvider",)
    monkeypatch.setattr(sessions, "_library", Library)
    monkeypatch.setenv(VARIABLE, "cuda")
    assert providers() == ("CUDAExecutionProvider", "CPUExecutionProvider")


@pytest.mark.parametrize(("wanted", "threads"), [("1", 1), ("3", 3), ("", 2), ("0", 2), ("many", 2)])
def test_threads_are_those_of_all_libraries(
    monkeypatch: pytest.MonkeyPatch, wanted: str, threads: int
) -> None:
    monkeypatch.setattr(sessions.os, "cpu_count", lambda: 2)
    monkeypatch.setenv("OMP_NUM_THREADS", wanted)
    assert sessions._threads() == threads
