"""The audit finds what was put in, and nothing else."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from forensics.datasets.procedural import encode
from forensics.detectors.leaks import LeakReport, audit_leaks, sample_of
from forensics.detectors.leaks.history import block_dct, combs, earlier_jpeg
from forensics.detectors.leaks.spectrum import BINS, profile
from forensics.errors import UsageError
from tests.detectors.leaks.sets import Store, classes_of, jpeg, picture, png


def audited(place: Path, real: Store, fake: Store, count: int = 40) -> LeakReport:
    reals, fakes = classes_of(place, real, fake, count)
    return audit_leaks(sample_of(reals), sample_of(fakes))


def leaking(report: LeakReport) -> set[str]:
    return {leak.family for leak in report.leaks if leak.leaks} - {"all"}


@pytest.fixture(scope="module")
def alike(tmp_path_factory: pytest.TempPathFactory) -> LeakReport:
    return audited(tmp_path_factory.mktemp("leaks") / "alike", jpeg(90), jpeg(90), 100)


def test_classes_that_are_alike_leak_nothing(alike: LeakReport) -> None:
    assert not alike.leaky
    assert alike.share in (None, 0.0)
    assert [leak.family for leak in alike.leaks] == ["container", "size", "bytes", "history", "all"]
    of = {control.name: control for control in alike.controls}
    assert of["same"].measured is not None
    assert of["size"].measured is None
    assert "same sizes" in of["size"].reason
    assert of["format"].measured is None
    assert LeakReport.model_validate_json(alike.model_dump_json()) == alike


def test_a_format_leaks_and_is_named(tmp_path: Path) -> None:
    report = audited(tmp_path, jpeg(90), png)
    assert leaking(report) >= {"container", "bytes", "history"}
    container = report.leaks[0]
    assert container.measured.accuracy == 1.0
    of = {feature.name: feature for feature in container.features}
    assert (of["extension"].real, of["extension"].fake) == (".jpg", ".png")
    assert report.share == 1.0
    assert "100 %" in report.sentence


def test_a_quality_leaks_and_a_detector_of_pixels_would_take_it_for_content(tmp_path: Path) -> None:
    report = audited(tmp_path, png, jpeg(50), 100)
    control = next(c for c in report.controls if c.name == "format")
    assert control.leaks
    assert control.pictures == 100
    assert not next(c for c in report.controls if c.name == "same").leaks


def test_a_history_leaks_where_the_format_is_the_same(tmp_path: Path) -> None:
    def once_jpeg(pixels: np.ndarray) -> tuple[str, bytes]:
        stored = np.frombuffer(encode(pixels, "jpeg", 75), np.uint8)
        return png(cv2.cvtColor(cv2.imdecode(stored, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB))

    report = audited(tmp_path, once_jpeg, png)
    assert "history" in leaking(report)
    assert "container" not in leaking(report)
    (feature,) = report.leaks[3].features
    assert (feature.real, feature.fake) == ("75", "none")


def test_a_size_leaks_also_where_all_fakes_have_one_size_between_those_of_reals(tmp_path: Path) -> None:
    def varied(pixels: np.ndarray) -> tuple[str, bytes]:
        side = (48, 80)[int(pixels[0, 0, 0]) % 2]
        return png(cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA))

    report = audited(tmp_path, varied, png)
    assert "size" in leaking(report)
    assert report.leaks[1].measured.accuracy > 0.95


def test_real_pictures_of_two_sizes_are_told_apart_by_their_spectra(tmp_path: Path) -> None:
    def halved(pixels: np.ndarray) -> tuple[str, bytes]:
        return png(cv2.resize(pixels, (32, 32), interpolation=cv2.INTER_AREA))

    report = audited(tmp_path, png, halved, 100)
    control = next(c for c in report.controls if c.name == "size")
    assert control.leaks
    assert not next(c for c in report.controls if c.name == "same").leaks


def test_metadata_leak(tmp_path: Path) -> None:
    def with_exif(pixels: np.ndarray) -> tuple[str, bytes]:
        import io

        exif = Image.Exif()
        exif[0x0110] = "camera"
        out = io.BytesIO()
        Image.fromarray(pixels).save(out, "JPEG", quality=90, subsampling="4:2:0", exif=exif)
        return ".jpg", out.getvalue()

    report = audited(tmp_path, with_exif, jpeg(90))
    assert "container" in leaking(report)
    assert all(control.measured is None for control in report.controls)
    assert "100 real pictures" in report.controls[0].reason
    assert report.leaks[0].features[0].name in ("kinds of metadata", "metadata entries", "segments")


def test_sources_come_from_a_manifest_or_from_names(tmp_path: Path) -> None:
    reals, fakes = classes_of(tmp_path, png, png, 20)
    assert sample_of(reals).sources[0] == "0000"
    with (tmp_path / "manifest.csv").open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["file", "source"])
        rows.writerows((p.relative_to(tmp_path).as_posix(), "one") for p in fakes.iterdir())
    assert set(sample_of(fakes).sources) == {"one"}


def test_what_cannot_be_read_is_left_out_and_too_few_are_refused(tmp_path: Path) -> None:
    reals, _ = classes_of(tmp_path, png, png, 20)
    (reals / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    (reals / "notes.txt").write_text("no picture")
    sample = sample_of(reals)
    assert (len(sample.facts), len(sample.unreadable)) == (20, 1)
    (reals / "0000.png").unlink()
    with pytest.raises(UsageError, match="19 pictures"):
        sample_of(reals)
    with pytest.raises(UsageError, match="no folder"):
        sample_of(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="area"):
        audit_leaks(sample, sample, bound=0.4)


def test_fewer_are_drawn_by_the_seed(tmp_path: Path) -> None:
    reals, _ = classes_of(tmp_path, png, png, 30)
    first, again, other = (sample_of(reals, 20, seed) for seed in (0, 0, 1))
    assert first.sources == again.sources != other.sources


def test_the_dct_is_that_of_opencv() -> None:
    luma = picture(0)[..., 1]
    block = luma[8:16, 16:24].astype(np.float32) - 128
    assert np.allclose(block_dct(luma)[8 + 2].reshape(8, 8), cv2.dct(block), atol=1e-3)


@pytest.mark.parametrize("quality", [50, 75, 90, 95])
def test_the_quality_that_a_picture_was_stored_with_is_found_at_its_grid_only(quality: int) -> None:
    pixels = np.hstack([picture(n) for n in range(4)])
    data = np.frombuffer(encode(pixels, "jpeg", quality), np.uint8)
    grey = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    assert earlier_jpeg(grey) == quality
    assert earlier_jpeg(np.ascontiguousarray(grey[3:, 5:])) == 0
    assert earlier_jpeg(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)) == 0
    assert not combs(np.full((64, 64), 90, np.uint8)).any()


def test_the_profile_falls_for_smooth_pictures_and_is_flat_for_noise() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (96, 128), dtype=np.uint8)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2)
    assert profile(noise).shape == (BINS,)
    assert abs(profile(noise)[10:70].mean()) < 1.0
    assert profile(smooth)[60] < -4
    assert np.isfinite(profile(np.zeros((32, 32), np.uint8))).all()
