"""What each layout says of its own files, by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from forensics.datasets.layouts import Found, Label, Record, read_layout
from forensics.errors import UsageError
from tests.datasets.layouts.trees import grow, write_json


def found(tmp_path: Path, name: str) -> Found:
    return read_layout(name, grow(tmp_path, name))


def record(held: Found, end: str) -> Record:
    (match,) = [r for r in held.records if r.path.as_posix().endswith(end)]
    return match


def test_faceforensics(tmp_path: Path) -> None:
    held = found(tmp_path, "faceforensics")
    fake = record(held, "c23/videos/000_003.mp4")
    assert (fake.source, fake.donors, fake.method, fake.split) == ("000", ("003",), "Deepfakes", "train")
    assert fake.mask == tmp_path / "manipulated_sequences/Deepfakes/masks/videos/000_003.mp4"
    frame = record(held, "010_003/0000.png")
    assert (frame.source, frame.split, frame.compression) == ("010", "test", "c40")
    actor = record(held, "01__exit_phone_room.mp4")
    swapped = record(held, "YVGY8LOK.mp4")
    assert (actor.source, swapped.source, swapped.donors) == ("01", "01", ("02",))
    assert held.missing == ("manipulated_sequences/Deepfakes/masks/videos/003_000.mp4", "splits/val.json")


def test_dfdc_takes_labels_from_lists_and_never_from_names(tmp_path: Path) -> None:
    held = found(tmp_path, "dfdc")
    assert [(r.path.name, r.label, r.source) for r in held.records] == [
        ("a.mp4", Label.FAKE, "b"),
        ("b.mp4", Label.REAL, "b"),
        ("c.mp4", Label.FAKE, "c"),
    ]
    assert held.missing == ("part_0/z.mp4",)


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ({"../x.mp4": {"label": "FAKE"}}, "outside"),
        ({"a.mp4": {"label": "MAYBE"}}, "neither"),
        (["a.mp4"], "no list"),
        ({"a.mp4": "FAKE"}, "no list"),
    ],
)
def test_dfdc_refuses_lists_that_are_wrong(tmp_path: Path, entries: object, says: str) -> None:
    grow(tmp_path, "dfdc")
    write_json(tmp_path / "part_0" / "metadata.json", entries)
    with pytest.raises(UsageError, match=says):
        read_layout("dfdc", tmp_path)


def test_a_list_that_is_no_json_or_no_text(tmp_path: Path) -> None:
    grow(tmp_path, "dfdc")
    (tmp_path / "part_0" / "metadata.json").write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match="no JSON"):
        read_layout("dfdc", tmp_path)
    (tmp_path / "part_0" / "metadata.json").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(UsageError, match="UTF-8"):
        read_layout("dfdc", tmp_path)


def test_dfdc_preview(tmp_path: Path) -> None:
    held = found(tmp_path, "dfdc_preview")
    fake = record(held, "2_1_A_001.mp4")
    assert (fake.source, fake.donors, fake.method, fake.split) == ("2", ("1",), "method_A", "test")
    assert record(held, "1/1_A_001.mp4").source == "1"
    assert held.missing == ("method_B/3.mp4",)


def test_deeperforensics(tmp_path: Path) -> None:
    held = found(tmp_path, "deeperforensics")
    fake = record(held, "end_to_end_level_5/000_M001.mp4")
    assert (fake.source, fake.donors, fake.split) == ("000", ("M001",), "test")
    assert fake.compression == "end_to_end_level_5"
    assert record(held, "camera_front.mp4").camera == "front"
    assert held.missing == ("D/manipulated_videos/end_to_end/001_W101.mp4",)


def test_uadfv_and_what_lacks_its_other_half(tmp_path: Path) -> None:
    held = found(tmp_path, "uadfv")
    assert {r.source for r in held.records} == {"0000", "0001"}
    assert record(held, "000.png").label is Label.FAKE
    assert held.missing == ("fake/0001_fake.mp4",)


def test_deepfaketimit(tmp_path: Path) -> None:
    held = found(tmp_path, "deepfaketimit")
    fake = record(held, "higher_quality/fadg0/sa1-video-fram1.avi")
    assert (fake.subject, fake.donors, fake.compression) == ("fadg0", ("fram1",), "higher")
    assert record(held, "sa1/001").label is Label.REAL
    assert held.missing == ("higher_quality/fadg0/sx109-video-fram1.avi",)
    assert not any(r.path.suffix == ".wav" for r in held.records)


def test_genimage(tmp_path: Path) -> None:
    held = found(tmp_path, "genimage")
    fake, photo = record(held, "173.png"), record(held, "10026.JPEG")
    assert (fake.method, fake.subject, fake.split) == ("Midjourney", "0", "train")
    assert (photo.label, photo.subject, photo.method) == (Label.REAL, "n01440764", "")
    assert held.missing == ("BigGAN/imagenet_ai_0419_biggan/val/nature",)


def test_genimage_may_be_given_one_generator_alone(tmp_path: Path) -> None:
    grow(tmp_path, "genimage")
    held = read_layout("genimage", tmp_path / "Midjourney")
    assert {r.method for r in held.records if r.label is Label.FAKE} == {"imagenet_midjourney"}


def test_diffusionforensics(tmp_path: Path) -> None:
    held = found(tmp_path, "diffusionforensics")
    picture, fake = record(held, "images/train/lsun_bedroom/real/0001.jpg"), record(held, "adm/0001.png")
    mapped = record(held, "dire/train/lsun_bedroom/real/0001.jpg")
    assert picture.source == mapped.source != fake.source
    assert (picture.compression, mapped.compression) == ("", "dire map")
    assert held.missing == (
        "images/test/imagenet/real",
        "dire/test/imagenet/sdv1/0002.png",
        "dire/train/lsun_bedroom/adm/0001.png",
    )


def test_forensynths(tmp_path: Path) -> None:
    held = found(tmp_path, "forensynths")
    assert {(r.method, r.subject, r.split) for r in held.records if r.method} == {
        ("progan", "airplane", "train"),
        ("stylegan", "car", "test"),
        ("san", "", "test"),
    }
    assert len({r.source for r in held.records}) == len(held.records)
    assert held.missing == ("test/san/0_real",)


def test_cyclegan_leaves_out_what_it_only_scaled(tmp_path: Path) -> None:
    held = found(tmp_path, "cyclegan")
    fake = record(held, "120_fake_B.png")
    assert (fake.source, fake.split) == ("horse2zebra/n02381460_120", "test")
    assert fake.source == record(held, "testA/n02381460_120.jpg").source
    assert not [r for r in held.records if "real_A" in r.path.name]
    assert held.missing == ("datasets/horse2zebra/trainB",)


def test_stargan(tmp_path: Path) -> None:
    held = found(tmp_path, "stargan")
    assert {(r.source, r.subject) for r in held.records} == {
        ("000001", ""),
        ("000001", "Black_Hair"),
        ("000002", "Male"),
    }
    assert held.missing == ("real/000002.jpg",)


def test_casia(tmp_path: Path) -> None:
    held = found(tmp_path, "casia1")
    splice = record(held, "Sp/Sp_D_CND_A_ani0001_pla0023_0281.jpg")
    assert (splice.label, splice.method, splice.source) == (Label.TAMPERED, "splice", "ani0001")
    assert splice.donors == ("pla0023",)
    assert splice.source == record(held, "Au_ani_0001.jpg").source
    assert splice.mask is not None
    moved = record(held, "0100.jpg")
    assert (moved.method, moved.donors) == ("copy-move", ())
    assert held.missing == ("mask of Modified Tp/Tp/CM/Sp_S_CND_A_pla0023_pla0023_0100.jpg",)


def test_casia_2_is_complete(tmp_path: Path) -> None:
    held = found(tmp_path, "casia2")
    assert held.missing == ()
    assert {r.source for r in held.records} == {"ani00018", "sec00036"}


def test_columbia(tmp_path: Path) -> None:
    held = found(tmp_path, "columbia")
    assert record(held, "canong3_02_sub_01.tif").label is Label.REAL
    splice = record(held, "canong3_canonxt_sub_01.tif")
    assert (splice.camera, splice.mask is None) == ("canong3+canonxt", False)
    assert held.missing == ("mask of 4cam_splc/nikond70_kodakdcs330_sub_26.tif",)


def test_comofod(tmp_path: Path) -> None:
    held = found(tmp_path, "comofod")
    assert record(held, "001_F_JC3.jpg").compression == "JC3"
    assert record(held, "001_F_JC3.jpg").mask == record(held, "001_F.png").mask
    assert record(held, "001_O_BC1.png").label is Label.REAL
    assert held.missing == ("CoMoFoD_small_v2/002_B.png", "CoMoFoD_small_v2/002_O.png")


def test_dresden_leaves_out_other_names(tmp_path: Path) -> None:
    held = found(tmp_path, "dresden")
    assert {(r.camera, r.subject) for r in held.records} == {
        ("Nikon_D70_0", "natural"),
        ("Nikon_D70s_1", "flat"),
    }


def test_vision(tmp_path: Path) -> None:
    held = found(tmp_path, "vision")
    native, shared = record(held, "I_nat_0001.jpg"), record(held, "I_natWA_0001.jpg")
    assert native.source == shared.source
    assert (native.compression, shared.compression) == ("", "WA")
    assert {r.camera for r in held.records} == {"D01_Samsung_GalaxyS3Mini"}
    assert len(held.missing) == 1
    assert "I_natFBH_0002" in held.missing[0]


def test_eyes(tmp_path: Path) -> None:
    held = found(tmp_path, "cew")
    assert [(r.source, r.state) for r in held.records] == [
        ("closed_eye_0001", "closed"),
        ("closed_eye_0001", "closed"),
        ("aaron_guiel_0001", "open"),
    ]
    other = found(tmp_path, "mrl")
    assert [(r.subject, r.state) for r in other.records] == [("s0001", "closed"), ("s0020", "open")]
