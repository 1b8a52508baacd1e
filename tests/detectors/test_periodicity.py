"""The detector on pictures whose history is known, and on honest ones."""

from __future__ import annotations

import io
import math
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from forensics.datasets import procedural
from forensics.datasets.upsampling import decode
from forensics.detectors.base import DETECTORS
from forensics.detectors.periodicity import Periodicity, findings
from forensics.detectors.periodicity.detector import MIN_TILES, measure, refusal, score
from forensics.detectors.periodicity.peaks import Group, find_lines, group_of
from forensics.detectors.periodicity.resampling import factors, strongest
from forensics.detectors.periodicity.spectrum import cut, residual, spectra
from forensics.evidence import Evidence, Grade, Question, Status
from forensics.media import open_bytes, open_media

DATA = Path(os.environ.get("FORENSICS_DATA", Path(__file__).parents[2].parent / "shared" / "data"))


def scene(seed: int = 0, height: int = 512, width: int = 512) -> np.ndarray:
    """A noisy scene without a colour mosaic."""
    rng = np.random.default_rng(seed)
    values = procedural.tone_curve(procedural.dead_leaves(rng, height, width, leaves=400)) * 255
    values = values + rng.normal(0, 3, values.shape)
    return np.asarray(np.clip(np.rint(values), 0, 255), dtype=np.uint8)


def grey(picture: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))


def examine(data: bytes) -> dict[str, Evidence]:
    evidence = Periodicity().examine(open_bytes(data))
    return {e.code if e.status is not Status.NOT_APPLICABLE else str(e.question): e for e in evidence}


def lines_of(picture: np.ndarray):  # type: ignore[no-untyped-def]
    measured = measure(grey(picture))
    assert measured.lines is not None
    return measured.lines


def test_it_is_registered() -> None:
    assert DETECTORS.get("periodicity") is Periodicity
    assert Periodicity.info.questions == (Question.SYNTHETIC, Question.HISTORY)


def test_the_lattice_is_complete() -> None:
    lines = lines_of(scene())
    assert len(lines.lines) == 8 * 8 // 2 + 1  # half of the 63 without zero, and the three that are their own
    assert group_of(4, 4) is group_of(0, 4) is Group.HALF
    assert group_of(2, 6) is Group.QUARTER
    assert group_of(1, 4) is Group.EIGHTH
    assert group_of(0, 2) is Group.AXIS


@pytest.mark.parametrize("layer", ["transposed3", "transposed4", "shuffle2"])
def test_doubling_layers_leave_a_pattern_of_period_2(layer: str) -> None:
    lines = lines_of(decode(scene(), layer, detail=0.5, seed=3))
    assert lines.p_value(Group.HALF) < 1e-6
    assert lines.share(Group.EIGHTH) < 0.03


def test_the_latent_layer_leaves_eighths_off_the_axes() -> None:
    picture = scene()
    plain, made = lines_of(picture), lines_of(decode(picture, "latent8", detail=0.3, seed=3))
    assert made.p_value(Group.EIGHTH) < 1e-6
    assert plain.p_value(Group.EIGHTH) > 1e-3
    assert score(made) > score(plain) + 1


@pytest.mark.parametrize("layer", ["bilinear2", "nearest2", "nearest4"])
def test_plain_enlargement_leaves_no_additive_lines(layer: str) -> None:
    lines = lines_of(decode(scene(), layer, detail=0.0))
    assert lines.p_value(Group.QUARTER, Group.EIGHTH) > 1e-3
    assert lines.share(Group.QUARTER, Group.EIGHTH) < 0.03


def test_a_texture_that_is_not_locked_to_the_grid_is_no_line() -> None:
    y, x = np.mgrid[:512, :512]
    fence = 20 * np.sin(2 * np.pi * (x / 7.9 + y / 8.1))
    picture = np.clip(scene().astype(float) + fence[..., None], 0, 255).astype(np.uint8)
    assert lines_of(picture).p_value(Group.EIGHTH) > 1e-3


