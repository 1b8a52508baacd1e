from __future__ import annotations

from pathlib import Path

import pytest

from forensics.errors import UsageError
from forensics.watermark.attacks import ATTACKS, load_suite, parse_attack, suite_names

GOOD = """
[mine]
title = "Ours"
[[mine.groups]]
name = "small"
demand = 0.95
attacks = ["resize:0.5 + jpeg:80", "none"]
[[mine.groups]]
name = "seen"
attacks = ["blur"]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "suites.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_shipped_suites() -> None:
    assert suite_names() == ("contract", "full", "quick")
    for name in suite_names():
        suite = load_suite(name)
        assert suite.name == name
        assert suite.title
        assert suite.rows


def test_contract_demands_what_was_promised() -> None:
    demands = {str(row.attack): row.demand for row in load_suite("contract").rows}
    always = """none jpeg:50 webp:50 brightness:0.5 brightness:1.5 contrast:0.5 contrast:1.5 resize:0.5
        resize:2 blur:1 noise:8 rotate:-15 rotate:15 quarter:1 quarter:2 quarter:3 flip:horizontal
        flip:vertical crop_rescale:0.5+jpeg:70"""
    mostly = "jpeg:30 resize:0.35 rotate:45 crop:0.25 screenshot:0.75 combined:0.5"
    reported = "crop:0.1 perspective:0.2 h264:23 h264:30 h264:40 regen_lite:0.25"
    assert {demands[text] for text in always.split()} == {1.0}
    assert {demands[text] for text in mostly.split()} == {0.95}
    assert {demands[text] for text in reported.split()} == {None}


def test_full_suite_uses_nearly_every_attack() -> None:
    used = {step.operation.name for row in load_suite("full").rows for step in row.attack.steps}
    assert set(ATTACKS.names()) - used == {"limit"}  # a part of `social`


def test_own_suite(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    suite = load_suite("mine", path)
    assert suite_names(path) == ("mine",)
    assert [(r.group, str(r.attack), r.demand) for r in suite.rows] == [
        ("small", "resize:0.5+jpeg:80", 0.95),
        ("small", "none", 0.95),
        ("seen", "blur:1", None),
    ]
    assert suite.rows[1].attack == parse_attack("none")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("jpeg:80", "jpeg:800", "suite 'mine', group 'small', attack 1: 'jpeg:800': quality is 1 to 100"),
        ('"none"', "5", "suite 'mine', group 'small', attack 2 is no text: 5"),
        ('"blur"', '"none"', "group 'seen': none stands there twice"),
        ("0.95", "95", "group 'small': a demand is 0 to 1, not 95"),
        ("0.95", '"all"', "group 'small': 'demand' has the wrong type: 'all'"),
        ("0.95", "true", "'demand' has the wrong type: True"),
        ("demand", "demands", "group 'small': unknown key 'demands'"),
        ('name = "seen"', "", r"group '\?' lacks 'name'"),
        ('title = "Ours"', "", "suite 'mine' lacks 'title'"),
        ("[[mine.groups]]", "[[mine.others]]", "suite 'mine' lacks 'groups'"),
        ('["blur"]', '"blur"', "group 'seen': 'attacks' has the wrong type"),
        ("[mine]", "[mine", "is not a file of suites"),
    ],
)
def test_wrong_row_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(UsageError, match=message):
        load_suite("mine", written(tmp_path, GOOD.replace(old, new)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mine = 3", "suite 'mine' is no table: 3"),
        ('[mine]\ntitle = "x"\ngroups = []', "suite 'mine' has no attacks"),
        ('[mine]\ntitle = "x"\ngroups = [1]', r"group '\?' is no table: 1"),
    ],
)
def test_wrong_suite_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_suite("mine", written(tmp_path, text))


def test_unknown_suite_and_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no suite is called 'fool'; there are: contract, full, quick"):
        load_suite("fool")
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        suite_names(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="is not a file of suites"):
        suite_names(tmp_path / "bad.toml")
