"""`forensics watermark identify`, end to end."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from forensics.watermark.attacks import parse_attack

FIELDS = {
    "path", "detected", "identity", "name", "log10_p", "agreement", "runner_up", "users", "copied", "reason",
    "error",
}  # fmt: skip


@pytest.fixture
def users(tmp_path: Path) -> Path:
    path = tmp_path / "users.csv"
    others = "\n".join(f"{number:x}" for number in range(1, 200))
    path.write_text(f"# identity, name\n{others}\nc0ffee, Zoë\n\n", encoding="utf-8")
    return path


def test_the_mark_says_it_itself(watermark, pictures: Path, key_file: Path) -> None:
    answer = watermark("identify", pictures, "--keys", key_file, "--json")
    assert answer.status == 0
    found, none = answer.records
    assert found.keys() == none.keys() == FIELDS
    assert (found["identity"], found["copied"]) == ("000c0ffee", False)
    assert found["log10_p"] < -6
    assert (none["identity"], none["detected"]) == (None, False)


def test_a_user_is_found_among_many(watermark, pictures: Path, key_file: Path, users: Path) -> None:
    record = watermark(
        "identify", pictures / "marked.png", "--keys", key_file, "--users", users, "--json"
    ).record
    assert (record["identity"], record["name"], record["users"]) == ("c0ffee", "Zoë", 200)
    assert record["log10_p"] < -6
    assert record["agreement"] > 0.5 > record["runner_up"]
    text = watermark("identify", pictures, "--keys", key_file, "--users", users).out
    assert "user c0ffee (Zoë), p = 10^-" in text


def test_a_stranger_is_nobody(watermark, pictures: Path, key_file: Path, users: Path) -> None:
    lines = [line for line in users.read_text(encoding="utf-8").splitlines() if "c0ffee" not in line]
    users.write_text("\n".join(lines), encoding="utf-8")
    record = watermark(
        "identify", pictures / "marked.png", "--keys", key_file, "--users", users, "--json"
    ).record
    assert (record["identity"], record["name"]) == (None, None)
    assert record["log10_p"] > -3
    assert "none of the users" in record["reason"]


def test_users_of_another_layout(watermark, pictures: Path, key_file: Path, users: Path) -> None:
    answer = watermark(
        "identify", pictures, "--keys", key_file, "--users", users, "--layout", "long", "--json"
    )
    assert answer.status == 0
    assert answer.records[0]["identity"] is None
    assert "layout" in answer.records[0]["reason"]


def test_a_weakened_mark_still_names_its_user(
    watermark, marked, key_file: Path, users: Path, tmp_path: Path
) -> None:
    Image.fromarray(parse_attack("jpeg:30+crop:0.5")(marked)).save(tmp_path / "weak.png")
    record = watermark(
        "identify", tmp_path / "weak.png", "--keys", key_file, "--users", users, "--json"
    ).record
    assert record["identity"] == "c0ffee"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("c0ffee\nC0FFEE\n", "same identity"),
        ("", "at least one user"),
        ("hello\n", "hexadecimal"),
        (None, "cannot read"),
    ],
)
def test_wrong_lists_of_users(
    watermark, pictures: Path, key_file: Path, tmp_path: Path, text: str | None, words: str
) -> None:
    path = tmp_path / "list.csv"
    if text is not None:
        path.write_text(text)
    answer = watermark("identify", pictures, "--keys", key_file, "--users", path)
    assert answer.status == 2
    assert words in answer.err


def test_a_list_that_is_no_text(watermark, pictures: Path, key_file: Path) -> None:
    answer = watermark("identify", pictures, "--keys", key_file, "--users", pictures / "plain.png")
    assert answer.status == 2
    assert "not UTF-8" in answer.err


def test_unreadable_files_have_records(watermark, key_file: Path, clip: Path) -> None:
    answer = watermark("identify", clip, "--keys", key_file, "--json")
    assert answer.status == 3
    assert (answer.record["error"], answer.record["identity"]) == ("corrupt", None)
