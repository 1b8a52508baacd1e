"""What is written of a decoder that signs: it computes the same, at the PSNR asked for, and says so."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from forensics.runtime.sessions import Session  # noqa: E402
from forensics.runtime.store import open_bundle  # noqa: E402
from forensics.training.card import Card  # noqa: E402
from forensics.training.loop import fit  # noqa: E402
from forensics.training.schedule import Schedule  # noqa: E402
from forensics.watermark.decoders import CONTRACT, SIGNED_DECODER, SIGNING, WEIGHTS  # noqa: E402
from forensics.watermark.train.decoders.finish import Stands, broken, finish, measured  # noqa: E402
from forensics.watermark.train.decoders.run import DecoderRun, SigningRun, psnr_of  # noqa: E402

RUN = DecoderRun(Schedule(steps=20, batch=2, rate=2e-3, warm_up=2, every=50), psnr=33.0, tried=1)


class Decoder(nn.Module):
    """Latents of half the sides to smooth pictures."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(4, 8, 3, padding=1)
        self.last = nn.Sequential(nn.Conv2d(8, 12, 3, padding=1), nn.PixelShuffle(2))

    def forward(self, latents):
        return torch.sigmoid(self.last(torch.tanh(self.first(latents))))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    latents = [rng.standard_normal((n, 4, side, side)).astype(np.float32) for n, side in ((8, 64), (4, 32))]
    folder = tmp_path_factory.mktemp("signing")
    task = SigningRun(RUN, Decoder(), latents, torch.device("cpu"))
    trained = fit(task, folder)
    card = Card("test", "Signs.", "none", "noise", "none", "a test", {}, 40, "cpu")
    metrics = finish(task, trained, Stands("decoder.onnx", "ab" * 32), folder, card)
    return task, trained, folder, metrics


def test_the_file_computes_the_same_for_pictures_of_any_size(finished):
    _, trained, folder, metrics = finished
    session = Session((folder / SIGNED_DECODER).read_bytes())
    assert metrics["largest difference of ONNX and PyTorch"] < 1e-4
    tiles = torch.randn(3, 64, 64, generator=torch.Generator().manual_seed(1))
    for shape in ((3, 4, 64, 64), (3, 4, 32, 48), (3, 4, 80, 40)):
        latents = torch.randn(shape, generator=torch.Generator().manual_seed(2))
        with torch.no_grad():
            wanted = trained.tiled(latents, tiles).numpy()
        (found,) = session(latents.numpy(), tiles.numpy())
        assert np.abs(found - wanted).max() < 1e-4


def test_the_psnr_is_what_was_asked_for(finished):
    task, trained, folder, metrics = finished
    assert metrics["psnr of group 0"] == pytest.approx(RUN.psnr, abs=0.15)
    strengths = {
        one["side"]: one["strength"] for one in json.loads((folder / SIGNING).read_text())["strengths"]
    }
    assert strengths[128] == 1
    assert psnr_of(task, trained, 1, strengths[64]) == pytest.approx(RUN.small_psnr, abs=0.2)


def test_the_folder_is_a_model_that_says_what_it_stands_for(finished):
    _, _, folder, metrics = finished
    bundle = open_bundle(folder)
    assert set(bundle.card["files"]) == {SIGNED_DECODER, SIGNING, WEIGHTS}
    told = json.loads(bundle.read(SIGNING))
    assert (told["file"], told["sha256"]) == ("decoder.onnx", "ab" * 32)
    assert bundle.card["metrics"] == metrics
    assert "put its mark on another" in bundle.card["limits"]


def test_a_contract_that_is_not_kept_is_named():
    kept = {f"share of 48 bits read blindly after {text}": least for text, least in CONTRACT.items()}
    assert broken(kept) == ""
    assert broken({}) == ""
    assert measured(kept)
    assert not measured({})
    text = "crop:0.5+brightness:1.5+jpeg:80"
    said = broken({**kept, f"share of 48 bits read blindly after {text}": 0.9})
    assert said == f"The contract is not kept: {text} 0.9000 (0.95)."
