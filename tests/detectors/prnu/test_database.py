"""The database: what goes in comes out, what is refused, and what a broken file does."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from forensics.detectors.prnu import database as module
from forensics.detectors.prnu.correlation import ncc
from forensics.detectors.prnu.database import CameraDatabase, own_database
from forensics.detectors.prnu.digest import BITS, agreement, signs_of
from forensics.detectors.prnu.enrolment import enroll
from forensics.detectors.prnu.fingerprint import Fingerprint
from forensics.detectors.prnu.models import Label, cautions
from forensics.detectors.prnu.records import Camera
from forensics.errors import CameraError, UnsupportedMedia, UsageError

from .conftest import FIRST, Body, pictures, saved
from .sensors import pattern_of, shot


def noise(seed: int, side: int = 520) -> Fingerprint:
    plane = np.random.default_rng(seed).standard_normal((side, side)).astype(np.float32)
    return Fingerprint(plane, 3)


def camera(name: str, side: int = 520, model: str = "One") -> Camera:
    return Camera(name, Label("Acme", model), side, side, 3)


def test_what_is_enrolled_is_there(database: CameraDatabase) -> None:
    first, second = database.cameras()
    assert (first.name, second.name) == ("first", "second")
    assert first.label == Label("Acme", "One", "1001")
    assert first.shape == (256, 320)
    assert first.pictures == 4
    assert first.flags == ("few_pictures",)
    assert first.strength > 0
    assert first.created.endswith("+00:00")
    assert database.cameras((1, 1)) == ()
    assert database.named("second") == second
    print_ = database.fingerprint(first)
    assert print_.pictures == 4
    assert ncc(print_.plane, pattern_of(1)) > 0.7
    assert abs(ncc(print_.plane, pattern_of(2))) < 0.03


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_only_its_owner_may_read_it(cameras: Path) -> None:
    assert cameras.stat().st_mode & 0o077 == 0


def test_pictures_of_the_model_are_the_null(database: CameraDatabase) -> None:
    scores = database.strangers(database.named("first"))
    assert len(scores) == 4  # those of the second, enrolled after it
    assert max(abs(z) for z in scores) < 4
    assert scores == database.strangers(database.named("second"))


def test_bytes_keep_the_fingerprint(tmp_path: Path) -> None:
    original = noise(1)
    with CameraDatabase(tmp_path / "c.sqlite", create=True) as opened:
        kept = opened.add(camera("one"), original, {})
        assert ncc(opened.fingerprint(kept).plane, original.plane) > 0.9998


def test_the_nearest_are_found_by_their_signs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CHUNK", 2)
    with CameraDatabase(tmp_path / "c.sqlite", create=True) as opened:
        kept = [opened.add(camera(f"c{i}"), noise(i), {}) for i in range(5)]
        opened.add(camera("small", 100), noise(9, 100), {})
        wanted = noise(3).plane + 4 * noise(77).plane
        signs = signs_of(wanted)
        assert signs is not None
        found = opened.nearest((520, 520), signs, 2)
        assert next(iter(found)) == kept[3].number
        assert len(found) == 2
        assert found[kept[3].number] > 50
        assert opened.nearest((100, 100), signs, 2) == {}


def test_agreement_counts_bits() -> None:
    a, b = (signs_of(noise(seed).plane) for seed in (1, 2))
    assert a is not None
    assert b is not None
    different = int(np.unpackbits(a ^ b).sum())
    heights = agreement(np.stack([a, b, ~a]), a)
    assert heights[0] == pytest.approx(BITS**0.5)
    assert heights[1] == pytest.approx((BITS - 2 * different) / BITS**0.5)
    assert heights[2] == pytest.approx(-(BITS**0.5))
    assert abs(heights[1]) < 5
    assert signs_of(np.zeros((511, 900), np.float32)) is None
    assert agreement(np.zeros((0, BITS // 8), np.uint8), a).size == 0


def test_forgotten_cameras_leave_nothing(cameras: Path, tmp_path: Path) -> None:
    place = Path(shutil.copy(cameras, tmp_path / "c.sqlite"))
    with CameraDatabase(place, create=True) as opened:
        assert opened.forget("first").name == "first"
        assert [c.name for c in opened.cameras()] == ["second"]
        with pytest.raises(UsageError, match="no camera is called 'first'"):
            opened.forget("first")
    left = sqlite3.connect(place)
    assert left.execute("SELECT count(*) FROM planes").fetchone() == (1,)
    assert left.execute("SELECT count(*) FROM strangers").fetchone() == (0,)
    left.close()


def test_mixed_pictures_are_refused_unless_meant(tmp_path: Path) -> None:
    ones = pictures(tmp_path / "a", FIRST, 2)
    other = pictures(tmp_path / "b", Body(3, model="Two"), 1)
    small = saved(tmp_path / "small.png", shot(pattern_of(1)[:200, :200], 1), FIRST)
    edited = saved(tmp_path / "e.png", shot(pattern_of(1), 5), FIRST, software="Adobe Photoshop 25.0")
    with CameraDatabase(tmp_path / "c.sqlite", create=True) as opened:
        with pytest.raises(UsageError, match="different cameras"):
            enroll(opened, "x", [*ones, *other])
        with pytest.raises(UsageError, match="different sizes"):
            enroll(opened, "x", [*ones, small])
        with pytest.raises(UsageError, match="names an editor"):
            enroll(opened, "x", [*ones, edited])
        assert opened.cameras() == ()
        found = enroll(opened, "x", [*ones, *other, small], mixed=True)
        assert len(found.used) == 3
        assert found.left_out[0][0] == str(small)
        assert "mixed" in found.camera.flags
        with pytest.raises(UsageError, match="there is a camera called 'x'"):
            enroll(opened, "x", ones)
        with pytest.raises(UsageError, match="letters"):
            enroll(opened, "a/b", ones)
        with pytest.raises(UsageError, match="at least one picture"):
            enroll(opened, "y", [])


def test_clips_are_no_pictures(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + bytes(64))
    with (
        CameraDatabase(tmp_path / "c.sqlite", create=True) as opened,
        pytest.raises(UnsupportedMedia, match="no still picture"),
    ):
        enroll(opened, "x", [clip])


def test_broken_databases_are_named(cameras: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="camera enroll"):
        CameraDatabase(tmp_path / "none.sqlite")
    text = tmp_path / "text.sqlite"
    text.write_bytes(b"no database at all" * 100)
    with pytest.raises(CameraError, match="cannot be used"):
        CameraDatabase(text)
    empty = tmp_path / "empty.sqlite"
    sqlite3.connect(empty).execute("CREATE TABLE a (b)").connection.close()
    for create in (False, True):
        with pytest.raises(CameraError, match="no database of cameras"):
            CameraDatabase(empty, create=create)
    with pytest.raises(CameraError, match="cannot be used"):
        CameraDatabase(tmp_path, create=True)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("UPDATE planes SET data = x'00'", "not whole"),
        ("DELETE FROM planes", "not whole"),
        ("UPDATE cameras SET height = -5", "damaged"),
        ("UPDATE cameras SET height = 1000000000", "damaged"),
        ("UPDATE cameras SET name = name || char(10) || 'b'", "damaged"),
        (
            "DROP TABLE cameras; CREATE TABLE cameras (number, name, make, model, serial, software, height, "
            "width, pictures, strength, flags, created); "
            "INSERT INTO cameras VALUES (1, 'first', 3, 4, 5, 6, 'x', 8, 9, 10, 11, 12)",
            "cannot be read",
        ),
        ("DROP TABLE planes", "cannot be used"),
        ("PRAGMA user_version = 9", "version 9"),
    ],
)
def test_hostile_databases_do_no_harm(cameras: Path, tmp_path: Path, change: str, complaint: str) -> None:
    place = Path(shutil.copy(cameras, tmp_path / "c.sqlite"))
    link = sqlite3.connect(place)
    link.executescript(change)
    link.commit()
    link.close()
    with pytest.raises(CameraError, match=complaint), CameraDatabase(place) as opened:
        opened.fingerprint(opened.named("first"))


def test_signs_of_a_wrong_length_are_refused(tmp_path: Path) -> None:
    with CameraDatabase(tmp_path / "c.sqlite", create=True) as opened:
        opened.add(camera("one"), noise(1), {})
    link = sqlite3.connect(tmp_path / "c.sqlite")
    link.execute("UPDATE signs SET data = x'0000'")
    link.commit()
    link.close()
    signs = signs_of(noise(1).plane)
    assert signs is not None
    with CameraDatabase(tmp_path / "c.sqlite") as opened, pytest.raises(CameraError, match="signs"):
        opened.nearest((520, 520), signs, 1)


def test_place_of_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("FORENSICS_CAMERAS", raising=False)
    assert own_database().name == "cameras.sqlite"
    monkeypatch.setenv("FORENSICS_CAMERAS", str(tmp_path / "mine"))
    assert own_database() == tmp_path / "mine"
    assert own_database("other") == Path("other")


def test_makers_outside_the_assumptions() -> None:
    assert cautions("samsung") == ("shared_patterns", "computational")
    assert cautions("NIKON CORPORATION") == ("shared_patterns",)
    assert cautions("Apple") == ("computational",)
    assert cautions("Pentax") == cautions("") == ()
    assert Label("NIKON", "NIKON D70").same_model(Label("Nikon", "D70"))
    assert not Label("", "").same_model(Label("", ""))
    assert Label("A", "B", "12").same_body(Label("A", "B", "12"))
    assert not Label("A", "B", "0000").same_body(Label("A", "B", "0000"))
    assert not Label("A", "B", "").same_body(Label("A", "B", ""))
