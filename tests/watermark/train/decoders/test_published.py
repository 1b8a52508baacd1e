"""The published way: a decoder learns one message by its weights alone."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from forensics.training.loop import fit  # noqa: E402
from forensics.training.schedule import Schedule  # noqa: E402
from forensics.watermark.train.decoders.published import PublishedRun  # noqa: E402
from forensics.watermark.train.decoders.run import DecoderRun  # noqa: E402

RUN = DecoderRun(Schedule(steps=80, batch=4, rate=5e-3, warm_up=5, every=80), psnr=32.0, attacked=(1.0, 1.0))
MESSAGE = np.array([1, -1, -1, 1, 1, -1], np.float32)


class Decoder(nn.Module):
    """Latents of half the sides to smooth pictures."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(4, 16, 3, padding=1)
        self.last = nn.Sequential(nn.Conv2d(16, 12, 3, padding=1), nn.PixelShuffle(2))

    def forward(self, latents):
        return torch.sigmoid(self.last(torch.tanh(self.first(latents))))


class Extractor(nn.Module):
    """How much pictures are like themselves some pixels on, wherever that is: bits, and one more."""

    SHIFTS = ((0, 2), (2, 0), (2, 2), (0, 3), (3, 0), (3, 3))

    def forward(self, luma):
        fine = luma - F.avg_pool2d(luma, 5, 1, 2, count_include_pad=False)
        power = fine.square().mean(dim=(1, 2, 3)) + 1e-3
        like = [(fine * fine.roll(shift, (2, 3))).mean(dim=(1, 2, 3)) / power for shift in self.SHIFTS]
        return torch.stack([*(20.0 * x for x in like), power], dim=1)


@pytest.fixture(scope="module")
def decoder():
    torch.manual_seed(3)
    return Decoder()


@pytest.fixture(scope="module")
def latents():
    rng = np.random.default_rng(0)
    return [rng.standard_normal((24, 4, 16, 16)).astype(np.float32)]


def task_of(decoder, latents, message=MESSAGE, run=RUN):
    return PublishedRun(run, decoder, Extractor(), message, latents)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_message_is_learned_and_the_original_stays(decoder, latents, tmp_path, sign):
    before = {name: value.clone() for name, value in decoder.state_dict().items()}
    task = task_of(decoder, latents, sign * MESSAGE)
    untrained = task.measure(task.module)
    assert untrained["psnr of group 0"] > 100
    trained = fit(task, tmp_path)
    found = task.measure(trained)
    assert found["bits of group 0"] > 0.95
    assert 26.0 < found["psnr of group 0"] < 38.0
    assert all(torch.equal(value, before[name]) for name, value in decoder.state_dict().items())


def test_the_same_seed_gives_the_same_loss(decoder, latents):
    runs = [replace(RUN, schedule=replace(RUN.schedule, seed=seed)) for seed in (0, 0, 1)]
    first, second, other = (task_of(decoder, latents, run=run).loss(3).item() for run in runs)
    assert first == second != other


@pytest.mark.parametrize(("psnr", "sign"), [(20.0, -1), (90.0, 1)])
def test_errors_count_more_where_the_psnr_is_too_low(decoder, latents, psnr, sign):
    task = task_of(decoder, latents, run=replace(RUN, psnr=psnr))
    with torch.no_grad():
        for values in task.module.parameters():
            values.add_(1e-3 * torch.randn(values.shape, generator=torch.Generator().manual_seed(0)))
    before = float(task.module.balance)
    task.loss(0)  # while it warms up, nothing is changed
    assert float(task.module.balance) == before
    task.loss(RUN.schedule.warm_up)
    assert np.sign(float(task.module.balance) - before) == sign


def test_what_is_held_out_is_not_trained_on(decoder, latents):
    task = task_of(decoder, latents)
    assert (len(task.groups[0]), len(task.held_out[0])) == (18, 6)
    assert np.array_equal(np.concatenate([task.groups[0], task.held_out[0]]), latents[0])
