"""Warped faces, splices, Meso-4 and MesoInception-4: what they learn of, their networks, and their files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from forensics.detectors.learned.model import planes  # noqa: E402
from forensics.detectors.train.delivering import DIFFERENCE, TWO_STREAM, WARPING, deliver, merged  # noqa: E402
from forensics.detectors.train.delivery import Delivery  # noqa: E402
from forensics.detectors.train.mesonet.faces import load_faces, varied  # noqa: E402
from forensics.detectors.train.mesonet.networks import Inception, Meso4, MesoInception4  # noqa: E402
from forensics.detectors.train.run import roc_area  # noqa: E402
from forensics.detectors.train.splices import run as splices  # noqa: E402
from forensics.detectors.train.splices.making import drawn_mask, spliced, tiles_of  # noqa: E402
from forensics.detectors.train.splices.networks import FILTERS, Noise, TwoStream  # noqa: E402
from forensics.detectors.train.splices.run import SplicesRun, Splicing, batch_of  # noqa: E402
from forensics.detectors.train.warping import run as warping  # noqa: E402
from forensics.detectors.train.warping.networks import FaceNetwork, network_of  # noqa: E402
from forensics.detectors.train.warping.run import Warping, WarpingRun, pairs_of  # noqa: E402
from forensics.detectors.train.warping.simulation import (  # noqa: E402
    Face,
    Jitter,
    drawn_face,
    jittered,
    warped_back,
)
from forensics.detectors.two_stream.model import splice_model_of  # noqa: E402
from forensics.detectors.warping.model import face_model_of  # noqa: E402
from forensics.errors import UsageError  # noqa: E402
from forensics.runtime.store import open_bundle  # noqa: E402
from forensics.training.card import Origins  # noqa: E402
from forensics.training.loop import fit  # noqa: E402
from forensics.training.schedule import Schedule  # noqa: E402

CPU = torch.device("cpu")
ORIGINS = Origins("made up", "none", "a test")


@pytest.fixture(scope="module")
def photos() -> np.ndarray:
    """Something with edges and fine grain, (48, 128, 128, 3)."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(30, 226, (48, 10, 10, 3), dtype=np.uint8)
    smooth = np.stack([cv2.resize(c, (128, 128), interpolation=cv2.INTER_CUBIC) for c in coarse])
    return np.clip(smooth + rng.normal(0, 9, smooth.shape), 0, 255).astype(np.uint8)


def fine(picture: np.ndarray) -> np.ndarray:
    """How much there is of the finest detail, at each pixel."""
    grey = picture.astype(np.float32).mean(axis=2)
    return np.abs(grey - cv2.GaussianBlur(grey, (0, 0), 1.0))


def test_a_warped_face_is_smoother_and_nothing_else_changes(photos: np.ndarray) -> None:
    rng = np.random.default_rng(1)
    for picture in photos[:6]:
        face = drawn_face(picture.shape, rng)
        made = warped_back(picture, face, rng)
        mask = np.zeros((128, 128), np.uint8)
        cv2.fillConvexPoly(mask, np.rint(face.hull).astype(np.int32), 1)
        inside, far = cv2.erode(mask, np.ones((9, 9))) > 0, cv2.dilate(mask, np.ones((25, 25))) == 0
        assert fine(made)[inside].mean() < 0.7 * fine(picture)[inside].mean()
        np.testing.assert_array_equal(made[far], picture[far])
        gap = made.astype(float) - picture
        assert abs(gap[inside].mean()) < 3  # it is where it was, and as bright


def test_outlines_follow_landmarks(photos: np.ndarray) -> None:
    rng = np.random.default_rng(2)
    landmarks = rng.uniform(40, 90, (30, 2))
    face = drawn_face((128, 128), rng, landmarks)
    low, high = landmarks.min(axis=0), landmarks.max(axis=0)
    assert (face.hull >= low - 1e-3).all()
    assert (face.hull <= high + 1e-3).all()
    corners = {len(drawn_face((128, 128), rng).hull) for _ in range(12)}
    assert len(corners) == 2  # ellipses, and polygons on them
    box = Face(np.array([[10.0, 20.0], [50.0, 30.0], [30.0, 80.0]]), 0.0).box
    assert (box.left, box.top, box.width, box.height) == (10, 20, 40, 60)


def test_colours_change_as_said(photos: np.ndarray) -> None:
    picture = photos[0]
    np.testing.assert_array_equal(jittered(picture, Jitter()), picture)
    grey = jittered(picture, Jitter(colour=0.0))
    assert np.ptp(grey.astype(int), axis=2).max() <= 1
    assert fine(jittered(picture, Jitter(sharpness=0.7))).mean() > fine(picture).mean()
    assert jittered(picture, Jitter(brightness=0.8)).mean() == pytest.approx(0.8 * picture.mean(), rel=0.02)


