"""The `jpeg` detector as a whole: its evidence on files with a known history."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.datasets.procedural import camera
from forensics.detectors.calibration import load
from forensics.detectors.jpeg import JpegDetector
from forensics.detectors.jpeg.thumbnail import compare, content_box, read_thumbnail
from forensics.evidence import Evidence, Grade, Question, Status
from forensics.media import open_bytes, open_media

TABLES = ("jpeg_double", "jpeg_foreign_grid", "jpeg_grid", "jpeg_lacking_save", "jpeg_thumbnail")


def save(pixels: np.ndarray, kind: str = "JPEG", **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, kind, **options)
    return file.getvalue()


def decoded(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def examine(data: bytes) -> dict[str, Evidence]:
    evidence = JpegDetector().examine(open_bytes(data))
    for e in evidence:
        assert e.detector == "jpeg"
        for m in e.maps:
            assert m.values.dtype == np.float32
            assert np.isfinite(m.values).all()
            assert 0 <= m.values.min() <= m.values.max() <= 1
    return {e.code: e for e in evidence}


def accusations(evidence: dict[str, Evidence]) -> list[str]:
    return [c for c, e in evidence.items() if e.question is Question.ALTERED and e.llr is not None]


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    return camera(5, 384, 448)


@pytest.fixture(scope="module")
def other() -> np.ndarray:
    return camera(6, 384, 448)


@pytest.fixture
def spliced(scene: np.ndarray, other: np.ndarray) -> np.ndarray:
    host = decoded(save(scene, quality=75)).copy()
    host[99:227, 165:293] = decoded(save(other, quality=85))[40:168, 80:208]
    return host


def test_a_single_save_is_clear(scene: np.ndarray) -> None:
    evidence = examine(save(scene, quality=85))
    told = {code for code, e in evidence.items() if e.status is Status.CLEAR}
    assert told == {"jpeg.tables", "jpeg.grid", "jpeg.double"}
    assert set(evidence) - told == {"jpeg.foreign_grid.not_applicable", "jpeg.lacking_save.not_applicable"}
    assert [m.name for m in evidence["jpeg.double"].maps] == ["ghost"]
    assert [m.name for m in evidence["jpeg.grid"].maps] == ["error_level"]


def test_a_second_save_is_history_and_no_accusation(scene: np.ndarray) -> None:
    evidence = examine(save(decoded(save(scene, quality=70)), quality=90))
    double = evidence["jpeg.double"]
    assert (double.status, double.question, double.grade) == (Status.SIGNAL, Question.HISTORY, Grade.OPINION)
    assert "quality 70" in double.summary or "quality 69" in double.summary
    assert not accusations(evidence)


def test_a_crop_between_saves_is_named_with_its_place(scene: np.ndarray) -> None:
    evidence = examine(save(decoded(save(scene, quality=75))[3:, 6:], quality=90))
    assert evidence["jpeg.grid"].status is Status.SIGNAL
    assert "(2, 5)" in evidence["jpeg.grid"].summary
    assert not accusations(evidence)


def test_a_png_that_was_a_jpeg_is_named(scene: np.ndarray) -> None:
    evidence = examine(save(decoded(save(scene, quality=80))[2:, 1:], "PNG"))
    grid = evidence["jpeg.grid"]
    assert grid.status is Status.SIGNAL
    assert grid.p_value is not None
    assert grid.p_value < 1e-6
    assert "(7, 6)" in grid.summary
    assert "quality 80" in grid.summary or "quality 79" in grid.summary
    assert not accusations(evidence)


def test_a_png_that_never_was_is_clear(scene: np.ndarray) -> None:
    evidence = examine(save(scene, "PNG"))
    assert {e.status for e in evidence.values()} == {Status.CLEAR}
    assert "jpeg.tables" not in evidence


def test_a_paste_is_found_in_a_png(spliced: np.ndarray) -> None:
    evidence = examine(save(spliced, "PNG"))
    assert accusations(evidence) == ["jpeg.foreign_grid"]
    found = evidence["jpeg.foreign_grid"]
    assert found.status is Status.SIGNAL
    assert found.llr is not None
    assert 1 <= found.llr <= load("jpeg_foreign_grid").cap_for
    values = found.maps[0].values
    assert values[99 // 9 + 4, 165 // 9 + 4] > 0.5 > values[1, 1]


def test_a_paste_is_found_after_another_save(spliced: np.ndarray) -> None:
    evidence = examine(save(spliced, quality=92))
    assert accusations(evidence) == ["jpeg.lacking_save"]
    values = evidence["jpeg.lacking_save"].maps[0].values
    assert values[99 // 8 + 6, 165 // 8 + 6] > 0.3 > values[1, 1]


def test_the_map_of_a_paste_covers_it(spliced: np.ndarray) -> None:
    found = examine(save(spliced, "PNG"))["jpeg.foreign_grid"]
    rows, columns = np.mgrid[: found.maps[0].values.shape[0], : found.maps[0].values.shape[1]]
    height, width = (side / n for side, n in zip(spliced.shape, found.maps[0].values.shape, strict=False))
    y, x = (rows + 0.5) * height, (columns + 0.5) * width
    truth = (abs(y - 163) < 64) & (abs(x - 229) < 64)
    bright = found.maps[0].values > 0.5
    assert (bright & truth).sum() / (bright | truth).sum() > 0.6
    values = {m.name: m.value for m in found.measurements}
    # Pixel (99, 165) shows pixel (40, 80) of the other picture, whose grid begins at (0, 0).
    assert (values["its grid begins at row"], values["its grid begins at column"]) == (3, 5)
    assert float(values["log10 of regions as likely by chance"]) < -10


def test_a_paste_outlasts_the_finest_saves_only(spliced: np.ndarray) -> None:
    assert "jpeg.foreign_grid" in accusations(examine(save(spliced, quality=99, subsampling=0)))
    hidden = examine(save(spliced, quality=95, subsampling=0))["jpeg.foreign_grid.not_applicable"]
    assert hidden.status is Status.NOT_APPLICABLE
    assert "last JPEG save" in hidden.summary
    assert not hidden.maps


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((40, 300, 3), np.uint8),
        np.zeros((200, 200, 3), np.uint8),
        np.full((200, 200, 3), 255, np.uint8),
        np.full((200, 200, 3), 128, np.uint8),
    ],
    ids=["small", "black", "white", "flat"],
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_plain_pictures_are_not_applicable(pixels: np.ndarray, kind: str) -> None:
    evidence = examine(save(pixels, kind))
    assert evidence["jpeg.not_applicable"].status is Status.NOT_APPLICABLE
    assert evidence["jpeg.not_applicable"].llr is None


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_black_and_white_is_not_applicable(kind: str) -> None:
    # Not flat at all, but clipping has taken the statistics of every block away.
    dots = np.random.default_rng(1).choice(np.array([0, 255], np.uint8), (200, 200, 1)).repeat(3, axis=2)
    only = examine(save(dots, kind))["jpeg.not_applicable"]
    assert only.status is Status.NOT_APPLICABLE
    assert "black or white" in only.summary


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGB"])
def test_colour_modes_are_survived(scene: np.ndarray, mode: str) -> None:
    file = io.BytesIO()
    options = {"keep_rgb": True} if mode == "RGB" else {}
    Image.fromarray(scene).convert(mode).save(file, "JPEG", quality=85, **options)
    evidence = examine(file.getvalue())
    assert not accusations(evidence)
    assert ("jpeg.double" in evidence) == (mode == "L")


def test_noise_and_stripes_accuse_nobody() -> None:
    rng = np.random.default_rng(3)
    noise = rng.integers(0, 256, (200, 264, 3), dtype=np.uint8)
    stripes = np.tile((np.arange(264) // 8 % 2 * 80 + 80).astype(np.uint8)[None, :, None], (200, 1, 3))
    for pixels in (noise, stripes):
        for data in (
            save(pixels, "PNG"),
            save(pixels, quality=90),
            save(decoded(save(pixels, quality=80)), quality=90),
        ):
            assert not accusations(examine(data))


class TestThumbnail:
    @staticmethod
    def file(pixels: np.ndarray, shown: np.ndarray) -> bytes:
        """A JPEG whose EXIF block carries `shown` as thumbnail."""
        small = Image.fromarray(np.ascontiguousarray(shown))
        small.thumbnail((160, 160))
        inner = save(np.asarray(small), quality=80)
        tiff = b"MM\0*\0\0\0\x08" + b"\0\0" + (14).to_bytes(4, "big")
        ifd = (3).to_bytes(2, "big")
        for tag, value in ((0x0103, 6), (0x0201, 14 + 2 + 36 + 4), (0x0202, len(inner))):
            short = tag == 0x0103
            ifd += tag.to_bytes(2, "big") + (3 if short else 4).to_bytes(2, "big") + (1).to_bytes(4, "big")
            ifd += value.to_bytes(2, "big") + b"\0\0" if short else value.to_bytes(4, "big")
        return save(pixels, quality=90, exif=b"Exif\0\0" + tiff + ifd + b"\0\0\0\0" + inner)

    def test_its_own_is_clear(self, scene: np.ndarray) -> None:
        evidence = examine(self.file(scene, scene))
        assert evidence["jpeg.thumbnail"].status is Status.CLEAR
        assert not accusations(evidence)

    def test_another_picture_is_a_signal(self, scene: np.ndarray, other: np.ndarray) -> None:
        evidence = examine(self.file(scene, other))
        assert evidence["jpeg.thumbnail"].status is Status.SIGNAL
        assert accusations(evidence) == ["jpeg.thumbnail"]

    def test_a_crop_that_forgot_it_is_a_signal(self, scene: np.ndarray) -> None:
        assert accusations(examine(self.file(scene[150:380, 20:250], scene))) == ["jpeg.thumbnail"]

    @pytest.mark.parametrize("turns", [1, 2, 3])
    def test_a_turn_is_not(self, scene: np.ndarray, turns: int) -> None:
        evidence = examine(self.file(np.rot90(scene, turns), scene))
        assert evidence["jpeg.thumbnail"].status is Status.CLEAR

    def test_bars_and_tone_are_not(self, scene: np.ndarray) -> None:
        luma = np.asarray(Image.fromarray(scene).convert("L"))
        small = np.asarray(Image.fromarray(luma).resize((160, 137)))
        framed = np.zeros((150, 160), np.uint8)
        framed[6:143] = (40 + 0.7 * small).astype(np.uint8)
        assert content_box(framed).shape == (137, 160)
        match = compare(luma, framed)
        assert match is not None
        assert match.correlation > 0.98

    @pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"\xff\xd8" + b"\0" * 500, b"GIF89a", b"x" * 99])
    def test_broken_ones_are_passed_over(self, data: bytes) -> None:
        assert read_thumbnail(data) is None

    def test_small_and_plain_ones_are_passed_over(self, scene: np.ndarray) -> None:
        assert read_thumbnail(save(scene[:20, :20])) is None
        luma = np.asarray(Image.fromarray(scene).convert("L"))
        assert compare(luma, np.full((120, 160), 90, np.uint8)) is None


@pytest.mark.parametrize("name", TABLES)
def test_calibrations_ship_and_are_capped(name: str) -> None:
    table = load(name)
    assert table.slope > 0
    assert table.cap_for <= np.log10(table.negatives + 1)
    assert table.llr(-1e6) < 0 < table.llr(1e6)


@pytest.mark.slow
def test_untouched_camera_photos_are_not_accused(data_dir: Path) -> None:
    paths = [*(data_dir / "photos/native").glob("*.jpg"), *(data_dir / "prnu/natural").glob("*.JPG")]
    assert paths
    for path in paths:
        evidence = {e.code: e for e in JpegDetector().examine(open_media(path))}
        assert not accusations(evidence), path.name
