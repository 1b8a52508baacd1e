"""`forensics watermark embed`, end to end."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.cli.watermark.embed import _attacks
from forensics.watermark.codecs import available

FIELDS = {
    "path", "status", "target", "payload", "layout", "codec", "key", "psnr", "ssim", "gmsd", "log10_p",
    "contract", "notes", "reason", "error",
}  # fmt: skip


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def plain(pictures: Path) -> Path:
    (pictures / "marked.png").unlink()
    return pictures / "plain.png"


def test_a_picture_is_marked_and_found_again(watermark, plain: Path, key_file: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.png"
    answer = watermark("embed", plain, target, "--keys", key_file, "--payload", "ABC123", "--json")
    assert answer.status == 0
    record = answer.record
    assert record.keys() == FIELDS
    assert (record["status"], record["payload"], record["error"]) == ("marked", "000abc123", None)
    assert record["psnr"] == pytest.approx(40, abs=0.1)
    assert record["ssim"] > 0.9
    assert record["log10_p"] < -6
    assert target.stat().st_size > 0
    found = watermark("detect", target, "--keys", key_file, "--json").record
    assert (found["payload"], found["copied"]) == ("000abc123", False)
    more_ways = np.log10(3 / 2 if "learned" in available() else 1)
    assert found["log10_p"] == pytest.approx(record["log10_p"] + more_ways, abs=0.06)


def test_text_names_quality_and_contract(watermark, plain: Path, key_file: Path, tmp_path: Path) -> None:
    out = watermark(
        "embed",
        plain,
        tmp_path / "out.jpg",
        "--keys",
        key_file,
        "--contract",
        "jpeg:50,crop:0.5,place=random",
    ).out
    assert "dB PSNR" in out
    assert "survives   jpeg:50, crop:0.5,place=random" in out


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("", []),
        ("jpeg:50,resize:0.5,crop:0.5", ["jpeg:50", "resize:0.5", "crop:0.5"]),
        ("crop:0.5,place=random,jpeg:50", ["crop:0.5,place=random", "jpeg:50"]),
        ("rotate:10, canvas=grow+jpeg:70 , flip", ["rotate:10,canvas=grow+jpeg:70", "flip:horizontal"]),
        ("motion:7,30,none", ["motion:7,angle=30", "none"]),
    ],
)
def test_attacks_of_a_contract_are_told_from_their_values(text: str, parsed: list[str]) -> None:
    assert [str(attack) for attack in _attacks(text)] == parsed


def test_the_mark_becomes_stronger_until_the_contract_holds(
    watermark, plain: Path, key_file: Path, tmp_path: Path
) -> None:
    weak = ("--psnr", 50, "--keys", key_file, "--json")
    record = watermark(
        "embed", plain, tmp_path / "a.png", *weak, "--least-psnr", 30, "--contract", "jpeg:15"
    ).record
    assert record["psnr"] < 49
    assert [check["attack"] for check in record["contract"]] == ["jpeg:15"]
    assert record["contract"][0]["log10_p"] < -6


def test_a_contract_that_cannot_hold_is_refused(
    watermark, plain: Path, key_file: Path, tmp_path: Path
) -> None:
    answer = watermark(
        "embed", plain, tmp_path / "out.png", "--keys", key_file, "--contract", "blur:20", "--json"
    )
    assert answer.status == 1
    assert (answer.record["status"], answer.record["error"]) == ("refused", "watermark")
    assert "does not survive blur:20" in answer.record["reason"]
    assert not (tmp_path / "out.png").exists()


def test_a_file_that_loses_the_mark_is_not_written(
    watermark, plain: Path, key_file: Path, tmp_path: Path
) -> None:
    target = tmp_path / "out.jpg"
    answer = watermark("embed", plain, target, "--keys", key_file, "--quality", 1)
    assert answer.status == 1
    assert "being stored as jpeg" in answer.out
    assert files(tmp_path / "pictures") == ["plain.png"]
    assert not target.exists()


def test_a_flat_picture_is_refused_or_holds_a_mark(watermark, key_file: Path, tmp_path: Path) -> None:
    Image.new("RGB", (200, 200), "grey").save(tmp_path / "flat.png")
    answer = watermark("embed", tmp_path / "flat.png", tmp_path / "out.png", "--keys", key_file, "--json")
    assert answer.record["status"] == ("marked" if answer.status == 0 else "refused")
    assert (tmp_path / "out.png").exists() == (answer.status == 0)


@pytest.mark.parametrize(
    ("target", "extra", "words"),
    [
        ("pictures/plain.png", (), "is the source itself"),
        ("out.gif", (), "256 colours"),
        ("none/out.png", ("--payload", "12345678901"), "36 bits"),
        ("out.png", ("--payload", "xyz"), "hexadecimal"),
        ("out.png", ("--psnr", "10"), "25"),
        ("out.png", ("--contract", "jepg:50"), "did you mean 'jpeg'"),
        ("out.png", ("--key", "nobody"), "there are: studio"),
        ("key.toml", (), ""),
    ],
)
def test_wrong_usage(
    watermark, plain: Path, key_file: Path, tmp_path: Path, target: str, extra: tuple[str, ...], words: str
) -> None:
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    answer = watermark("embed", plain, tmp_path / target, "--keys", key_file, *extra)
    assert answer.status == 2
    assert words in answer.err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_an_existing_target_is_replaced_when_asked(
    watermark, plain: Path, key_file: Path, tmp_path: Path
) -> None:
    target = tmp_path / "out.png"
    target.write_bytes(b"old")
    assert watermark("embed", plain, target, "--keys", key_file).status == 2
    assert target.read_bytes() == b"old"
    assert watermark("embed", plain, target, "--keys", key_file, "--overwrite").status == 0
    assert target.stat().st_size > 3


def test_a_picture_that_is_too_small_is_refused(watermark, key_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    Image.new("RGB", (64, 300)).save(folder / "small.png")
    assert watermark("embed", folder / "small.png", tmp_path / "o.png", "--keys", key_file).status == 2
    answer = watermark("embed", folder, tmp_path / "out", "--keys", key_file, "--json")
    assert (answer.status, answer.record["status"]) == (1, "refused")
    assert "too small" in answer.record["reason"]


def test_a_source_that_cannot_be_read(watermark, key_file: Path, tmp_path: Path, clip: Path) -> None:
    for source, code in ((tmp_path / "none.png", "not_a_file"), (clip, "corrupt")):
        answer = watermark("embed", source, tmp_path / f"out{source.suffix}", "--keys", key_file, "--json")
        assert answer.status == 3
        assert (answer.record["status"], answer.record["error"]) == ("unreadable", code)


def test_a_folder_goes_on_where_it_stopped(
    watermark, plain: Path, key_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b/c", "b/d"):
        path = plain.parent / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(plain.read_bytes())
    plain.unlink()
    out = tmp_path / "out"
    arguments = ("embed", plain.parent, out, "--keys", key_file, "--json")

    replaced: list[object] = []

    def interrupt(*names: object) -> None:
        replaced.append(names)
        if len(replaced) == 2:
            raise KeyboardInterrupt
        Path(str(names[0])).rename(str(names[1]))

    with monkeypatch.context() as patch:
        patch.setattr("forensics.files.os.replace", interrupt)
        answer = watermark(*arguments)
    assert answer.status == 130
    assert files(out) == ["a.png"]  # no half file
    first = (out / "a.png").stat()

    answer = watermark(*arguments)
    assert answer.status == 0
    assert [Path(r["path"]).name for r in answer.records] == ["c.png", "d.png"]
    assert "1 skipped" in answer.err
    assert files(out) == ["a.png", "b/c.png", "b/d.png"]
    assert (out / "a.png").stat().st_mtime_ns == first.st_mtime_ns
    answer = watermark(*arguments)
    assert (answer.status, answer.out) == (0, "")


def test_a_folder_with_files_that_cannot_be_marked(
    watermark, plain: Path, key_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain.with_name("notes.txt").write_text("no picture")
    plain.with_name("photo.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + bytes(64))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    answer = watermark("embed", plain.parent, tmp_path / "out", "--keys", key_file, "--json")
    assert answer.status == 3
    assert [(r["status"], r["error"]) for r in answer.records] == [
        ("unreadable", "unsupported"), ("unreadable", "missing_extra"), ("marked", None),
    ]  # fmt: skip
    assert files(tmp_path / "out") == ["plain.png"]


def test_a_folder_is_not_marked_into_itself_nor_into_a_file(watermark, plain: Path, key_file: Path) -> None:
    answer = watermark("embed", plain.parent, plain.parent / "out", "--keys", key_file)
    assert answer.status == 2
    assert "marked again" in answer.err
    assert watermark("embed", plain.parent, key_file, "--keys", key_file).status == 2
    assert files(plain.parent) == ["plain.png"]


def test_alpha_and_wide_samples_are_kept(
    watermark, scene: np.ndarray, key_file: Path, tmp_path: Path
) -> None:
    alpha = np.dstack([scene, np.full(scene.shape[:2], 255, np.uint8)])
    alpha[:40, :40, 3] = 0
    Image.fromarray(alpha).save(tmp_path / "alpha.png")
    assert watermark("embed", tmp_path / "alpha.png", tmp_path / "out.png", "--keys", key_file).status == 0
    kept = np.asarray(Image.open(tmp_path / "out.png"))
    assert (kept[..., 3] == alpha[..., 3]).all()
    assert (kept[:40, :40] == alpha[:40, :40]).all()
