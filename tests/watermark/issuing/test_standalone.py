"""A decoder as one file computes what it computes with its tile beside it."""

import numpy as np
import onnx
import pytest

from tests.onnx_models import linear, signing

pytest.importorskip("onnxruntime")

from forensics.errors import ModelError
from forensics.runtime.sessions import Session
from forensics.watermark.decoders import signature
from forensics.watermark.issuing.standalone import standalone
from forensics.watermark.keys import Key

TILE = signature(Key(bytes(32)), "1").tile


def test_it_needs_latents_alone_and_computes_the_same():
    latents = np.random.default_rng(0).random((2, 3, 128, 128)).astype(np.float32)
    whole = Session(standalone(signing(0.02), TILE))
    assert whole.inputs == 1
    (expected,) = Session(signing(0.02))(latents, np.repeat(TILE[None], 2, axis=0))
    assert np.allclose(whole(latents)[0], expected, atol=1e-6)
    assert not np.allclose(whole(latents)[0], latents, atol=1e-3)


def test_the_tile_is_not_in_the_file():
    model = onnx.load_from_string(standalone(signing(0.02), TILE))
    arrays = [onnx.numpy_helper.to_array(one) for one in model.graph.initializer]
    assert all(array.shape != (1, 64, 64) for array in arrays)


@pytest.mark.parametrize("content", [b"", b"no model", linear(1.0, 0.0)])
def test_other_files_are_refused(content):
    with pytest.raises(ModelError):
        standalone(content, TILE)
