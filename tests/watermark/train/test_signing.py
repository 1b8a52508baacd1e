"""The extractor for signing: echoes, their training, and whitening."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import Tensor, nn  # noqa: E402

from forensics.datasets.packs import PROCEDURAL, Squares, load_squares  # noqa: E402
from forensics.errors import ModelError  # noqa: E402
from forensics.runtime.sessions import Session  # noqa: E402
from forensics.runtime.store import Bundle, bundled, open_bundle  # noqa: E402
from forensics.training.card import Origins  # noqa: E402
from forensics.training.loop import fit  # noqa: E402
from forensics.training.schedule import Schedule  # noqa: E402
from forensics.watermark.train.distortions import DISTORTIONS  # noqa: E402
from forensics.watermark.train.echo import Network, Reader, Sender, autocorrelations, lags  # noqa: E402
from forensics.watermark.train.finish import finish_signing  # noqa: E402
from forensics.watermark.train.networks import visibility  # noqa: E402
from forensics.watermark.train.signing import (  # noqa: E402
    BUNDLE,
    PRESETS,
    Signing,
    SigningConfig,
    SigningPair,
    Whitened,
    accuracies,
    fairness,
    load_extractor,
)

CPU = torch.device("cpu")
SIZE = Network(8, 2, 4, 8, 1)
TINY = SigningConfig(SIZE, Schedule(steps=3, batch=2, rate=2e-3, every=3))


@pytest.fixture(scope="module")
def squares() -> Squares:
    return load_squares(PROCEDURAL, 64, 60)


def test_the_opposite_message_gives_the_opposite_pattern(squares: Squares, rng: np.random.Generator) -> None:
    torch.manual_seed(0)
    sender = Sender(SIZE)
    luma = torch.from_numpy(squares[:2, None, :, :, 1].astype(np.float32))
    message = torch.from_numpy(rng.choice(np.array([-1, 1], np.float32), (2, 8)))
    changed = message.clone()
    changed[:, 3] *= -1
    one, other, third = (sender(luma, m).detach() for m in (message, -message, changed))
    assert one.shape == luma.shape
    assert float(one.abs().mean()) > 0.1
    torch.testing.assert_close(other, -one, rtol=1e-4, atol=1e-4)
    assert float((third - one).abs().mean()) > 0.1


def test_a_bit_is_an_echo_at_its_lag(squares: Squares) -> None:
    """By hand: the texture, moved there and back, added for one of its two lags, taken off for the other."""
    torch.manual_seed(0)
    sender = Sender(Network(1, 1, 4, 8, 1))
    with torch.no_grad():
        kept = sender.kernels.abs() > 0.5
        sender.kernels.mul_(kept).clamp_(-1, 1)
    luma = torch.from_numpy(squares[:1, None, :, :, 1].astype(np.float32))
    texture = sender.texture(luma).detach()[0, 0].numpy()
    padded, (height, width) = np.pad(texture, 4, mode="reflect"), texture.shape
    expected = np.zeros_like(texture)
    for y, x in zip(*np.nonzero(kept[0, 0].numpy()), strict=True):  # rows and columns by which it is moved
        sign = float(sender.kernels[0, 0, y, x].detach())
        expected += sign * padded[8 - y : 8 - y + height, 8 - x : 8 - x + width]
    assert int(kept.sum()) == 4
    np.testing.assert_allclose(
        sender(luma, torch.ones(1, 1)).detach()[0, 0].numpy(),
        np.tanh(expected) * visibility(luma)[0, 0].numpy(),
        rtol=1e-3, atol=1e-3,
    )  # fmt: skip


def test_echoes_are_read_before_any_training(squares: Squares) -> None:
    torch.manual_seed(0)
    found = accuracies(SigningPair(Network()), load_squares(PROCEDURAL, 128, 200), 128, 30.0)
    assert found["accuracy none"] > 0.6


def test_autocorrelation_is_that_of_numpy(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    planes = rng.normal(0, 1, (2, 3, 20, 31)).astype(np.float32)
    found = autocorrelations(torch.from_numpy(planes), 5).numpy()
    assert found.shape == (2, 3, len(lags(5)))
    for i, (y, x) in enumerate(lags(5)):
        moved = planes[:, :, y:, max(x, 0) : 31 + min(x, 0)]
        still = planes[:, :, : 20 - y, max(-x, 0) : 31 - max(x, 0)]
        np.testing.assert_allclose(found[:, :, i], (moved * still).mean(axis=(2, 3)), atol=1e-5)
    monkeypatch.setattr(torch.onnx, "is_in_onnx_export", lambda: True)
    np.testing.assert_allclose(autocorrelations(torch.from_numpy(planes), 5).numpy(), found, atol=1e-5)


def test_half_of_all_lags_and_their_opposites_are_all() -> None:
    half = lags(3)
    both = {*half, *((-y, -x) for y, x in half)}
    assert (len(half), len(both)) == (24, 48)
    assert (0, 0) not in both


@pytest.mark.parametrize("size", [(64, 64), (30, 130), (256, 96)])
def test_reader_takes_any_size(size: tuple[int, int]) -> None:
    assert Reader(SIZE)(torch.rand(2, 1, *size) * 255).shape == (2, 9)


def test_reader_does_not_care_where_a_pattern_lies(rng: np.random.Generator) -> None:
    torch.manual_seed(0)
    reader = Reader(SIZE).eval()
    plane = torch.full((1, 1, 160, 160), 128.0)
    patch = torch.from_numpy(rng.normal(0, 20, (48, 48)).astype(np.float32))
    logits = []
    for y, x in ((32, 32), (60, 88), (78, 40)):
        shown = plane.clone()
        shown[0, 0, y : y + 48, x : x + 48] += patch
        logits.append(reader(shown).detach().numpy())
    np.testing.assert_allclose(logits[1], logits[0], atol=1e-4)
    np.testing.assert_allclose(logits[2], logits[0], atol=1e-4)


def test_training_goes_on_and_measures_everything(squares: Squares, tmp_path: Path) -> None:
    pair = fit(Signing(TINY, squares, CPU), tmp_path)
    found = accuracies(pair, squares, 64, 36.0)
    assert {f"accuracy {kind}" for kind in DISTORTIONS} < set(found)
    assert all(0 <= value <= 1 for value in found.values())
    assert (tmp_path / "checkpoint.safetensors").is_file()


def test_model_computes_what_was_trained(squares: Squares, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    pair = fit(Signing(TINY, squares, CPU), tmp_path)
    found = finish_signing(pair, TINY, squares, tmp_path, Origins("made up", "none", "train"))
    assert found["largest difference of ONNX and PyTorch"] < 1e-4
    bundle = open_bundle(tmp_path)
    assert bundle.card["name"] == "watermark-signing"
    luma = np.asarray(squares[:5, None, :, :, 0], np.float32)
    (logits,) = Session(bundle.read("extractor.onnx"))(luma)
    assert logits.shape == (5, 9)
    extractor = load_extractor(bundle)
    measured = accuracies(pair, squares, 64, 36.0, extractor)  # of what ships, not of what was trained
    assert measured != accuracies(pair, squares, 64, 36.0)
    for name, value in (measured | fairness(extractor, squares, 64)).items():
        assert found[f"{name}, 64 px, 36 dB"] == pytest.approx(value, abs=0.01)
    shown = torch.from_numpy(luma).requires_grad_()
    again = extractor(shown)
    np.testing.assert_allclose(again.detach().numpy(), logits, atol=1e-3)
    again[:, 0].sum().backward()
    assert float(shown.grad.abs().max()) > 0
    assert not any(weight.requires_grad for weight in extractor.parameters())


def test_what_ships_reads_the_same_in_pytorch(squares: Squares) -> None:
    pytest.importorskip("onnxruntime")
    bundle = bundled(BUNDLE)
    luma = np.asarray(squares[:20, None, :, :, 1], np.float32)
    extractor = load_extractor(bundle)
    (logits,) = Session(bundle.read("extractor.onnx"))(luma)
    np.testing.assert_allclose(extractor(torch.from_numpy(luma)).numpy(), logits, atol=1e-3)


def test_a_picture_can_be_changed_until_what_ships_reads_a_message(squares: Squares) -> None:
    """What a decoder is taught: gradients through the extractor put any message into a picture."""
    extractor = load_extractor(bundled(BUNDLE))
    luma = torch.from_numpy(np.asarray(squares[:4, None, :, :, 1], np.float32))
    wanted = 2.0 * (torch.rand(4, 32, generator=torch.Generator().manual_seed(0)) > 0.5) - 1
    added = torch.zeros_like(luma, requires_grad=True)
    optimizer = torch.optim.Adam([added], lr=0.3)
    before = (extractor(luma)[:, :-1] * wanted > 0).float().mean()
    for _ in range(60):
        found = extractor(luma + added)[:, :-1]
        optimizer.zero_grad()
        torch.nn.functional.softplus(-found * wanted).mean().backward()
        optimizer.step()
    after = (extractor((luma + added.detach()).clamp(0, 255).round())[:, :-1] * wanted > 0).float().mean()
    assert float(before) < 0.65
    assert float(after) > 0.95
    assert float(added.detach().square().mean().sqrt()) < 255 * 10 ** (-32 / 20)


def test_another_model_is_no_extractor_to_sign_with(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="names no file"):
        load_extractor(bundled("watermark_learned"))
    path = tmp_path / "extractor.safetensors"
    path.write_bytes(b"nothing")
    card = {"config": {"network": {"bits": 8}}, "files": {path.name: sha256(b"nothing").hexdigest()}}
    with pytest.raises(ModelError, match="holds no extractor"):
        load_extractor(Bundle(tmp_path, card))
    with pytest.raises(ModelError, match="holds no extractor"):
        load_extractor(Bundle(tmp_path, {**card, "config": {}}))


@pytest.mark.slow
def test_a_short_run_learns_to_read(tmp_path: Path) -> None:
    schedule = Schedule(steps=300, batch=8, rate=2e-3, every=300)
    config = SigningConfig(Network(16, 2, 6, 16, 1), schedule, psnr=(32.0, 32.0), attacked=(2.0, 3.0))
    squares = load_squares(PROCEDURAL, 64, 400)
    before = accuracies(SigningPair(config.network), squares, 64, 32.0)["accuracy none"]
    found = accuracies(fit(Signing(config, squares, CPU), tmp_path), squares, 64, 32.0)
    assert found["accuracy none"] > max(0.85, before + 0.05)
    assert found["marked told"] + found["unmarked told"] > 1.4  # chance gives 1


def test_whitened_bits_are_independent_and_fair(rng: np.random.Generator) -> None:
    class Mixing(nn.Module):
        """Logits that hang together: a fixed mixture of the means of a picture's rows."""

        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("mix", torch.from_numpy(rng.normal(0, 1, (16, 9)).astype(np.float32)))

        def forward(self, luma: Tensor) -> Tensor:
            return luma.mean(dim=(1, 3)) @ self.mix + 5.0

    reader = Mixing()
    pictures = torch.from_numpy(rng.normal(0, 1, (4000, 1, 16, 8)).astype(np.float32))
    white = Whitened.by(reader, reader(pictures))
    found = white(pictures).numpy()
    np.testing.assert_allclose(np.cov(found[:, :-1].T), np.eye(8), atol=1e-3)
    np.testing.assert_allclose(found[:, :-1].mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(found[:, -1], reader(pictures)[:, -1].numpy(), rtol=1e-5)


class Constant(nn.Module):
    """Reads given logits, whatever the pictures."""

    def __init__(self, logits: np.ndarray) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.from_numpy(logits.astype(np.float32)))

    def forward(self, luma: Tensor) -> Tensor:
        return self.logits[: len(luma)]


def test_fairness_tells_bits_that_hang_together(rng: np.random.Generator) -> None:
    squares = np.zeros((5000, 8, 8, 3), np.uint8)
    single = rng.normal(0, 1, (250, 33))
    name = "largest deviation of right bits by chance, over the binomial one"
    assert fairness(Constant(single), squares, 8)[name] == pytest.approx(1.15, abs=0.1)  # of 1,000 messages
    same = np.sign(single[:, :1]) * np.ones((1, 33))
    assert fairness(Constant(same), squares, 8)[name] > 2
    one_sided = fairness(Constant(np.ones((250, 33))), squares, 8)
    assert one_sided["most one-sided bit by chance"] == 0.5


def test_presets_grow() -> None:
    seen = [PRESETS[name].schedule.steps * PRESETS[name].schedule.batch for name in ("smoke", "cpu", "gpu")]
    assert seen == sorted(seen)