def test_both_of_a_pair_were_delivered_alike(photos: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is warped there is nothing to tell."""
    monkeypatch.setattr(warping, "warped_back", lambda picture, face, rng: picture)
    crops = pairs_of(list(photos[:6]), 32, np.random.default_rng(3))
    made, others = np.split(crops, 2)
    np.testing.assert_array_equal(made, others)
    assert crops.shape == (12, 32, 32, 3)


def test_warps_are_learned_and_the_file_computes_the_same(
    photos: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warping, "drawn", lambda rng, strength: Delivery())
    config = WarpingRun(Schedule(steps=30, batch=16, rate=1e-2, warm_up=2, every=30), 64, 0.0)
    task = Warping(config, network_of(""), photos, CPU)
    module = fit(task, tmp_path)
    metrics = deliver(WARPING, module, task, tmp_path, ORIGINS, {"crops": 3})
    assert metrics[DIFFERENCE] < 1e-4
    model = face_model_of(open_bundle(tmp_path))
    assert (model.side, model.crops) == (64, 3)
    crops = pairs_of(list(photos), 64, np.random.default_rng(9))
    logits = model.network(planes(crops))[0]
    warped, others = np.split(logits, 2)
    assert (warped - others).mean() > 2 * (warped - others).std() / len(
        photos
    ) ** 0.5  # each pair has one content
    card = json.loads((tmp_path / "card.json").read_text())
    assert card["images"] == 30 * 16
    assert card["bytes"] < 150_000


def test_normalisations_are_merged_and_nothing_changes() -> None:
    torch.manual_seed(0)
    module = FaceNetwork(8)
    x = torch.rand(4, 3, 32, 32)
    for _ in range(3):
        module(x)
    expected = module.eval()(x).detach()
    merged(module)
    assert not any(isinstance(part, nn.BatchNorm2d) for part in module.modules())
    torch.testing.assert_close(module(x).detach(), expected, rtol=1e-4, atol=1e-5)


def test_the_second_stage_sees_what_is_hard(photos: np.ndarray) -> None:
    class Light(nn.Module):
        """Takes light for warping."""

        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.tensor(10.0))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.weight * (x.mean(dim=(1, 2, 3)) - 0.5)

    task = Warping(WarpingRun(side=32), Light(), photos, CPU)
    levels = np.array([10, 240, 90, 30, 250, 128, 20, 200])
    crops = np.broadcast_to(levels[:, None, None, None], (8, 32, 32, 3)).astype(np.uint8)
    truth = np.array([1, 1, 1, 1, 0, 0, 0, 0], np.float32)
    kept = task._hardest(crops, truth, 4)
    assert sorted(kept.tolist()) == [0, 3, 4, 7]  # the darkest that are warped, the lightest that are not
    assert [turn.rate for turn in task.turns(0, 0.5)] == [1.0]
    assert [turn.rate for turn in task.turns(0, 0.9)] == [0.1]


def test_published_networks_by_name() -> None:
    assert warping.PRESETS["resnet152"].backbone == "resnet152"
    assert {warping.PRESETS[name].side for name in ("vgg16", "resnet50", "resnet101")} == {224}
    assert isinstance(network_of(""), FaceNetwork)
    pytest.importorskip("timm")
    network = network_of("resnet18").eval()
    with torch.no_grad():
        assert network(torch.rand(2, 3, 64, 64)).shape == (2,)
    with pytest.raises(UsageError, match="no network"):
        network_of("resnet51")


def test_masks_are_shares(photos: np.ndarray) -> None:
    rng = np.random.default_rng(4)
    shares = [float(drawn_mask((128, 128), rng).mean()) for _ in range(40)]
    assert min(shares) > 0.005
    assert max(shares) < 0.6
    mask = drawn_mask((96, 128), rng)
    assert mask.shape == (96, 128)
    assert mask.min() >= 0
    assert mask.max() <= 1.0001


def test_a_splice_is_elsewhere_the_host(photos: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a last save, pixels outside of the part are those of the host with its past."""
    monkeypatch.setitem(spliced.__globals__, "delivered", lambda picture, how: picture)
    rng = np.random.default_rng(5)
    found = []
    for host, donor in zip(photos[:8], photos[8:16], strict=True):
        splice = spliced(host, donor, rng)
        np.testing.assert_array_equal(splice.forged[splice.share == 0], host[splice.share == 0])
        changed = np.abs(splice.forged.astype(int) - host)[splice.share > 0.99]
        assert changed.mean() > 5
        found.append(tiles_of(splice, 64, rng))
    shapes = [tiles.shape for tiles in found if tiles is not None]
    assert len(shapes) > 4
    assert set(shapes) == {(2, 64, 64, 3)}


def test_no_edge_no_tile(photos: np.ndarray) -> None:
    rng = np.random.default_rng(6)
    splice = replace(spliced(photos[0], photos[1], rng), share=np.zeros((128, 128), np.float32))
    assert tiles_of(splice, 64, rng) is None


def test_classes_do_not_differ_by_their_pasts(photos: np.ndarray) -> None:
    """Untouched tiles have as much noise, blur and compression as forged ones: fine detail does not tell."""
    tiles = batch_of(photos, 120, 64, np.random.default_rng(7))
    detail = np.array([np.log(fine(tile).mean() + 0.1) for tile in tiles])
    forged, untouched = np.split(detail, 2)
    assert abs(roc_area(untouched, forged) - 0.5) < 0.15


def test_noise_filters_see_no_slopes() -> None:
    for filters in FILTERS:
        weights = np.array(filters)
        rows, columns = np.indices((5, 5))
        assert weights.sum() == 0
        assert (weights * rows).sum() == 0
        assert (weights * columns).sum() == 0
    ramp = torch.linspace(0.2, 0.6, 32).expand(1, 3, 32, 32)
    assert Noise()(ramp)[..., 3:-3, 3:-3].abs().max() < 1e-3
    spike = torch.zeros(1, 3, 9, 9)
    spike[..., 4, 4] = 1 / 255
    expected = np.tanh(np.array(FILTERS[2])[::-1, ::-1] / 2 / 8)
    np.testing.assert_allclose(Noise()(spike)[0, 2, 2:7, 2:7], expected, atol=1e-6)


def test_bilinear_pooling_is_the_sum_of_outer_products() -> None:
    torch.manual_seed(0)
    network = TwoStream(6).eval()
    x = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        a, b = network.of_colours(2 * x - 1)[0], network.of_noise(network.noise(x))[0]
        total = sum(torch.outer(a[:, i, j], b[:, i, j]) for i in range(4) for j in range(4)) / 16
        rooted = torch.sign(total.flatten()) * torch.sqrt(total.flatten() + 1e-8)
        expected = network.head(6.0 * rooted / rooted.norm())
        torch.testing.assert_close(network(x), expected, rtol=1e-4, atol=1e-5)


def test_splices_become_a_file_that_computes_the_same(photos: np.ndarray, tmp_path: Path) -> None:
    config = SplicesRun(Schedule(steps=2, batch=8, rate=2e-3, warm_up=1, every=2), channels=6)
    task = Splicing(config, photos, CPU)
    metrics = deliver(TWO_STREAM, fit(task, tmp_path), task, tmp_path, ORIGINS, {})
    assert metrics[DIFFERENCE] < 1e-4
    seen = splice_model_of(open_bundle(tmp_path)).look(np.tile(photos[0], (2, 2, 1)))
    assert len(seen.logits) == 25
    assert np.isfinite(seen.score)


def test_too_few_pictures_are_told(photos: np.ndarray) -> None:
    with pytest.raises(UsageError, match="splices need"):
        Splicing(splices.PRESETS["smoke"], photos[:4], CPU)


@pytest.mark.parametrize(("network", "count"), [(Meso4, 27_977), (MesoInception4, 28_615)])
def test_meso_networks_have_the_published_number_of_weights(network: type[nn.Module], count: int) -> None:
    module = network().eval()
    assert sum(p.numel() for p in module.parameters()) == count
    with torch.no_grad():
        assert module(torch.rand(2, 3, 256, 256)).shape == (2,)


def test_inception_reaches_as_far_as_it_says() -> None:
    """A point reaches one, two and three pixels far, in branches two to four."""
    module = Inception(1, (1, 1, 1, 1))
    for weights in module.parameters():
        nn.init.constant_(weights, 1.0 if weights.ndim > 1 else 0.0)
    point = torch.zeros(1, 1, 11, 11)
    point[..., 5, 5] = 1.0
    reached = module(point)[0].detach()
    for branch, reach in enumerate((0, 1, 2, 3)):
        rows = torch.nonzero(reached[branch])[:, 0]
        assert (int(rows.min()), int(rows.max())) == (5 - reach, 5 + reach)
    assert [int((branch > 0).sum()) for branch in reached] == [1, 9, 9, 9]


def folder_of_faces(folder: Path, count: int = 12) -> Path:
    for kind in ("real", "fake"):
        (folder / kind).mkdir(parents=True)
        for i in range(count):
            pixels = np.full((40, 40, 3), 60 + 120 * (kind == "fake"), np.uint8)
            cv2.imwrite(str(folder / kind / f"{i}.png"), pixels + i)
    return folder


def test_faces_are_split_by_source(tmp_path: Path) -> None:
    faces = load_faces(folder_of_faces(tmp_path), 32)
    assert faces.crops.shape == (24, 32, 32, 3)
    assert faces.forged.sum() == 12
    assert len(faces.where(faces.held)) in range(2, 9)
    held = {int(level) % 20 for level in faces.where(faces.held).crops[:, 0, 0, 0]}
    others = {int(level) % 20 for level in faces.where(~faces.held).crops[:, 0, 0, 0]}
    assert not held & others  # both of a source are on one side
    with pytest.raises(UsageError, match="too few faces"):
        load_faces(tmp_path, 32, lambda pixels: None)


def test_faces_vary_a_little(photos: np.ndarray) -> None:
    rng = np.random.default_rng(8)
    one, other = (varied(photos[0], rng) for _ in range(2))
    assert one.shape == photos[0].shape
    assert not np.array_equal(one, other)
    assert abs(float(one.mean()) - float(photos[0].mean())) < 0.3 * float(photos[0].mean())