def test_invariances() -> None:
    made = grey(decode(scene(), "latent8", detail=0.3, seed=3)).clip(40, 200)

    def shares(luma: np.ndarray) -> np.ndarray:
        lines = find_lines(spectra(residual(cut(luma, 64, 384).pixels)))
        return np.array([lines.share(Group.EIGHTH), lines.share(Group.QUARTER)])

    reference = shares(made)
    assert reference[0] > 0.2
    assert shares(made + np.uint8(40)) == pytest.approx(reference, rel=0.01)
    assert shares(255 - made) == pytest.approx(reference, rel=0.01)
    assert shares(np.ascontiguousarray(made.T)) == pytest.approx(reference, rel=0.01)
    # Another cut of the picture shifts all phases alike; only the content of the tiles changes.
    assert shares(made[5:, 3:]) == pytest.approx(reference, rel=0.35)


@pytest.mark.parametrize("factor", [1.1, 1.42, 1.7, 2.3])
def test_scaling_is_found_with_its_factor(factor: float) -> None:
    big = cv2.resize(scene(), None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)[:768, :768]
    measured = measure(grey(np.asarray(big)))
    assert measured.resampling is not None
    peak = strongest(measured.resampling)
    assert peak.p_value < 1e-4
    assert peak.on_axis
    assert min(abs(s / factor - 1) for s in factors(measured.resampling, peak)) < 0.02


def test_rotation_is_found_off_the_axes() -> None:
    turn = cv2.getRotationMatrix2D((640, 640), 12, 1.25)
    turned = cv2.warpAffine(scene(0, 1280, 1280), turn, (1280, 1280), flags=cv2.INTER_LINEAR)[
        256:1024, 256:1024
    ]
    measured = measure(grey(np.asarray(turned)))
    assert measured.resampling is not None
    peak = strongest(measured.resampling)
    assert peak.p_value < 1e-4
    assert not peak.on_axis


@pytest.mark.parametrize("seed", range(4))
def test_an_untouched_scene_has_no_history(seed: int) -> None:
    found = examine(procedural.encode(scene(seed), "png"))
    for code in ("periodicity.upsampling", "periodicity.pattern", "periodicity.resampling"):
        assert found[code].status is Status.CLEAR, found[code].summary


@pytest.mark.parametrize(("codec", "quality"), [("png", 0), ("webp", 80), ("webp", 95)])
def test_simulated_cameras_are_not_accused(codec: str, quality: int) -> None:
    for picture in procedural.corpus(11, 4, 512, 512):
        found = examine(procedural.encode(picture, codec, quality))["periodicity.upsampling"]
        assert found.llr is not None
        assert found.llr < 0.3


def test_a_jpeg_is_never_accused() -> None:
    made = decode(scene(4), "latent8", detail=0.3, seed=9)
    (first, *_) = Periodicity().examine(open_bytes(procedural.encode(made, "jpeg", 95)))
    assert first.question is Question.SYNTHETIC
    assert first.status is Status.NOT_APPLICABLE
    assert "encoder" in first.summary


def test_scaled_photos_are_not_accused() -> None:
    picture = scene(2)
    big = np.asarray(cv2.resize(picture, None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC))
    found = examine(procedural.encode(big, "png"))
    assert (found["periodicity.upsampling"].llr or 0) < 0.3
    assert found["periodicity.resampling"].status is Status.SIGNAL
    assert found["periodicity.resampling"].question is Question.HISTORY
    assert (
        "1.5" in found["periodicity.resampling"].summary or "1.49" in found["periodicity.resampling"].summary
    )


def test_a_decoder_gives_a_signal_with_everything_a_report_needs() -> None:
    evidence = examine(procedural.encode(decode(scene(4), "latent8", detail=0.3, seed=9), "png"))
    found = evidence["periodicity.upsampling"]
    assert found.status is Status.SIGNAL
    assert found.grade is Grade.OPINION
    assert found.llr is not None
    assert found.calibration is not None
    assert found.calibration.negatives > 100
    assert 0.3 <= found.llr < 1  # capped by the number of imaging pipelines
    assert found.p_value is not None
    assert found.p_value <= 0.05
    assert found.limits
    assert {s.name for s in found.plots[0].series} >= {"eighths off the axes", "halves"}
    assert all(len(s.x) == len(s.y) for e in evidence.values() for p in e.plots for s in p.series)


