"""`forensics camera`, end to end: enrolled, listed, found, verified, looked for, forgotten."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .commands import Answer, answered

SIZE = (256, 320)
MAKE, MODEL = 0x010F, 0x0110


def pattern(seed: int) -> np.ndarray:
    return np.random.default_rng([seed, 7]).standard_normal(SIZE)


def taken(path: Path, sensor: int, seed: int, make: str = "Acme") -> Path:
    """Write a picture of an even wall that a made-up sensor took."""
    rng = np.random.default_rng([sensor, seed])
    light = rng.uniform(90, 170) * (1 + 0.03 * pattern(sensor))[..., None]
    exif = Image.Exif()
    exif[MAKE], exif[MODEL] = make, "One"
    pixels = np.clip(np.rint(light + rng.normal(0, 2, (*SIZE, 3))), 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(path, exif=exif.tobytes(), compress_level=1)
    return path


@pytest.fixture
def camera(
    own_settings: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Answer]:
    """Run `forensics camera ...` on a database that `FORENSICS_CAMERAS` names."""
    monkeypatch.setenv("FORENSICS_CAMERAS", str(tmp_path / "folder" / "cameras.sqlite"))
    return lambda *arguments: answered(capsys, "camera", *arguments)


def test_a_camera_from_enrolment_to_the_end(camera: Callable[..., Answer], tmp_path: Path) -> None:
    assert "no cameras are enrolled" in camera("list").out
    assert camera("list", "--json").out == ""
    assert camera("identify", taken(tmp_path / "a.png", 1, 90)).status == 2

    mine = [taken(tmp_path / f"mine{i}.png", 1, i, make="Apple") for i in range(4)]
    done = camera("enroll", "mine", *mine, "--json")
    assert done.status == 0
    assert done.record["pictures"] == 4
    assert done.record["flags"] == ["computational", "few_pictures"]
    theirs = [taken(tmp_path / f"theirs{i}.png", 2, i) for i in range(3)]
    assert "enrolled from 3 pictures of 320x256" in camera("enroll", "theirs", *theirs).out
    again = camera("enroll", "mine", *mine)
    assert again.status == 2
    assert "another name" in again.err
    assert [r["name"] for r in camera("list", "--json").records] == ["mine", "theirs"]
    assert "theirs  Acme One  320x256, 3 pictures" in camera("list").out

    query = taken(tmp_path / "query.png", 1, 50)
    found = camera("identify", query, "--json")
    assert found.status == 0
    assert found.record["camera"] == "mine"
    assert [one["match"] for one in found.record["comparisons"]] == [True, False]
    assert found.record["comparisons"][0]["log10_p"] < -50
    text = camera("identify", query).out
    assert text.startswith("match     mine")
    assert "merge several frames" in text

    stranger = taken(tmp_path / "stranger.png", 3, 50)
    assert camera("identify", stranger).status == 1
    right, wrong = (camera("verify", query, "--camera", name, "--json") for name in ("mine", "theirs"))
    assert (right.status, right.record["match"]) == (0, True)
    assert (wrong.status, wrong.record["match"]) == (1, False)
    assert "expected of its pictures" in camera("verify", stranger, "--camera", "mine").out
    assert camera("verify", query, "--camera", "nobody").status == 2

    assert "forgotten" in camera("forget", "mine").out
    assert camera("identify", query).status == 1
    assert camera("forget", "mine").status == 2


def test_crops_are_looked_for_when_asked(camera: Callable[..., Answer], tmp_path: Path) -> None:
    camera("enroll", "mine", *(taken(tmp_path / f"mine{i}.png", 1, i) for i in range(3)))
    with Image.open(taken(tmp_path / "query.png", 1, 50)) as whole:
        whole.crop((20, 8, 316, 252)).save(tmp_path / "crop.png")
    plain = camera("identify", tmp_path / "crop.png")
    assert plain.status == 1
    assert "--search looks for" in plain.out
    assert "--search" in camera("verify", tmp_path / "crop.png", "--camera", "mine").out
    found = camera("verify", tmp_path / "crop.png", "--camera", "mine", "--search", "--json")
    assert found.status == 0
    assert (found.record["row"], found.record["column"]) == (8, 20)
    assert found.record["searched"] > 1000


def test_what_cannot_be_read_has_status_3(camera: Callable[..., Answer], tmp_path: Path) -> None:
    text = tmp_path / "text.png"
    text.write_text("no picture")
    assert camera("enroll", "mine", text).status == 3
    query = taken(tmp_path / "query.png", 1, 50)
    broken = tmp_path / "broken.sqlite"
    broken.write_bytes(b"no database" * 100)
    answer = camera("identify", query, "--database", broken)
    assert answer.status == 3
    assert answer.err.count("\n") == 1
