"""Files from cameras, phones and other people's tools, where a folder of them is at hand."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from forensics.media import Kind, open_bytes, open_media

from .test_luma import quantised_error

CAMERAS = {
    "Apple_iPhone_5": ("Apple", "4:2:0"),
    "Canon_EOS_450D": ("Canon", "4:2:2"),
    "Canon_EOS_5D": ("Canon", "4:2:2"),
    "Canon_Powershot_S90": ("Canon", "4:4:4"),
    "FujiFilm_FinePix_F40fd": ("FUJIFILM", "4:2:2"),
    "HTC_One": ("HTC", "4:2:0"),
}


@pytest.mark.parametrize("name", CAMERAS)
def test_untouched_camera_files(data_dir, name):
    media = open_media(data_dir / "photos" / "native" / f"{name}.jpg")
    maker, subsampling = CAMERAS[name]
    assert media.metadata.get("exif", "Make") == maker
    assert media.metadata.problems == ()
    assert (media.jpeg.subsampling, media.jpeg.complete, media.jpeg.trailing) == (subsampling, True, 0)
    assert media.extension_matches
    with Image.open(io.BytesIO(media.jpeg.thumbnail)) as small:
        assert 100 < max(small.size) <= 512
    top = media.luma[:512]
    table = np.array(media.jpeg.tables[0].values)
    if (table >= 8).any():
        assert quantised_error(top, table) < 0.5 * quantised_error(top[1:], table)  # off the grid by a row


@pytest.mark.parametrize(
    "name", ["sample1.avif", "sample1.gif", "sample1.png", "sample1.webp", "TUSCANY.TIF"]
)
def test_files_of_other_tools(data_dir, name):
    media = open_media(data_dir / "c2pa" / "signing" / name)
    info = media.image
    assert media.pixels.shape == (info.height, info.width, 3)
    assert media.extension_matches
    assert media.metadata.problems == ()


def test_heif_of_another_tool(data_dir):
    media = open_media(data_dir / "c2pa" / "signing" / "sample1.heif")
    assert media.metadata.problems == ()
    assert media.metadata.group("xmp")


@pytest.mark.parametrize("name", ["signing/test.avi", "signing/video1.mp4", "reading/video1.mp4"])
def test_clips(data_dir, name):
    pytest.importorskip("av")
    media = open_media(data_dir / "c2pa" / name)
    assert media.container.kind is Kind.VIDEO
    found = list(media.frames(4))
    assert len(found) == 4
    assert all(f.pixels.shape == (media.video.height, media.video.width, 3) for f in found)
    seconds = [f.seconds for f in found]
    assert np.allclose(seconds, np.linspace(0, media.video.duration, 4), atol=0.15)
    assert open_bytes(media.path.read_bytes()).pixel_sha256 == media.pixel_sha256
