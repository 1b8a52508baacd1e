"""The eye-state network: its data, made-up sequences, training, and the model it leaves."""

from __future__ import annotations

import json
import tarfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch.nn import functional as F  # noqa: E402

from forensics.detectors.faces.eyes import MODEL, EyeStates, normalised  # noqa: E402
from forensics.detectors.train.eyes.crops import Eyes, load_eyes  # noqa: E402
from forensics.detectors.train.eyes.finish import finish, rounded  # noqa: E402
from forensics.detectors.train.eyes.networks import EyeNetwork, Lrcn, backbone_of, small_backbone  # noqa: E402
from forensics.detectors.train.eyes.sequences import sequences, states  # noqa: E402
from forensics.detectors.train.eyes.training import PRESETS, EyesTask, auc, judged  # noqa: E402
from forensics.errors import UsageError  # noqa: E402
from forensics.runtime.store import open_bundle  # noqa: E402
from forensics.training.card import Origins  # noqa: E402
from forensics.training.loop import fit  # noqa: E402
from forensics.training.schedule import Schedule  # noqa: E402

CPU = torch.device("cpu")
SMOKE = PRESETS["smoke"]


def drawn(closed: bool, seed: int, side: int = 48) -> np.ndarray:
    """Return an eye: a dark disc on white, or a line."""
    rng = np.random.default_rng(seed)
    out = np.full((side, side), 150.0, np.float32)
    middle = tuple(int(v) for v in side / 2 + rng.integers(-2, 3, 2))
    if closed:
        cv2.ellipse(out, middle, (side // 3, 1), 0, 0, 360, 60, -1)
    else:
        cv2.ellipse(out, middle, (side // 3, side // 7), 0, 0, 360, 230, -1)
        cv2.circle(out, middle, side // 8, 30, -1)
    return np.clip(out + rng.normal(0, 6, out.shape), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def eyes() -> Eyes:
    closed = np.arange(96) % 2 == 0
    crops = np.stack([drawn(bool(state), seed) for seed, state in enumerate(closed)])
    return Eyes(crops, closed, np.arange(96) // 8)


def folder_of(eyes: Eyes, folder: Path) -> Path:
    for number, (crop, closed, person) in enumerate(zip(eyes.crops, eyes.closed, eyes.subjects, strict=True)):
        name = f"s{person + 1:04d}_{number:05d}_0_0_{int(not closed)}_0_1_01.png"
        place = folder / ("closed" if closed else "open") / name
        place.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(place), crop)
    return folder


def test_mrl_names_tell_state_and_person(eyes: Eyes, tmp_path: Path) -> None:
    folder = folder_of(eyes, tmp_path / "mrl")
    with tarfile.open(tmp_path / "mrl.tar", "w") as archive:
        archive.add(folder, "mrl")
    for source in (folder, tmp_path / "mrl.tar"):
        found = load_eyes(source, 48)
        assert len(found) == 96
        assert found.closed.sum() == 48
        assert sorted(set(found.subjects.tolist())) == list(range(1, 13))
        shut = found.crops[found.closed & (found.subjects == 1)]
        np.testing.assert_array_equal(shut[0], eyes.crops[0])


def test_folders_tell_the_state_where_names_do_not(eyes: Eyes, tmp_path: Path) -> None:
    for name, crop in (("closedLeftEyes", eyes.crops[0]), ("openRightEyes", eyes.crops[1])):
        (tmp_path / name).mkdir()
        cv2.imwrite(str(tmp_path / name / "somebody.png"), crop)
    (tmp_path / "notes.txt").write_text("nothing")
    found = load_eyes(tmp_path, 24)
    assert found.crops.shape == (2, 24, 24)
    assert found.closed.tolist() == [True, False]
    assert len(set(found.subjects.tolist())) == 2


def test_what_holds_no_eyes_is_told(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    cv2.imwrite(str(tmp_path / "open" / "one.png"), drawn(False, 0))
    with pytest.raises(UsageError, match="closed and open eyes"):
        load_eyes(tmp_path, 24)
    with pytest.raises(UsageError):
        load_eyes(tmp_path / "missing", 24)


def test_nobody_is_on_both_sides_of_the_split(eyes: Eyes) -> None:
    trained, held = eyes.split(6)
    assert not set(trained.subjects.tolist()) & set(held.subjects.tolist())
    assert len(trained) + len(held) == len(eyes)
    assert set(held.subjects.tolist()) == {5, 11}


def test_states_take_turns() -> None:
    rng = np.random.default_rng(0)
    long = np.concatenate([states(64, rng) for _ in range(50)])
    assert set(np.flatnonzero((long < 0) | (long > 1))) == set()
    assert 0.15 < (long == 1).mean() < 0.6
    assert 0 < ((long > 0) & (long < 1)).mean() < 0.2


def test_sequences_are_drawn_from_the_generator_alone(eyes: Eyes) -> None:
    one, again = (sequences(eyes, 4, 6, 32, np.random.default_rng(5)) for _ in range(2))
    other = sequences(eyes, 4, 6, 32, np.random.default_rng(6))
    np.testing.assert_array_equal(one.crops, again.crops)
    np.testing.assert_array_equal(one.closed, again.closed)
    assert not np.array_equal(one.crops, other.crops)
    assert one.crops.shape == (4, 6, 32, 32)
    assert one.closed.shape == (4, 6)
    assert 0 <= one.crops.min() < one.crops.max() <= 255


def test_open_and_closed_frames_look_like_their_stills(eyes: Eyes) -> None:
    made = sequences(eyes, 40, 8, 32, np.random.default_rng(0))
    middle = normalised(made.crops)[..., 8:24, 8:24].std(axis=(2, 3))
    assert np.median(middle[made.closed == 0]) > np.median(middle[made.closed == 1])


def test_light_does_not_change_what_the_network_sees(eyes: Eyes) -> None:
    crop = eyes.crops[1].astype(np.float32)
    np.testing.assert_allclose(normalised(0.5 * crop + 60), normalised(crop), atol=1e-4)
    assert np.abs(normalised(np.full((32, 32), 77, np.uint8))).max() == 0
    noise = np.random.default_rng(0).normal(100, 0.5, (32, 32)).astype(np.float32)
    assert np.abs(normalised(noise)).mean() < 0.3  # a crop of noise is not made a strong one


def test_the_lstm_is_the_recurrence_of_its_equations(eyes: Eyes) -> None:
    torch.manual_seed(0)
    module = Lrcn(SMOKE.network, small_backbone(SMOKE.network)).eval()
    crops = torch.from_numpy(normalised(sequences(eyes, 1, 5, 32, np.random.default_rng(0)).crops))
    features = module.backbone(crops[0, :, None]).detach()
    w, r = module.lstm.weight_ih_l0, module.lstm.weight_hh_l0
    bias = module.lstm.bias_ih_l0 + module.lstm.bias_hh_l0
    hidden = cell = torch.zeros(SMOKE.network.hidden)
    expected = []
    for x in features:
        i, f, g, o = (w @ x + r @ hidden + bias).chunk(4)
        cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
        hidden = torch.sigmoid(o) * torch.tanh(cell)
        expected.append(F.linear(hidden, module.state.weight, module.state.bias))
    torch.testing.assert_close(module(crops)[0, :, 0, 0], torch.cat(expected).detach(), rtol=1e-4, atol=1e-5)


@pytest.fixture(scope="module")
def model(eyes: Eyes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("blink")
    config = replace(SMOKE, schedule=Schedule(steps=60, batch=4, rate=1e-2, warm_up=5, every=60))
    task = EyesTask(config, eyes, CPU)
    finish(task, fit(task, folder), folder, Origins("drawn", "none", "a test"), eyes)
    return folder


def test_a_training_learns_and_its_file_computes_the_same(model: Path, eyes: Eyes) -> None:
    metrics = json.loads((model / "card.json").read_text())["metrics"]
    assert metrics["AUC of stills, persons held out"] > 0.8
    assert metrics["AUC of stills, test"] > 0.8
    assert metrics["largest difference of ONNX and PyTorch"] < 1e-4
    states_of = EyeStates(open_bundle(model))
    assert states_of.side == 32
    crops = np.stack([cv2.resize(crop, (32, 32)) for crop in eyes.crops])
    found = states_of.closed(crops[:, None])[:, 0]
    assert found[eyes.closed].mean() > found[~eyes.closed].mean() + 0.2
    long = states_of.closed(crops.reshape(2, 48, 32, 32))
    assert long.shape == (2, 48)
    assert states_of.closed(crops[None, :0]).shape == (1, 0)


def test_exported_weights_are_those_of_the_module(model: Path, eyes: Eyes) -> None:
    config = replace(SMOKE, schedule=Schedule(steps=60, batch=4, rate=1e-2, warm_up=5, every=60))
    task = EyesTask(config, eyes, CPU)
    module = rounded(fit(task, model)).eval()  # goes on from the checkpoint: nothing is left to do
    crops = np.random.default_rng(0).integers(0, 256, (2, 9, 32, 32)).astype(np.uint8)
    expected = 1 / (1 + np.exp(-judged(module, crops)))
    np.testing.assert_allclose(EyeStates(open_bundle(model)).closed(crops), expected, atol=1e-5)
    assert (model / MODEL).stat().st_size < 150_000


def test_too_few_persons_are_told(eyes: Eyes) -> None:
    with pytest.raises(UsageError, match="too few persons"):
        EyesTask(SMOKE, eyes.where(eyes.subjects == 0), CPU)


def test_networks_that_do_not_fit_are_told() -> None:
    with pytest.raises(UsageError, match="halved"):
        small_backbone(EyeNetwork(side=30))
    pytest.importorskip("timm")
    with pytest.raises(UsageError, match="not a VGG"):
        backbone_of(EyeNetwork(backbone="resnet18"))
    with pytest.raises(UsageError, match="timm gives no vgg99"):
        backbone_of(EyeNetwork(backbone="vgg99"))


@pytest.mark.slow
def test_the_published_network_runs() -> None:
    pytest.importorskip("timm")
    size = PRESETS["published"].network
    module = Lrcn(size, backbone_of(size)).eval()
    with torch.no_grad():
        assert module(torch.zeros(1, 2, 224, 224)).shape == (1, 2, 1, 1)
    assert module.lstm.hidden_size == 256
    assert module.lstm.input_size == 4096


def test_auc_is_the_share_of_pairs() -> None:
    rng = np.random.default_rng(0)
    low, high = rng.integers(0, 9, 40).astype(np.float32), rng.integers(3, 12, 30).astype(np.float32)
    pairs = (high[:, None] > low) + 0.5 * (high[:, None] == low)
    assert auc(low, high) == pytest.approx(pairs.mean())
