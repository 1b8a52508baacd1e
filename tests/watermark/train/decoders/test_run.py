"""A small decoder learns to sign, keeps its pictures, and does so for keys it was not trained with."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from forensics.training.loop import fit  # noqa: E402
from forensics.training.schedule import Schedule  # noqa: E402
from forensics.watermark.decoders import CONTRACT, signature  # noqa: E402
from forensics.watermark.keys import Key  # noqa: E402
from forensics.watermark.train.decoders.run import (  # noqa: E402
    DecoderRun,
    SigningRun,
    psnr_of,
    strength_for,
)
from forensics.watermark.watermarker import detect  # noqa: E402

RUN = DecoderRun(
    Schedule(steps=60, batch=4, rate=2e-3, warm_up=5, every=60), psnr=34.0, attacked=(0.5, 1.0), tried=1
)


class Decoder(nn.Module):
    """Latents of a quarter of the sides to smooth pictures in colour."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(4, 16, 3, padding=1)
        self.larger = nn.Upsample(scale_factor=2)
        self.second = nn.Conv2d(16, 12, 3, padding=1)
        self.last = nn.PixelShuffle(2)

    def forward(self, latents):
        return torch.sigmoid(self.last(self.second(torch.tanh(self.larger(self.first(latents))))))


@pytest.fixture(scope="module")
def decoder():
    torch.manual_seed(3)
    return Decoder()


@pytest.fixture(scope="module")
def latents():
    rng = np.random.default_rng(0)
    return [rng.standard_normal((n, 4, side, side)).astype(np.float32) for n, side in ((24, 32), (8, 16))]


@pytest.fixture(scope="module")
def learned(decoder, latents, tmp_path_factory):
    before = {name: value.clone() for name, value in decoder.state_dict().items()}
    task = SigningRun(RUN, decoder, latents, torch.device("cpu"))
    untrained = task.measure(task.module)
    trained = fit(task, tmp_path_factory.mktemp("signing"))
    for name, value in decoder.state_dict().items():
        assert torch.equal(value, before[name]), "the original is not changed"
    return task, untrained, trained


def test_bins_are_read_after_training_and_the_psnr_is_what_was_asked_for(learned):
    task, untrained, trained = learned
    found = task.measure(trained)
    for group in (0, 1):
        assert found[f"bins none of group {group}"] > 0.75 > untrained[f"bins none of group {group}"] - 0.1
        assert found[f"bins none of group {group}"] > untrained[f"bins none of group {group}"] + 0.1
        assert 32.0 < found[f"psnr of group {group}"] < 38.0


def test_the_search_finds_a_key_that_was_never_seen(learned, latents):
    _, _, trained = learned
    key = Key(b"k" * 32)
    signed = signature(key, "c0ffee")
    with torch.no_grad():
        pictures = trained.tiled(torch.from_numpy(latents[0][-4:]), torch.from_numpy(signed.tile)[None])
        plain = trained.tiled(torch.from_numpy(latents[0][-4:]), torch.zeros(1, 64, 64))
    for one, other in zip(pictures, plain, strict=True):
        found = detect(_pixels(one), [key])
        assert found.detected
        assert found.payload == signed.payload
        assert found.copied is None
        assert not detect(_pixels(other), [key]).detected


def test_what_is_held_out_is_not_trained_on(decoder, latents):
    task = SigningRun(RUN, decoder, latents, torch.device("cpu"))
    assert [len(group) for group in task.groups] == [18, 6]
    for group, held_out, whole in zip(task.groups, task.held_out, latents, strict=True):
        assert np.array_equal(np.concatenate([group, held_out]), whole)


def test_the_same_seed_gives_the_same_loss(decoder, latents):
    runs = [replace(RUN, schedule=replace(RUN.schedule, seed=seed)) for seed in (0, 0, 1)]
    first, second, other = (SigningRun(run, decoder, latents, torch.device("cpu")) for run in runs)
    assert first.loss(3).item() == second.loss(3).item() != other.loss(3).item()


@pytest.mark.parametrize(("psnr", "sign"), [(20.0, 1), (50.0, -1), (34.0, 0)])
def test_errors_count_more_where_the_psnr_is_too_low(decoder, latents, psnr, sign):
    task = SigningRun(RUN, decoder, latents, torch.device("cpu"))
    before = float(task.module.balance)
    task._balance(psnr)
    assert np.sign(float(task.module.balance) - before) == sign


def test_the_contract_is_measured_on_large_pictures_alone(learned, decoder, latents):
    task, _, trained = learned
    found = task.contract(trained, 2)
    assert list(found) == list(CONTRACT)
    assert found["none"] > 0.9
    small = SigningRun(RUN, decoder, latents[1:], torch.device("cpu"))
    assert small.contract(small.module, 2) == {}
    assert small.measure(small.module).keys() & {f"bits {text}" for text in CONTRACT} == set()


@pytest.mark.parametrize(
    ("early", "read", "over"), [(True, 1.0, True), (True, 0.955, False), (False, 1.0, False)]
)
def test_a_run_is_over_when_the_contract_is_kept(decoder, latents, monkeypatch, early, read, over):
    task = SigningRun(replace(RUN, early=early), decoder, latents, torch.device("cpu"))
    monkeypatch.setattr(task, "contract", lambda *_: dict.fromkeys(CONTRACT, read))
    task.measure(task.module)
    assert task.over is over


def test_the_strength_gives_the_psnr_that_was_asked_for(learned):
    task, _, trained = learned
    for number, wanted in ((0, RUN.psnr), (1, RUN.small_psnr)):
        found = psnr_of(task, trained, number, strength_for(task, trained, number))
        assert found == pytest.approx(wanted, abs=0.1)


def test_a_run_that_is_over_ends_before_its_steps(decoder, latents, tmp_path, monkeypatch):
    run = replace(RUN, schedule=replace(RUN.schedule, steps=50, every=2))
    for _ in range(2):  # given again, it does not go on
        again = SigningRun(run, decoder, latents, torch.device("cpu"))
        monkeypatch.setattr(again, "contract", lambda *_: dict.fromkeys(CONTRACT, 1.0))
        fit(again, tmp_path)
        assert (tmp_path / "log.csv").read_text().count("\n") == 2  # what it says, and one row


def _pixels(picture):
    """Return (H, W, 3) uint8 of (3, H, W), 0 to 1."""
    return np.ascontiguousarray(np.rint(255 * picture.clamp(0, 1).permute(1, 2, 0).numpy()).astype(np.uint8))


def test_what_differences_cost_otherwise_counts_beside_pixels(decoder, latents):
    def far(found, wanted):
        assert found.shape == wanted.shape == (4, 3, 128, 128)
        return (found - wanted).abs().mean() + 1.0

    plain, seen = (
        SigningRun(RUN, decoder, latents, torch.device("cpu"), perceptual) for perceptual in (None, far)
    )
    more = seen.loss(0).item() - plain.loss(0).item()
    assert more > 5 * np.exp(plain.module.balance.item())  # at least that of the one
    again = SigningRun(RUN, decoder, latents, torch.device("cpu"), far)
    assert again.loss(0).item() == pytest.approx(plain.loss(0).item() + more)
