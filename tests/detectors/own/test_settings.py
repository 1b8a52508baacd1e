"""TOML files of detectors: what is understood, and what is refused with one line that names the key."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from forensics.detectors.own.settings import content_of, read_settings
from forensics.errors import UsageError

from .networks import described


def test_what_is_left_out_has_usual_values(tmp_path: Path) -> None:
    found = read_settings(described(tmp_path, b""))
    assert (found.input.size, found.input.side, found.input.layout) == ("tile", 64, "nchw")
    assert found.output.synthetic == "high"
    assert found.calibration == ""


def test_version_changes_with_what_changes_scores(tmp_path: Path) -> None:
    def version(weights: bytes = b"weights", **more: object) -> str:
        return read_settings(described(tmp_path, b"", **more)).version_with(weights)  # type: ignore[arg-type]

    first = version()
    assert version(title="Another title", limits="others", given={"batch": 2}) == first
    assert (
        len({first, version(b"other"), version(given={"side": 128}), version(said={"meaning": "logit"})}) == 4
    )


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"name": "../up"}, "name: String should match"),
        ({"name": "Metadata"}, "name: "),
        ({"title": "two\nlines"}, "title: Value error, only printable"),
        ({"title": "\x1b[31mred"}, "title: Value error, only printable"),
        ({"title": "a" * 5000}, "title: String should have at most"),
        ({"surprise": 1}, "surprise: Extra inputs"),
        ({"question": "history"}, "question: "),
        ({"given": {"size": "whole"}}, "input.size: "),
        ({"given": {"side": 10**9}}, "input.side: "),
        ({"given": {"side": 100}}, "multiple of 8"),
        ({"given": {"size": "shorter", "side": 512}}, "`shorter` is less than `side`"),
        ({"given": {"mean": [0.5]}}, "mean and std need 3 numbers"),
        ({"given": {"std": [1, 1, 0]}}, "std has to be above 0"),
        ({"given": {"range": 2}}, "input.range: "),
        ({"given": {"batch": 10**6}}, "input.batch: "),
        ({"said": {"meaning": "truth"}}, "output.meaning: "),
        ({"said": {"number": 0}}, "output.meaning: Field required"),
        ({"said": {"meaning": "logit", "against": 0}}, "`against` needs a `column`"),
    ],
)
def test_what_is_not_understood_is_named(tmp_path: Path, more: dict[str, object], message: str) -> None:
    path = described(tmp_path, b"", **{k: v for k, v in more.items() if k != "name"})  # type: ignore[arg-type]
    if "name" in more:
        path.write_text(path.read_text().replace('"mine"', f'"{more["name"]}"', 1))
    with pytest.raises(UsageError) as stop:
        read_settings(path)
    assert message in str(stop.value)
    assert "\n" not in str(stop.value)


def test_numbers_that_are_none_are_refused(tmp_path: Path) -> None:
    path = described(tmp_path, b"")
    path.write_text(path.read_text().replace("[input]", "[input]\nmean = [nan, 0, 0]"))
    with pytest.raises(UsageError, match=r"input\.mean"):
        read_settings(path)


@pytest.mark.parametrize("text", [b"\xff\xfe", b"name = ", b"x = " + b"[" * 30_000, b"a = 1\n" * 20_000])
def test_hostile_texts_are_refused(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(text)
    with pytest.raises(UsageError, match=r"mine\.toml"):
        read_settings(path)


def test_devices_pipes_and_folders_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero"), tmp_path / "nothing", Path("a\0b")):
        with pytest.raises(UsageError):
            content_of(path, 100, "network")
    (tmp_path / "large").write_bytes(bytes(101))
    with pytest.raises(UsageError, match="too large for a network"):
        content_of(tmp_path / "large", 100, "network")


def test_example_of_the_guide_is_understood(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[3] / "docs" / "onnx.md").read_text(encoding="utf-8")
    (tmp_path / "npr.toml").write_text(guide.partition("```toml\n")[2].partition("```")[0], encoding="utf-8")
    found = read_settings(tmp_path / "npr.toml")
    assert (found.name, found.input.side, found.output.meaning) == ("npr_mine", 64, "logit")
    for name in (*type(found.input).model_fields, *type(found.output).model_fields):
        assert f"`{name}`" in guide