def test_maps_are_small_and_in_range() -> None:
    big = np.asarray(cv2.resize(scene(), None, fx=1.7, fy=1.7, interpolation=cv2.INTER_LINEAR))
    (found,) = examine(procedural.encode(big, "png"))["periodicity.resampling"].maps
    assert found.values.shape == (128, 128)
    assert found.values.dtype == np.float32
    assert 0 <= found.values.min() <= found.values.max() <= 1


def test_absence_of_lines_never_speaks_for_a_photo() -> None:
    evidence = findings.upsampling(Periodicity.info, lines_of(scene()), np.zeros(32, np.float32), -9.0)
    assert evidence.llr == 0
    assert evidence.p_value == 1
    assert list(findings.null_scores()) == sorted(findings.null_scores())
    assert len(findings.null_scores()) > 50


@pytest.mark.parametrize(
    "picture",
    [
        scene(0, 60, 60),
        scene(0, 200, 150),
        np.full((512, 512, 3), 99, np.uint8),
        np.full((512, 512, 3), 255, np.uint8),
        scene(0, 1, 4000),
    ],
    ids=["tiny", "small", "flat", "white", "strip"],
)
def test_too_little_to_see_is_not_applicable(picture: np.ndarray) -> None:
    evidence = Periodicity().examine(open_bytes(procedural.encode(picture, "png")))
    assert [e.status for e in evidence] == [Status.NOT_APPLICABLE] * 3
    assert str(MIN_TILES) in evidence[0].summary


def test_kinds_of_files_without_calibration() -> None:
    assert refusal("webp", "rgb") == refusal("png", "grey") == refusal("avif", "rgb") == ""
    assert all(refusal(*kind) for kind in (("jpeg", "rgb"), ("heif", "rgb"), ("png", "palette")))
    out = io.BytesIO()
    Image.fromarray(scene()).quantize(64).save(out, "GIF")
    evidence = Periodicity().examine(open_bytes(out.getvalue()))
    assert evidence[0].status is Status.NOT_APPLICABLE
    assert "gif" in evidence[0].summary


def test_the_same_file_gives_the_same_evidence() -> None:
    data = procedural.encode(scene(1), "jpeg", 88)
    assert examine(data) == examine(data)


def test_clipped_and_flat_tiles_do_not_count() -> None:
    picture = grey(scene())
    picture[:256] = 128
    measured = measure(picture)
    assert measured.used == 32
    assert measured.seen == 64
    assert math.isfinite(strongest(measured.resampling).log10_p) if measured.resampling else False


CAMERAS = [
    "photos/native/Canon_EOS_450D.jpg",
    "photos/native/Canon_Powershot_S90.jpg",
    "photos/native/HTC_One.jpg",
    "prnu/natural/Nikon_D70_1_20543.JPG",
    "prnu/natural/Nikon_D70s_0_21853.JPG",
]


@pytest.mark.skipif(not DATA.is_dir(), reason="FORENSICS_DATA is not set: needs a folder of test pictures")
@pytest.mark.parametrize("name", CAMERAS)
def test_cameras_outside_the_calibration_are_not_accused(name: str) -> None:
    media = open_media(DATA / name)
    assert strongest_p(media.luma) > 1e-4
    # Also as a lossless copy, where the detector does give a weight.
    found = examine(procedural.encode(np.ascontiguousarray(media.pixels[:1536, :1536]), "png"))
    assert (found["periodicity.upsampling"].llr or 0) < 1


def strongest_p(luma: np.ndarray) -> float:
    measured = measure(luma)
    assert measured.resampling is not None
    return strongest(measured.resampling).p_value


@pytest.mark.skipif(not DATA.is_dir(), reason="FORENSICS_DATA is not set: needs a folder of test pictures")
def test_a_phone_with_a_pattern_of_its_own_is_history_only() -> None:
    found = {e.code: e for e in Periodicity().examine(open_media(DATA / "photos/native/HTC_One.jpg"))}
    assert found["periodicity.pattern"].status is Status.SIGNAL
    assert found["periodicity.pattern"].llr is None
